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

/** While very many come back at once a room makes them wait for their replays: then a poll is to come again. */
const GREETING_WITHIN_MS = 10_000;
const LATE = refuse("overloaded", "the room did not answer in time", { retryAfterMs: 5_000 });

export interface Polled {
  /** As the texts that came, as `data` may be nested deeper than the engine encodes. */
  readonly events: readonly string[];
  readonly cursor: string;
  readonly recovery: RoomConnected["recovery"];
  readonly more?: true;
  /** What the caller holds at or below it may have changed or gone without a record. */
  readonly floor: number;
  readonly members: RoomConnected["members"];
  readonly occupancy: RoomConnected["occupancy"];
  /** Why the room has ended it, where it did. */
  readonly error?: Refusal;
}

const LOST: Closing = { code: "overloaded" };

/** Reads a room socket to the end of its replay, and from there on to the first event. */
export class Poll {
  readonly #socket: WebSocket;
  readonly #told = new Told();
  readonly #replayed = Promise.withResolvers<Refusal | undefined>();
  readonly #heard = Promise.withResolvers<void>();
  #ended = false;
  /** Why the room closed it. */
  #closing: Refusal | undefined;

  constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.addEventListener("message", ({ data }) => {
      this.#told.take(String(data));
      const { progress } = this.#told;
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

  /** Settles when the replay is over, with a refusal where it never was. */
  async replayed(): Promise<Refusal | undefined> {
    const timer = setTimeout(() => this.end(), GREETING_WITHIN_MS);
    const refusal = await this.#replayed.promise;
    clearTimeout(timer);
    return refusal;
  }

  /** Settles with the first event, at the latest in `waitMs`, and where the room or the client has ended it. */
  async heard(waitMs: number): Promise<void> {
    const timer = setTimeout(() => this.end(), waitMs);
    await this.#heard.promise;
    clearTimeout(timer);
  }

  /** The room need not tell anything more. */
  end(): void {
    this.#ended = true;
    // Not 1000, so that the member stays through the grace time between two polls.
    this.#socket.close(1001, "polled");
    this.#replayed.resolve(this.#closing ?? LATE);
    this.#heard.resolve();
  }

  /** Whether there is something to answer with already. */
  get hasAnswer(): boolean {
    return this.#told.progress === "done";
  }

  /** Once the replay is over. */
  answer(): Polled {
    return { ...this.#told.polled(), ...(this.#closing !== undefined && { error: this.#closing }) };
  }
}

/** What such a socket was sent, taken out of its batches. */
class Told {
  #connected: RoomConnected | undefined;
  readonly #events: string[] = [];
  /** Those that did not fit in the first frame. */
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
    const told = withoutLast(inner, events.at(-1));
    if (told !== "") this.#events.push(told);
    for (const event of events) this.#follow(event);
  }

  /** `waiting`: nothing came yet, and what comes next is live. */
  get progress(): "replaying" | "waiting" | "done" {
    if (this.#connected === undefined || this.#caughtUp === "not yet") return "replaying";
    // Of a partial replay nothing more comes unasked, also where the filter left nothing of it.
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

/** What stands around the events of a batch. */
const OPEN = '"events":[';
const CLOSE = "]}";

/** The events of a frame without `caughtUp`, which comes last if at all. */
function withoutLast(events: string, last: ServerEvent | undefined): string {
  if (last?.type !== "caughtUp") return events;
  return events.slice(0, -caughtUp(last.seq, last.more).length).replace(/,$/, "");
}
