// One page of the log: as much as its reader asked for, and as fits.

import { MAX_ROWS_LOOKED_AT, matchesTopics, type Topics, utf8Length } from "../../protocol/index.ts";

/** Encoded events in order; `seq` is how far the page looked, `more` whether there is something beyond. */
export interface Page {
  readonly events: readonly string[];
  readonly seq: number;
  readonly more: boolean;
  /** How many rows were looked at, including those that its topics left out. */
  readonly looked: number;
}

/** An event of the log, encoded. */
export interface Entry {
  readonly seq: number;
  readonly event: string;
  readonly json: string;
}

/** The size of a page: at most `limit` events and `maxBytes` bytes, but always one event. */
export interface PageSize {
  readonly limit: number;
  readonly maxBytes: number;
  /** How many rows are looked at, `MAX_ROWS_LOOKED_AT` unless given. */
  readonly rows?: number;
}

export interface PageBounds extends PageSize {
  readonly topics: Topics;
  readonly start: number;
  /** The `seq` of a page that has reached the end of the log. */
  readonly end: number;
}

export function takePage(
  entries: Iterable<Entry>,
  { topics, limit, maxBytes, rows = MAX_ROWS_LOOKED_AT, start, end }: PageBounds,
): Page {
  const events: string[] = [];
  let seq = start;
  let bytes = 0;
  let looked = 0;
  for (const entry of entries) {
    if (events.length === limit || looked === rows) return { events, seq, more: true, looked };
    looked++;
    if (matchesTopics(topics, entry.event)) {
      bytes += utf8Length(entry.json) + 1;
      if (bytes > maxBytes && events.length > 0) return { events, seq, more: true, looked };
      events.push(entry.json);
    }
    seq = entry.seq;
  }
  return { events, seq: end, more: false, looked };
}

/** Merges two ascending streams. A consumer that stops early ends both, so no statement stays open. */
export function* inOrder(a: Generator<Entry>, b: Generator<Entry>): Generator<Entry> {
  try {
    let nextA = a.next();
    let nextB = b.next();
    while (!nextA.done && !nextB.done) {
      if (nextA.value.seq < nextB.value.seq) {
        yield nextA.value;
        nextA = a.next();
      } else {
        yield nextB.value;
        nextB = b.next();
      }
    }
    for (; !nextA.done; nextA = a.next()) yield nextA.value;
    for (; !nextB.done; nextB = b.next()) yield nextB.value;
  } finally {
    a.return(undefined);
    b.return(undefined);
  }
}

/** Those with a `seq` up to this one, of an ascending stream. */
export function* entriesUpTo(entries: Generator<Entry>, seq: number): Generator<Entry> {
  for (const entry of entries) {
    if (entry.seq > seq) return;
    yield entry;
  }
}
