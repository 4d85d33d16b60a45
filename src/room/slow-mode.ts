// The time between two messages of one user. Nothing is stored for it: the log knows who spoke when.

import { sinceMs } from "../realtime/since-ms.ts";
import type { RoomLog } from "./room-log.ts";

const TIDY_ABOVE = 10_000;

export class SlowMode {
  readonly #log: RoomLog;
  /** When each user last spoke, as far back as `#since`. */
  readonly #spokeAt = new Map<string, number>();
  #since = Number.POSITIVE_INFINITY;

  constructor(log: RoomLog) {
    this.#log = log;
  }

  /** How long `user` has to wait; 0: not at all. */
  waitMs(user: string, slowModeMs: number, now: number): number {
    if (slowModeMs === 0) {
      // Whoever speaks from here on is not noted.
      this.forget();
      return 0;
    }
    if (now - slowModeMs < this.#since) this.#readBack(now - slowModeMs);
    if (this.#spokeAt.size > TIDY_ABOVE) this.#tidy(now - slowModeMs);
    const spokeAt = this.#spokeAt.get(user) ?? Number.NEGATIVE_INFINITY;
    // Where the clock was set back nobody knows how long ago that was, and nobody is muted till the old time comes round.
    return Math.max(0, slowModeMs - sinceMs(spokeAt, now));
  }

  /** The log holds the message already, so where nothing was noted yet there is nothing to note. */
  spoke(user: string, now: number): void {
    if (this.#since !== Number.POSITIVE_INFINITY) this.#spokeAt.set(user, now);
  }

  forget(): void {
    this.#spokeAt.clear();
    this.#since = Number.POSITIVE_INFINITY;
  }

  #tidy(before: number): void {
    for (const [user, at] of this.#spokeAt) if (at < before) this.#spokeAt.delete(user);
    this.#since = Math.max(this.#since, before);
  }

  /** Once after each start, and where the time grew. */
  #readBack(since: number): void {
    for (const { author, at } of this.#log.authorsSince(since)) {
      if (!this.#spokeAt.has(author)) this.#spokeAt.set(author, at);
    }
    this.#since = since;
  }
}
