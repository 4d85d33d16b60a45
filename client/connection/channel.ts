// One log over one transport, for a room or the inbox: greeting, replay in pages, live events, the cursor, and commands
// with their answers. Connections follow each other in reconnect-loop.ts.
import {
  CAUGHT_UP,
  type CaughtUp,
  type Command,
  type Cursor,
  formatCursor,
  isRecord,
  type LogEvent,
  MAX_EVENTS_PAGE,
  OK,
  type Ok,
  PAGE,
  PONG,
} from "../../src/protocol/index.ts";
import { noConnection, RoomsError, refusalError } from "../util/errors.ts";
import { Emitter } from "../util/listeners.ts";
import type { Cancel } from "../util/ports.ts";
import {
  type Connected,
  type FrameTable,
  fits,
  type IncomingFrame,
  isTypeIn,
  knownFrame,
} from "../util/wire.ts";
import { ReconnectLoop } from "./reconnect-loop.ts";
import type { ConnectionOutcome } from "./retry.ts";
import { TopicFilter } from "./topic-filter.ts";
import { type OnAnswer, PendingAnswers } from "./transport/commands.ts";
import { type ConnectionEnd, lost, timedOut } from "./transport/connection-end.ts";
import type { ConnectionState, Link, Transport } from "./transport/transport.ts";
import type { ChannelEvents, ChannelOptions, ConnectionContext, ResumeKind } from "./types.ts";

type Answered = Command & { readonly id: string };

/** When the server refuses a page as too soon, and does not say for how long. */
const PAGE_AGAIN_MS = 1_000;

type Phase =
  | { readonly name: "down" | "greeting" | "replaying" }
  /** `since` is of the clock's `elapsed`. */
  | { readonly name: "live"; readonly since: number };

const DOWN: Phase = { name: "down" };

export class Channel {
  readonly topics: TopicFilter;
  readonly #context: ConnectionContext;
  readonly #transport: Transport;
  readonly #options: ChannelOptions;
  readonly #frames: FrameTable;
  readonly #events: ChannelEvents;
  readonly #states = new Emitter<{ state: ConnectionState }>();
  readonly #tracker = new CursorTracker();
  readonly #answers: PendingAnswers;
  readonly #loop: ReconnectLoop;
  #phase = DOWN;
  #link: Link | undefined;
  /** The last connection that was greeted, as the server named it: what it may still send must not take effect. */
  #replaces: string | undefined;
  #cancelPage: Cancel = () => {};

