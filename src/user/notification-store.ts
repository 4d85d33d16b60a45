// All the SQL of an inbox. Notifications are numbered from 0 without a hole, and stand at that number modulo the
// ring: a new one replaces the row that it retires. Their `seq` rises too, but marks take some of it.

import { migrate } from "../platform/migrate.ts";
import { ringRanges } from "../platform/ring.ts";
import { type Database, firstRow, type Sql } from "../platform/sql.ts";
import { NOTIFICATION_STATES, type NotificationState } from "../protocol/index.ts";
import { USER_SCHEMA } from "./user-schema.ts";

export interface NotificationRow {
  readonly number: number;
  readonly seq: number;
  readonly id: string;
  readonly topic: string | null;
  /** The notification as JSON, without `state`. */
  readonly body: string;
  readonly expiresAt: number | null;
  readonly state: NotificationState;
}

export type Retired = Pick<NotificationRow, "seq" | "state" | "expiresAt">;

type Row = {
  number: number;
  seq: number;
  id: string;
  topic: string | null;
  expires_at: number | null;
  body: string;
  state: number;
};

export const stateAt = (position: number): NotificationState => NOTIFICATION_STATES[position] ?? "archived";

const COLUMNS = "number, seq, id, topic, expires_at, body, state";

export class NotificationStore {
  readonly epoch: string;
  readonly #sql: Sql;
  readonly #ring: number;
  /** The newest notification; -1 is none. */
  #number = -1;
  #seq = 0;
  #floor: number;

  constructor(database: Database, ring: number, newEpoch: string) {
    this.#sql = database.sql;
    this.#ring = ring;
    migrate(database, USER_SCHEMA);
    const stored = firstRow(
      this.#sql.exec<{ epoch: string; ring: number; floor: number }>(
        "SELECT epoch, ring, floor FROM inbox_state",
      ),
    );
    if (stored === undefined)
      this.#sql.exec("INSERT INTO inbox_state VALUES (1, ?, ?, 0, 0, 0)", newEpoch, ring);
    this.epoch = stored?.epoch ?? newEpoch;
    this.#floor = stored?.floor ?? 0;
    this.#findNewest(stored?.ring ?? ring);
    if (stored !== undefined && stored.ring !== ring) this.#layAnew(database);
  }

  /** The highest `seq` that retention has removed. */
  get floor(): number {
    return this.#floor;
  }

  /** The highest `seq` given so far, to notifications and marks. */
  findHead(): number {
    const marked = firstRow(
      this.#sql.exec<{ head: number; changed: number | null; mark: number | null }>(
        `SELECT head, (SELECT MAX(changed) FROM notification WHERE changed IS NOT NULL) AS changed,
                (SELECT MAX(seq) FROM watermark) AS mark FROM inbox_state`,
      ),
    );
    return Math.max(this.#seq, marked?.head ?? 0, marked?.changed ?? 0, marked?.mark ?? 0);
  }

  findId(id: string): number | undefined {
    return firstRow(this.#sql.exec<{ seq: number }>("SELECT seq FROM notification WHERE id = ?", id))?.seq;
  }

  /** Answers what was retired for it. */
  append(row: Omit<NotificationRow, "number" | "state">): Retired | undefined {
    const number = this.#number + 1;
    const slot = number % this.#ring;
    const retired = this.#retire(slot);
    const floor = Math.max(retired?.seq ?? 0, this.#floor);
    this.#sql.exec(
      `INSERT OR REPLACE INTO notification (slot, number, seq, id, topic, expires_at, body, retired, state)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)`,
      ...[slot, number, row.seq, row.id, row.topic, row.expiresAt, row.body, floor],
    );
    this.#number = number;
    this.#seq = row.seq;
    this.#floor = floor;
    return retired;
  }

  /** Those with a `seq` above `after`, oldest first, read as they are taken. */
  *ascending(after: number): Generator<NotificationRow> {
    yield* this.#span(this.#lastUpTo(after), this.#number, "ASC");
  }

  /** Those with a `seq` below `before`, newest first. */
  *descending(before: number): Generator<NotificationRow> {
    yield* this.#span(this.#oldest() - 1, this.#lastUpTo(before - 1), "DESC");
  }

  *#span(after: number, upTo: number, order: "ASC" | "DESC"): Generator<NotificationRow> {
    const ranges = ringRanges(after, upTo, this.#ring);
    if (order === "DESC") ranges.reverse();
    const query = `SELECT ${COLUMNS} FROM notification WHERE slot BETWEEN ? AND ? ORDER BY slot ${order}`;
    for (const { from, to } of ranges) {
      for (const { expires_at, state, ...row } of this.#sql.exec<Row>(query, from, to)) {
        yield { ...row, expiresAt: expires_at, state: stateAt(state) };
      }
    }
  }

  #retire(slot: number): Retired | undefined {
    const query = "SELECT seq, state, expires_at FROM notification WHERE slot = ?";
    const row = firstRow(
      this.#sql.exec<{ seq: number; state: number; expires_at: number | null }>(query, slot),
    );
    if (row === undefined) return undefined;
    return { seq: row.seq, state: stateAt(row.state), expiresAt: row.expires_at };
  }

  #oldest(): number {
    return Math.max(0, this.#number - this.#ring + 1);
  }

  #seqAt(slot: number): number | undefined {
    return firstRow(this.#sql.exec<{ seq: number }>("SELECT seq FROM notification WHERE slot = ?", slot))
      ?.seq;
  }

  /** The number of the last notification with a `seq` up to `seq`; one before the oldest if there is none. */
  #lastUpTo(seq: number): number {
    let low = this.#oldest() - 1;
    let high = this.#number;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#seqAt(middle % this.#ring) ?? 0) <= seq) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Numbers rise from slot 0 to the newest, and go on behind it with the oldest: the turn is found by halving. */
  #findNewest(ring: number): void {
    const at = (slot: number) =>
      firstRow(
        this.#sql.exec<{ number: number; seq: number; retired: number }>(
          "SELECT number, seq, retired FROM notification WHERE slot = ?",
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
    this.#seq = newest.seq;
    this.#floor = Math.max(this.#floor, newest.retired);
  }

  /** Another `INBOX_LIMIT`: what is left moves to its slot in the new ring, numbered from 0, once. */
  #layAnew({ sql, transaction }: Database): void {
    // Before rows go that were the last to know of a mark.
    const head = this.findHead();
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
                expires_at, body, 0, state, changed, changed_at FROM moved`,
      );
      sql.exec("DROP TABLE moved");
      sql.exec("UPDATE inbox_state SET ring = ?, floor = ?, head = ?", this.#ring, this.#floor, head);
    });
    this.#findNewest(this.#ring);
  }
}
