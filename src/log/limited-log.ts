import type { LogEventName, LogFields } from "./catalogue.ts";
import { log } from "./log.ts";

/** Between two lines of one kind. */
const EVERY_MS = 1_000;

export interface Seen {
  readonly kind: string;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly lastAt: number;
}

interface Kind {
  count: number;
  lastAt: number;
  loggedAt: number;
  leftOut: number;
}

/**
 * Logs an event that callers can cause as often as they like: at most one line a second for each kind, with the number
 * of lines left out since the last one, and a count of all. Kinds are kept as long as the isolate lives, so there must
 * be few.
 */
export class LimitedLog<Event extends LogEventName> {
  readonly #event: Event;
  readonly #kinds = new Map<string, Kind>();

  constructor(event: Event) {
    this.#event = event;
  }

  note(kind: string, fields: LogFields<Event>, now: number): void {
    const known = this.#kinds.get(kind) ?? {
      count: 0,
      lastAt: 0,
      loggedAt: Number.NEGATIVE_INFINITY,
      leftOut: 0,
    };
    this.#kinds.set(kind, known);
    known.count += 1;
    known.lastAt = now;
    // `abs`: a clock that was set back must not silence the kind.
    if (Math.abs(now - known.loggedAt) < EVERY_MS) {
      known.leftOut += 1;
      return;
    }
    log(this.#event, { ...fields, ...(known.leftOut > 0 && { leftOut: known.leftOut }) });
    known.loggedAt = now;
    known.leftOut = 0;
  }

  /** Counts since the isolate started, the latest kind first. */
  seen(): Seen[] {
    const seen = [...this.#kinds].map(([kind, { count, lastAt }]) => ({ kind, count, lastAt }));
    return seen.sort((a, b) => b.lastAt - a.lastAt);
  }
}
