// All the SQL of a log. One row a message: the slot of a row is its `seq` modulo the ring, so a new message
// replaces the row that it retires. Changes take a `seq` but no row, so some rows outlive their turn: every read
// filters by `seq`.

import { ringRanges } from "../platform/ring.ts";
import { type Database, firstRow, inParts, type Sql, type SqlRow } from "../platform/sql.ts";
import type { IdRecord, Speaker, StoredAt } from "./recent-ids.ts";
import { LOG_TABLE, VOICES } from "./room-schema.ts";

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
  /** User id, or "" for server code in its own name. */
  readonly author: string;
  readonly byServer: boolean;
  readonly id: string;
  readonly at: number;
  /** The whole message as it goes over the wire. */
  readonly body: string;
  /** Its id was given over HTTP: remembered as long as the log reaches back. */
  readonly keyed: boolean;
}

/** What a change leaves in the row of its message. */
export interface StoredChange {
  readonly target: number;
  readonly body: string;
  readonly seq: number;
  readonly at: number;
  /** User id; `null` is server code. */
  readonly by: string | null;
  readonly deleted: boolean;
}

export type BodyRow = { seq: number; event: string; body: string };
export type TargetRow = BodyRow & { author: string; voice: number | null; deleted: number | null };
export type ChangedRow = BodyRow & {
  changed: number;
  changed_at: number;
  changed_by: string | null;
  deleted: number | null;
};
type AuthorRow = { seq: number; author: string; at: number };
type LatestRow = { seq: number; author: string; deleted: number | null };
type IdRow = { seq: number; author: string; id: string; at: number; voice: number | null };
type StateRow = { epoch: string; created_at: number; ring: number; floor: number; checkpoint: number };

export class LogStore {
  readonly #sql: Sql;
  readonly #transaction: Database["transaction"];
  #ring: number;
  #checkpoint = 0;

  constructor({ sql, transaction }: Database, ring: number) {
    this.#sql = sql;
    this.#transaction = transaction;
    this.#ring = ring;
  }

