// The log of one room: what is stored, in which order, and what a client has missed since its cursor.
// Invariant: `head` rises by one with each stored event, and never before its row is written.

import {
  type Cursor,
  DEFAULT_STREAM_FIELD,
  MAX_PAGE_BYTES,
  MAX_REPLAY_EVENTS,
  MAX_UNREAD,
  type Outcome,
  parseCursor,
  type Recovery,
  type Refusal,
  refuse,
  type Sender,
  type SendResult,
  type Topics,
} from "../../protocol/index.ts";
import {
  eventsPage,
  hasEventsOf,
  messagesPage,
  type Page,
  type PageSize,
  type ReplaySnapshot,
} from "./log-page.ts";
import type { Aged } from "./log-ring.ts";
import { type BodyRow, isByServer, type PlaceRow, type TargetRow, type WholeRow } from "./log-rows.ts";
import type { LogStore } from "./log-store.ts";
import {
  decodeMessage,
  encodeMessage,
  encodeNewMessage,
  type MessageExtras,
  type MessageMeta,
} from "./message-body.ts";
import { RecentIds, type Speaker } from "./recent-ids.ts";
import { type RecentBounds, RecentLog } from "./recent-log.ts";

/** In whose name a message is sent. */
export interface Voice {
  /** As all see it; `null`: server code in its own name. */
  readonly from: Sender | null;
  /** Whether server code sends it, in any name. */
  readonly byServer: boolean;
}

export interface Draft extends MessageExtras {
  readonly id: string;
  readonly event: string;
  /** `data` as JSON. */
  readonly data: string;
  readonly retryOf?: string | undefined;
  /** The id was given over HTTP: it is remembered as long as the log holds the message. */
  readonly keyed?: boolean;
  /** The room deletes it so many seconds after it was stored. */
  readonly expiresInSeconds?: number | undefined;
  /** It is stored as an open message. */
  readonly stream?: true | undefined;
  /** Of an open message: the field of `data` whose text grows. */
  readonly field?: string | undefined;
  /** The word with which the deployer's back end marked it. */
  readonly flag?: string | undefined;
}

/** A message of the log that is to be changed. */
export interface Target {
  readonly seq: number;
  /** Its place in the ring. */
  readonly slot: number;
  readonly event: string;
  /** User id; "" is server code in its own name. */
  readonly author: string;
  readonly byServer: boolean;
  readonly deleted: boolean;
  readonly meta: MessageMeta;
  /** As JSON. */
  readonly data: string;
}

/** What a message becomes. `by`: a user id; `null` is server code. */
export interface Change {
  readonly meta: Omit<MessageMeta, "changed">;
  readonly data: string;
  readonly by: string | null;
}

const WHOLE_REPLAY: PageSize = { limit: MAX_REPLAY_EVENTS, maxBytes: MAX_PAGE_BYTES };

/** A message or change of a user. `at` in milliseconds. */
export interface Act {
  readonly user: string;
  readonly seq: number;
  readonly at: number;
}

export interface StoreResult {
  readonly result: SendResult;
  readonly body: string;
}

const NO_SUCH_MESSAGE = refuse("not_found", "replyTo names no message of this room", { path: ["replyTo"] });
const STALE_RETRY = refuse("stale_retry", "the log no longer reaches back to retryOf: nothing was stored");

export class RoomLog {
  readonly createdAt: number;
  readonly #store: LogStore;
  #ids: RecentIds;
  #epoch: string;
  #head: number;
  /** `undefined`: none is kept. */
  #recent: RecentLog | undefined;
  #recentSince = 0;
  #bounds: RecentBounds | undefined;

  constructor(store: LogStore, options: { newEpoch: string; now: number }) {
    const state = store.open(options.newEpoch, options.now);
    this.#store = store;
    this.createdAt = state.createdAt;
    this.#epoch = state.epoch;
    this.#head = state.head;
    this.#ids = new RecentIds(state.head);
  }

  get epoch(): string {
    return this.#epoch;
  }

  get head(): number {
    return this.#head;
  }

  /** As `LogStore.forgetCopies`. */
  forgetCopies(): void {
    this.#store.forgetCopies();
  }

