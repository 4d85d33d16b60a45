// What a room does by itself when the time for it has come: one moment sets the object's alarm, however far ahead it is,
// and, while the object is awake, its timer. A room that uses none of it runs none of it.

import { Expiries, type ExpiryRules } from "./expiries.ts";
import { Retention, type RetentionRules } from "./retention.ts";
import { Schedule, type ScheduleRules } from "./schedule.ts";
import type { Turn } from "./turn.ts";

export type TimeRules = ExpiryRules & RetentionRules & ScheduleRules;

/** No timer is further ahead, in milliseconds, as it keeps the object awake till then. */
const TIMER_MS = 5_000;

export class RoomTime {
  readonly #rules: TimeRules;
  readonly #expiries: Expiries;
  readonly #retention: Retention;
  /** Whether messages were kept for a time only, when a flush looked last. */
  #retains: boolean;
  /** `undefined`: nothing was ever scheduled here, as far as is known. */
  #schedule: Schedule | undefined;

  constructor(rules: TimeRules) {
    this.#rules = rules;
    this.#expiries = new Expiries(rules);
    this.#retention = new Retention(rules);
    this.#retains = rules.settings.historySeconds > 0;
    if (rules.schedule.isMade) this.#schedule = new Schedule(rules);
  }

  get schedule(): Schedule {
    this.#schedule ??= new Schedule(this.#rules);
    return this.#schedule;
  }

  /** Whether something waits that must not be forgotten. */
  get isKept(): boolean {
    return this.#schedule !== undefined && this.#schedule.size > 0;
  }

  /** In each flush, before what arrived takes effect. */
  begin(turn: Turn): void {
    if (this.#rules.log.expiresNext !== null) this.#expiries.advance(turn);
  }

  /** In each flush, after it. */
  advance(turn: Turn): void {
    const retains = this.#rules.settings.historySeconds > 0;
    if (retains || this.#retains) this.#retention.advance(turn);
    this.#retains = retains;
    this.#schedule?.advance(turn);
  }

  /** When the room has something to do, in milliseconds; `null`: nothing. */
  get wakeAt(): number | null {
    const { log, settings } = this.#rules;
    return soonest(
      log.expiresNext === null ? null : this.#expiries.wakeAt,
      settings.historySeconds === 0 ? null : this.#retention.wakeAt,
      this.#schedule?.wakeAt ?? null,
    );
  }

  /** As `wakeAt`, if that is some seconds ahead at most. */
  dueAt(now: number): number | null {
    const at = this.wakeAt;
    return at !== null && at <= now + TIMER_MS ? at : null;
  }
}

/** The first of these; `null` is none. */
export function soonest(...times: readonly (number | null)[]): number | null {
  let first: number | null = null;
  for (const time of times) if (time !== null && (first === null || time < first)) first = time;
  return first;
}
