// The SQL of notifications. They are numbered from 0 without gaps, and the slot of a row is its number modulo the ring:
// a new one replaces the row that it retires. `seq` rises too, but has gaps, as marks take numbers of it.

import { migrate } from "../../object/storage/migrate.ts";
import { ringRanges } from "../../object/storage/ring.ts";
import { type Database, firstRow, type Sql } from "../../object/storage/sql.ts";
import { stateRank } from "../../protocol/index.ts";
import {
  COLUMNS,
  decode,
  type NotificationRow,
  type RetiredRow,
  type Row,
  type SlotRange,
  sooner,
  stateAt,
  type Tally,
} from "./notification-row.ts";
import { USER_SCHEMA } from "./user-schema.ts";
import { newUserState, readUserState, type UserState } from "./user-state.ts";

type NewestRow = {
  number: number;
  seq: number;
  retired: number;
  unread: number;
  unread_until: number | null;
};

/** The `seq` of a notification or a mark, and the unread count then; `undefined`: it must be counted. */
interface Event {
  readonly head: number;
  readonly unread: Tally | undefined;
}

export class NotificationStore {
  readonly epoch: string;
  /** Whether this start made it. */
  readonly isNew: boolean;
  /** As this start found it, or made it. */
  readonly state: UserState;
  readonly #sql: Sql;
  readonly #ring: number;
  /** Number of the newest notification; -1: there is none. */
  #number = -1;
  #newest: Event = { head: 0, unread: undefined };
  #floor: number;

