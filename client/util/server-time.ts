import type { Clock } from "./ports.ts";

/** The server's wall time, as its last greeting told it; that of this machine before the first one. */
export class ServerTime {
  readonly #clock: Clock;
  /** The server's time as the clock's `elapsed` was 0. */
  #origin: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** In milliseconds since 1970. Between two greetings it only goes on, also where this machine's clock is set. */
  now(): number {
    return this.#origin === undefined ? this.#clock.now() : Math.floor(this.#origin + this.#clock.elapsed());
  }

  /** `at`: what time it is on the server. */
  learn(at: number): void {
    this.#origin = at - this.#clock.elapsed();
  }
}
