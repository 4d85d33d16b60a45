import type { LogEvent } from "../../src/protocol/index.ts";

/** As many as one replay of the server has. */
const MAX_EVENTS = 1_000;

/** What a connection began with: all that follows this `seq`, or so many of the latest messages, as a newcomer gets. */
export type BufferOrigin = { readonly after: number } | { readonly latest: number };

/**
 * The events of a log that came last, so that tabs which were interrupted together ask the server for nothing. Invariant:
 * nothing is missing of what follows `#after`.
 */
export class LogBuffer {
  #events: LogEvent[] = [];
  #after = Number.POSITIVE_INFINITY;
  /** Of a connection of a newcomer. */
  #latest: number | undefined;
  /** Nothing came since the replay. */
  #isNew = false;

  /** A connection begins with a replay. */
  begin(origin: BufferOrigin): void {
    this.#events = [];
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
    // Many at once, as each time takes a copy.
    if (this.#events.length < 2 * MAX_EVENTS) return;
    const dropped = this.#events.splice(0, MAX_EVENTS).at(-1);
    this.#after = Math.max(this.#after, dropped?.seq ?? 0);
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
