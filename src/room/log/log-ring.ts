// The places of a log's messages. They are numbered from 0 without a hole, and message `number` stands in slot `number`
// modulo the size of the ring. `seq` rises with the number, but not evenly, as changes take some.
// Invariant: every row of the table is held. A retired message has been replaced by a newer one, or removed for its age:
// those that are held follow on each other all the same, so there is one gap at most, before the oldest.

import { ringRanges } from "../../object/storage/ring.ts";
import { firstRow, type Sql } from "../../object/storage/sql.ts";

/** `number`: which message of the room it is, counted from 1. */
type Place = { seq: number; number: number; open: string | null };

/** Messages that are to be removed: those up to the number `last`, which is the message `lastSeq`. */
export interface Aged {
  readonly last: number;
  readonly lastSeq: number;
  readonly count: number;
  /** The slots of them, oldest first, in at most two ranges. */
  readonly slots: readonly { from: number; to: number }[];
}

export class LogRing {
  readonly #sql: Sql;
  #size: number;
  /** The number of the newest message; -1 is none. */
  #newest = -1;
  /** No message before this number is held. */
  #removedTo = 0;
  #newestSeq = 0;
  #openAtNewest: readonly number[] = [];
  /** `undefined`: not read yet. */
  #floor: number | undefined = 0;

