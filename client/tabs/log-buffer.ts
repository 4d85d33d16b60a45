import type { LogEvent } from "../../src/protocol/index.ts";

/** As many as one replay of the server has. */
const MAX_EVENTS = 1_000;
/** What streamed may be much longer than other messages: so much of it, in UTF-16 units as JSON, counts as an event. */
const EVENT_LENGTH = 16_384;

/** What a connection began with: all that follows this `seq`, or so many of the latest messages, as a newcomer gets. */
export type BufferOrigin = { readonly after: number } | { readonly latest: number };

/**
 * The events of a log that came last, so that tabs which were interrupted together ask the server for nothing. Invariant:
 * nothing is missing of what follows `#after`.
 */
export class LogBuffer {
  #events: LogEvent[] = [];
  /** How many these count as. */
  #weight = 0;
  #after = Number.POSITIVE_INFINITY;
  /** Of a connection of a newcomer. */
  #latest: number | undefined;
  /** Nothing came since the replay. */
  #isNew = false;

  /** A connection begins with a replay. */
  begin(origin: BufferOrigin): void {
    this.#events = [];
    this.#weight = 0;
    this.#isNew = false;
    this.#after = "after" in origin ? origin.after : Number.POSITIVE_INFINITY;
    this.#latest = "latest" in origin ? origin.latest : undefined;
  }

  /** The replay is over, and has reached this `seq`. */
  end(seq: number): void {
    this.#isNew = true;
    // Of what came before, a newcomer hears of the latest messages only.
    if (this.#latest !== undefined) this.#after = seq;
  }

  push(event: LogEvent): void {
    this.#isNew = false;
    this.#events.push(event);
    this.#weight += weightOf(event);
    // Many at once, as each time takes a copy.
    if (this.#weight < 2 * MAX_EVENTS) return;
    let dropped = 0;
    while (this.#weight > MAX_EVENTS) {
      const event = this.#events[dropped];
      if (event === undefined) break;
      this.#weight -= weightOf(event);
      this.#after = Math.max(this.#after, event.seq);
      dropped += 1;
    }
    this.#events.splice(0, dropped);
  }

  /** What came after this `seq`; `undefined` where that is not known. */
  after(seq: number): readonly LogEvent[] | undefined {
    return seq >= this.#after ? this.#events.filter((event) => event.seq > seq) : undefined;
  }

  /** What a newcomer gets who asks for so many; `undefined` where that is not known, or something came since. */
  latest(count: number): readonly LogEvent[] | undefined {
    return this.#latest === count && this.#isNew ? [...this.#events] : undefined;
  }
}

function weightOf(event: LogEvent): number {
  if (event.type !== "messageUpdated" || event.message.stream === undefined) return 1;
  return 1 + Math.floor(JSON.stringify(event.message.data).length / EVENT_LENGTH);
}
