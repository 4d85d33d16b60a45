import type { Cancel, Clock } from "../util/ports.ts";

/** One timer that is set anew. */
export class Deadline {
  readonly #clock: Clock;
  readonly #reached: () => void;
  #cancel: Cancel = () => {};

  constructor(clock: Clock, reached: () => void) {
    this.#clock = clock;
    this.#reached = reached;
  }

  in(delayMs: number): void {
    this.#cancel();
    this.#cancel = this.#clock.after(delayMs, this.#reached);
  }

  cancel(): void {
    this.#cancel();
    this.#cancel = () => {};
  }
}