  constructor(
    context: ConnectionContext,
    transport: Transport,
    options: ChannelOptions,
    events: ChannelEvents,
  ) {
    this.#context = context;
    this.#transport = transport;
    this.#options = options;
    this.#events = events;
    this.#frames = { ...options.frames, caughtUp: CAUGHT_UP, ok: OK, pong: PONG };
    this.topics = new TopicFilter(this, context.ports.newId, options.topics);
    this.#answers = new PendingAnswers(context.ports.clock, () =>
      this.#link?.drop(timedOut("A command was not answered in time.")),
    );
    this.#loop = new ReconnectLoop(context, transport, {
      name: options.name,
      open: () => this.#open(),
      abandon: (why) => this.#abandon(why),
      onState: (state) => {
        events.onState(state);
        this.#states.emit("state", state);
      },
      onRefused: (error) => {
        events.onRefused(error);
        events.onError(error);
      },
    });
  }

  get state(): ConnectionState {
    return this.#loop.state;
  }

  /** While `disconnected`: why no other try would end differently, if so. */
  get refusal(): RoomsError | undefined {
    return this.#loop.refusal;
  }

  get cursor(): string | undefined {
    return this.#tracker.cursor;
  }

  /** What is held reaches up to here: the next connection asks for the rest. */
  restore(cursor: Cursor): void {
    this.#tracker.reset(cursor);
  }

  get live(): boolean {
    return this.#phase.name === "live" && this.#link?.isOpen === true;
  }

  /** Calls `fn` with every state, after the room or inbox itself. */
  watch(fn: (state: ConnectionState) => void): Cancel {
    return this.#states.on("state", fn);
  }

  /** Starts over at once, in whatever state it is. `afterTurn`: with the next turn of the event loop. */
  start(when: "now" | "afterTurn" = "now"): void {
    this.#loop.start(when);
  }

  /** A start that is still to come comes after what was planned for the next turn meanwhile. */
  postponeStart(): void {
    this.#loop.postponeStart();
  }

  /**
   * What is held belongs to a former user, who leaves: the next connection begins without it. No listener is called
   * before `tellUserChanged`. One that is just being greeted is that of the new user, who is not seen to leave and join.
   */
  forgetUser(error: RoomsError): () => void {
    this.#abandon(this.#phase.name === "greeting" ? "startingOver" : "leaving");
    this.#tracker.reset();
    this.#replaces = undefined;
    this.#events.onUserChanged(error);
    return () => {
      this.#events.onError(error);
      this.#events.onTurn();
    };
  }

  /** On the app's wish: `disconnected` at once, until `start`. */
  stop(): void {
    this.#loop.stop();
  }

  /** As `stop`, for good. */
  close(): void {
    this.#loop.close();
  }

  /**
   * The answer comes while its frame is handled, so in the order of the wire. It is `undefined` if nothing is live, or
   * if the connection is lost before the answer.
   */
  request(command: Answered, onAnswer: OnAnswer): void {
    if (this.live) this.#request(command, onAnswer);
    else onAnswer(undefined);
  }

  /** As `request`, as a promise, which is later than the frame. Rejects with the refusal, or `offline` without an answer. */
  ask(command: Answered): Promise<Ok & Readonly<Record<string, unknown>>> {
    return new Promise((resolve, reject) => {
      this.request(command, (answer) => {
        if (answer?.type === "ok") resolve(answer);
        else reject(answer?.type === "error" ? refusalError(answer) : noConnection());
      });
    });
  }

  /** Without an answer. Forgotten if nothing is live. */
  send(command: Command): void {
    if (!this.live) return;
    const written = this.#link?.send(command);
    if (written === true) this.#events.onSent(command);
    else if (!written) this.#onFrame(tooLarge());
  }

  /** Round trip in milliseconds. Rejects `offline` without a connection. */
  ping(): Promise<number> {
    const { clock, newId } = this.#context.ports;
    const sentAt = clock.elapsed();
    return new Promise((resolve, reject) => {
      this.request({ type: "ping", id: newId() }, (answer) =>
        answer === undefined ? reject(noConnection()) : resolve(clock.elapsed() - sentAt),
      );
    });
  }

  /** An answer moves the cursor: that of `topics`, or one that stands in the place of an event. */
  moveTo(seq: number, mayJump = this.#mayJump): "new" | "seen" | "gap" {
    const verdict = this.#tracker.accept(seq, mayJump);
    if (verdict === "gap") this.#dropForGap();
    return verdict;
  }

  /** Whether frames of a replay are still to come. */
  get isReplaying(): boolean {
    return this.#phase.name === "replaying";
  }

  get #mayJump(): boolean {
    return this.#options.skipsNumbers || this.#transport.skipsNumbers || this.topics.inForce !== null;
  }

  #open(): Promise<ConnectionOutcome> {
    return new Promise((resolve) => {
      this.#phase = { name: "greeting" };
      this.#link = this.#transport.open({
        frames: this.#frames,
        request: () => ({
          since: this.cursor,
          replaces: this.#replaces,
          history: this.#options.history,
          have: this.#events.have,
          topics: this.topics.ask(this.#transport.canAskForNoTopics),
        }),
        onFrame: (frame) => this.#onFrame(frame),
        onTurn: () => this.#events.onTurn(),
        onSent: (command) => this.#events.onSent(command),
        onPermission: (permission) => this.#events.onPermission(permission),
        onEnd: (end) => resolve(this.#ended(end)),
      });
    });
  }

  #ended(end: ConnectionEnd): ConnectionOutcome {
    const phase = this.#phase;
    const liveForMs = phase.name === "live" ? this.#context.ports.clock.elapsed() - phase.since : undefined;
    this.#leaveLink();
    return { end, liveForMs };
  }

  #abandon(why: "leaving" | "startingOver"): void {
    this.#link?.close(why);
    this.#leaveLink();
  }

  #leaveLink(): void {
    this.#link = undefined;
    this.#phase = DOWN;
    this.#cancelPage();
    this.#answers.lose();
  }

  #request(command: Answered, onAnswer: OnAnswer): void {
    if (!this.#link?.send(command)) {
      onAnswer(tooLarge());
      return;
    }
    this.#events.onSent(command);
    this.#answers.expect(command.id, onAnswer);
  }

  #onFrame(frame: IncomingFrame): void {
    const isAnswer = frame.type === "ok" || frame.type === "error" || frame.type === "pong";
    if (isAnswer && this.#answers.settle(frame)) return;
    // Nothing comes before `connected`, and it comes once.
    if ((this.#phase.name === "greeting") !== (frame.type === "connected")) return;
    if (frame.type === "connected") this.#onConnected(frame);
    else if (frame.type === "caughtUp") this.#onCaughtUp(frame);
    else if (frame.type === "error") this.#events.onError(refusalError(frame), frame);
    else if (this.#isLogEvent(frame)) this.#onLogEvent(frame);
    else this.#events.onFrame(frame);
  }

  #onConnected(frame: Connected): void {
    this.#phase = { name: "replaying" };
    this.#replaces = frame.connection;
    this.#loop.limits = frame.reconnect;
    this.#context.log("debug", `connected to ${this.#options.name}`, { connection: frame.connection });
    this.#events.onConnected(frame, this.#tracker.begin(frame));
  }

  #isLogEvent(frame: IncomingFrame): frame is LogEvent {
    return isTypeIn(this.#options.logEvents, frame.type);
  }

  #onLogEvent(event: LogEvent): void {
    if (this.moveTo(event.seq) === "new") this.#events.onFrame(event);
  }

  /** An event is missing: a replay from the cursor brings it. */
  #dropForGap(): void {
    this.#context.log("warn", `a gap in the events of ${this.#options.name}`);
    this.#link?.drop(lost(new RoomsError("internal", "The server left out an event.")));
  }

  #onCaughtUp(frame: CaughtUp): void {
    const isOver = this.#tracker.caughtUp(frame);
    if (frame.floor !== undefined) this.#events.onFloor(frame.floor);
    this.#events.onFrame(frame);
    // A listener may have ended it.
    if (this.#phase.name !== "replaying" || !this.#link?.isOpen) return;
    if (!isOver) {
      this.#page(frame.seq);
      return;
    }
    this.#phase = { name: "live", since: this.#context.ports.clock.elapsed() };
    // What waits goes out before listeners of the state do more.
    this.topics.onLive();
    this.#events.onLive();
    this.#loop.onLive();
  }

  #page(after: number): void {
    const link = this.#link;
    const id = this.#context.ports.newId();
    this.#request({ type: "history", id, after, limit: MAX_EVENTS_PAGE }, (answer) => {
      if (answer === undefined) return;
      if (answer.type === "error" && answer.code === "rate_limited") {
        // Many may share the bucket.
        const waitMs = (answer.retryAfterMs ?? PAGE_AGAIN_MS) * (1 + this.#context.ports.random());
        this.#cancelPage = this.#context.ports.clock.after(waitMs, () => this.#page(after));
        return;
      }
      const page = answer.type === "ok" && fits(PAGE, answer) ? answer : undefined;
      const events = page?.events ?? [];
      if (page === undefined || !Array.isArray(events) || (page.seq <= after && page.more)) {
        // `not_found`: the log has passed the cursor. Otherwise the cursor keeps what the pages brought so far.
        const error = answer.type === "error" ? refusalError(answer) : new RoomsError("internal");
        this.#link?.drop(lost(error));
        return;
      }
      // What is held there may have changed since its page came, without a record.
      if (page.floor !== undefined) this.#events.onFloor(page.floor);
      for (const event of events.filter(isRecord)) {
        const frame = knownFrame(event, this.#options.logEvents);
        if (frame !== undefined && this.#isLogEvent(frame)) this.#onLogEvent(frame);
        // A listener may have ended this connection, and begun another: its replay brings the rest of the page.
        if (this.#link !== link) return;
      }
      this.#tracker.advance(page.seq);
      if (page.more) this.#page(page.seq);
    });
  }
}

