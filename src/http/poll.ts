// A room socket that the Worker holds for one answer to a poll.

import { caughtUp } from "../object/answers.ts";
import {
  type Closing,
  formatCursor,
  isSequenced,
  type Member,
  parseCloseReason,
  type Refusal,
  type RoomConnected,
  refuse,
  type ServerEvent,
  type ServerFrame,
} from "../protocol/index.ts";

/** A room makes clients wait for their replays if very many reconnect at once. After this the poll is refused. */
const GREETING_WITHIN_MS = 10_000;
const LATE = refuse("overloaded", "the room did not answer in time", { retryAfterMs: 5_000 });

export interface Polled {
  /** The events as they came, as text: `data` may be nested deeper than the engine can encode. */
  readonly events: readonly string[];
  readonly cursor: string;
  readonly recovery: RoomConnected["recovery"];
  readonly more?: true;
  /** Messages up to this `seq` may have changed or been removed without an event. */
  readonly floor: number;
  readonly members: RoomConnected["members"];
  readonly occupancy: RoomConnected["occupancy"];
  /** Why the room ended the poll, if it did. */
  readonly error?: Refusal;
}

const LOST: Closing = { code: "overloaded" };

/** Reads a room socket to the end of its replay, and then to the first event. */
export class Poll {
  readonly #socket: WebSocket;
  readonly #polled = new PolledEvents();
  readonly #replayed = Promise.withResolvers<Refusal | undefined>();
  readonly #heard = Promise.withResolvers<void>();
  #ended = false;
  /** Why the room closed it. */
  #closing: Refusal | undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      this.#polled.take(String(data));
      const { progress } = this.#polled;
      if (progress !== "replaying") this.#replayed.resolve(undefined);
      if (progress === "done") this.end();
    });
    socket.addEventListener("close", ({ reason }) => {
      const { code, message = "the room closed the connection", ...wait } = parseCloseReason(reason) ?? LOST;
      if (!this.#ended) this.#closing = refuse(code, message, wait);
      this.end();
    });
    socket.accept();
  }

  /** Resolves at the end of the replay, or with the refusal if it never ended. */
  async replayed(): Promise<Refusal | undefined> {
    const timer = setTimeout(() => this.end(), GREETING_WITHIN_MS);
    const refusal = await this.#replayed.promise;
    clearTimeout(timer);
    return refusal;
  }

  /** Resolves with the first event, after `waitMs`, or when the room or the client has ended the poll. */
  async heard(waitMs: number): Promise<void> {
    const timer = setTimeout(() => this.end(), waitMs);
    await this.#heard.promise;
    clearTimeout(timer);
  }

  /** Closes the socket. */
  end(): void {
    this.#ended = true;
    // Not 1000: between two polls the member stays for the grace time.
    this.#socket.close(1001, "polled");
    this.#replayed.resolve(this.#closing ?? LATE);
    this.#heard.resolve();
  }

  /** Whether there is something to answer already. */
  get hasAnswer(): boolean {
    return this.#polled.progress === "done";
  }

  /** Throws before the end of the replay. */
  answer(): Polled {
    return { ...this.#polled.polled(), ...(this.#closing !== undefined && { error: this.#closing }) };
  }
}

/** Gathers the events that a room socket receives, out of their batches. */
class PolledEvents {
  #connected: RoomConnected | undefined;
  readonly #events: string[] = [];
  /** Members that did not fit into the first frame. */
  readonly #members: Member[] = [];
  #seq = 0;
  #caughtUp: "not yet" | "partly" | "wholly" = "not yet";

  take(text: string): void {
    const frame: ServerFrame = JSON.parse(text);
    if (frame.type === "connected") {
      if ("room" in frame) this.#connected = frame;
      return;
    }
    if (frame.type === "members" && this.#caughtUp === "not yet") {
      this.#members.push(...frame.members);
      return;
    }
    const events = frame.type === "batch" ? frame.events : [frame];
    const inner = frame.type === "batch" ? text.slice(text.indexOf(OPEN) + OPEN.length, -CLOSE.length) : text;
    const kept = withoutLast(inner, events.at(-1));
    if (kept !== "") this.#events.push(kept);
    for (const event of events) this.#follow(event);
  }

  /** `waiting`: no event came yet, and the next one is live. */
  get progress(): "replaying" | "waiting" | "done" {
    if (this.#connected === undefined || this.#caughtUp === "not yet") return "replaying";
    // After a partial replay the room sends nothing unasked, also if the filter left no event of it.
    return this.#caughtUp === "partly" || this.#events.length > 0 ? "done" : "waiting";
  }

  polled(): Polled {
    if (this.#connected === undefined) throw new Error("there is no answer before the first frame");
    const { epoch, recovery, floor, members, occupancy } = this.#connected;
    return {
      events: this.#events,
      cursor: formatCursor({ epoch, seq: this.#seq }),
      recovery,
      ...(this.#caughtUp === "partly" && { more: true }),
      floor,
      members: [...members, ...this.#members],
      occupancy,
    };
  }

  #follow(event: ServerEvent): void {
    if (event.type === "caughtUp") {
      this.#caughtUp = event.more ? "partly" : "wholly";
      this.#seq = event.seq;
    } else if (this.#caughtUp !== "not yet" && isSequenced(event)) this.#seq = event.seq;
  }
}

/** The text around the events of a batch. */
const OPEN = '"events":[';
const CLOSE = "]}";

/** The events of a frame without its `caughtUp`, which is the last one if there is one. */
function withoutLast(events: string, last: ServerEvent | undefined): string {
  if (last?.type !== "caughtUp") return events;
  return events.slice(0, -caughtUp(last.seq, last.more).length).replace(/,$/, "");
}
