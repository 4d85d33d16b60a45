import type { Cancel, Clock } from "../../util/ports.ts";

/** Sends a ping every `pingMs`, also while other frames flow, and calls `onDead` if no pong came within `pongMs`. */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #ping: () => void;
  readonly #onDead: () => void;
  #pingMs = 0;
  #pongMs = 0;
  #cancelPing: Cancel | undefined;
  #cancelDeadline: Cancel | undefined;

  constructor(clock: Clock, ping: () => void, onDead: () => void) {
    this.#clock = clock;
    this.#ping = ping;
    this.#onDead = onDead;
  }

  start(pingMs: number, pongMs: number): void {
    this.stop();
    this.#pingMs = pingMs;
    this.#pongMs = pongMs;
    this.#plan();
  }

  /** To be called after the machine slept: timers may have slept too. */
  beatNow(): void {
    if (this.#cancelPing !== undefined && this.#cancelDeadline === undefined) this.#beat();
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

  #beat(): void {
    this.#ping();
    // If `pingMs` is shorter than `pongMs`, the oldest ping without a pong counts.
    this.#cancelDeadline ??= this.#clock.after(this.#pongMs, this.#onDead);
    this.#plan();
  }

  #plan(): void {
    this.#cancelPing?.();
    this.#cancelPing = this.#clock.after(this.#pingMs, () => this.#beat());
  }
}
