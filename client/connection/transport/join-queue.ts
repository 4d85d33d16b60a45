import type { Limits } from "../../../src/protocol/index.ts";
import type { Cancel, Ports } from "../../util/ports.ts";
import { SendRateLimiter } from "../../util/send-rate-limiter.ts";

/** After a refusal, the next join waits up to so long more; twice as long after each further one. */
const SPREAD_MS = 500;
const MAX_SPREAD_MS = 2_000;

/**
 * Sends joins no faster than the rate of the session allows: after a reconnect there may be more than its burst. Other
 * devices of this user take from the same rate, which shows by a refusal. From then on one join at a time is under way, and
 * those of all devices spread by chance: so together they take what there is, and none is refused all the time.
 */
export class JoinQueue {
  readonly #ports: Pick<Ports, "clock" | "random">;
  readonly #limiter: SendRateLimiter;
  /** By the name of the room. */
  #waiting = new Map<string, () => void>();
  #cancelTimer: Cancel | undefined;
  /** The rooms whose join was sent and is not answered. */
  readonly #underWay = new Set<string>();
  #sentAt = 0;
  /** Refusals for the rate, without the joins that were taken since. */
  #refusals = 0;

  constructor(ports: Pick<Ports, "clock" | "random">) {
    this.#ports = ports;
    this.#limiter = new SendRateLimiter(ports.clock);
  }

  setLimits({ ratePerSecond, rateBurst }: Partial<Limits>): void {
    if (!ratePerSecond || !rateBurst) return;
    this.#limiter.setLimits({ ratePerSecond, rateBurst, slowModeMs: 0 });
  }

  /** Calls `send` when its turn comes; `isNext`: before all others. It replaces one that waits for the same room. */
  add(room: string, send: () => void, isNext = false): void {
    if (isNext) this.#waiting = new Map([[room, send], ...this.#waiting]);
    else this.#waiting.set(room, send);
    this.#underWay.delete(room);
    this.#go();
  }

  /** To be called when a `leave` is sent, which does not wait but counts. */
  remove(room: string): void {
    this.#waiting.delete(room);
    this.#underWay.delete(room);
    this.#limiter.spend(1);
  }

  /** The join of this room is answered. With `retryAfterMs` it came too early for the rate. */
  answered(room: string, retryAfterMs?: number): void {
    this.#underWay.delete(room);
    if (retryAfterMs === undefined) this.#refusals = Math.max(0, this.#refusals - 1);
    else {
      const spreadMs = Math.min(MAX_SPREAD_MS, SPREAD_MS * 2 ** this.#refusals++);
      this.#limiter.emptied();
      this.#limiter.pause(retryAfterMs + this.#ports.random() * spreadMs);
    }
    this.#stopTimer();
    this.#go();
  }

  clear(): void {
    this.#waiting.clear();
    this.#underWay.clear();
    this.#refusals = 0;
    this.#stopTimer();
  }

  #stopTimer(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #go(): void {
    if (this.#cancelTimer !== undefined) return;
    for (const [room, send] of this.#waiting) {
      const waitMs = Math.max(this.#limiter.waitMs(1), this.#answerMs());
      if (waitMs > 0) {
        this.#cancelTimer = this.#ports.clock.after(waitMs, () => {
          this.#cancelTimer = undefined;
          this.#go();
        });
        return;
      }
      this.#waiting.delete(room);
      this.#underWay.add(room);
      this.#sentAt = this.#ports.clock.elapsed();
      this.#limiter.spend(1);
      send();
    }
  }

  /** How long to wait for the answer to the one before. Not for ever: a room that was left may get none. */
  #answerMs(): number {
    const isWaiting = this.#refusals > 0 && this.#underWay.size > 0;
    return isWaiting ? this.#sentAt + MAX_SPREAD_MS - this.#ports.clock.elapsed() : 0;
  }
}
