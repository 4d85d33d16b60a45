import { MAX_UNREAD, type ReadResult } from "../protocol/index.ts";
import type { Receipts } from "./receipts.ts";
import type { RoomLog } from "./room-log.ts";

/** So many are counted by a query of their own, which reads no more than what they have left to read. */
const COUNTED_ALONE = 8;
/** Rows: enough for the greatest count, and as many messages of the reader's own. */
const WINDOW = 2 * MAX_UNREAD;

/** Messages that are not deleted, by their `seq`, ascending. */
interface Window {
  /** It holds all after this `seq`. */
  readonly after: number;
  readonly all: readonly number[];
  readonly byAuthor: ReadonlyMap<string, readonly number[]>;
}

/**
 * How far the joiners of one flush have read, and how much that leaves. Many joiners share one look at the end of the
 * log, so that a thousand who come back at once do not count a thousand messages each.
 */
export class Unread {
  readonly #log: RoomLog;
  readonly #receipts: Receipts;
  #alone = 0;
  #window: Window | undefined;

  constructor(log: RoomLog, receipts: Receipts) {
    this.#log = log;
    this.#receipts = receipts;
  }

  of(user: string): ReadResult {
    const seq = this.#receipts.seqOf(user);
    return { seq, unread: seq >= this.#log.head ? 0 : this.#count(user, seq) };
  }

  #count(user: string, seq: number): number {
    if (this.#alone < COUNTED_ALONE) {
      this.#alone++;
      return this.#log.countUnread(seq, user);
    }
    this.#window ??= this.#look();
    const { after, all, byAuthor } = this.#window;
    const count = countAfter(all, seq) - countAfter(byAuthor.get(user) ?? [], seq);
    if (count >= MAX_UNREAD) return MAX_UNREAD;
    return Math.max(seq, this.#log.floor) >= after ? count : this.#log.countUnread(seq, user);
  }

  #look(): Window {
    const all: number[] = [];
    const byAuthor = new Map<string, number[]>();
    let after = this.#log.floor;
    for (const { seq, author } of this.#log.latestAuthors(WINDOW)) {
      all.push(seq);
      const own = byAuthor.get(author);
      if (own === undefined) byAuthor.set(author, [seq]);
      else own.push(seq);
      if (all.length === WINDOW) after = seq - 1;
    }
    all.reverse();
    for (const own of byAuthor.values()) own.reverse();
    return { after, all, byAuthor };
  }
}

/** How many of these ascending numbers are greater. */
function countAfter(seqs: readonly number[], seq: number): number {
  let low = 0;
  let high = seqs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((seqs[middle] ?? 0) <= seq) low = middle + 1;
    else high = middle;
  }
  return seqs.length - low;
}
