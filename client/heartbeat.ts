import type { Cancel, Clock } from "./ports.ts";

/** Pings in a steady rhythm, also while other frames flow, and says when no pong came in time. */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #ping: () => void;
  readonly #onDead: () => void;
  #cancelPing: Cancel | undefined;
  #cancelDeadline: Cancel | undefined;

  constructor(clock: Clock, ping: () => void, onDead: () => void) {
    this.#clock = clock;
    this.#ping = ping;
    this.#onDead = onDead;
  }

  start(pingMs: number, pongMs: number): void {
    this.stop();
    const beat = () => {
      this.#ping();
      // Where pings come faster than pongs may, the oldest unanswered one counts.
      this.#cancelDeadline ??= this.#clock.after(pongMs, this.#onDead);
      this.#cancelPing = this.#clock.after(pingMs, beat);
    };
    this.#cancelPing = this.#clock.after(pingMs, beat);
  }

  onPong(): void {
    this.#cancelDeadline?.();
    this.#cancelDeadline = undefined;
  }

  stop(): void {
    this.#cancelPing?.();
    this.#cancelPing = undefined;
    this.onPong();
  }
}