  constructor(sql: Sql, size: number) {
    this.#sql = sql;
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  /** How many messages are held. */
  get count(): number {
    return this.#newest - this.oldest + 1;
  }

  /** The `seq` of the newest message; 0 if there is none. */
  get newestSeq(): number {
    return this.#newestSeq;
  }

  /** The messages that were open when the newest one was stored, as `find` read it. */
  get openAtNewest(): readonly number[] {
    return this.#openAtNewest;
  }

  /** The number of the oldest message that is held. */
  get oldest(): number {
    return Math.max(this.#removedTo, this.#newest - this.#size + 1);
  }

  /** The `seq` just under the oldest message that is held; 0 if none was removed. */
  get floor(): number {
    this.#floor ??= Math.max(0, this.seqOf(this.oldest) - 1);
    return this.#floor;
  }

  /** The slot of the next message, which replaces the message that it retires. */
  get nextSlot(): number {
    return this.slotOf(this.#newest + 1);
  }

  /** Called when a message was written to `nextSlot`. */
  appended(seq: number): void {
    const { oldest } = this;
    this.#newest += 1;
    this.#newestSeq = seq;
    if (this.oldest > oldest) this.#floor = undefined;
  }

  slotOf(number: number): number {
    return number % this.#size;
  }

  /** The slots of messages with `after` < seq ≤ `upTo`, oldest first, in at most two ranges. */
  slots(after: number, upTo: number): { from: number; to: number }[] {
    return ringRanges(this.lastUpTo(after), this.lastUpTo(upTo), this.#size);
  }

  /**
   * The number of the last message with a `seq` up to `seq`; one before the oldest if there is none. A binary search: it
   * reads at most log2(size) + 1 rows, and only one if nothing was changed since.
   */
  lastUpTo(seq: number): number {
    if (seq >= this.#newestSeq) return this.#newest;
    const { oldest } = this;
    if (seq <= this.floor) return oldest - 1;
    // Between two messages `seq` rises by at least one, so each row that is read bounds the others on both sides.
    let low = Math.max(oldest - 1, this.#newest - (this.#newestSeq - seq));
    let high = this.#newest - 1;
    for (let probe = Math.max(low, oldest); low < high; probe = Math.ceil((low + high) / 2)) {
      const at = this.seqOf(probe);
      if (at <= seq) {
        low = probe;
        high = Math.min(high, probe + (seq - at));
      } else {
        high = probe - 1;
        low = Math.max(low, probe - (at - seq));
      }
    }
    return low;
  }

  /**
   * Finds the newest message in a ring of this size by a binary search: `seq` rises from slot 0 to the newest, and the
   * oldest message follows, perhaps behind a gap. Answers which message of the room it is, counted from 1; `undefined`:
   * there is none.
   */
  find(size: number): number | undefined {
    this.reset(0, size);
    const first = this.#rowAt(0);
    // The messages before the first slot that is taken were removed, and none has come round to it yet.
    if (first === undefined) return this.#findBehindGap();
    let low = 0;
    let high = size - 1;
    let newest = first;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const row = this.#rowAt(middle);
      if (row !== undefined && row.seq >= first.seq) [low, newest] = [middle, row];
      else high = middle - 1;
    }
    const query = "SELECT slot FROM log WHERE slot > ? ORDER BY slot LIMIT 1";
    const oldest = firstRow(this.#sql.exec<{ slot: number }>(query, low))?.slot;
    return oldest === undefined
      ? this.#found(newest, low, 0)
      : // The ring has come round: the oldest stands behind the newest.
        this.#found(newest, low + size, oldest);
  }

  #findBehindGap(): number | undefined {
    const ends = ["ASC", "DESC"].map((order) =>
      firstRow(
        this.#sql.exec<Place & { slot: number }>(
          `SELECT slot, seq, number, open FROM log ORDER BY slot ${order} LIMIT 1`,
        ),
      ),
    );
    const [oldest, newest] = ends;
    return oldest && newest && this.#found(newest, newest.slot, oldest.slot);
  }

  #found({ seq, number, open }: Place, newest: number, oldest: number): number {
    this.#newest = newest;
    this.#removedTo = oldest;
    this.#newestSeq = seq;
    this.#openAtNewest = open === null ? [] : JSON.parse(open);
    this.#floor = undefined;
    return number;
  }

  /** The ring is empty. `floor`: the `seq` below which all was removed. */
  reset(floor: number, size = this.#size): void {
    this.#size = size;
    this.#newest = -1;
    this.#removedTo = 0;
    this.#newestSeq = 0;
    this.#openAtNewest = [];
    this.#floor = floor;
  }

  /** The ring was written again: the last `count` messages stand from slot 0 on, and there are no others. */
  laidAnew(size: number, count: number): void {
    if (count === 0) {
      this.reset(this.floor, size);
      return;
    }
    this.#size = size;
    this.#newest = count - 1;
    this.#removedTo = 0;
    this.#floor = undefined;
  }

  /** When the oldest message was stored, in milliseconds; `undefined`: there is none. */
  get oldestAt(): number | undefined {
    return this.count === 0 ? undefined : this.#atOf(this.oldest);
  }

  /**
   * The oldest messages, at most `max`, that were stored at `upTo` or before; `undefined`: there are none. A binary search:
   * those before a message are older than it is, whatever the clock said when they were stored.
   */
  aged(upTo: number, max: number): Aged | undefined {
    const { oldest } = this;
    let low = oldest - 1;
    let high = Math.min(this.#newest, low + max);
    for (let probe = oldest; low < high; probe = Math.ceil((low + high) / 2)) {
      if (this.#atOf(probe) <= upTo) low = probe;
      else high = probe - 1;
    }
    if (low < oldest) return undefined;
    const slots = ringRanges(oldest - 1, low, this.#size);
    return { last: low, lastSeq: this.seqOf(low), count: low - oldest + 1, slots };
  }

  /** They were removed. `head`: the last `seq` that was given. */
  removed({ last }: Aged, head: number): void {
    if (last === this.#newest) this.reset(head);
    else {
      this.#removedTo = last + 1;
      this.#floor = undefined;
    }
  }

  #atOf(number: number): number {
    const query = "SELECT at FROM log WHERE slot = ?";
    return firstRow(this.#sql.exec<{ at: number }>(query, this.slotOf(number)))?.at ?? 0;
  }

  /** The `seq` of a message that is held; 0 if there is none. */
  seqOf(number: number): number {
    return this.#rowAt(this.slotOf(number))?.seq ?? 0;
  }

  #rowAt(slot: number): Place | undefined {
    return firstRow(this.#sql.exec<Place>("SELECT seq, number, open FROM log WHERE slot = ?", slot));
  }
}
