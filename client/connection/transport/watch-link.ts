// Reads a room for one link by calls that all watchers share. Each answer is a replay: the first one is preceded by a
// greeting that is made here, and an answer with something in it ends in `caughtUp`.

import {
  type Command,
  type Cursor,
  type HistoryCommand,
  type Infer,
  isRecord,
  LISTED_MEMBERS,
  MAX_FRAME_BYTES,
  type Occupancy,
  PAGE,
  POLL_RESULT,
  PROTOCOL_VERSION,
  parseCursor,
  type Refusal,
  type RoomConnected,
  refuse,
  type Topics,
  type TopicsCommand,
} from "../../../src/protocol/index.ts";
import type { Cancel } from "../../util/ports.ts";
import { query } from "../../util/url.ts";
import { fits, type IncomingFrame, knownFrame } from "../../util/wire.ts";
import type { Written } from "./commands.ts";
import type { ConnectionEnd } from "./connection-end.ts";
import type { Link, LinkEvents, TransportContext } from "./transport.ts";
import { getWithin, type WatchAnswer } from "./watch-call.ts";
import type { WatchPort } from "./watch-transport.ts";

/** An answer counts for a second. */
const SOONEST_MS = 1_000;
/** While nothing happens, each wait is longer than the one before by this much, … */
const SLOWER = 1.5;
/** … up to this. */
const LATEST_MS = 5_000;
/** By chance up to so much of a wait is added. */
const JITTER = 0.25;
/** A crowd whose network is back in one moment asks spread over so long. */
const CROWD_MS = 500;

const ONLY_WATCHED = "this room is only watched: open it without `watch` to take part";

/** No command goes out: each is refused here, and none of them has to wait for that. */
const NO_LIMITS = {
  ...{ messageBytes: MAX_FRAME_BYTES, frameBytes: MAX_FRAME_BYTES, ratePerSecond: 1_000, rateBurst: 1_000 },
  ...{ slowModeMs: 0, listedMembers: LISTED_MEMBERS, pingMs: 0, pongMs: 0 },
};

/** After a failure watchers come back as often as they ask while all is well. */
const RECONNECT = { minMs: 2_000, maxMs: 60_000 };

type Polled = Infer<typeof POLL_RESULT>;

export class WatchLink implements Link {
  readonly #context: TransportContext;
  readonly #name: string;
  readonly #events: LinkEvents;
  readonly #port: WatchPort;
  readonly #over = new AbortController();
  readonly #history: number | undefined;
  #topics: Topics;
  /** The cursor of the last answer. */
  #since: string | undefined;
  #epoch: string | undefined;
  #occupancy: Occupancy | undefined;
  /** Whether frames of a replay are still to come. */
  #isReplaying = true;
  #waitMs = SOONEST_MS;
  /** When the last answer came, by `elapsed`. */
  #answeredAt = 0;
  #call: AbortController | undefined;
  #cancelNext: Cancel = () => {};
  readonly #cancels: readonly Cancel[];

