// All the SQL of a room. One row a message: the slot of a row is its `seq` modulo the ring, so a new message
// replaces the row that it retires. Changes take a `seq` but no row, so some rows outlive their turn: every read
// filters by `seq`.

import { migrate } from "../platform/migrate.ts";
import { ringRanges } from "../platform/ring.ts";
import { type Database, firstRow, type Sql, type SqlRow } from "../platform/sql.ts";

const MIGRATIONS = [
  [
    `CREATE TABLE log_state (
       id INTEGER PRIMARY KEY CHECK (id = 1),
       epoch TEXT NOT NULL,
       created_at INTEGER NOT NULL,
       ring INTEGER NOT NULL,
       floor INTEGER NOT NULL,
       checkpoint INTEGER NOT NULL
     )`,
    `CREATE TABLE log (
       slot INTEGER PRIMARY KEY,
       seq INTEGER NOT NULL,
       event TEXT NOT NULL,
       author TEXT NOT NULL,
       id TEXT NOT NULL,
       at INTEGER NOT NULL,
       body TEXT NOT NULL,
       keyed INTEGER,
       changed INTEGER
     )`,
    // Partial: rows outside the predicate cost nothing more.
    "CREATE UNIQUE INDEX log_keyed ON log (author, id) WHERE keyed = 1",
    "CREATE INDEX log_changed ON log (changed) WHERE changed IS NOT NULL",
  ],
];

/** `head` is found again after a sleep by looking this far past the checkpoint, which costs one more row in 256. */
const CHECKPOINT_EVERY = 256;

export interface LogState {
  readonly epoch: string;
  readonly createdAt: number;
  readonly head: number;
  readonly floor: number;
}

export interface StoredMessage {
  readonly seq: number;
  readonly event: string;
  /** User id, or "" for server code. */
  readonly author: string;
  readonly id: string;
  readonly at: number;
  /** The whole message as it goes over the wire. */
  readonly body: string;
  /** Its id was given over HTTP: remembered as long as the log reaches back. */
  readonly keyed: boolean;
}

type BodyRow = { seq: number; event: string; body: string };
type IdRow = { seq: number; author: string; id: string; at: number };
type StateRow = { epoch: string; created_at: number; ring: number; floor: number; checkpoint: number };

export class LogStore {
  readonly #sql: Sql;
  readonly #transaction: Database["transaction"];
  readonly #ring: number;
  #checkpoint = 0;

  constructor(database: Database, ring: number) {
    this.#sql = database.sql;
    this.#transaction = database.transaction;
    this.#ring = ring;
    migrate(database, MIGRATIONS);
  }

  /** Reads where the log stands. A log that is not there yet begins with `epoch`. */
  open(epoch: string, now: number): LogState {
    const row = firstRow(this.#sql.exec<StateRow>("SELECT * FROM log_state"));
    if (row === undefined) {
      this.#sql.exec("INSERT INTO log_state VALUES (1, ?, ?, ?, 0, 0)", epoch, now, this.#ring);
      return { epoch, createdAt: now, head: 0, floor: 0 };
    }
    const head = this.#findHead(row);
    this.#checkpoint = row.checkpoint;
    // `floor` never falls: a larger ring cannot bring back what a smaller one has dropped.
    const floor = Math.max(row.floor, head - Math.min(row.ring, this.#ring));
    if (row.ring !== this.#ring) {
      this.#layAnew(head, floor);
      this.#checkpoint = head;
    }
    return { epoch: row.epoch, createdAt: row.created_at, head, floor };
  }

  append(message: StoredMessage): void {
    const checkpoint = message.seq - this.#checkpoint >= CHECKPOINT_EVERY;
    if (!checkpoint && !message.keyed) {
      this.#insert(message);
      return;
    }
    this.#transaction(() => {
      if (message.keyed) this.#freeKey(message);
      this.#insert(message);
      if (checkpoint) this.#sql.exec("UPDATE log_state SET checkpoint = ?", message.seq);
    });
    if (checkpoint) this.#checkpoint = message.seq;
  }

  /** Not `INSERT OR REPLACE`, which would also delete another message of the same key, in whatever slot. */
  #insert({ seq, event, author, id, at, body, keyed }: StoredMessage): void {
    this.#sql.exec(
      `INSERT INTO log (slot, seq, event, author, id, at, body, keyed) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (slot) DO UPDATE SET seq = excluded.seq, event = excluded.event, author = excluded.author,
         id = excluded.id, at = excluded.at, body = excluded.body, keyed = excluded.keyed, changed = NULL`,
      ...[seq % this.#ring, seq, event, author, id, at, body, keyed ? 1 : null],
    );
  }

