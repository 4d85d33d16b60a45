// The rules of an inbox: what a user was told, how far they have come with it, and what a device has missed.
// States only move forward, so a mark may be told twice or out of order and does no harm.

import {
  DEFAULT_HISTORY,
  MAX_PAGE_BYTES,
  MAX_REPLAY_EVENTS,
  matchesTopics,
  NOTIFICATION_STATES,
  type NotificationState,
  type Priority,
  parseCursor,
  stateRank,
  type Topics,
  utf8Length,
} from "../protocol/index.ts";
import type { MarkStore, Watermark } from "./mark-store.ts";
import type { NotificationRow, NotificationStore, Retired } from "./notification-store.ts";

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
}

export type MarkTarget =
  | { readonly ids: readonly string[] }
  | { readonly upTo: number }
  | { readonly all: true };

export interface Marked {
  readonly unread: number;
  /** The event for all devices; left out where nothing changed. */
  readonly event?: string;
}

export interface InboxPage {
  /** Encoded, in order. */
  readonly events: readonly string[];
  readonly seq: number;
  readonly more: boolean;
}

export class Inbox {
  readonly #store: NotificationStore;
  readonly #marks: MarkStore;
  #head: number;
  #watermarks: readonly Watermark[];
  /** Counted when somebody asks, and kept until a mark or an expiry changes it. */
  #unread: { readonly count: number; readonly until: number } | undefined;

  constructor(store: NotificationStore, marks: MarkStore) {
    this.#store = store;
    this.#marks = marks;
    this.#head = store.findHead();
    this.#watermarks = marks.watermarks();
  }

  get epoch(): string {
    return this.#store.epoch;
  }

  get head(): number {
    return this.#head;
  }

  get floor(): number {
    return this.#store.floor;
  }

  unread(now: number): number {
    if (this.#unread === undefined || now >= this.#unread.until) {
      const { count, nextExpiry } = this.#marks.countUnread(this.#markedUpTo("read"), now);
      this.#unread = { count, until: nextExpiry ?? Number.POSITIVE_INFINITY };
    }
    return this.#unread.count;
  }

  /** Stores a notification, once for each `id`. `event` makes its frame, which counts what is unread. */
  add(
    input: NotificationInput,
    now: number,
  ): { seq: number; duplicate: true } | { seq: number; event: () => string } {
    const known = this.#store.findId(input.id);
    if (known !== undefined) return { seq: known, duplicate: true };
    const seq = this.#head + 1;
    const body = encodeNotification(input, seq, now);
    const { id, topic = null, expiresAt = null } = input;
    const retired = this.#store.append({ seq, id, topic, expiresAt, body });
    this.#head = seq;
    this.#count(retired, expiresAt, now);
    return { seq, event: () => withFields(body, { state: "unseen", unread: this.unread(now) }) };
  }

