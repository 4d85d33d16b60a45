// Which questions to the back end were not answered lately: they are not asked again at once, so that a back end that is
// down is not asked thousands of times, and a room that it cannot answer for does not cost a question a call.

import { keyOf } from "./permission-cache.ts";

/** A user in a room of whom there was no answer is not asked about for so long, in milliseconds. */
const KEPT_MS = 2_000;
/**
 * After so many different users without an answer in a row nobody is asked about for a moment. Of one user it would be
 * no sign that the back end is down, and one user could keep all others out.
 */
const USERS_IN_A_ROW = 3;
/** That moment, in milliseconds; at random up to twice as long, so that not all isolates come back together. */
const DOWN_MS = 1_000;
/** Of those that are remembered the oldest go first. */
const MAX_KEPT = 10_000;

/** The questions of one isolate to one back end that were not answered. Times are in milliseconds. */
export class NoAnswers {
  /** By user and room, the oldest first. */
  readonly #failedAt = new Map<string, number>();
  /** Those who had no answer since there was one. */
  readonly #users = new Set<string>();
  readonly #random: () => number;
  #down = { from: 0, until: 0 };

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Whether this question is not to be asked now. A clock that was set back makes nobody wait. */
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