  /** A row that outlived its turn may hold the key still. */
  #freeKey({ author, id }: StoredMessage): void {
    this.#sql.exec("UPDATE log SET keyed = NULL WHERE author = ? AND id = ? AND keyed = 1", author, id);
  }

  isMessage(seq: number): boolean {
    return (
      firstRow(this.#sql.exec("SELECT 1 FROM log WHERE slot = ? AND seq = ?", seq % this.#ring, seq)) !==
      undefined
    );
  }

  /** Messages with `after` < seq ≤ `upTo`, ascending, read as they are taken. The span fits the ring. */
  *ascending(after: number, upTo: number): Generator<BodyRow> {
    yield* this.#span<BodyRow>("seq, event, body", after, upTo, "ASC");
  }

  *descending(after: number, upTo: number): Generator<BodyRow> {
    yield* this.#span<BodyRow>("seq, event, body", after, upTo, "DESC");
  }

  *ids(after: number, upTo: number): Generator<IdRow> {
    yield* this.#span<IdRow>("seq, author, id, at", after, upTo, "ASC");
  }

  keyed(author: string, id: string, floor: number): IdRow | undefined {
    const query = "SELECT seq, author, id, at FROM log WHERE author = ? AND id = ? AND keyed = 1 AND seq > ?";
    return firstRow(this.#sql.exec<IdRow>(query, author, id, floor));
  }

  *#span<Row extends SqlRow>(
    columns: string,
    after: number,
    upTo: number,
    order: "ASC" | "DESC",
    ring = this.#ring,
  ): Generator<Row> {
    const ranges = ringRanges(after, upTo, ring);
    if (order === "DESC") ranges.reverse();
    const query = `SELECT ${columns} FROM log WHERE slot BETWEEN ? AND ? AND seq > ? AND seq <= ? ORDER BY slot ${order}`;
    for (const { from, to } of ranges) yield* this.#sql.exec<Row>(query, from, to, after, upTo);
  }

  /** The last `seq` given: of a checkpoint, of a change, or of a message since the checkpoint. */
  #findHead({ ring, checkpoint }: StateRow): number {
    const changed = firstRow(
      this.#sql.exec<{ head: number | null }>(
        "SELECT MAX(changed) AS head FROM log WHERE changed IS NOT NULL",
      ),
    );
    let head = Math.max(checkpoint, changed?.head ?? 0);
    const upTo = checkpoint + CHECKPOINT_EVERY;
    const since =
      ring <= CHECKPOINT_EVERY
        ? this.#sql.exec<{ seq: number }>("SELECT seq FROM log WHERE seq > ?", checkpoint)
        : this.#span<{ seq: number }>("seq", checkpoint, upTo, "ASC", ring);
    for (const { seq } of since) head = Math.max(head, seq);
    return head;
  }

  /** Another `HISTORY_LIMIT`: every row that is left moves to its slot in the new ring, once. */
  #layAnew(head: number, floor: number): void {
    this.#transaction(() => {
      this.#sql.exec("CREATE TABLE moved AS SELECT * FROM log WHERE seq > ?", floor);
      this.#sql.exec("DELETE FROM log");
      this.#sql.exec(
        `INSERT INTO log (slot, seq, event, author, id, at, body, keyed, changed)
         SELECT seq % ?, seq, event, author, id, at, body, keyed, changed FROM moved`,
        this.#ring,
      );
      this.#sql.exec("DROP TABLE moved");
      this.#sql.exec("UPDATE log_state SET ring = ?, floor = ?, checkpoint = ?", this.#ring, floor, head);
    });
  }
}