  /** Reads where the log stands. A log that is not there yet begins with `epoch`. */
  open(epoch: string, now: number): LogState {
    const row = firstRow(
      this.#sql.exec<StateRow>("SELECT epoch, created_at, ring, floor, checkpoint FROM room"),
    );
    if (row === undefined) {
      this.#sql.exec(
        "INSERT INTO room (id, epoch, created_at, ring, floor, checkpoint) VALUES (1, ?, ?, ?, 0, 0)",
        ...[epoch, now, this.#ring],
      );
      return { epoch, createdAt: now, head: 0, floor: 0 };
    }
    const head = this.#findHead(row);
    this.#checkpoint = row.checkpoint;
    // `floor` never falls: a larger ring cannot bring back what a smaller one has dropped.
    const floor = Math.max(row.floor, head - Math.min(row.ring, this.#ring));
    if (row.ring !== this.#ring) this.layAnew(this.#ring, head, floor);
    return { epoch: row.epoch, createdAt: row.created_at, head, floor };
  }

  /** Nothing of the log is left. To drop a table writes no rows, to delete from it one each. */
  purge(epoch: string): void {
    this.#transaction(() => {
      this.#sql.exec("DROP TABLE log");
      for (const statement of LOG_TABLE) this.#sql.exec(statement);
      this.#sql.exec("UPDATE room SET epoch = ?, floor = 0, checkpoint = 0", epoch);
    });
    this.#checkpoint = 0;
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
      if (checkpoint) this.#sql.exec("UPDATE room SET checkpoint = ?", message.seq);
    });
    if (checkpoint) this.#checkpoint = message.seq;
  }

  change({ target, body, seq, at, by, deleted }: StoredChange): void {
    this.#sql.exec(
      `UPDATE log SET body = ?, changed = ?, changed_at = ?, changed_by = ?, deleted = ?
       WHERE slot = ? AND seq = ?`,
      ...[body, seq, at, by, deleted ? 1 : null, target % this.#ring, target],
    );
  }

  /** Not `INSERT OR REPLACE`, which would also delete another message of the same key, in whatever slot. */
  #insert(message: StoredMessage): void {
    const { seq, event, author, id, at, body } = message;
    this.#sql.exec(
      `INSERT INTO log (slot, seq, event, author, id, at, body, voice) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (slot) DO UPDATE SET seq = excluded.seq, event = excluded.event, author = excluded.author,
         id = excluded.id, at = excluded.at, body = excluded.body, voice = excluded.voice, changed = NULL,
         deleted = NULL`,
      ...[seq % this.#ring, seq, event, author, id, at, body, voiceOf(message)],
    );
  }

  /** A row that outlived its turn may hold the key still. */
  #freeKey(message: StoredMessage): void {
    const { author, id } = message;
    const free = voiceOf({ ...message, keyed: false });
    this.#sql.exec(`UPDATE log SET voice = ? WHERE ${KEYED}`, free, author, id, voiceOf(message));
  }

  find(seq: number): TargetRow | undefined {
    const query = "SELECT seq, event, author, voice, body, deleted FROM log WHERE slot = ? AND seq = ?";
    return firstRow(this.#sql.exec<TargetRow>(query, seq % this.#ring, seq));
  }

  /** Messages with `after` < seq ≤ `upTo`, ascending, read as they are taken. The span fits the ring. */
  ascending(after: number, upTo: number, wanted?: number): Generator<BodyRow> {
    return this.#span<BodyRow>("seq, event, body", after, upTo, "ASC", { wanted });
  }

  descending(after: number, upTo: number, wanted?: number): Generator<BodyRow> {
    return this.#span<BodyRow>("seq, event, body", after, upTo, "DESC", { wanted });
  }

  /** Those with `floor` < seq ≤ `upTo` that changed after `upTo`, in the order of their last changes. */
  changedAfter(upTo: number, floor: number): Iterable<ChangedRow> {
    const query = `SELECT seq, event, body, changed, changed_at, changed_by, deleted FROM log
      WHERE changed > ? AND seq > ? AND seq <= ? ORDER BY changed LIMIT ?`;
    return inParts((last, limit) =>
      this.#sql.exec<ChangedRow>(query, last?.changed ?? upTo, floor, upTo, limit),
    );
  }

  *ids(after: number, upTo: number): Generator<IdRecord> {
    for (const row of this.#span<IdRow>("seq, author, id, at, voice", after, upTo, "ASC"))
      yield { ...row, byServer: isByServer(row) };
  }

  /** Newest first. */
  authors(after: number, upTo: number): Generator<AuthorRow> {
    return this.#span<AuthorRow>("seq, author, at", after, upTo, "DESC");
  }

  /** Newest first, as `authors`, with those that are deleted marked. */
  latestAuthors(after: number, upTo: number): Generator<LatestRow> {
    return this.#span<LatestRow>("seq, author, deleted", after, upTo, "DESC");
  }

  keyed(speaker: Speaker, id: string, floor: number): StoredAt | undefined {
    const query = `SELECT seq, at FROM log WHERE ${KEYED} AND seq > ?`;
    const voice = voiceOf({ ...speaker, keyed: true });
    return firstRow(this.#sql.exec<{ seq: number; at: number }>(query, speaker.author, id, voice, floor));
  }

  /** How many with `after` < seq ≤ `upTo` are neither deleted nor of `author`, counted to at most `max`. */
  countOthers(after: number, upTo: number, author: string, max: number): number {
    const query = `SELECT COUNT(*) AS count FROM (
      SELECT 1 FROM log WHERE slot BETWEEN ? AND ? AND seq > ? AND seq <= ? AND author <> ? AND deleted IS NULL LIMIT ?)`;
    let count = 0;
    for (const { from, to } of ringRanges(after, upTo, this.#ring)) {
      const row = firstRow(
        this.#sql.exec<{ count: number }>(query, from, to, after, upTo, author, max - count),
      );
      count += row?.count ?? 0;
    }
    return count;
  }

  *#span<Row extends SqlRow & { seq: number }>(
    columns: string,
    after: number,
    upTo: number,
    order: "ASC" | "DESC",
    { ring = this.#ring, wanted }: { readonly ring?: number; readonly wanted?: number | undefined } = {},
  ): Generator<Row> {
    const ranges = ringRanges(after, upTo, ring);
    if (order === "DESC") ranges.reverse();
    const query = `SELECT ${columns} FROM log WHERE slot BETWEEN ? AND ? AND seq > ? AND seq <= ?
      ORDER BY slot ${order} LIMIT ?`;
    let given = 0;
    for (const { from, to } of ranges) {
      const read = (last: Row | undefined, limit: number) => {
        const slot = last && last.seq % ring;
        const first = slot === undefined || order === "DESC" ? from : slot + 1;
        const end = slot === undefined || order === "ASC" ? to : slot - 1;
        return this.#sql.exec<Row>(query, first, end, after, upTo, limit);
      };
      for (const row of inParts(read, wanted && wanted - given)) {
        given++;
        yield row;
      }
    }
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
        : this.#span<{ seq: number }>("seq", checkpoint, upTo, "ASC", { ring });
    for (const { seq } of since) head = Math.max(head, seq);
    return head;
  }

  /** For another size of the ring: every row that is left moves to its new slot, once. */
  layAnew(ring: number, head: number, floor: number, along = () => {}): void {
    this.#transaction(() => {
      this.#sql.exec("CREATE TABLE moved AS SELECT * FROM log WHERE seq > ?", floor);
      this.#sql.exec("DELETE FROM log");
      this.#sql.exec("UPDATE moved SET slot = seq % ?", ring);
      this.#sql.exec("INSERT INTO log SELECT * FROM moved");
      this.#sql.exec("DROP TABLE moved");
      this.#sql.exec("UPDATE room SET ring = ?, floor = ?, checkpoint = ?", ring, floor, head);
      along();
    });
    this.#ring = ring;
    this.#checkpoint = head;
  }
}

/** Only server code in its own name has no author. */
export const isByServer = ({
  author,
  voice,
}: {
  readonly author: string;
  readonly voice: number | null;
}): boolean => author === "" || voice === VOICES.keyedByServer || voice === VOICES.byServer;

/** The bound stands as in the index, which is of some rows only and found by nothing else. */
const KEYED = "author = ? AND id = ? AND voice = ? AND voice <= 2";

function voiceOf({ author, byServer, keyed }: Speaker & { readonly keyed: boolean }): number | null {
  if (!byServer || author === "") return keyed ? VOICES.keyed : null;
  return keyed ? VOICES.keyedByServer : VOICES.byServer;
}
