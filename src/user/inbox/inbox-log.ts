// The rules of an inbox: its notifications, in which state each is, and what a session has missed. States only move
// forward, so a mark that is sent twice or out of order does no harm.

import {
  DEFAULT_HISTORY,
  MAX_PAGE_BYTES,
  MAX_REPLAY_EVENTS,
  matchesTopics,
  type Notification,
  type NotificationState,
  type Priority,
  parseCursor,
  stateRank,
  type Topics,
  utf8Length,
} from "../../protocol/index.ts";
import type { MarkStore } from "./mark-store.ts";
import { isOver, Marks } from "./marks.ts";
import { type NotificationRow, type RetiredRow, sooner, type Tally } from "./notification-row.ts";
import type { NotificationStore } from "./notification-store.ts";

export interface NotificationInput {
  readonly id: string;
  readonly title: string;
  readonly message: string;
  readonly priority: Priority;
  readonly topic?: string | undefined;
  readonly link?: string | undefined;
  /** `data` as JSON. */
  readonly data: string;
  readonly expiresAt?: number | undefined;
  /** The room that the notification is about, if any: the user may have muted it. */
  readonly room?: string | undefined;
}

export type MarkSelection =
  | { readonly ids: readonly string[] }
  | { readonly upTo: number }
  | { readonly all: true };

export interface MarkResult {
  readonly unread: number;
  /** The event for all sessions; left out if nothing changed. */
  readonly event?: string;
}

export interface InboxPage {
  /** As JSON, in order. */
  readonly events: readonly string[];
  readonly seq: number;
  readonly more: boolean;
}

interface Standing {
  head: number;
  /** Carried from event to event. Counted again when a counted notification expires, or `INBOX_LIMIT` has changed. */
  unread: Tally | undefined;
}

export class InboxLog {
  readonly #store: NotificationStore;
  readonly #marks: Marks;
  /** `undefined`: not read yet, as the object is woken for much that needs no notification. */
  #known: Standing | undefined;
  #retiring: (retired: RetiredRow) => void = () => {};

  constructor(store: NotificationStore, marks: MarkStore) {
    this.#store = store;
    this.#marks = new Marks(marks);
  }

