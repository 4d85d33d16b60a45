// Messages with a time of their own: when it has come, the room deletes them as a moderator would. So every reader learns
// of it by the log, also one that was away.

import type { Changes } from "./changes.ts";
import type { RoomLog } from "./log/room-log.ts";
import type { Turn } from "./turn.ts";

/** So many of one flush: thousands that expire at once must not hold up what arrives meanwhile. */
const MAX_A_FLUSH = 100;
/** Messages expire at full seconds, so that no room wakes more often for them. In milliseconds. */
const EVERY_MS = 1_000;
/** What could not be deleted is tried again this much later. */
const AGAIN_MS = 5_000;

export interface ExpiryRules {
  readonly log: RoomLog;
  readonly changes: Pick<Changes, "erase">;
  /** A row could not be written. The room goes on. */
  reportFault(error: unknown): void;
}

export class Expiries {
  readonly #rules: ExpiryRules;
  #againAt = Number.NEGATIVE_INFINITY;

  constructor(rules: ExpiryRules) {
    this.#rules = rules;
  }

  /** When the next message is to be deleted, in milliseconds; `null`: none is. */
  get wakeAt(): number | null {
    const next = this.#rules.log.expiresNext;
    return next === null ? null : Math.max(this.#againAt, Math.ceil(next / EVERY_MS) * EVERY_MS);
  }

  /** In each flush, before what arrived takes effect: nobody is shown a message whose time is over. */
  advance(turn: Turn): void {
    const { log, changes, reportFault } = this.#rules;
    const { now } = turn;
    // If the clock was set back, it would be further ahead.
    this.#againAt = Math.min(this.#againAt, now + AGAIN_MS);
    const { wakeAt } = this;
    if (wakeAt === null || wakeAt > now) return;
    try {
      for (const target of log.expired(now, MAX_A_FLUSH)) changes.erase(target, null, turn);
    } catch (error) {
      this.#againAt = now + AGAIN_MS;
      reportFault(error);
    }
  }
}