  /** How many messages the room has ever stored, also in logs that were purged. */
  get messages(): number {
    return this.#store.messages;
  }

  /** The `seq` just under the oldest message that is held. What is at or below it may have changed or gone without a record. */
  get floor(): number {
    return this.#store.floor;
  }

  /** The `seq` of the message that the next one retires; `undefined`: none. */
  get nextRetired(): number | undefined {
    return this.#store.nextRetired;
  }

  /** `floor`, as the last page in memory found it: to look for it is a row. */
  get recentFloor(): number {
    return this.#recent?.floor ?? 0;
  }

  /** Before this place no page is made in memory. */
  get recentSince(): number {
    return this.#recentSince;
  }

  /** Sets another limit; a smaller one drops messages at once. `along` runs in the same transaction. */
  setRetention(historyLimit: number, along?: () => void): void {
    this.#store.rebuildRing(historyLimit, this.#head, along);
  }

  /** When the oldest message was stored, in milliseconds; `undefined`: there is none. */
  get oldestAt(): number | undefined {
    return this.#store.oldestAt;
  }

  /** The oldest messages that were stored at `upTo` (ms) or before, at most `max`; `undefined`: there are none. */
  aged(upTo: number, max: number): Aged | undefined {
    return this.#store.aged(upTo, max);
  }

  /** Removes the oldest messages, as `aged` found them. Nobody is told. */
  remove(aged: Aged): void {
    this.#store.remove(aged, this.#head);
  }

  /** Deletes the log; another one begins. */
  purge(newEpoch: string): void {
    this.#store.purge(newEpoch);
    this.#epoch = newEpoch;
    this.#head = 0;
    this.#ids = new RecentIds(0);
    this.forgetRecent();
  }

  /** The answer to a repeated message: as the first time, or a refusal if that is unknown. `undefined`: it is no repeat. */
  findRepeat(draft: Draft, voice: Voice): Outcome<SendResult> | undefined {
    const first = this.#findFirst(speakerOf(voice), draft);
    if (first === undefined) return undefined;
    if (first === "unknowable") return { ok: false, refusal: STALE_RETRY };
    return { ok: true, value: { seq: first.seq, at: first.at, duplicate: true } };
  }

  /** Why a message cannot be stored that answers another one, if so. */
  replyRefusal({ replyTo }: Pick<Draft, "replyTo">): Refusal | undefined {
    const isThere =
      replyTo === undefined || replyTo <= this.floor || this.#store.reads.find(replyTo) !== undefined;
    return isThere ? undefined : NO_SUCH_MESSAGE;
  }

  /** Stores a message that is no repeat. `open`: the messages that are open now. */
  storeMessage(draft: Draft, voice: Voice, now: number, open: readonly number[] = []): Outcome<StoreResult> {
    const { id, event, keyed = false, expiresInSeconds, stream, field } = draft;
    const refusal = this.replyRefusal(draft);
    if (refusal !== undefined) return { ok: false, refusal };
    const seq = this.#head + 1;
    const speaker = speakerOf(voice);
    const expiresAt = expiresInSeconds && now + 1_000 * expiresInSeconds;
    const opening = stream && {
      stream: "open" as const,
      field: field === DEFAULT_STREAM_FIELD ? undefined : field,
    };
    const body = encodeNewMessage({
      ...draft,
      stream: undefined,
      field: undefined,
      ...opening,
      ...voice,
      seq,
      at: now,
      expiresAt,
    });
    const openNow = stream ? [...open, seq] : open;
    this.#store.append({ ...speaker, seq, event, id, at: now, body, keyed, open: openNow, expiresAt });
    this.#head = seq;
    this.#ids.add({ ...speaker, id, seq, at: now });
    this.#recent?.stored(seq, event, body);
    return { ok: true, value: { result: { seq, at: now }, body } };
  }

  find(seq: number): Target | undefined {
    return this.#targetOf(this.#store.reads.find(seq));
  }

  /** As `find`, where its place was read in the same turn. */
  findAt({ seq, slot }: PlaceRow): Target | undefined {
    return this.#targetOf(this.#store.reads.find(seq, slot));
  }