  get #standing(): Standing {
    this.#known ??= { ...this.#store.findHead() };
    return this.#known;
  }

  /** From now on `retiring` hears of each notification that a newer one replaces. */
  keptBy(retiring: (retired: RetiredRow) => void): void {
    this.#retiring = retiring;
  }

  /** Whether this start made it: the user was never here before. */
  get isNew(): boolean {
    return this.#store.isNew;
  }

  get epoch(): string {
    return this.#store.epoch;
  }

  get head(): number {
    return this.#standing.head;
  }

  /** How many notifications there ever were; if `INBOX_LIMIT` changed, only those kept then count. */
  get count(): number {
    return this.#store.count;
  }

  get floor(): number {
    return this.#store.floor;
  }

  unread(now: number): number {
    const tally = this.#tally(now);
    // A new count is stored, or the next start would have to count again.
    if (tally !== this.#standing.unread) this.#store.keepTally(this.#standing.head, tally);
    this.#standing.unread = tally;
    return tally.count;
  }

  /** Stores a notification, once for each `id`. A muted one does not count as unread. */
  add(
    input: NotificationInput,
    muted: boolean,
    now: number,
  ): { seq: number; duplicate: true } | { seq: number; event: string } {
    const known = this.#store.findId(input.id);
    if (known !== undefined) return { seq: known, duplicate: true };
    const before = this.#tally(now);
    const seq = this.#standing.head + 1;
    const body = encodeNotification(input, muted, seq, now);
    const { id, topic = null, expiresAt = null } = input;
    this.#standing.unread = this.#store.append({ seq, id, topic, expiresAt, body, muted }, (retired) => {
      if (retired !== undefined) this.#retiring(retired);
      const lost = retired !== undefined && this.#marks.isUnread(retired, now) ? 1 : 0;
      if (muted) return { ...before, count: before.count - lost };
      return { count: before.count - lost + 1, until: sooner(before.until, expiresAt) };
    });
    this.#standing.head = seq;
    return { seq, event: withFields(body, { state: "unseen", unread: this.#standing.unread.count }) };
  }

  mark(target: MarkSelection, state: NotificationState, now: number): MarkResult {
    const fields =
      "ids" in target ? this.#markIds(target.ids, state, now) : this.#markUpTo(target, state, now);
    if (fields === undefined) return { unread: this.unread(now) };
    this.#standing.head += 1;
    const unread = this.unread(now);
    const event = {
      type: "notificationUpdated",
      seq: this.#standing.head,
      at: now,
      ...fields,
      state,
      unread,
    };
    return { unread, event: JSON.stringify(event) };
  }

  recover(since: string | undefined): { recovery: "none" | "complete" | "lost"; after: number } {
    if (since === undefined) return { recovery: "none", after: this.#standing.head };
    const cursor = parseCursor(since);
    if (cursor === undefined || cursor.epoch !== this.epoch || !this.holdsAfter(cursor.seq)) {
      return { recovery: "lost", after: this.#standing.head };
    }
    return { recovery: "complete", after: cursor.seq };
  }

  holdsAfter(seq: number): boolean {
    return seq >= this.floor && seq <= this.#standing.head;
  }

  /** The latest notifications for a new session, without archived and muted ones. */
  latest(topics: Topics, limit: number, now: number, maxBytes = MAX_PAGE_BYTES): readonly string[] {
    const unread = this.unread(now);
    const page = this.list({ limit, topics, muted: false, maxBytes }, now);
    return page.events.map((json) => withFields(json, { unread }));
  }

  /** Notifications before `before`, oldest first: those in `state`, or all but the archived. */
  list(
    {
      before,
      limit = DEFAULT_HISTORY,
      state,
      topics = null,
      muted = true,
      maxBytes = MAX_PAGE_BYTES,
    }: ListQuery,
    now: number,
  ): { readonly events: readonly string[]; readonly more: boolean; readonly seq: number } {
    const events: string[] = [];
    let more = false;
    let bytes = 0;
    let seq = before ?? this.#standing.head + 1;
    for (const row of this.#store.descending(seq)) {
      const own = this.#marks.stateOf(row);
      const wanted = state === undefined ? own !== "archived" : own === state;
      if (wanted && (muted || !row.muted) && !isOver(row, now) && matches(topics, row)) {
        const json = withFields(row.body, { state: own });
        bytes += utf8Length(json) + 32;
        more = events.length === limit || (bytes > maxBytes && events.length > 0);
        if (more) break;
        events.push(json);
      }
      seq = row.seq;
    }
    return { events: events.reverse(), more, seq };
  }

  /** A replay from `after`: each newer notification once, in its present state, and the marks of older ones. */
  eventsAfter(
    after: number,
    topics: Topics,
    now: number,
    limit = MAX_REPLAY_EVENTS,
    maxBytes = MAX_PAGE_BYTES,
  ): InboxPage {
    const unread = this.unread(now);
    const events: string[] = [];
    let seq = after;
    let bytes = 0;
    for (const event of this.#inOrder(after, topics, now)) {
      const json = withFields(event.json, { unread });
      bytes += utf8Length(json) + 1;
      if (events.length === limit || (bytes > maxBytes && events.length > 0))
        return { events, seq, more: true };
      events.push(json);
      seq = event.seq;
    }
    return { events, seq: this.#standing.head, more: false };
  }

  /** At most `limit` notifications after `after`, oldest first, encoded, as an export has them: whatever they are. */
  whole(after: number, limit: number): { readonly seq: number; readonly json: string }[] {
    return this.#store
      .page(after, limit)
      .map((row) => ({ seq: row.seq, json: withFields(row.body, { state: this.#marks.stateOf(row) }) }));
  }

  /** Unseen notifications after `after`, without muted ones. */
  unseenAfter(after: number, now: number): Notification[] {
    return Array.from(this.#store.ascending(after))
      .filter((row) => !row.muted && !isOver(row, now) && this.#marks.stateOf(row) === "unseen")
      .map((row) => this.#decode(row));
  }

  /** Notifications after `after` as JSON, each in its present state, read while iterating. */
  *storedAfter(
    after: number,
  ): Generator<{ readonly seq: number; readonly topic: string | null; json: string }> {
    for (const row of this.#store.ascending(after))
      yield {
        seq: row.seq,
        topic: row.topic,
        json: withFields(row.body, { state: this.#marks.stateOf(row) }),
      };
  }

  /** The `seq` of the newest notification; 0: there was none. */
  get newestSeq(): number {
    return this.#store.newestSeq;
  }

  find(id: string): Notification | undefined {
    const row = this.#store.findRow(id);
    return row && this.#decode(row);
  }

  #decode(row: NotificationRow): Notification {
    return { ...JSON.parse(row.body), state: this.#marks.stateOf(row) };
  }

  /** The unread count now, counted if it is not known. The caller keeps it. */
  #tally(now: number): Tally {
    const known = this.#standing.unread;
    if (known !== undefined && (known.until === null || now < known.until)) return known;
    return this.#store.countUnread({ after: this.#marks.upTo("read") }, now);
  }

  *#inOrder(after: number, topics: Topics, now: number): Generator<{ seq: number; json: string }> {
    const marks = this.#marks
      .after(after, now)
      .map((mark) => ({ seq: mark.seq, json: JSON.stringify({ type: "notificationUpdated", ...mark }) }));
    for (const row of this.#store.ascending(after)) {
      while (marks[0] !== undefined && marks[0].seq < row.seq) yield* marks.splice(0, 1);
      if (row.muted || isOver(row, now) || !matches(topics, row)) continue;
      yield { seq: row.seq, json: withFields(row.body, { state: this.#marks.stateOf(row) }) };
    }
    yield* marks;
  }

  #markIds(ids: readonly string[], state: NotificationState, at: number) {
    const moving = this.#marks.moving(ids, state, at);
    if (moving.length === 0) return undefined;
    const { count, until } = this.#tally(at);
    const lost = isRead(state) ? moving.filter((row) => this.#marks.isUnread(row, at)).length : 0;
    this.#standing.unread = { count: count - lost, until };
    this.#marks.move(moving, { state, seq: this.#standing.head + 1, at, unread: this.#standing.unread });
    return { ids: moving.map(({ id }) => id) };
  }

  #markUpTo(target: { upTo: number } | { all: true }, state: NotificationState, at: number) {
    const upTo = "all" in target ? this.#standing.head : Math.min(target.upTo, this.#standing.head);
    const above = this.#marks.upTo(state);
    if (upTo <= above || !this.#marks.anyBelow(state, this.#store.slots(above, upTo), at)) return undefined;
    this.#standing.unread = this.#tallyAfter(upTo, state, at);
    this.#marks.moveUpTo({ state, upTo, seq: this.#standing.head + 1, at, unread: this.#standing.unread });
    return { upTo };
  }

  /** As a watermark only rises, each notification is counted only once. */
  #tallyAfter(upTo: number, state: NotificationState, at: number): Tally {
    if (!isRead(state)) return this.#tally(at);
    if (upTo >= this.#store.newestSeq) return { count: 0, until: null };
    const { count, until } = this.#tally(at);
    const lost = this.#store.countUnread({ after: this.#marks.upTo("read"), upTo }, at);
    return { count: count - lost.count, until };
  }
}

export interface ListQuery {
  readonly before?: number | undefined;
  readonly limit?: number | undefined;
  readonly state?: NotificationState | undefined;
  readonly topics?: Topics;
  /** Whether muted ones are included. Default: true. */
  readonly muted?: boolean;
  /** UTF-8 bytes of the page. It has at least one entry. */
  readonly maxBytes?: number;
}

const isRead = (state: NotificationState): boolean => stateRank(state) >= stateRank("read");

/** Whether a filter takes a notification. One without a topic is for unfiltered sessions only. */
const matches = (topics: Topics, { topic }: NotificationRow): boolean =>
  topics === null || (topic !== null && matchesTopics(topics, topic));

/** Adds fields at the end of an encoded object. */
const withFields = (json: string, fields: object): string =>
  `${json.slice(0, -1)},${JSON.stringify(fields).slice(1)}`;

function encodeNotification(input: NotificationInput, muted: boolean, seq: number, at: number): string {
  const { data, expiresAt, room: _, ...fields } = input;
  const body = JSON.stringify({
    type: "notification",
    seq,
    ...fields,
    at,
    expiresAt,
    ...(muted && { muted: true }),
  });
  return `${body.slice(0, -1)},"data":${data}}`;
}
