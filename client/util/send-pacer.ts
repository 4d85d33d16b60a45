import type { Limits } from "../../src/protocol/index.ts";
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
  #pausedUntil = 0;

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
    const missing = this.#needed(cost) - this.#tokens;
    const rateMs = missing > 0 ? Math.ceil((missing / this.#pace.ratePerSecond) * 1_000) : 0;
    return Math.max(rateMs, Math.max(this.#slowUntil, this.#pausedUntil) - this.#countedAt, 0);
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

  /** An edit or a reaction took effect, which counts in slow mode as a message does. */
  changed(): void {
    this.#refill();
    this.#slowUntil = this.#countedAt + this.#pace.slowModeMs;
  }

  /** Whether the server has refused for now. */
  get paused(): boolean {
    this.#refill();
    return this.#pausedUntil > this.#countedAt;
  }

  /** No `send` goes out for so long. */
  pause(delayMs: number): void {
    this.#refill();
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#countedAt + delayMs);
  }

  /** The server says that there is nothing left: other devices of this user take from the same bucket. */
  emptied(): void {
    this.#refill();
    this.#tokens = Math.min(this.#tokens, 0);
  }

  /** What costs more than the bucket ever holds goes when it is full. */
  #needed(cost: number): number {
    return Math.min(cost, this.#pace.rateBurst);
  }

  #refill(): void {
    const now = this.#clock.now();
    // Where the clock was set back, a wait begins anew, and does not last until the old time comes round.
    const setBackMs = Math.max(0, this.#countedAt - now);
    this.#slowUntil -= setBackMs;
    this.#pausedUntil -= setBackMs;
    const gained = ((now - this.#countedAt) / 1_000) * this.#pace.ratePerSecond;
    this.#countedAt = now;
    this.#tokens = Math.min(this.#pace.rateBurst, this.#tokens + Math.max(0, gained || 0));
  }
}