  mark(target: MarkTarget, state: NotificationState, now: number): Marked {
    const fields =
      "ids" in target ? this.#markIds(target.ids, state, now) : this.#markUpTo(target, state, now);
    if (fields === undefined) return { unread: this.unread(now) };
    this.#head += 1;
    this.#unread = undefined;
    const unread = this.unread(now);
    const event = { type: "notificationUpdated", seq: this.#head, at: now, ...fields, state, unread };
    return { unread, event: JSON.stringify(event) };
  }

  recover(since: string | undefined): { recovery: "none" | "complete" | "lost"; after: number } {
    if (since === undefined) return { recovery: "none", after: this.#head };
    const cursor = parseCursor(since);
    if (cursor === undefined || cursor.epoch !== this.epoch || !this.holdsAfter(cursor.seq)) {
      return { recovery: "lost", after: this.#head };
    }
    return { recovery: "complete", after: cursor.seq };
  }

  holdsAfter(seq: number): boolean {
    return seq >= this.floor && seq <= this.#head;
  }

  /** The latest for a newcomer: without what is archived. */
  latest(topics: Topics, limit: number, now: number): readonly string[] {
    const unread = this.unread(now);
    const page = this.list({ limit, topics }, now);
    return page.events.map((json) => withFields(json, { unread }));
  }

  /** Notifications before `before`, ascending: those in `state`, or all but the archived. */
  list(
    { before, limit = DEFAULT_HISTORY, state, topics = null }: ListQuery,
    now: number,
  ): { readonly events: readonly string[]; readonly more: boolean; readonly seq: number } {
    const events: string[] = [];
    let more = false;
    let bytes = 0;
    let seq = before ?? this.#head + 1;
    for (const row of this.#store.descending(seq)) {
      const own = this.#stateOf(row);
      const wanted = state === undefined ? own !== "archived" : own === state;
      if (wanted && !isOver(row, now) && matches(topics, row)) {
        const json = withFields(row.body, { state: own });
        bytes += utf8Length(json) + 32;
        more = events.length === limit || bytes > MAX_PAGE_BYTES;
        if (more) break;
        events.push(json);
      }
      seq = row.seq;
    }
    return { events: events.reverse(), more, seq };
  }

  /** What came after `after`, as in a replay: each notification once, as it is now, and the marks of older ones. */
  eventsAfter(after: number, topics: Topics, now: number, limit = MAX_REPLAY_EVENTS): InboxPage {
    const unread = this.unread(now);
    const events: string[] = [];
    let seq = after;
    let bytes = 0;
    for (const event of this.#inOrder(after, topics, now)) {
      const json = withFields(event.json, { unread });
      bytes += utf8Length(json) + 1;
      if (events.length === limit || (bytes > MAX_PAGE_BYTES && events.length > 0))
        return { events, seq, more: true };
      events.push(json);
      seq = event.seq;
    }
    return { events, seq: this.#head, more: false };
  }

  /** One more is unread, and perhaps one less. */
  #count(retired: Retired | undefined, expiresAt: number | null, now: number): void {
    if (this.#unread === undefined || now >= this.#unread.until) return;
    const { count, until } = this.#unread;
    const lost =
      retired !== undefined && stateRank(this.#stateOf(retired)) < stateRank("read") && !isOver(retired, now);
    this.#unread = { count: lost ? count : count + 1, until: Math.min(until, expiresAt ?? until) };
  }

  *#inOrder(after: number, topics: Topics, now: number): Generator<{ seq: number; json: string }> {
    const marks = this.#marksAfter(after, now);
    for (const row of this.#store.ascending(after)) {
      while (marks[0] !== undefined && marks[0].seq < row.seq) yield* marks.splice(0, 1);
      if (isOver(row, now) || !matches(topics, row)) continue;
      yield { seq: row.seq, json: withFields(row.body, { state: this.#stateOf(row) }) };
    }
    yield* marks;
  }

  #marksAfter(after: number, now: number): { seq: number; json: string }[] {
    const upTo = this.#watermarks.filter(({ seq }) => seq > after);
    return [...this.#marks.marksAfter(after, now), ...upTo]
      .sort((a, b) => a.seq - b.seq)
      .map((mark) => ({ seq: mark.seq, json: JSON.stringify({ type: "notificationUpdated", ...mark }) }));
  }

  #markIds(ids: readonly string[], state: NotificationState, at: number) {
    const seq = this.#head + 1;
    const changed = this.#marks.markIds(ids, { state, seq, at, above: this.#markedUpTo(state) });
    return changed.length === 0 ? undefined : { ids: changed };
  }

  #markUpTo(target: { upTo: number } | { all: true }, state: NotificationState, at: number) {
    const upTo = "all" in target ? this.#head : Math.min(target.upTo, this.#head);
    const above = this.#markedUpTo(state);
    const watermark = { state, upTo, seq: this.#head + 1, at };
    if (upTo <= above || !this.#marks.wouldChange(watermark, above)) return undefined;
    this.#marks.markUpTo(watermark);
    this.#watermarks = [...this.#watermarks.filter((other) => other.state !== state), watermark];
    return { upTo };
  }

  /** Everything up to there is at least in `state`. */
  #markedUpTo(state: NotificationState): number {
    const passed = this.#watermarks.filter((mark) => stateRank(mark.state) >= stateRank(state));
    return Math.max(0, ...passed.map(({ upTo }) => upTo));
  }

  #stateOf(row: Retired): NotificationState {
    const marked = NOTIFICATION_STATES.findLast(
      (state) => state !== "unseen" && row.seq <= this.#markedUpTo(state),
    );
    return marked !== undefined && stateRank(marked) > stateRank(row.state) ? marked : row.state;
  }
}

export interface ListQuery {
  readonly before?: number | undefined;
  readonly limit?: number | undefined;
  readonly state?: NotificationState | undefined;
  readonly topics?: Topics;
}

const isOver = ({ expiresAt }: Retired, now: number): boolean => expiresAt !== null && expiresAt <= now;

/** A notification without a topic is not what a filtered session asked for. */
const matches = (topics: Topics, { topic }: NotificationRow): boolean =>
  topics === null || (topic !== null && matchesTopics(topics, topic));

/** Adds fields to an encoded object. */
const withFields = (json: string, fields: object): string =>
  `${json.slice(0, -1)},${JSON.stringify(fields).slice(1)}`;

function encodeNotification(input: NotificationInput, seq: number, at: number): string {
  const { data, expiresAt, ...fields } = input;
  const body = JSON.stringify({ type: "notification", seq, ...fields, at, expiresAt });
  return `${body.slice(0, -1)},"data":${data}}`;
}