  constructor(database: Database, ring: number, newEpoch: string) {
    this.#sql = database.sql;
    this.#ring = ring;
    migrate(database, USER_SCHEMA);
    const stored = readUserState(database.sql);
    if (stored === undefined)
      this.#sql.exec(
        "INSERT INTO inbox_state (id, epoch, ring, floor, head, unread) VALUES (1, ?, ?, 0, 0, 0)",
        newEpoch,
        ring,
      );
    this.isNew = stored === undefined;
    this.state = stored ?? newUserState(newEpoch, ring);
    this.epoch = this.state.epoch;
    this.#floor = this.state.floor;
    this.#findNewest(this.state.ring);
    if (this.state.ring !== ring) this.#rebuildRing(database);
  }

  /** The highest `seq` that retention has removed. */
  get floor(): number {
    return this.#floor;
  }

  /** How many notifications there were since the ring has its size. */
  get count(): number {
    return this.#number + 1;
  }

  /** `seq` of the newest notification; 0: there was none. */
  get newestSeq(): number {
    return this.#newest.head;
  }

  /**
   * The highest `seq` so far, of notifications and marks, and the unread count then. Each event stores the count in its
   * own row, so that it need not be counted.
   */
  findHead(): Event {
    const rows = this.#sql.exec<{ seq: number; unread: number | null; until: number | null }>(
      `SELECT head AS seq, unread, unread_until AS until FROM inbox_state
       UNION ALL SELECT seq, unread, unread_until FROM watermark
       UNION ALL SELECT * FROM (SELECT changed, unread, unread_until FROM notification
                                WHERE changed IS NOT NULL ORDER BY changed DESC LIMIT 1)`,
    );
    const events = Array.from(rows, ({ seq, unread, until }) => {
      return { head: seq, unread: unread === null ? undefined : { count: unread, until } };
    });
    // The first of equals counts: a new count stands in `inbox_state`.
    return [...events, this.#newest].reduce((latest, event) => (event.head > latest.head ? event : latest));
  }

  /** Stores a new count. */
  keepTally(head: number, { count, until }: Tally): void {
    this.#sql.exec("UPDATE inbox_state SET head = ?, unread = ?, unread_until = ?", head, count, until);
  }

  /** Counts rows above `after` up to `upTo` that are not read, archived, expired or muted. */
  countUnread({ after, upTo = this.newestSeq }: { after: number; upTo?: number }, now: number): Tally {
    let count = 0;
    let until: number | null = null;
    for (const { from, to } of this.slots(after, upTo)) {
      const row = firstRow(
        this.#sql.exec<{ count: number; next: number | null }>(
          `SELECT COUNT(*) AS count, MIN(expires_at) AS next FROM notification
           WHERE slot BETWEEN ? AND ? AND state < ? AND muted = 0 AND (expires_at IS NULL OR expires_at > ?)`,
          from,
          to,
          stateRank("read"),
          now,
        ),
      );
      count += row?.count ?? 0;
      until = sooner(until, row?.next ?? null);
    }
    return { count, until };
  }

  /** The slots of rows with a `seq` above `after` up to `upTo`. */
  slots(after: number, upTo: number): SlotRange[] {
    return ringRanges(this.#lastUpTo(after), this.#lastUpTo(upTo), this.#ring);
  }

  findId(id: string): number | undefined {
    return firstRow(this.#sql.exec<{ seq: number }>("SELECT seq FROM notification WHERE id = ?", id))?.seq;
  }

  findRow(id: string): NotificationRow | undefined {
    const row = firstRow(this.#sql.exec<Row>(`SELECT ${COLUMNS} FROM notification WHERE id = ?`, id));
    return row && decode(row);
  }

  /** `unread` returns the count after this one was added and `retired` removed. */
  append(
    row: Omit<NotificationRow, "number" | "state">,
    unread: (retired: RetiredRow | undefined) => Tally,
  ): Tally {
    const number = this.#number + 1;
    const slot = number % this.#ring;
    const retired = this.#retire(slot);
    const floor = Math.max(retired?.seq ?? 0, this.#floor);
    const tally = unread(retired);
    this.#sql.exec(
      `INSERT OR REPLACE INTO notification (slot, number, seq, id, topic, expires_at, body, retired, muted, state,
                                            unread, unread_until)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)`,
      slot,
      number,
      row.seq,
      row.id,
      row.topic,
      row.expiresAt,
      row.body,
      floor,
      Number(row.muted),
      tally.count,
      tally.until,
    );
    this.#number = number;
    this.#newest = { head: row.seq, unread: tally };
    this.#floor = floor;
    return tally;
  }

  /** Rows with a `seq` above `after`, oldest first, read while iterating. */
  *ascending(after: number): Generator<NotificationRow> {
    yield* this.#span(this.#lastUpTo(after), this.#number, "ASC");
  }

  /** At most `limit` rows with a `seq` above `after`, oldest first. */
  page(after: number, limit: number): NotificationRow[] {
    const query = `SELECT ${COLUMNS} FROM notification WHERE slot BETWEEN ? AND ? ORDER BY slot LIMIT ?`;
    const rows: NotificationRow[] = [];
    for (const { from, to } of ringRanges(this.#lastUpTo(after), this.#number, this.#ring))
      if (rows.length < limit)
        for (const row of this.#sql.exec<Row>(query, from, to, limit - rows.length)) rows.push(decode(row));
    return rows;
  }

  /** Rows with a `seq` below `before`, newest first. */
  *descending(before: number): Generator<NotificationRow> {
    yield* this.#span(this.#oldest() - 1, this.#lastUpTo(before - 1), "DESC");
  }

  *#span(after: number, upTo: number, order: "ASC" | "DESC"): Generator<NotificationRow> {
    const ranges = ringRanges(after, upTo, this.#ring);
    if (order === "DESC") ranges.reverse();
    const query = `SELECT ${COLUMNS} FROM notification WHERE slot BETWEEN ? AND ? ORDER BY slot ${order}`;
    for (const { from, to } of ranges) {
      for (const row of this.#sql.exec<Row>(query, from, to)) yield decode(row);
    }
  }

  #retire(slot: number): RetiredRow | undefined {
    const query = "SELECT seq, topic, state, expires_at, muted FROM notification WHERE slot = ?";
    const row = firstRow(
      this.#sql.exec<Pick<Row, "seq" | "topic" | "state" | "expires_at" | "muted">>(query, slot),
    );
    if (row === undefined) return undefined;
    const { seq, topic, state, expires_at: expiresAt, muted } = row;
    return { seq, topic, state: stateAt(state), expiresAt, muted: muted === 1 };
  }

  #oldest(): number {
    return Math.max(0, this.#number - this.#ring + 1);
  }

  #seqAt(slot: number): number | undefined {
    return firstRow(this.#sql.exec<{ seq: number }>("SELECT seq FROM notification WHERE slot = ?", slot))
      ?.seq;
  }

  /** Number of the last notification up to `seq`; one less than the oldest if there is none. */
  #lastUpTo(seq: number): number {
    if (seq >= this.newestSeq) return this.#number;
    if (seq <= this.#floor) return this.#oldest() - 1;
    let low = this.#oldest() - 1;
    let high = this.#number;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#seqAt(middle % this.#ring) ?? 0) <= seq) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Numbers rise from slot 0 to the newest, and behind it stands the oldest: binary search finds the turn. */
  #findNewest(ring: number): void {
    const at = (slot: number) =>
      firstRow(
        this.#sql.exec<NewestRow>(
          "SELECT number, seq, retired, unread, unread_until FROM notification WHERE slot = ?",
          slot,
        ),
      );
    const first = at(0)?.number;
    if (first === undefined) return;
    let low = 0;
    let high = ring - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((at(middle)?.number ?? -1) >= first) low = middle;
      else high = middle - 1;
    }
    const newest = at(low);
    if (newest === undefined) return;
    this.#number = newest.number;
    this.#newest = { head: newest.seq, unread: { count: newest.unread, until: newest.unread_until } };
    this.#floor = Math.max(this.#floor, newest.retired);
  }

  /** After a change of `INBOX_LIMIT`: moves the rows that stay to their slots in the new ring, numbered from 0. */
  #rebuildRing({ sql, transaction }: Database): void {
    // First, as a row that is removed may hold the latest mark.
    const { head } = this.findHead();
    transaction(() => {
      sql.exec("CREATE TABLE moved AS SELECT * FROM notification ORDER BY number DESC LIMIT ?", this.#ring);
      const lost = firstRow(
        sql.exec<{ seq: number | null }>(
          "SELECT MAX(seq) AS seq FROM notification WHERE seq < (SELECT MIN(seq) FROM moved)",
        ),
      );
      this.#floor = Math.max(this.#floor, lost?.seq ?? 0);
      sql.exec("DELETE FROM notification");
      sql.exec(
        `INSERT INTO notification
         SELECT row_number() OVER (ORDER BY number) - 1, row_number() OVER (ORDER BY number) - 1, seq, id, topic,
                expires_at, body, 0, muted, state, changed, changed_at, unread, unread_until FROM moved`,
      );
      sql.exec("DROP TABLE moved");
      sql.exec(
        "UPDATE inbox_state SET ring = ?, floor = ?, head = ?, unread = NULL",
        this.#ring,
        this.#floor,
        head,
      );
    });
    this.#findNewest(this.#ring);
  }
}
