// The time between two messages, edits or reactions of one user. Nothing is stored for it: the log knows who did what when.
// To delete is free: it takes back what had to wait itself.

import { type Actor, userOf } from "../../access/identity.ts";
import { sinceMs } from "../../object/liveness.ts";
import { type Refusal, refuse } from "../../protocol/index.ts";
import type { Act, RoomLog } from "../log/room-log.ts";
import { mayModerate } from "./rights.ts";
import type { RoomSettings } from "./room-settings.ts";

const TIDY_ABOVE = 10_000;

export class SlowMode {
  readonly #settings: RoomSettings;
  readonly #log: RoomLog;
  /** What each user did last, as far back as `#since`. */
  readonly #last = new Map<string, Omit<Act, "user">>();
  #since = Number.POSITIVE_INFINITY;

  constructor(settings: RoomSettings, log: RoomLog) {
    this.#settings = settings;
    this.#log = log;
  }

  /** Why `actor` has to wait, if so. Moderators and server code need not. */
  holds(actor: Actor, now: number): Refusal | undefined {
    const user = userOf(actor.identity);
    if (user === null || mayModerate(actor)) return undefined;
    const retryAfterMs = this.#waitMs(user.id, this.#settings.slowModeMs, now);
    return retryAfterMs === 0
      ? undefined
      : refuse("rate_limited", "this room is in slow mode", { retryAfterMs });
  }

  /** To be called when the log holds what `actor` did. What server code says in a user's name is not theirs. */
  acted({ identity }: Actor, seq: number, now: number): void {
    // Where nothing was noted yet there is nothing to note: the log will tell.
    if (identity.kind !== "user" || this.#since === Number.POSITIVE_INFINITY) return;
    this.#last.set(identity.user.id, { seq, at: now });
  }

  /** 0: not at all. */
  #waitMs(user: string, slowModeMs: number, now: number): number {
    if (slowModeMs === 0) {
      // What is done from here on is not noted.
      this.#last.clear();
      this.#since = Number.POSITIVE_INFINITY;
      return 0;
    }
    if (now - slowModeMs < this.#since) this.#readBack(now - slowModeMs);
    if (this.#last.size > TIDY_ABOVE) this.#tidy(now - slowModeMs);
    const at = this.#last.get(user)?.at ?? Number.NEGATIVE_INFINITY;
    // Where the clock was set back nobody knows how long ago that was, and nobody is muted till the old time comes round.
    return Math.max(0, slowModeMs - sinceMs(at, now));
  }

  #tidy(before: number): void {
    for (const [user, { at }] of this.#last) if (at < before) this.#last.delete(user);
    this.#since = Math.max(this.#since, before);
  }

  /** Once after each start, and where the time grew. */
  #readBack(since: number): void {
    for (const { user, seq, at } of this.#log.actsSince(since)) {
      if (seq > (this.#last.get(user)?.seq ?? 0)) this.#last.set(user, { seq, at });
    }
    this.#since = since;
  }
}
