// How far each user has read. A position is emitted at most once a second, however often clients report it. Until it is
// written, with others, a connection of the user keeps it.

import { sinceMs } from "../../object/liveness.ts";
import { READ, ROW, type Spending } from "../../object/spending.ts";
import type { ReadResult, ReceiptEntry } from "../../protocol/index.ts";
import type { RoomLog } from "../log/room-log.ts";
import type { AttachedPositions } from "./attached-positions.ts";
import type { ReadSheets, UserPosition } from "./read-sheets.ts";
import { LISTED, type ReceiptStore } from "./receipt-store.ts";
import type { RoomConnection } from "./room-connection.ts";

const TELL_EVERY_MS = 1_000;
/** Above this many users in memory who are on no sheet, they are dropped, and read again when they are needed. */
const REMEMBERED = 10_000;
const NOTHING_READ: UserPosition = { seq: 0, at: Number.NEGATIVE_INFINITY };

export interface ReceiptRules {
  readonly log: RoomLog;
  /** Those who read last. */
  readonly sheets: ReadSheets;
  /** Those before them. */
  readonly store: ReceiptStore;
  readonly attached: AttachedPositions;
  readonly spending: Spending;
}

export class Receipts {
  readonly #rules: ReceiptRules;
  /** Of users who are on no sheet. */
  readonly #earlier = new Map<string, UserPosition>();
  readonly #untold = new Set<string>();
  #toldAt = Number.NEGATIVE_INFINITY;
  /** Whether positions may wait to be written. */
  #mayWait = false;
  /** Whose positions of before this start are gone, from connections too that the room has yet to hear of. */
  #forgotten: "all" | Set<string> = new Set();

  constructor(rules: ReceiptRules) {
    this.#rules = rules;
  }

  /** Takes in what was kept while the object slept. */
  restore(connections: Iterable<RoomConnection>): void {
    const { attached, sheets, log } = this.#rules;
    for (const { user, read } of attached.among(connections)) {
      // The end of a connection that woke the room may be heard after an act that did not find it.
      if (this.#forgotten === "all" || this.#forgotten.has(user)) continue;
      if (read.seq <= this.seqOf(user) || read.seq > log.head) continue;
      sheets.put(user, read, "kept");
      this.#earlier.delete(user);
      this.#mayWait = true;
    }
  }

  /** How far a user has read. */
  seqOf(user: string): number {
    return this.#position(user).seq;
  }

  /** How far a user has read, and how much that leaves as of now. */
  of(user: string): ReadResult {
    const { seq } = this.#position(user);
    return { seq, unread: this.#rules.log.countUnread(seq, user) };
  }

  /** As `of`, with where the log stands. */
  standing(user: string): { head: number; readSeq: number; unread: number } {
    const { seq, unread } = this.of(user);
    return { head: this.#rules.log.head, readSeq: seq, unread };
  }

  /** Moves `user` forward to `upTo`, or to the end of the log, and never back: 0 leaves all as it is. */
  read(user: string, upTo: number | undefined, now: number): void {
    const { log, attached, sheets, spending } = this.#rules;
    const seq = Math.min(upTo ?? log.head, log.head);
    if (seq <= this.#position(user).seq) return;
    const position = { seq, at: now };
    // Kept first: if that throws, memory does not hold what nobody keeps.
    const isKept = attached.keep(user, position);
    sheets.put(user, position, isKept ? "kept" : "alone");
    this.#mayWait = true;
    this.#earlier.delete(user);
    this.#untold.add(user);
    spending.add(user, isKept ? READ : ROW);
  }

  /** A connection of this user is gone, which may have kept the position. */
  left(user: string): void {
    const { sheets, spending } = this.#rules;
    const position = sheets.keptOf(user);
    if (position === undefined || this.#isTakenOver(user, position)) return;
    sheets.leaveAlone(user);
    spending.add(user, ROW);
  }

  #isTakenOver(user: string, position: UserPosition): boolean {
    try {
      return this.#rules.attached.keep(user, position);
    } catch {
      // It is written instead: the leave goes on in any case.
      return false;
    }
  }

  /** Of those who read last, the latest first. */
  list(): ReceiptEntry[] {
    const latest = this.#rules.sheets.latest(LISTED);
    const listed = new Map(latest.map((entry) => [entry.user, entry]));
    if (latest.length < LISTED)
      for (const entry of this.#rules.store.latest())
        if (!listed.has(entry.user)) listed.set(entry.user, entry);
    return [...listed.values()].sort((a, b) => b.at - a.at).slice(0, LISTED);
  }

  /** When it next has something to write or to emit by itself, in milliseconds. */
  dueAt(): number | null {
    const writeAt = this.#mayWait ? this.#rules.sheets.dueAt() : null;
    if (this.#untold.size === 0) return writeAt;
    return Math.min(writeAt ?? Number.POSITIVE_INFINITY, this.#toldAt + TELL_EVERY_MS);
  }

  /** Writes what has waited long enough. */
  write(now: number): void {
    if (!this.#mayWait) return;
    const { sheets } = this.#rules;
    sheets.writeDue(now);
    this.#mayWait = sheets.haveUnwritten;
  }

  /** Those who read last, in no order. Whoever is not among them read before. */
  latest(): ReceiptEntry[] {
    return this.#rules.sheets.entries();
  }

  isLatest(user: string): boolean {
    return this.#rules.sheets.find(user) !== undefined;
  }

  /** As `ReceiptStore.entriesAfter`. Those of them who have read on are among `latest` too, and count there. */
  earlierAfter(after: number, limit: number): (ReceiptEntry & { readonly entry: number })[] {
    return this.#rules.store.entriesAfter(after, limit);
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
    return at === NOTHING_READ.at ? undefined : at;
  }

  /** Forgets how far a user has read. */
  forget(user: string): void {
    const { store, sheets, attached } = this.#rules;
    store.remove(user);
    sheets.remove(user);
    attached.forget(user);
    if (this.#forgotten !== "all") this.#forgotten.add(user);
    this.#earlier.delete(user);
    this.#untold.delete(user);
  }

  /** With the log that they are positions in. */
  purge(): void {
    this.#rules.store.purge();
    this.#rules.sheets.purge();
    this.#forgotten = "all";
    this.#earlier.clear();
    this.#untold.clear();
  }

  #position(user: string): UserPosition {
    const { sheets, store } = this.#rules;
    const known = sheets.find(user) ?? this.#earlier.get(user);
    if (known !== undefined) return known;
    const position = store.find(user) ?? NOTHING_READ;
    if (this.#earlier.size >= REMEMBERED) this.#earlier.clear();
    this.#earlier.set(user, position);
    return position;
  }
}
