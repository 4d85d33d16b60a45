import type { Limits } from "../../../src/protocol/index.ts";
import type { Cancel, Clock } from "../../util/ports.ts";
import { SendRateLimiter } from "../../util/send-rate-limiter.ts";

/** Sends joins no faster than the rate of the session allows: after a reconnect there may be more than its burst. */
export class JoinQueue {
  readonly #clock: Clock;
  readonly #limiter: SendRateLimiter;
  /** By the name of the room. */
  readonly #waiting = new Map<string, () => void>();
  #cancelTimer: Cancel | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#limiter = new SendRateLimiter(clock);
  }

  setLimits({ ratePerSecond, rateBurst }: Partial<Limits>): void {
    if (!ratePerSecond || !rateBurst) return;
    this.#limiter.setLimits({ ratePerSecond, rateBurst, slowModeMs: 0 });
  }

  /** Calls `send` when its turn comes. It replaces one that waits for the same room. */
  add(room: string, send: () => void): void {
    this.#waiting.set(room, send);
    this.#go();
  }

  /** To be called when a `leave` is sent, which does not wait but counts. */
  remove(room: string): void {
    this.#waiting.delete(room);
    this.#limiter.spend(1);
  }

  /** The server refused a join for the rate: other devices of this user count against the same limit. */
  emptied(): void {
    this.#limiter.emptied();
  }

  clear(): void {
    this.#waiting.clear();
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #go(): void {
    if (this.#cancelTimer !== undefined) return;
    for (const [room, send] of this.#waiting) {
      const waitMs = this.#limiter.waitMs(1);
      if (waitMs > 0) {
        this.#cancelTimer = this.#clock.after(waitMs, () => {
          this.#cancelTimer = undefined;
          this.#go();
        });
        return;
      }
      this.#waiting.delete(room);
      this.#limiter.spend(1);
      send();
    }
  }
}
