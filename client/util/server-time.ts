import type { Clock } from "./ports.ts";

/** The server's wall time, as its last greeting told it; that of this machine before the first one. */
export class ServerTime {
  readonly #clock: Clock;
  /** The server's time as the clock's `elapsed` was 0. */
  #origin: number | undefined;
  /** By how much the server's clock was ahead of this machine's at the last greeting, in milliseconds. */
  aheadMs: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** In milliseconds since 1970. Between two greetings it only goes on, also where this machine's clock is set. */
  now(): number {
    return this.#origin === undefined ? this.#clock.now() : Math.floor(this.#origin + this.#clock.elapsed());
  }

  /**
   * The latest that it may be by either clock of this machine: `elapsed` stands still while some systems sleep. For what
   * must not be shown for too long where no server says how late it is.
   */
  latest(): number {
    return Math.max(this.now(), this.#clock.now() + (this.aheadMs ?? 0));
  }

  /** `at`: what time it is on the server. */
  learn(at: number): void {
    this.#origin = at - this.#clock.elapsed();
    this.aheadMs = at - this.#clock.now();
  }
}
