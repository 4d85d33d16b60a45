// Which questions to the back end had no answer lately. They are not asked again at once: a back end that is down is
// not asked thousands of times, and a room that it cannot answer for does not cost a question for each call.

import { Outage } from "./outage.ts";
import { keyOf } from "./permission-cache.ts";

/** After a question without an answer, the same question is not asked for this long. */
const KEPT_MS = 2_000;
/** Questions that are remembered. The oldest are dropped. */
const MAX_KEPT = 10_000;

/** The questions of one isolate to one back end that had no answer. Times are in milliseconds. */
export class NoAnswers {
  /** By user and room, the oldest first. */
  readonly #failedAt = new Map<string, number>();
  readonly #outage: Outage;

  constructor(random: () => number) {
    this.#outage = new Outage(random);
  }

  /** Whether this question must not be asked now. After a clock was set back, nothing waits. */
  has(user: string, room: string, now: number): boolean {
    if (this.#outage.isOn(now)) return true;
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
    this.#outage.failed(user, now);
  }

  answered(user: string, room: string): void {
    this.#failedAt.delete(keyOf(user, room));
    this.#outage.answered();
  }
}
