// All the SQL of an inbox. Notifications are numbered from 0 without a hole, and stand at that number modulo the
// ring: a new one replaces the row that it retires. Their `seq` rises too, but marks take some of it.

import { migrate } from "../platform/migrate.ts";
import { ringRanges } from "../platform/ring.ts";
import { type Database, firstRow, type Sql } from "../platform/sql.ts";
import { NOTIFICATION_STATES, type NotificationState } from "../protocol/index.ts";

const MIGRATIONS = [
  [
    `CREATE TABLE inbox_state (
       id INTEGER PRIMARY KEY CHECK (id = 1),
       epoch TEXT NOT NULL,
       ring INTEGER NOT NULL,
       floor INTEGER NOT NULL
     )`,
    // The last mark of everything up to a `seq`: one row a state.
    `CREATE TABLE watermark (
       state INTEGER PRIMARY KEY,
       up_to INTEGER NOT NULL,
       seq INTEGER NOT NULL,
       at INTEGER NOT NULL
     )`,
    `CREATE TABLE notification (
       slot INTEGER PRIMARY KEY,
       number INTEGER NOT NULL,
       seq INTEGER NOT NULL,
       id TEXT NOT NULL,
       topic TEXT,
       expires_at INTEGER,
       body TEXT NOT NULL,
       retired INTEGER NOT NULL,
       state INTEGER NOT NULL,
       changed INTEGER,
       changed_at INTEGER
     )`,
    "CREATE UNIQUE INDEX notification_id ON notification (id)",
    "CREATE INDEX notification_changed ON notification (changed) WHERE changed IS NOT NULL",
  ],
];

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

export interface Watermark {
  readonly state: NotificationState;
  readonly upTo: number;
  /** Of the mark itself. */
  readonly seq: number;
  readonly at: number;
}

/** Marks of single notifications that were made at once. */
export interface MarkedIds {
  readonly state: NotificationState;
  readonly ids: readonly string[];
  readonly seq: number;
  readonly at: number;
}

type Row = {
  number: number;
  seq: number;
  id: string;
  topic: string | null;
  expires_at: number | null;
  body: string;
  state: number;
};

const rank = (state: NotificationState): number => NOTIFICATION_STATES.indexOf(state);
const stateAt = (position: number): NotificationState => NOTIFICATION_STATES[position] ?? "archived";

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
    migrate(database, MIGRATIONS);
    const stored = firstRow(
      this.#sql.exec<{ epoch: string; ring: number; floor: number }>(
        "SELECT epoch, ring, floor FROM inbox_state",
      ),
    );
    if (stored === undefined) this.#sql.exec("INSERT INTO inbox_state VALUES (1, ?, ?, 0)", newEpoch, ring);
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
      this.#sql.exec<{ changed: number | null; mark: number | null }>(
        `SELECT (SELECT MAX(changed) FROM notification WHERE changed IS NOT NULL) AS changed,
                (SELECT MAX(seq) FROM watermark) AS mark`,
      ),
    );
    return Math.max(this.#seq, marked?.changed ?? 0, marked?.mark ?? 0);
  }

  findId(id: string): number | undefined {
    return firstRow(this.#sql.exec<{ seq: number }>("SELECT seq FROM notification WHERE id = ?", id))?.seq;
  }

  append(row: Omit<NotificationRow, "number" | "state">): void {
    const number = this.#number + 1;
    const slot = number % this.#ring;
    const retired = this.#seqAt(slot) ?? 0;
    this.#sql.exec(
      `INSERT OR REPLACE INTO notification (slot, number, seq, id, topic, expires_at, body, retired, state)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)`,
      ...[slot, number, row.seq, row.id, row.topic, row.expiresAt, row.body, Math.max(retired, this.#floor)],
    );
    this.#number = number;
    this.#seq = row.seq;
    this.#floor = Math.max(retired, this.#floor);
  }

  /** Those with a `seq` above `after`, oldest first, read as they are taken. */
  *ascending(after: number): Generator<NotificationRow> {
    yield* this.#span(this.#lastUpTo(after), this.#number, "ASC");
  }

  /** Those with a `seq` below `before`, newest first. */
  *descending(before: number): Generator<NotificationRow> {
    yield* this.#span(this.#oldest() - 1, this.#lastUpTo(before - 1), "DESC");
  }

  /** How many are neither read nor archived nor expired, above `after`; and when the next of them expires. */
  countUnread(after: number, now: number): { count: number; nextExpiry: number | null } {
    const row = firstRow(
      this.#sql.exec<{ count: number; next: number | null }>(
        `SELECT COUNT(*) AS count, MIN(expires_at) AS next FROM notification
         WHERE seq > ? AND state < ? AND (expires_at IS NULL OR expires_at > ?)`,
        ...[after, rank("read"), now],
      ),
    );
    return { count: row?.count ?? 0, nextExpiry: row?.next ?? null };
  }

  /** Moves those of `ids` forward that are not there yet, and answers which. `above`: the rest is marked already. */
  markIds(
    ids: readonly string[],
    mark: { state: NotificationState; seq: number; at: number; above: number },
  ): string[] {
    const changed = this.#sql.exec<{ id: string }>(
      `UPDATE notification SET state = ?, changed = ?, changed_at = ?
       WHERE id IN (SELECT value FROM json_each(?)) AND state < ? AND seq > ?
         AND (expires_at IS NULL OR expires_at > ?) RETURNING id`,
      ...[rank(mark.state), mark.seq, mark.at, JSON.stringify(ids), rank(mark.state), mark.above, mark.at],
    );
    return Array.from(changed, ({ id }) => id);
  }

  /** Whether `mark` would change anything above `above`. */
  wouldChange({ state, upTo, at }: Watermark, above: number): boolean {
    const query = `SELECT 1 FROM notification WHERE seq > ? AND seq <= ? AND state < ?
                   AND (expires_at IS NULL OR expires_at > ?) LIMIT 1`;
    return firstRow(this.#sql.exec(query, above, upTo, rank(state), at)) !== undefined;
  }

  markUpTo({ state, upTo, seq, at }: Watermark): void {
    this.#sql.exec("INSERT OR REPLACE INTO watermark VALUES (?, ?, ?, ?)", rank(state), upTo, seq, at);
  }

  watermarks(): Watermark[] {
    const rows = this.#sql.exec<{ state: number; up_to: number; seq: number; at: number }>(
      "SELECT * FROM watermark",
    );
    return Array.from(rows, ({ state, up_to, seq, at }) => ({ state: stateAt(state), upTo: up_to, seq, at }));
  }

  /** Marks made after `after` of notifications that are not after it. */
  marksAfter(after: number): MarkedIds[] {
    const rows = this.#sql.exec<{ id: string; state: number; changed: number; changed_at: number }>(
      "SELECT id, state, changed, changed_at FROM notification WHERE changed > ? AND seq <= ? ORDER BY changed",
      ...[after, after],
    );
    const marks = new Map<number, { state: NotificationState; ids: string[]; seq: number; at: number }>();
    for (const { id, state, changed, changed_at } of rows) {
      const mark = marks.get(changed);
      if (mark === undefined)
        marks.set(changed, { state: stateAt(state), ids: [id], seq: changed, at: changed_at });
      else mark.ids.push(id);
    }
    return [...marks.values()];
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
      sql.exec("UPDATE inbox_state SET ring = ?, floor = ?", this.#ring, this.#floor);
    });
    this.#findNewest(this.#ring);
  }
}
