import type { Limits } from "../../src/protocol/index.ts";
import type { Clock } from "./ports.ts";

type SendLimits = Pick<Limits, "ratePerSecond" | "rateBurst" | "slowModeMs">;

const UNLIMITED = Number.POSITIVE_INFINITY;

/** Keeps a client within its rate: a copy of the token bucket that the server has for this user, as far as it is known. */
export class SendRateLimiter {
  readonly #clock: Clock;
  #limits: SendLimits = { ratePerSecond: UNLIMITED, rateBurst: UNLIMITED, slowModeMs: 0 };
  #tokens = UNLIMITED;
  #countedAt = 0;
  /** No `send` goes out before this. */
  #heldUntil = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  setLimits(limits: SendLimits): void {
    this.#refill();
    this.#limits = limits;
    this.#tokens = Math.min(this.#tokens, limits.rateBurst);
  }

  /** The bucket is that of another user. */
  forget(): void {
    this.#tokens = UNLIMITED;
    this.#heldUntil = 0;
  }

  /** Milliseconds until a `send` of this cost may go out. */
  waitMs(cost: number): number {
    this.#refill();
    const missing = Math.max(0, this.#needed(cost) - this.#tokens);
    const rateMs = Math.ceil((missing / this.#limits.ratePerSecond) * 1_000);
    return Math.max(rateMs, this.#heldUntil - this.#countedAt);
  }

  /** For any command. One that is sent too early is refused, and a refusal costs nothing. */
  spend(cost: number): void {
    this.#refill();
    if (this.#tokens >= this.#needed(cost)) this.#tokens -= cost;
  }

  spendSend(cost: number): void {
    this.spend(cost);
    this.changed();
  }

  /** Slow mode counts a message, and an edit or a reaction that took effect. */
  changed(): void {
    this.pause(this.#limits.slowModeMs);
  }

  /** No `send` goes out for so many milliseconds. */
  pause(delayMs: number): void {
    this.#refill();
    this.#heldUntil = Math.max(this.#heldUntil, this.#countedAt + delayMs);
  }

  /** The server says that nothing is left: other devices of this user take from the same bucket. */
  emptied(): void {
    this.#refill();
    this.#tokens = Math.min(this.#tokens, 0);
  }

  /** A command that costs more than the bucket ever holds goes out when it is full. */
  #needed(cost: number): number {
    return Math.min(cost, this.#limits.rateBurst);
  }

  #refill(): void {
    const now = this.#clock.elapsed();
    // Without limits it is infinity times nothing.
    const gained = ((now - this.#countedAt) / 1_000) * this.#limits.ratePerSecond || 0;
    this.#countedAt = now;
    this.#tokens = Math.min(this.#limits.rateBurst, this.#tokens + gained);
  }
}
