// Slow mode: the least time between two messages, edits or reactions of one user. Nothing is stored for it, as the log
// knows who did what when. A deletion is free: it takes back something that had to wait.

import { type Actor, userOf } from "../../access/identity.ts";
import { sinceMs } from "../../object/liveness.ts";
import { type Refusal, refuse } from "../../protocol/index.ts";
import type { Act, RoomLog } from "../log/room-log.ts";
import { mayModerate } from "./permissions.ts";
import type { RoomSettings } from "./room-settings.ts";

const TIDY_ABOVE = 10_000;

export class SlowMode {
  readonly #settings: RoomSettings;
  readonly #log: RoomLog;
  /** The last act of each user, as far back as `#since`. */
  readonly #last = new Map<string, Omit<Act, "user">>();
  #since = Number.POSITIVE_INFINITY;

  constructor(settings: RoomSettings, log: RoomLog) {
    this.#settings = settings;
    this.#log = log;
  }

  /** Why `actor` has to wait, if so. Moderators and server code do not have to. */
  holds(actor: Actor, now: number): Refusal | undefined {
    const user = userOf(actor.identity);
    if (user === null || mayModerate(actor)) return undefined;
    const retryAfterMs = this.#waitMs(user.id, this.#settings.slowModeMs, now);
    return retryAfterMs === 0
      ? undefined
      : refuse("rate_limited", "this room is in slow mode", { retryAfterMs });
  }

  /** Called when the log holds an act. What server code sends in a user's name does not count for the user. */
  acted({ identity }: Actor, seq: number, now: number): void {
    // Acts are not noted before slow mode is first asked: the log has them.
    if (identity.kind !== "user" || this.#since === Number.POSITIVE_INFINITY) return;
    this.#last.set(identity.user.id, { seq, at: now });
  }

  /** In milliseconds; 0: not at all. */
  #waitMs(user: string, slowModeMs: number, now: number): number {
    if (slowModeMs === 0) {
      // From here on acts are not noted.
      this.#last.clear();
      this.#since = Number.POSITIVE_INFINITY;
      return 0;
    }
    if (now - slowModeMs < this.#since) this.#readBack(now - slowModeMs);
    if (this.#last.size > TIDY_ABOVE) this.#tidy(now - slowModeMs);
    const at = this.#last.get(user)?.at ?? Number.NEGATIVE_INFINITY;
    // If the clock was set back, the time since is unknown, and no user waits for the old time.
    return Math.max(0, slowModeMs - sinceMs(at, now));
  }

  #tidy(before: number): void {
    for (const [user, { at }] of this.#last) if (at < before) this.#last.delete(user);
    this.#since = Math.max(this.#since, before);
  }

  /** Once after each start, and when the time was made longer. */
  #readBack(since: number): void {
    for (const { user, seq, at } of this.#log.actsSince(since)) {
      if (seq > (this.#last.get(user)?.seq ?? 0)) this.#last.set(user, { seq, at });
    }
    this.#since = since;
  }
}