const tooLarge = () =>
  ({ type: "error", code: "too_large", message: "The command is larger than a frame." }) as const;

/**
 * The position of this client in a log, across connections. Invariant: every event up to the cursor was handled, once,
 * so a replay from there leaves no gap and repeats nothing.
 */
class CursorTracker {
  #cursor: Cursor | undefined;
  #epoch = "";
  #isLive = false;

  /** As the protocol spells it; `undefined` while nothing is known of the log. */
  get cursor(): string | undefined {
    return this.#cursor === undefined ? undefined : formatCursor(this.#cursor);
  }

  reset(cursor?: Cursor): void {
    this.#cursor = cursor;
  }

  begin({ epoch, recovery }: Connected): ResumeKind {
    const had = this.#cursor;
    const kept = had?.epoch === epoch && (recovery === "complete" || recovery === "partial");
    this.#epoch = epoch;
    this.#isLive = false;
    if (kept) return "kept";
    this.#cursor = undefined;
    return had === undefined ? "fresh" : "lost";
  }

  /** `gap`: an event between was not delivered, which on a live connection without a filter is a fault. */
  accept(seq: number, mayJump: boolean): "new" | "seen" | "gap" {
    const at = this.#cursor?.seq;
    if (at !== undefined && seq <= at) return "seen";
    if (this.#isLive && !mayJump && at !== undefined && seq > at + 1) return "gap";
    this.advance(seq);
    return "new";
  }

  advance(seq: number): void {
    if (seq >= (this.#cursor?.seq ?? 0)) this.#cursor = { epoch: this.#epoch, seq };
  }

  /** Whether the replay is over, and what follows is live. */
  caughtUp({ seq, more }: CaughtUp): boolean {
    this.advance(seq);
    this.#isLive = more !== true;
    return this.#isLive;
  }
}
