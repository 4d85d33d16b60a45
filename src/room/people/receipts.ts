// How far each user has read. A position is emitted at most once a second, and written at most every few seconds,
// however often clients report it: what a crash may lose of it is that little.

import { sinceMs } from "../../object/liveness.ts";
import type { ReadResult, ReceiptEntry } from "../../protocol/index.ts";
import type { RoomLog } from "../log/room-log.ts";
import { LISTED, type ReceiptStore } from "./receipt-store.ts";

const WRITE_EVERY_MS = 5_000;
/** In a crowd, where receipts are not emitted, and each position is a row all the same. */
const WRITE_EVERY_MS_IN_CROWDS = 60_000;
/** No timer is further ahead than this. */
const LOOK_EVERY_MS = 5_000;
const TELL_EVERY_MS = 1_000;

interface Position {
  readonly seq: number;
  readonly at: number;
  readonly writtenAt: number;
}

/** Above this many positions in memory, those that are written are dropped, and read again when they are needed. */
const REMEMBERED = 10_000;

export class Receipts {
  readonly #log: RoomLog;
  readonly #store: ReceiptStore;
  /** As far as memory knows. */
  readonly #positions = new Map<string, Position>();
  /** Users whose position is not written yet. */
  readonly #unwritten = new Set<string>();
  readonly #untold = new Set<string>();
  #toldAt = Number.NEGATIVE_INFINITY;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #writeEveryMs = WRITE_EVERY_MS;

  constructor(log: RoomLog, store: ReceiptStore) {
    this.#log = log;
    this.#store = store;
  }

  /** How far a user has read. */
  seqOf(user: string): number {
    return this.#position(user).seq;
  }

  /** How far a user has read, and how much that leaves as of now. */
  of(user: string): ReadResult {
    const { seq } = this.#position(user);
    return { seq, unread: this.#log.countUnread(seq, user) };
  }

  /** As `of`, with where the log stands. */
  standing(user: string): { head: number; readSeq: number; unread: number } {
    const { seq, unread } = this.of(user);
    return { head: this.#log.head, readSeq: seq, unread };
  }

  /** Moves `user` forward to `upTo`, or to the end of the log, and never back: 0 leaves all as it is. */
  read(user: string, upTo: number | undefined, now: number): void {
    const { head } = this.#log;
    const seq = Math.min(upTo ?? head, head);
    const { seq: before, writtenAt } = this.#position(user);
    if (seq <= before) return;
    const isDue = sinceMs(writtenAt, now) >= this.#writeEveryMs;
    // Written first: if that throws, memory does not hold what could not be written.
    if (isDue) this.#store.put({ user, seq, at: now });
    if (isDue) this.#unwritten.delete(user);
    else this.#unwritten.add(user);
    this.#positions.set(user, { seq, at: now, writtenAt: isDue ? now : writtenAt });
    this.#untold.add(user);
  }

  /** Of those who read last, the latest first. */
  list(): ReceiptEntry[] {
    const stored = new Map(this.#store.latest().map((receipt) => [receipt.user, receipt]));
    for (const user of this.#unwritten) {
      const { seq, at } = this.#position(user);
      stored.set(user, { user, seq, at });
    }
    return [...stored.values()].sort((a, b) => b.at - a.at).slice(0, LISTED);
  }

  /** When it next has something to write or to emit by itself, in milliseconds. */
  dueAt(): number | null {
    let soonest = this.#untold.size > 0 ? this.#toldAt + TELL_EVERY_MS : Number.POSITIVE_INFINITY;
    for (const user of this.#unwritten) {
      soonest = Math.min(soonest, this.#position(user).writtenAt + this.#writeEveryMs);
    }
    if (this.#unwritten.size > 0) soonest = Math.min(soonest, this.#lookedAt + LOOK_EVERY_MS);
    return soonest === Number.POSITIVE_INFINITY ? null : soonest;
  }

  /** Writes what has waited long enough. */
  write(isListed: boolean, now: number): void {
    this.#lookedAt = now;
    this.#writeEveryMs = isListed ? WRITE_EVERY_MS : WRITE_EVERY_MS_IN_CROWDS;
    const due = [...this.#unwritten].filter(
      (user) => sinceMs(this.#position(user).writtenAt, now) >= this.#writeEveryMs,
    );
    // Set first: if one write throws, all are tried again after the normal interval.
    for (const user of due) this.#positions.set(user, { ...this.#position(user), writtenAt: now });
    for (const user of due) {
      const { seq, at } = this.#position(user);
      this.#store.put({ user, seq, at });
      this.#unwritten.delete(user);
    }
  }

  /** Writes all that waits: an export is about to read it. */
  writeAll(now: number): void {
    for (const user of [...this.#unwritten]) {
      const { seq, at } = this.#position(user);
      this.#store.put({ user, seq, at });
      this.#unwritten.delete(user);
      this.#positions.set(user, { seq, at, writtenAt: now });
    }
  }

  /** As `ReceiptStore.entriesAfter`, as far as it is written. */
  entriesAfter(after: number, limit: number): (ReceiptEntry & { readonly entry: number })[] {
    return this.#store.entriesAfter(after, limit);
  }

  /** The events to emit now, encoded. Each is given once. A room too big for a list of members emits none. */
  drainEvents(isListed: boolean, now: number): string[] {
    if (!isListed) this.#untold.clear();
    if (this.#untold.size === 0 || sinceMs(this.#toldAt, now) < TELL_EVERY_MS) return [];
    this.#toldAt = now;
    const news = Array.from(this.#untold, (user) => {
      const { seq, at } = this.#position(user);
      return JSON.stringify({ type: "receipt", user, seq, at });
    });
    this.#untold.clear();
    return news;
  }

  /** When the user read as far as they have, in milliseconds; `undefined`: they have read nothing. */
  readAt(user: string): number | undefined {
    const { at } = this.#position(user);
    return at === Number.NEGATIVE_INFINITY ? undefined : at;
  }

  /** Forgets how far a user has read. */
  forget(user: string): void {
    this.#store.remove(user);
    this.#positions.delete(user);
    this.#unwritten.delete(user);
    this.#untold.delete(user);
  }

  /** With the log that they are positions in. */
  purge(): void {
    this.#store.purge();
    this.#positions.clear();
    this.#unwritten.clear();
    this.#untold.clear();
  }

  #position(user: string): Position {
    let position = this.#positions.get(user);
    if (position === undefined) {
      const { seq = 0, at = Number.NEGATIVE_INFINITY } = this.#store.find(user) ?? {};
      position = { seq, at, writtenAt: at };
      this.#tidy();
      this.#positions.set(user, position);
    }
    return position;
  }

  #tidy(): void {
    if (this.#positions.size < REMEMBERED) return;
    for (const user of this.#positions.keys()) {
      if (!this.#unwritten.has(user) && !this.#untold.has(user)) this.#positions.delete(user);
    }
  }
}