  constructor(context: TransportContext, name: string, events: LinkEvents, port: WatchPort) {
    const { ports } = context;
    this.#context = context;
    this.#name = name;
    this.#events = events;
    this.#port = port;
    const { since, history, topics } = events.request();
    this.#since = since;
    this.#history = history;
    this.#topics = sorted(topics);
    this.#cancels = [
      ports.onWake((isCrowd) => this.#onWake(isCrowd)),
      ports.onSuspend((why) => this.#lose(why)),
    ];
    void this.#poll();
  }

  get isOpen(): boolean {
    return !this.#isOver;
  }

  drop(end: ConnectionEnd): void {
    if (this.#isOver) return;
    this.close();
    this.#events.onEnd(end);
  }

  close(): void {
    this.#over.abort();
    this.#call?.abort();
    this.#cancelNext();
    for (const cancel of this.#cancels) cancel();
  }

  send(command: Command): Written {
    if (this.#isOver) return true;
    if (command.type === "history") void this.#page(command);
    else if (command.type === "topics") this.#setTopics(command);
    else this.#refuse(command, refuse("forbidden", ONLY_WATCHED));
    return true;
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted;
  }

  #lose(why: string): void {
    this.drop(this.#port.lost(why));
  }

  #onRefused(refusal: Refusal): void {
    const { code, message } = refusal;
    if (code === "unauthorized" || code === "forbidden") {
      this.#context.log("warn", `room ${this.#name} cannot be watched, so it gets a connection: ${message}`);
      this.#port.upgrade();
    } else this.drop(this.#port.closingEnd(refusal));
  }

  /** Not in this turn: an answer comes after its command has gone out. */
  #refuse(command: Command, refusal: Refusal): void {
    const id = "id" in command && command.id !== undefined ? { id: command.id } : {};
    queueMicrotask(() => this.#say({ type: "error", ...id, ...refusal }));
  }

  #say(frame: IncomingFrame): void {
    if (this.#isOver) return;
    this.#events.onFrame(frame);
    if (!this.#isOver) this.#events.onTurn();
  }

  async #poll(): Promise<void> {
    this.#cancelNext();
    this.#call?.abort();
    const call = new AbortController();
    this.#call = call;
    const parameters = { since: this.#since, history: this.#history, topics: this.#topics };
    const answer = await this.#get(`events${query(parameters)}`, call.signal);
    if (answer === undefined || this.#call !== call) return;
    this.#call = undefined;
    if (answer.kind === "refused") this.#onRefused(answer.refusal);
    else if (fits(POLL_RESULT, answer.value)) this.#take(answer.value);
    else this.#lose("The answer could not be read.");
  }

  #take(polled: Polled): void {
    const cursor = parseCursor(polled.cursor);
    if (cursor === undefined) this.#lose("The answer has no cursor.");
    else if (this.#epoch === undefined || this.#goesOn(polled, cursor)) this.#fold(polled, cursor);
    // The log is another one, or has passed the cursor: the next greeting says so.
    else this.drop({ ...this.#port.lost("The log has passed what was held."), next: "again" });
  }

  #goesOn({ recovery }: Polled, { epoch }: Cursor): boolean {
    return epoch === this.#epoch && (recovery === "complete" || recovery === "partial");
  }

  /** A listener of any of it may end the link. */
  #fold(polled: Polled, cursor: Cursor): void {
    const { ports } = this.#context;
    const isNew = polled.cursor !== this.#since || polled.events.length > 0;
    const isFirst = this.#epoch === undefined;
    this.#epoch = cursor.epoch;
    this.#since = polled.cursor;
    this.#answeredAt = ports.clock.elapsed();
    if (isFirst) this.#events.onFrame(this.#greeting(polled, cursor));
    this.#deliver(polled, cursor.seq, isNew);
    if (this.#isOver) return;
    this.#waitMs = isNew ? SOONEST_MS : Math.min(LATEST_MS, this.#waitMs * SLOWER);
    if (polled.more) void this.#poll();
    else this.#plan(this.#waitMs * (1 + JITTER * ports.random()));
  }

  #greeting(polled: Polled, { epoch, seq }: Cursor): RoomConnected {
    this.#occupancy = polled.occupancy;
    return {
      type: "connected",
      protocol: PROTOCOL_VERSION,
      // It has no name, as the server knows of none.
      connection: "",
      room: this.#name,
      user: null,
      permission: "read",
      expiresAt: null,
      epoch,
      head: seq,
      floor: polled.floor,
      recovery: polled.recovery,
      members: [],
      occupancy: polled.occupancy,
      limits: NO_LIMITS,
      reconnect: RECONNECT,
      at: this.#context.ports.clock.now(),
    };
  }

  #deliver({ events, occupancy, floor, more }: Polled, seq: number, isNew: boolean): void {
    for (const value of events) {
      const frame = isRecord(value) ? knownFrame(value, this.#events.frames) : undefined;
      if (frame !== undefined && !this.#isOver) this.#events.onFrame(frame);
    }
    if (JSON.stringify(occupancy) !== JSON.stringify(this.#occupancy) && !this.#isOver)
      this.#events.onFrame({ type: "occupancy", ...occupancy });
    this.#occupancy = occupancy;
    const isOver = (isNew || this.#isReplaying) && !more;
    if (isOver && !this.#isOver) {
      this.#isReplaying = false;
      this.#events.onFrame({ type: "caughtUp", seq, floor });
    }
    if (!this.#isOver) this.#events.onTurn();
  }

  /** A page that nobody sees asks nothing: a wake tells when it is seen again. */
  #plan(waitMs: number): void {
    const { ports } = this.#context;
    this.#cancelNext();
    this.#cancelNext = ports.clock.after(waitMs, () => {
      if (!ports.isHidden?.()) void this.#poll();
    });
  }

  #onWake(isCrowd: boolean): void {
    const { clock, random } = this.#context.ports;
    if (this.#call !== undefined) return;
    this.#waitMs = SOONEST_MS;
    const restMs = Math.max(0, this.#answeredAt + SOONEST_MS - clock.elapsed());
    this.#plan(restMs + (isCrowd ? random() * CROWD_MS : 0));
  }

  /** What is under way was asked for with the former topics. */
  #setTopics(command: TopicsCommand): void {
    const { id, topics } = command;
    if (topics?.length === 0) {
      this.#refuse(command, refuse("bad_request", "a room that is watched has at least one topic"));
      return;
    }
    const seq = parseCursor(this.#since ?? "")?.seq ?? 0;
    this.#topics = sorted(topics);
    queueMicrotask(() => {
      this.#say({ type: "ok", id, topics, seq });
      if (!this.#isOver) void this.#poll();
    });
  }

  async #page(command: HistoryCommand): Promise<void> {
    const { id, before, limit } = command;
    const parameters = { before, limit, topics: this.#topics };
    const answer = await this.#get(`messages${query(parameters)}`, this.#over.signal);
    if (answer === undefined) return;
    if (answer.kind === "refused") this.#refuse(command, answer.refusal);
    else if (fits(PAGE, answer.value)) this.#say({ type: "ok", id, ...answer.value });
    else this.#lose("The answer could not be read.");
  }

  /** `undefined`: it was given up, or the link has ended with it. */
  async #get(path: string, signal: AbortSignal): Promise<WatchAnswer | undefined> {
    const { ports, base } = this.#context;
    const url = `${base.replace(/^ws/, "http")}/v1/rooms/${this.#name}/${path}`;
    const answer = await getWithin(ports, url, [signal, this.#over.signal]);
    if (answer.kind !== "none") return answer;
    if (!signal.aborted && !this.#isOver) this.#lose(answer.why);
    return undefined;
  }
}

const sorted = (topics: Topics): Topics => topics && [...topics].sort();
