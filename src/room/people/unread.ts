import { MAX_UNREAD, type ReadResult } from "../../protocol/index.ts";
import type { RoomLog } from "../log/room-log.ts";
import type { Receipts } from "./receipts.ts";

/** This many joiners are counted by SQL: it is faster for a few, and reads no more rows than they have unread. */
const COUNTED_ALONE = 2;
/** Rows: enough for the greatest count, and as many messages of the reader's own. */
const MAX_LOOKED_AT = 2 * MAX_UNREAD;

/**
 * The read positions and unread counts of the joiners of one flush. Many joiners share one look at the end of the log, so
 * a thousand that come back at once do not count a thousand messages each.
 */
export class Unread {
  readonly #log: RoomLog;
  readonly #receipts: Receipts;
  #alone = 0;
  #tail: Tail | undefined;

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
    this.#tail ??= new Tail(this.#log.latestAuthors());
    return this.#tail.countAfter(seq, user) ?? this.#log.countUnread(seq, user);
  }
}

/** The end of a log, read as far back as was needed so far. */
class Tail {
  readonly #rows: Iterator<{
    readonly seq: number;
    readonly author: string;
    readonly deleted: number | null;
  }>;
  /** The `seq` of each message from `#from` on that is not deleted, newest first. */
  readonly #all: number[] = [];
  readonly #byAuthor = new Map<string, number[]>();
  #from = Number.POSITIVE_INFINITY;
  #looked = 0;

  constructor(
    rows: Iterator<{ readonly seq: number; readonly author: string; readonly deleted: number | null }>,
  ) {
    this.#rows = rows;
  }

  /** How many after `seq` are not of `user`; `undefined`: it would have to look too far. */
  countAfter(seq: number, user: string): number | undefined {
    while (this.#from > seq + 1 && this.#looked < MAX_LOOKED_AT) this.#look();
    const count = above(this.#all, seq) - above(this.#byAuthor.get(user) ?? [], seq);
    if (count >= MAX_UNREAD) return MAX_UNREAD;
    return this.#from <= seq + 1 ? count : undefined;
  }

  #look(): void {
    const row = this.#rows.next();
    if (row.done) {
      this.#from = 0;
      return;
    }
    const { seq, author, deleted } = row.value;
    this.#looked++;
    this.#from = seq;
    if (deleted !== null) return;
    this.#all.push(seq);
    const own = this.#byAuthor.get(author);
    if (own === undefined) this.#byAuthor.set(author, [seq]);
    else own.push(seq);
  }
}

/** How many of these descending numbers are greater than `seq`. */
function above(seqs: readonly number[], seq: number): number {
  let low = 0;
  let high = seqs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((seqs[middle] ?? 0) > seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
