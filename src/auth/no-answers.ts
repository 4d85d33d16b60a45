// Which questions to the back end had no answer lately. They are not asked again at once: a back end that is down is
// not asked thousands of times, and a room that it cannot answer for does not cost a question for each call.

import { keyOf } from "./permission-cache.ts";

/** After a question without an answer, the same question is not asked for this long. */
const KEPT_MS = 2_000;
/**
 * After this many different users in a row without an answer the back end counts as down, and is asked nothing for a
 * moment. Failures for one user do not count as down: one user could keep out all others.
 */
const USERS_IN_A_ROW = 3;
/** That moment: at random up to twice as long, so that not all isolates ask again at once. */
const DOWN_MS = 1_000;
/** Questions that are remembered. The oldest are dropped. */
const MAX_KEPT = 10_000;

/** The questions of one isolate to one back end that had no answer. Times are in milliseconds. */
export class NoAnswers {
  /** By user and room, the oldest first. */
  readonly #failedAt = new Map<string, number>();
  /** Users without an answer since the last answer. */
  readonly #users = new Set<string>();
  readonly #random: () => number;
  #down = { from: 0, until: 0 };

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Whether this question must not be asked now. After a clock was set back, nothing waits. */
  has(user: string, room: string, now: number): boolean {
    if (now >= this.#down.from && now < this.#down.until) return true;
    const failedAt = this.#failedAt.get(keyOf(user, room));
    return failedAt !== undefined && now >= failedAt && now - failedAt < KEPT_MS;
  }

  failed(user: string, room: string, now: number): void {
    const key = keyOf(user, room);
    this.#failedAt.delete(key);
    this.#failedAt.set(key, now);
    for (const oldest of this.#failedAt.keys()) {
      if (this.#failedAt.size <= MAX_KEPT) break;
      this.#failedAt.delete(oldest);
    }
    if (this.#users.size < USERS_IN_A_ROW) this.#users.add(user);
    if (this.#users.size === USERS_IN_A_ROW)
      this.#down = { from: now, until: now + DOWN_MS * (1 + this.#random()) };
  }

  answered(user: string, room: string): void {
    this.#failedAt.delete(keyOf(user, room));
    this.#users.clear();
  }
}
