// What is told apart in metrics: few values, whatever callers choose.

import type { CountedEntry, JournalEntry } from "../object/journal.ts";

export type Countable = JournalEntry | CountedEntry;

export const timesOf = (entry: Countable): number => ("times" in entry ? entry.times : 1);

export const OTHER = "other";
/** First segments of events that are told apart. Further ones are `other`. */
export const MAX_EVENTS = 100;
/** Close codes of clients that are told apart: they may choose any. */
const CLOSE_CODES: readonly number[] = [1000, 1001, 1005, 1006, 1009];

/** The error code of the server, else the close code of the client. */
export function closedAs({ closing, closeCode }: Extract<Countable, { kind: "closed" }>): string {
  if (closing !== undefined) return closing.code;
  return CLOSE_CODES.includes(closeCode) ? String(closeCode) : OTHER;
}

/** The events of one object. */
export class EventLabels {
  readonly #known = new Set<string>();

  /** `task` for `task.created`; `other` if 100 others came before. */
  labelOf(event: string): string {
    const end = event.search(/[.:]/);
    const segment = end === -1 ? event : event.slice(0, end);
    if (this.#known.has(segment)) return segment;
    if (this.#known.size >= MAX_EVENTS) return OTHER;
    this.#known.add(segment);
    return segment;
  }
}
