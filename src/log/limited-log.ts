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
 * Log lines of what anybody can cause as often as they like: of each kind at most one a second, which says how many
 * were left out since the last one, and a count of all. Kinds must be few: each is kept as long as the isolate lives.
 */
export class LimitedLog {
  readonly #event: string;
  readonly #kinds = new Map<string, Kind>();

  constructor(event: string) {
    this.#event = event;
  }

  note(kind: string, fields: Record<string, unknown>, now: number): void {
    const known = this.#kinds.get(kind) ?? {
      count: 0,
      lastAt: 0,
      loggedAt: Number.NEGATIVE_INFINITY,
      leftOut: 0,
    };
    this.#kinds.set(kind, known);
    known.count += 1;
    known.lastAt = now;
    // A clock that was set back must not silence it.
    if (Math.abs(now - known.loggedAt) < EVERY_MS) {
      known.leftOut += 1;
      return;
    }
    log("warn", this.#event, { ...fields, ...(known.leftOut > 0 && { leftOut: known.leftOut }) });
    known.loggedAt = now;
    known.leftOut = 0;
  }

  /** Since the isolate started, the latest first. */
  seen(): Seen[] {
    const seen = [...this.#kinds].map(([kind, { count, lastAt }]) => ({ kind, count, lastAt }));
    return seen.sort((a, b) => b.lastAt - a.lastAt);
  }
}
