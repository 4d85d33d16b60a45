// A clock that only a test moves; `pending` is the number of timers that are set.

import type { Cancel, Clock } from "../../../../client/util/ports.ts";

interface Timer {
  readonly at: number;
  readonly fn: () => void;
}

/** Enough turns for every chain of promises in the client. */
const MICROTASK_TURNS = 30;

export class FakeClock implements Clock {
  /** Milliseconds since this clock was made. */
  #elapsed = 0;
  #wallOrigin: number;
  readonly #timers = new Set<Timer>();

  constructor(now = 1_790_000_000_000) {
    this.#wallOrigin = now;
  }

  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#wallOrigin + this.#elapsed;
  }

  elapsed(): number {
    return this.#elapsed;
  }

  /** Sets the wall time forth by so much, or back. No time passes. */
  setWall(byMs: number): void {
    this.#wallOrigin += byMs;
  }

  after(delayMs: number, fn: () => void): Cancel {
    const timer = { at: this.#elapsed + delayMs, fn };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** Lets promises settle while no time passes. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < MICROTASK_TURNS; turn++) await undefined;
  }

  /** Runs the timers that are due within this time, in order, and lets promises settle after each. */
  async advance(ms: number): Promise<void> {
    const until = this.#elapsed + ms;
    await this.settle();
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.#timers.delete(next);
      this.#elapsed = Math.max(this.#elapsed, next.at);
      next.fn();
      await this.settle();
    }
    this.#elapsed = until;
  }

  #next(until: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at <= until && (next === undefined || timer.at < next.at)) next = timer;
    }
    return next;
  }
}
