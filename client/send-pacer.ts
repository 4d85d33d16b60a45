import type { Limits } from "../src/protocol/index.ts";
import type { Clock } from "./ports.ts";

type Pace = Pick<Limits, "ratePerSecond" | "rateBurst" | "slowModeMs">;

/** Keeps a client within its rate: a copy of the bucket that the server has for this user, as far as one can know. */
export class SendPacer {
  readonly #clock: Clock;
  #pace: Pace = {
    ratePerSecond: Number.POSITIVE_INFINITY,
    rateBurst: Number.POSITIVE_INFINITY,
    slowModeMs: 0,
  };
  #tokens = Number.POSITIVE_INFINITY;
  #countedAt = 0;
  #slowUntil = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  setPace(pace: Pace): void {
    this.#refill();
    this.#pace = pace;
    this.#tokens = Math.min(this.#tokens, pace.rateBurst);
  }

  /** How long until a `send` of this cost may go out. */
  waitMs(cost: number): number {
    this.#refill();
    // What costs more than the bucket ever holds goes when it is full, for the server to judge.
    const missing = Math.min(cost, this.#pace.rateBurst) - this.#tokens;
    const rateMs = missing > 0 ? Math.ceil((missing / this.#pace.ratePerSecond) * 1_000) : 0;
    return Math.max(rateMs, this.#slowUntil - this.#clock.now(), 0);
  }

  /** For any command. */
  spend(cost: number): void {
    this.#refill();
    this.#tokens -= cost;
  }

  spendSend(cost: number): void {
    this.spend(cost);
    this.#slowUntil = this.#clock.now() + this.#pace.slowModeMs;
  }

  #refill(): void {
    const now = this.#clock.now();
    const gained = ((now - this.#countedAt) / 1_000) * this.#pace.ratePerSecond;
    this.#countedAt = now;
    this.#tokens = Math.min(this.#pace.rateBurst, this.#tokens + Math.max(0, gained || 0));
  }
}