  #targetOf(row: TargetRow | undefined): Target | undefined {
    if (row === undefined) return undefined;
    const { seq, slot, event, author, deleted, body } = row;
    return {
      seq,
      slot,
      event,
      author,
      byServer: isByServer(row),
      deleted: deleted !== null,
      ...decodeMessage(body),
    };
  }

  /**
   * Stores a change of a message. Returns its `seq`, the message as it is now, and the place of its event before, if that
   * was in memory.
   */
  change(
    { seq: target, slot, event, meta: { expiresAt } }: Target,
    { meta, data, by }: Change,
    now: number,
  ): { seq: number; body: string; since: number | undefined } {
    const seq = this.#head + 1;
    const body = encodeMessage({ ...meta, changed: seq }, data);
    const deleted = meta.deletedAt !== undefined;
    this.#store.change({ target, slot, body, seq, at: now, by, deleted, expiresAt });
    this.#head = seq;
    const since = this.#recent?.placeOf(target);
    this.#recent?.changed({ seq, at: now, by, event, target, isDeleted: deleted }, body);
    return { seq, body, since };
  }

  /** Writes an open message as it is now. It is no change: nobody has to hear of it. */
  rewrite(target: Target, meta: MessageMeta, data: string): void {
    const body = encodeMessage(meta, data);
    this.#store.rewrite(target, body);
    this.#recent?.rewritten(target.seq, body);
  }

  /** The messages that are open, as the object finds them at its start. */
  openAtStart(): readonly Target[] {
    const listed = this.#store.openAtNewest.map((seq) => this.find(seq));
    return listed.filter((target) => target !== undefined).filter(({ meta }) => meta.stream === "open");
  }

  /** Since when the producer of an open message is silent, in milliseconds, as the room knew when it was written. */
  silenceOf(seq: number): number | undefined {
    return this.#store.silences()[seq];
  }

  /** By the `seq` of the message. */
  writeSilences(silences: ReadonlyMap<number, number>): void {
    this.#store.writeSilences(silences);
  }

  /** When the first message expires, in milliseconds; `null`: none does. */
  get expiresNext(): number | null {
    return this.#store.expiresNext;
  }

  /** Messages whose time has come, the first one first, out of the first `max`. */
  *expired(now: number, max: number): Generator<Target> {
    const { expiring } = this.#store;
    for (const { at, seq } of expiring.due(now, max)) {
      const target = this.find(seq);
      if (target?.meta.expiresAt === at) yield target;
      else expiring.remove(at, seq);
    }
  }

  /** The latest messages as they were stored, newest first, read while iterating. */
  *latest(): Generator<Target> {
    for (const { seq } of this.latestAuthors()) {
      const target = this.find(seq);
      if (target !== undefined) yield target;
    }
  }

  /** How many messages after `seq` are neither deleted nor of `user`, counted up to `MAX_UNREAD`. */
  countUnread(seq: number, user: string): number {
    return this.#store.reads.countOthers(seq, this.#head, user, MAX_UNREAD);
  }

  /** What users themselves sent or changed since `at` (ms), as far as the log holds it; in no order. */
  *actsSince(at: number): Generator<Act> {
    for (const row of this.#store.reads.authors()) {
      if (row.at < at) break;
      // What server code sends in a user's name is not the user's.
      if (!isByServer(row)) yield { user: row.author, seq: row.seq, at: row.at };
    }
    for (const row of this.#store.reads.changers()) {
      if (row.at < at) return;
      yield { user: row.changer, seq: row.seq, at: row.at };
    }
  }

  /** The authors of the latest messages, newest first, read while iterating. */
  latestAuthors(): Generator<{ seq: number; author: string; deleted: number | null }> {
    return this.#store.reads.latestAuthors();
  }

  recover(since: string | undefined): { recovery: Exclude<Recovery, "partial">; after: number } {
    if (since === undefined) return { recovery: "none", after: this.#head };
    const cursor = parseCursor(since);
    if (cursor === undefined || !this.#reaches(cursor)) return { recovery: "lost", after: this.#head };
    return { recovery: "complete", after: cursor.seq };
  }

  /** Whether a replay can go on from `seq`. */
  holdsAfter(seq: number): boolean {
    return seq >= this.floor && seq <= this.#head;
  }

  /** The events after `after`, as in a replay: each message once, as it is now, and the last change of each older one. */
  eventsAfter(
    after: number,
    topics: Topics,
    size = WHOLE_REPLAY,
    told?: ReplaySnapshot,
    upTo = this.#head,
  ): Page {
    const wanted = { after, upTo, topics, size, told };
    return this.#upToDate?.eventsAfter(wanted) ?? eventsPage(this.#store.reads, wanted);
  }

  /** The messages with `after` < seq ≤ `upTo` as they are stored, ascending, read while iterating. `wanted`: about how many. */
  whole(after: number, upTo: number, wanted?: number): Generator<WholeRow> {
    return this.#store.reads.whole(after, upTo, wanted);
  }

  /** The messages of a user after `after`, as they are stored, ascending, read while iterating. */
  ofAuthor(user: string, after: number): Generator<BodyRow> {
    return this.#store.reads.ofAuthor(user, after);
  }

  /** The first `limit` messages after `after` of which something may have to be erased with a user. */
  touchedBy(user: string, until: number, after: number, limit: number): readonly PlaceRow[] {
    return this.#store.reads.touchedBy(user, until, after, limit);
  }

  /** Whether the log has a message of a user from after `at` (ms). */
  hasSince(user: string, at: number): boolean {
    return this.#store.reads.hasSince(user, at);
  }

  /** Whether there may be events of these topics with `after` < seq ≤ `upTo`. `true` if the log does not reach back. */
  hasEvents(after: number, upTo: number, topics: Topics): boolean {
    if (after < this.floor) return true;
    const end = Math.min(upTo, this.#head);
    return hasEventsOf(this.#store.reads, { after, upTo, end, topics });
  }

  /** The latest messages before `before`, ascending. */
  messagesBefore(
    before: number,
    topics: Topics,
    size: PageSize,
    asShown?: (message: string) => string,
  ): Page {
    const wanted = { before, topics, size };
    const recent = this.#upToDate?.messagesBefore(wanted, asShown);
    return recent ?? messagesPage(this.#store.reads, wanted, this, asShown);
  }

  /** Pages of the latest events are made in memory from now on, or not any more. */
  keepRecent(isKept: boolean, bounds?: RecentBounds): void {
    this.#bounds = bounds;
    if (!isKept) this.#recent = undefined;
    else if (this.#recent === undefined) this.#beginRecent();
  }

  /** Rows were written of which no event says what they are. */
  forgetRecent(): void {
    if (this.#recent !== undefined) this.#beginRecent();
  }

  #beginRecent(): void {
    this.#recent = new RecentLog({ epoch: this.#epoch, seq: this.#head }, this.#bounds);
    this.#recentSince = this.#head;
  }

  get #upToDate(): RecentLog | undefined {
    this.#recent?.dropUpTo(this.floor);
    return this.#recent;
  }

  #reaches({ epoch, seq }: Cursor): boolean {
    return epoch === this.epoch && this.holdsAfter(seq);
  }

  #findFirst(speaker: Speaker, { id, retryOf, keyed }: Draft) {
    const known = this.#ids.find(speaker, id) ?? (keyed ? this.#store.reads.keyed(speaker, id) : undefined);
    if (known !== undefined) return known;
    if (retryOf === undefined) return undefined;
    const cursor = parseCursor(retryOf);
    const seq = cursor?.epoch === this.#epoch && cursor.seq <= this.#head ? cursor.seq : -1;
    this.#ids.reachBack(Math.max(seq, this.floor), (after, upTo) => this.#store.reads.ids(after, upTo));
    // What is remembered reaches further back than a short log.
    return this.#ids.find(speaker, id) ?? (this.#ids.knowsAfter(seq) ? undefined : "unknowable");
  }
}

const speakerOf = ({ from, byServer }: Voice): Speaker => ({ author: from?.id ?? "", byServer });
