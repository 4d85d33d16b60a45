// A clock that only a test moves.

import type { Cancel, Clock } from "../../util/ports.ts";

interface Timer {
  readonly at: number;
  readonly fn: () => void;
}

export interface FakeClockPorts {
  /** Lets everything happen that needs no time. */
  settle(): Promise<void>;
  /** Called when a timer is set that is due at once. Without it such a timer waits for `advance`. */
  due?(): void;
}

/** Enough turns for every chain of promises in the client. */
const MICROTASK_TURNS = 30;

const MICROTASKS: FakeClockPorts = {
  async settle() {
    for (let turn = 0; turn < MICROTASK_TURNS; turn++) await undefined;
  },
};

export class FakeClock implements Clock {
  readonly #ports: FakeClockPorts;
  /** Milliseconds since this clock was made. */
  #elapsed = 0;
  #wallOrigin: number;
  #ran = 0;
  readonly #timers = new Set<Timer>();

  /** Its timers and the client run in microtasks only, unless `ports` says more. */
  constructor(now = 1_790_000_000_000, ports = MICROTASKS) {
    this.#wallOrigin = now;
    this.#ports = ports;
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.size;
  }

  /** How many timers went off so far. */
  get ran(): number {
    return this.#ran;
  }

  now(): number {
    return Math.floor(this.#wallOrigin + this.#elapsed);
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
    if (delayMs <= 0) this.#ports.due?.();
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** Lets everything happen that needs no time. */
  settle(): Promise<void> {
    return this.#ports.settle();
  }

  /** Runs the timers that are due within this time, in order, and lets everything settle after each. */
  async advance(ms: number): Promise<void> {
    const until = this.#elapsed + ms;
    await this.settle();
    while (this.#runNext(until)) await this.settle();
    this.#elapsed = until;
  }

  /** Runs the next timer that is due now. `false`: there is none. */
  runDue(): boolean {
    return this.#runNext(this.#elapsed);
  }

  #runNext(until: number): boolean {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.at <= until && (next === undefined || timer.at < next.at)) next = timer;
    }
    if (next === undefined) return false;
    this.#timers.delete(next);
    this.#elapsed = Math.max(this.#elapsed, next.at);
    this.#ran += 1;
    next.fn();
    return true;
  }
}
