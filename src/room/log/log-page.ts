// One page of the log: as much as its reader asked for, and as fits.

import { MAX_ROWS_LOOKED_AT, matchesTopics, type Topics, utf8Length } from "../../protocol/index.ts";
import type { BodyRow, ChangedRow } from "./log-rows.ts";
import { encodeDeleted, encodeUpdated } from "./message-body.ts";

/** Encoded events in order; `seq` is how far the page looked, `more` whether there is something beyond. */
export interface Page {
  readonly events: readonly string[];
  readonly seq: number;
  readonly more: boolean;
  /** How many rows were looked at, including those that its topics left out. */
  readonly looked: number;
  /** How a relay makes it; left out: it may not. */
  readonly recipe?: PageRecipe;
}

/** How a page is made that the room has looked at: who holds the same messages makes the same one. */
export interface PageRecipe {
  readonly epoch: string;
  /** The end of the log, and the `seq` under the oldest message that it holds. */
  readonly head: number;
  readonly floor: number;
  /** All that was stored or changed after this place has to be held. */
  readonly reach: number;
  readonly of:
    | { readonly kind: "events"; readonly after: number; readonly told?: ReplaySnapshot | undefined }
    | { readonly kind: "messages"; readonly before: number };
  readonly topics: Topics;
  readonly size: PageSize;
}

/** An event of the log, encoded. `bytes`: its size, if that is known. */
export interface Entry {
  readonly seq: number;
  readonly event: string;
  readonly json: string;
  readonly bytes?: number | undefined;
}

/** Where the messages of pages come from. */
export interface PageRows {
  /** Messages with `after` < seq ≤ `upTo`, ascending, read while iterating. `wanted`: about how many. */
  ascending(after: number, upTo: number, wanted: number): Generator<PageRow>;
  /** Messages with seq ≤ `upTo`, newest first, read while iterating. */
  descending(upTo: number, wanted: number): Generator<PageRow>;
  /** Messages with seq ≤ `upTo` that were changed after `upTo`, in the order of their last changes. */
  changedAfter(upTo: number): Iterable<ChangeRow>;
}

/** `bytes`: how large its event is on a page, if that is known. */
export type PageRow = BodyRow & { readonly bytes?: number };
export type ChangeRow = ChangedRow & { readonly bytes?: number };

/** The reader of a long replay was sent messages after `since` as they were when `head` was `asOf`. */
export interface ReplaySnapshot {
  readonly since: number;
  readonly asOf: number;
}

/** Which events of a replay. */
export interface EventsWanted {
  readonly after: number;
  readonly upTo: number;
  readonly topics: Topics;
  readonly size: PageSize;
  readonly told: ReplaySnapshot | undefined;
}

/** Which of the messages before a place. */
export interface MessagesWanted {
  readonly before: number;
  readonly topics: Topics;
  readonly size: PageSize;
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
      bytes += (entry.bytes ?? utf8Length(entry.json)) + 1;
      if (bytes > maxBytes && events.length > 0) return { events, seq, more: true, looked };
      events.push(entry.json);
    }
    seq = entry.seq;
  }
  return { events, seq: end, more: false, looked };
}

/** The events after a place, as in a replay: each message once, as it is now, and the last change of each older one. */
export function eventsPage(rows: PageRows, { after, upTo, topics, size, told }: EventsWanted): Page {
  const messages = entriesOf(rows.ascending(after, upTo, rowsOf(size)));
  const entries = entriesUpTo(inOrder(messages, changesOf(rows.changedAfter(after), told)), upTo);
  return takePage(entries, { topics, ...size, start: after, end: upTo });
}

/** The latest messages before a place, ascending. `head` and `floor`: of the log. */
export function messagesPage(
  rows: PageRows,
  { before, topics, size }: MessagesWanted,
  { head, floor }: { readonly head: number; readonly floor: number },
  asShown = asStored,
): Page {
  const upTo = Math.min(before - 1, head);
  const messages = entriesOf(rows.descending(upTo, rowsOf(size)), asShown);
  const page = takePage(messages, { topics, ...size, start: before, end: Math.min(floor + 1, before) });
  return { ...page, events: page.events.toReversed() };
}

/** Whether there are events of these topics with `after` < seq ≤ `upTo`. `end`: up to which messages are read. */
export function hasEventsOf(
  rows: PageRows,
  { after, upTo, end, topics }: Omit<EventsWanted, "size" | "told"> & { readonly end: number },
): boolean {
  const messages = entriesOf(rows.ascending(after, end, end - after));
  for (const { seq, event } of inOrder(messages, changesOf(rows.changedAfter(after), undefined))) {
    if (seq > upTo) return false;
    if (matchesTopics(topics, event)) return true;
  }
  return false;
}

/** How many rows a page takes, most likely, with messages of about 1 KiB. One more tells whether there are others. */
const rowsOf = ({ limit, maxBytes }: PageSize): number => Math.min(limit, Math.ceil(maxBytes / 1_024)) + 1;

const asStored = (message: string): string => message;

function* entriesOf(rows: Iterable<PageRow>, asShown = asStored): Generator<Entry> {
  const isAsStored = asShown === asStored;
  for (const { seq, event, body, bytes } of rows)
    yield isAsStored ? { seq, event, json: body, bytes } : { seq, event, json: asShown(body) };
}

function* changesOf(rows: Iterable<ChangeRow>, told: ReplaySnapshot | undefined): Generator<Entry> {
  for (const row of rows) {
    const { seq, event, changed, bytes } = row;
    if (told !== undefined && seq > told.since && changed <= told.asOf) continue;
    yield { seq: changed, event, json: encodeChange(row), bytes };
  }
}

/** The last change of a message, as a reader is sent it that has the message. */
export function encodeChange({
  seq,
  body,
  changed,
  changed_at: at,
  changed_by: by,
  deleted,
}: ChangedRow): string {
  const change = { seq: changed, at, by };
  return deleted === null ? encodeUpdated(change, body) : encodeDeleted(change, seq);
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
function* entriesUpTo(entries: Generator<Entry>, seq: number): Generator<Entry> {
  for (const entry of entries) {
    if (entry.seq > seq) return;
    yield entry;
  }
}
