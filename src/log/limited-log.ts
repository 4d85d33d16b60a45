import type { LogEventName, LogFields } from "./catalogue.ts";
import { log } from "./log.ts";

/** Between two lines of one kind, and of one reason. */
const EVERY_MS = 1_000;
/** Reasons of all kinds that have lines of their own within that time. */
const MAX_REASONS = 5;

export interface Seen {
  readonly kind: string;
  readonly count: number;
  /** Milliseconds since 1970. */
  readonly lastAt: number;
}

interface Line {
  loggedAt: number;
  leftOut: number;
}

interface Kind extends Line {
  count: number;
  lastAt: number;
}

/**
 * Logs an event that callers can cause as often as they like: at most one line a second for each kind, with the number
 * of lines left out since the last one, and a count of all. Kinds are kept as long as the isolate lives, so there must
 * be few. With a `reason`, which callers may vary, each reason is limited in place of its kind: five within a second
 * have lines of their own, and the others share that of their kind.
 */
export class LimitedLog<Event extends LogEventName> {
  readonly #event: Event;
  readonly #kinds = new Map<string, Kind>();
  readonly #reasons = new Map<string, Line & { readonly kind: Kind }>();

  constructor(event: Event) {
    this.#event = event;
  }

  /** Answers whether the line was written. */
  note(kind: string, fields: LogFields<Event>, now: number, reason = ""): boolean {
    const known = this.#kinds.get(kind) ?? { count: 0, lastAt: 0, ...newLine() };
    this.#kinds.set(kind, known);
    known.count += 1;
    known.lastAt = now;
    const line = reason === "" ? known : this.#lineOf(known, `${kind} ${reason}`, now);
    if (isFresh(line, now)) {
      line.leftOut += 1;
      return false;
    }
    log(this.#event, { ...fields, ...(line.leftOut > 0 && { leftOut: line.leftOut }) });
    line.loggedAt = now;
    line.leftOut = 0;
    return true;
  }

  /** Counts since the isolate started, the latest kind first. */
  seen(): Seen[] {
    const seen = [...this.#kinds].map(([kind, { count, lastAt }]) => ({ kind, count, lastAt }));
    return seen.sort((a, b) => b.lastAt - a.lastAt);
  }

  #lineOf(kind: Kind, key: string, now: number): Line {
    const known = this.#reasons.get(key);
    if (known !== undefined) return known;
    if (this.#reasons.size >= MAX_REASONS) this.#forget(now);
    if (this.#reasons.size >= MAX_REASONS) return kind;
    const line = { kind, ...newLine() };
    this.#reasons.set(key, line);
    return line;
  }

  /** What was left out of a reason that is forgotten is reported with the next line of its kind. */
  #forget(now: number): void {
    for (const [key, line] of this.#reasons) {
      if (isFresh(line, now)) continue;
      line.kind.leftOut += line.leftOut;
      this.#reasons.delete(key);
    }
  }
}

const newLine = (): Line => ({ loggedAt: Number.NEGATIVE_INFINITY, leftOut: 0 });

/** `abs`: a clock that was set back must not silence the line. */
const isFresh = ({ loggedAt }: Line, now: number): boolean => Math.abs(now - loggedAt) < EVERY_MS;
