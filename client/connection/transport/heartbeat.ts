import type { Cancel, Clock } from "../../util/ports.ts";

/** So soon after a wake a pong must come: a socket that died while the machine slept says nothing by itself. */
const PROBE_MS = 2_000;

/**
 * Sends a ping every `pingMs`, also while other frames flow, and calls `onDead` if no pong came within `pongMs`.
 * Each ping has its pong, and they come in order.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #ping: () => void;
  readonly #onDead: () => void;
  #pingMs = 0;
  #pongMs = 0;
  #cancelPing: Cancel | undefined;
  #cancelDeadline: Cancel | undefined;
  #isProbing = false;
  /** Pings without a pong yet. */
  #unanswered = 0;
  /** Pongs that say nothing of the socket since the wake: they may have come before it, and were not read yet. */
  #stale = 0;

  constructor(clock: Clock, ping: () => void, onDead: () => void) {
    this.#clock = clock;
    this.#ping = ping;
    this.#onDead = onDead;
  }

  ping(): void {
    this.#unanswered += 1;
    this.#ping();
  }

  start(pingMs: number, pongMs: number): void {
    this.stop();
    this.#pingMs = pingMs;
    this.#pongMs = pongMs;
    this.#plan();
  }

  /**
   * To be called after a wake, for each hint of it: the wait for an older pong may have slept too. `agoMs`: how long ago the
   * wake may be.
   */
  probe(agoMs = 0): void {
    if (this.#cancelPing === undefined || this.#isProbing) return;
    this.#forgive();
    this.#isProbing = true;
    this.#stale = this.#unanswered;
    this.#beat(Math.min(PROBE_MS - agoMs, this.#pongMs));
  }

  onPong(): void {
    this.#unanswered = Math.max(0, this.#unanswered - 1);
    if (this.#stale > 0) this.#stale -= 1;
    else this.#forgive();
  }

  stop(): void {
    this.#cancelPing?.();
    this.#cancelPing = undefined;
    this.#forgive();
  }

  #forgive(): void {
    this.#cancelDeadline?.();
    this.#cancelDeadline = undefined;
    this.#isProbing = false;
  }

  #beat(withinMs: number): void {
    this.ping();
    // If `pingMs` is shorter than `pongMs`, the oldest ping without a pong counts.
    this.#cancelDeadline ??= this.#clock.after(withinMs, this.#onDead);
    this.#plan();
  }

  #plan(): void {
    this.#cancelPing?.();
    this.#cancelPing = this.#clock.after(this.#pingMs, () => this.#beat(this.#pongMs));
  }
}
