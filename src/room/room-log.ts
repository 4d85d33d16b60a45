// The log of one room: what is stored, in which order, and what a client at some cursor has missed.
// Invariant: `head` rises by one with each stored event, and never before its row is written.

import {
  type Cursor,
  MAX_PAGE_BYTES,
  MAX_REPLAY_EVENTS,
  MAX_ROWS_LOOKED_AT,
  matchesTopics,
  type Outcome,
  parseCursor,
  type Recovery,
  refuse,
  type Sender,
  type SendResult,
  type Topics,
  utf8Length,
} from "../protocol/index.ts";
import type { LogStore } from "./log-store.ts";
import { RecentIds } from "./recent-ids.ts";

export interface Draft {
  readonly id: string;
  readonly event: string;
  /** `data` as JSON. */
  readonly data: string;
  readonly replyTo?: number | undefined;
  readonly mentions?: readonly string[] | undefined;
  readonly retryOf?: string | undefined;
  /** The id was given over HTTP: remembered as long as the log reaches back. */
  readonly keyed?: boolean;
}

/** Encoded events in order; `seq` is how far the page looked, `more` whether there is something beyond. */
export interface Page {
  readonly events: readonly string[];
  readonly seq: number;
  readonly more: boolean;
}

export interface Stored {
  readonly result: SendResult;
  readonly body: string;
}

const NO_SUCH_MESSAGE = refuse("not_found", "replyTo names no message of this room", { path: ["replyTo"] });
const STALE_RETRY = refuse("stale_retry", "the log no longer reaches back to retryOf: nothing was stored");

export class RoomLog {
  readonly epoch: string;
  readonly createdAt: number;
  readonly #store: LogStore;
  readonly #ids: RecentIds;
  readonly #reach: number;
  readonly #baseFloor: number;
  #head: number;

  constructor(store: LogStore, options: { newEpoch: string; historyLimit: number; now: number }) {
    const state = store.open(options.newEpoch, options.now);
    this.#store = store;
    this.epoch = state.epoch;
    this.createdAt = state.createdAt;
    this.#head = state.head;
    this.#baseFloor = state.floor;
    this.#reach = options.historyLimit;
    this.#ids = new RecentIds(state.head);
  }

  get head(): number {
    return this.#head;
  }

  /** What stood at or below it may have changed or gone without a record. */
  get floor(): number {
    return Math.max(this.#baseFloor, this.#head - this.#reach);
  }

  /** How a repeat is answered: as the first time, or not at all where nobody can know. `undefined`: it is none. */
  findRepeat(draft: Draft, from: Sender | null): Outcome<SendResult> | undefined {
    const first = this.#findFirst(from?.id ?? "", draft);
    if (first === undefined) return undefined;
    if (first === "unknowable") return { ok: false, refusal: STALE_RETRY };
    return { ok: true, value: { seq: first.seq, at: first.at, duplicate: true } };
  }

  /** Stores a message that is no repeat. */
  store(draft: Draft, from: Sender | null, now: number): Outcome<Stored> {
    const { id, event, replyTo, keyed = false } = draft;
    if (replyTo !== undefined && replyTo > this.floor && !this.#isMessage(replyTo)) {
      return { ok: false, refusal: NO_SUCH_MESSAGE };
    }
    const seq = this.#head + 1;
    const author = from?.id ?? "";
    const body = encodeMessage(draft, seq, from, now);
    this.#store.append({ seq, event, author, id, at: now, body, keyed });
    this.#head = seq;
    this.#ids.add({ author, id, seq, at: now });
    return { ok: true, value: { result: { seq, at: now }, body } };
  }

  recover(since: string | undefined): { recovery: Exclude<Recovery, "partial">; after: number } {
    if (since === undefined) return { recovery: "none", after: this.#head };
    const cursor = parseCursor(since);
    if (cursor === undefined || !this.#reaches(cursor)) return { recovery: "lost", after: this.#head };
    return { recovery: "complete", after: cursor.seq };
  }

  /** Whether `history` can go on from here. */
  holdsAfter(seq: number): boolean {
    return seq >= this.floor && seq <= this.#head;
  }

  /** What came after `after`, as in a replay. */
  eventsAfter(after: number, topics: Topics, limit = MAX_REPLAY_EVENTS): Page {
    return takePage(this.#store.ascending(after, this.#head), {
      topics,
      limit,
      start: after,
      end: this.#head,
    });
  }

  /** The latest messages before `before`, ascending. */
  messagesBefore(before: number, topics: Topics, limit: number): Page {
    const upTo = Math.min(before - 1, this.#head);
    const end = Math.min(this.floor + 1, before);
    const page = takePage(this.#store.descending(this.floor, upTo), { topics, limit, start: before, end });
    return { ...page, events: page.events.toReversed() };
  }

  latest(topics: Topics, limit: number): readonly string[] {
    return limit === 0 ? [] : this.messagesBefore(this.#head + 1, topics, limit).events;
  }

  #isMessage(seq: number): boolean {
    return seq <= this.#head && this.#store.isMessage(seq);
  }

  #reaches({ epoch, seq }: Cursor): boolean {
    return epoch === this.epoch && this.holdsAfter(seq);
  }

  #findFirst(author: string, { id, retryOf, keyed }: Draft) {
    const known =
      this.#ids.find(author, id) ?? (keyed ? this.#store.keyed(author, id, this.floor) : undefined);
    if (known !== undefined) return known;
    if (retryOf === undefined) return undefined;
    const cursor = parseCursor(retryOf);
    const reached = cursor !== undefined && this.#reaches(cursor);
    this.#ids.reachBack(reached ? cursor.seq : this.floor, (after, upTo) => this.#store.ids(after, upTo));
    return this.#ids.find(author, id) ?? (reached ? undefined : "unknowable");
  }
}

interface PageBounds {
  readonly topics: Topics;
  readonly limit: number;
  readonly start: number;
  /** How far a page has looked that reached the end of the log. */
  readonly end: number;
}

function takePage(
  rows: Iterable<{ seq: number; event: string; body: string }>,
  { topics, limit, start, end }: PageBounds,
): Page {
  const events: string[] = [];
  let seq = start;
  let bytes = 0;
  let looked = 0;
  for (const row of rows) {
    if (events.length === limit || looked === MAX_ROWS_LOOKED_AT) return { events, seq, more: true };
    looked++;
    if (matchesTopics(topics, row.event)) {
      bytes += utf8Length(row.body) + 1;
      if (bytes > MAX_PAGE_BYTES && events.length > 0) return { events, seq, more: true };
      events.push(row.body);
    }
    seq = row.seq;
  }
  return { events, seq: end, more: false };
}

/** The order of fields is that of protocol.md; `data` is JSON already, so that nothing is encoded twice. */
function encodeMessage(draft: Draft, seq: number, from: Sender | null, at: number): string {
  const { id, event, data, replyTo, mentions } = draft;
  const sender = from === null ? null : { id: from.id, name: from.name };
  let body = `{"type":"message","seq":${seq},"id":${JSON.stringify(id)},"event":"${event}"`;
  body += `,"from":${JSON.stringify(sender)},"at":${at},"data":${data}`;
  if (replyTo !== undefined) body += `,"replyTo":${replyTo}`;
  if (mentions !== undefined && mentions.length > 0) body += `,"mentions":${JSON.stringify(mentions)}`;
  return `${body}}`;
}
