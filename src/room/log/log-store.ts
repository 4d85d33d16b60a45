// The SQL of a log. One row a message: a new message replaces the row that it retires (`log-ring.ts`). Changes take a `seq`
// but no row, so they retire nothing.

import { type Database, firstRow, readInPages, type Sql, type SqlRow } from "../../object/storage/sql.ts";
import { abandonImport } from "./abandon-import.ts";
import { ExpiringStore } from "./expiring-store.ts";
import { type Aged, LogRing } from "./log-ring.ts";
import type {
  AuthorRow,
  BodyRow,
  ChangedRow,
  ChangerRow,
  IdRow,
  LatestRow,
  StateRow,
  StoredChange,
  StoredMessage,
  TargetRow,
  WholeRow,
} from "./log-rows.ts";
import { decodeMessage } from "./message-body.ts";
import type { IdRecord, Speaker, StoredAt } from "./recent-ids.ts";
import { LOG_TABLE, TIMED, VOICES } from "./room-schema.ts";

export interface LogState {
  readonly epoch: string;
  readonly createdAt: number;
  readonly head: number;
}

/** Messages with `after` < seq ≤ `upTo`. */
interface Span {
  readonly after: number;
  readonly upTo: number;
}

export class LogStore {
  readonly #sql: Sql;
  readonly #transaction: Database["transaction"];
  readonly #ring: LogRing;
  /** Messages that the room deletes at a time. */
  readonly expiring: ExpiringStore;
  /** A sum of `TIMED`; of `scheduled` as it was at the start. */
  #timed = 0;
  /** How many messages the room has ever stored. */
  #messages = 0;

  /** `historyLimit` is how many messages are kept. */
  constructor({ sql, transaction }: Database, historyLimit: number) {
    this.#sql = sql;
    this.#transaction = transaction;
    this.#ring = new LogRing(sql, historyLimit);
    this.expiring = new ExpiringStore({ sql, transaction });
  }

  /** The `seq` just under the oldest message that is held; 0 if none was removed. */
  get floor(): number {
    return this.#ring.floor;
  }

  /** The `seq` of the message that the next one retires; `undefined`: none. */
  get nextRetired(): number | undefined {
    return this.#ring.count < this.#ring.size ? undefined : this.#ring.floor + 1;
  }

  /** Whether a message was ever scheduled here, as the object found it at its start. */
  get hasScheduled(): boolean {
    return (this.#timed & TIMED.scheduled) !== 0;
  }

  /** How many messages the room has ever stored, also in logs that were purged. */
  get messages(): number {
    return this.#messages;
  }

  /** Writes the state of a new log. */
  static begin({ sql }: Database, { epoch, ring, now }: { epoch: string; ring: number; now: number }): void {
    sql.exec("INSERT INTO room (id, epoch, created_at, ring, head) VALUES (1, ?, ?, ?, 0)", epoch, now, ring);
  }

  /** Reads the state of the log. A log that does not exist yet will begin with `epoch`. */
  open(epoch: string, now: number): LogState {
    const row = firstRow(
      this.#sql.exec<StateRow>("SELECT epoch, created_at, ring, head, messages, importing, timed FROM room"),
    );
    if (row === undefined) return { epoch, createdAt: now, head: 0 };
    this.#timed = row.timed ?? 0;
    if ((this.#timed & TIMED.expiring) !== 0) this.expiring.isMade();
    // The object died while a log was imported.
    if (row.importing !== null) abandonImport({ sql: this.#sql, transaction: this.#transaction });
    const { size } = this.#ring;
    const found = this.#ring.find(row.ring);
    this.#messages = found ?? row.messages;
    const head = this.#findHead(row);
    // All were removed for their age, or there was none yet.
    if (found === undefined) this.#ring.reset(head);
    if (row.ring !== size) this.rebuildRing(size, head);
    return { epoch: row.epoch, createdAt: row.created_at, head };
  }

  /** Deletes the log. Dropping the table writes no rows; deleting would write one for each. */
  purge(epoch: string): void {
    this.#transaction(() => {
      this.#sql.exec("DROP TABLE log");
      for (const statement of LOG_TABLE) this.#sql.exec(statement);
      this.expiring.clear();
      this.#sql.exec(
        "UPDATE room SET epoch = ?, head = 0, messages = ?, silences = NULL",
        epoch,
        this.#messages,
      );
    });
    this.#ring.reset(0);
  }

  append(message: StoredMessage): void {
    const { seq, expiresAt } = message;
    // No message of the room expires: one row, and nothing is read.
    if (expiresAt === undefined && this.expiresNext === null) this.#insert(message);
    else {
      if (expiresAt !== undefined) this.#makeExpiring();
      this.#transaction(() => {
        this.#forgetExpiryOfRetired();
        if (expiresAt !== undefined) this.expiring.add(expiresAt, seq);
        this.#insert(message);
      });
    }
    this.#ring.appended(seq);
    this.#messages += 1;
  }

  /** When the first message expires, in milliseconds; `null`: none does. */
  get expiresNext(): number | null {
    return (this.#timed & TIMED.expiring) === 0 ? null : this.expiring.next;
  }

  #makeExpiring(): void {
    this.expiring.make();
    this.#timed |= TIMED.expiring;
  }

  /** The message that the next one retires need not be deleted any more. */
  #forgetExpiryOfRetired(): void {
    if (this.#ring.count < this.#ring.size || this.expiresNext === null) return;
    const query = "SELECT seq, body FROM log WHERE slot = ?";
    const retired = firstRow(this.#sql.exec<{ seq: number; body: string }>(query, this.#ring.nextSlot));
    const expiresAt = retired && decodeMessage(retired.body).meta.expiresAt;
    if (expiresAt !== undefined) this.expiring.remove(expiresAt, retired?.seq ?? 0);
  }

  /** Not `INSERT OR REPLACE`: that would also delete another message with the same key, in another slot. */
  #insert(message: StoredMessage): void {
    const { seq, event, author, id, at, body, open } = message;
    this.#sql.exec(
      `INSERT INTO log (slot, seq, event, author, id, at, body, voice, number, open)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (slot) DO UPDATE SET seq = excluded.seq, event = excluded.event, author = excluded.author,
         id = excluded.id, at = excluded.at, body = excluded.body, voice = excluded.voice, changed = NULL,
         deleted = NULL, number = excluded.number, open = excluded.open`,
      this.#ring.nextSlot,
      seq,
      event,
      author,
      id,
      at,
      body,
      voiceOf(message),
      this.#messages + 1,
      open.length === 0 ? null : JSON.stringify(open),
    );
  }

  change(change: StoredChange): void {
    const { target, expiresAt, deleted } = change;
    if (!deleted || expiresAt === undefined) this.#update(change);
    else
      this.#transaction(() => {
        this.expiring.remove(expiresAt, target);
        this.#update(change);
      });
  }

  #update({ target, slot, body, seq, at, by, deleted }: StoredChange): void {
    this.#sql.exec(
      `UPDATE log SET body = ?, changed = ?, changed_at = ?, changed_by = ?, deleted = ?
       WHERE slot = ? AND seq = ?`,
      body,
      seq,
      at,
      by,
      deleted ? 1 : null,
      slot,
      target,
    );
  }

  /** Writes the body of a message that is not changed: a checkpoint of an open one. */
  rewrite({ slot, seq }: { readonly slot: number; readonly seq: number }, body: string): void {
    this.#sql.exec("UPDATE log SET body = ? WHERE slot = ? AND seq = ?", body, slot, seq);
  }

  /** The messages that were open when the newest one was stored, before the start. */
  get openAtNewest(): readonly number[] {
    return this.#ring.openAtNewest;
  }

  /** As `writeSilences` wrote them last. */
  silences(): Readonly<Record<string, number>> {
    const row = firstRow(this.#sql.exec<{ silences: string | null }>("SELECT silences FROM room"));
    return row?.silences == null ? {} : JSON.parse(row.silences);
  }

  writeSilences(silences: ReadonlyMap<number, number>): void {
    const json = silences.size === 0 ? null : JSON.stringify(Object.fromEntries(silences));
    this.#sql.exec("UPDATE room SET silences = ?", json);
  }

  find(seq: number): TargetRow | undefined {
    const slot = this.#ring.slotOf(this.#ring.lastUpTo(seq));
    const query = "SELECT slot, seq, event, author, voice, body, deleted FROM log WHERE slot = ? AND seq = ?";
    return firstRow(this.#sql.exec<TargetRow>(query, slot, seq));
  }

  /** Messages with `after` < seq ≤ `upTo`, ascending, read while iterating. */
  ascending(after: number, upTo: number, wanted?: number): Generator<BodyRow> {
    return this.#span<BodyRow>("seq, event, body", { after, upTo }, "ASC", wanted);
  }

  /** As `ascending`, with all that an export has of a message. */
  whole(after: number, upTo: number, wanted?: number): Generator<WholeRow> {
    return this.#span<WholeRow>(WHOLE, { after, upTo }, "ASC", wanted);
  }

  /** The messages of `author` after `after`, ascending, read while iterating. */
  *ofAuthor(author: string, after: number): Generator<BodyRow> {
    const query =
      "SELECT slot, seq, event, body FROM log WHERE slot BETWEEN ? AND ? AND author = ? ORDER BY slot LIMIT ?";
    for (const { from, to } of this.#ring.slots(after, this.#ring.newestSeq))
      yield* readInPages<BodyRow & { slot: number }>((last, limit) =>
        this.#sql.exec(query, last === undefined ? from : last.slot + 1, to, author, limit),
      );
  }

  /**
   * The first `limit` messages after `after`, ascending, of which something may have to be erased with `author`: what they
   * said up to `until` (ms), and what they may have reacted to.
   */
  touchedBy(author: string, until: number, after: number, limit: number): number[] {
    const query = `SELECT seq FROM log WHERE slot BETWEEN ? AND ? AND (
        (author = ? AND at <= ? AND (deleted IS NULL OR instr(body, '"name":') > 0))
        OR (changed IS NOT NULL AND deleted IS NULL AND instr(body, ?) > 0)
      ) ORDER BY slot LIMIT ?`;
    const seqs: number[] = [];
    for (const { from, to } of this.#ring.slots(after, this.#ring.newestSeq)) {
      const rest = limit - seqs.length;
      if (rest <= 0) break;
      const bindings = [from, to, author, until, JSON.stringify(author), rest];
      for (const { seq } of this.#sql.exec<{ seq: number }>(query, ...bindings)) seqs.push(seq);
    }
    return seqs;
  }

  /** Whether the log has a message of `author` from after `at` (ms). */
  hasSince(author: string, at: number): boolean {
    const query = "SELECT 1 FROM log WHERE author = ? AND at > ? LIMIT 1";
    return firstRow(this.#sql.exec(query, author, at)) !== undefined;
  }

  /** Messages with seq ≤ `upTo`, newest first, read while iterating. */
  descending(upTo: number, wanted?: number): Generator<BodyRow> {
    return this.#span<BodyRow>("seq, event, body", { after: 0, upTo }, "DESC", wanted);
  }

  /** Messages with seq ≤ `upTo` that were changed after `upTo`, in the order of their last changes. */
  changedAfter(upTo: number): Iterable<ChangedRow> {
    const query = `SELECT seq, event, body, changed, changed_at, changed_by, deleted FROM log
      WHERE changed > ? AND seq <= ? ORDER BY changed LIMIT ?`;
    return readInPages((last, limit) =>
      this.#sql.exec<ChangedRow>(query, last?.changed ?? upTo, upTo, limit),
    );
  }

  *ids(after: number, upTo: number): Generator<IdRecord> {
    for (const row of this.#span<IdRow>("seq, author, id, at, voice", { after, upTo }, "ASC"))
      yield { ...row, byServer: isByServer(row) };
  }

  /** The authors of messages, newest first, read while iterating. */
  authors(): Generator<AuthorRow> {
    return this.#span<AuthorRow>("seq, author, at, voice", this.#everything, "DESC");
  }

  /** The users who changed a message last, but did not delete it; newest first, read while iterating. */
  changers(): Generator<ChangerRow> {
    const query = `SELECT changed AS seq, changed_by AS changer, changed_at AS at FROM log
      WHERE changed < ? AND changed_by IS NOT NULL AND deleted IS NULL ORDER BY changed DESC LIMIT ?`;
    return readInPages((last, limit) =>
      this.#sql.exec<ChangerRow>(query, last?.seq ?? Number.MAX_SAFE_INTEGER, limit),
    );
  }

  /** As `authors`, with a mark on deleted messages. */
  latestAuthors(): Generator<LatestRow> {
    return this.#span<LatestRow>("seq, author, deleted", this.#everything, "DESC");
  }

  keyed(speaker: Speaker, id: string): StoredAt | undefined {
    const query = `SELECT seq, at FROM log WHERE ${KEYED}`;
    const voice = voiceOf({ ...speaker, keyed: true });
    return firstRow(this.#sql.exec<{ seq: number; at: number }>(query, speaker.author, id, voice));
  }

  /** How many messages with `after` < seq ≤ `upTo` are neither deleted nor of `author`, counted up to `max`. */
  countOthers(after: number, upTo: number, author: string, max: number): number {
    const query = `SELECT COUNT(*) AS count FROM (
      SELECT 1 FROM log WHERE slot BETWEEN ? AND ? AND author <> ? AND deleted IS NULL LIMIT ?)`;
    let count = 0;
    for (const { from, to } of this.#ring.slots(after, upTo)) {
      const row = firstRow(this.#sql.exec<{ count: number }>(query, from, to, author, max - count));
      count += row?.count ?? 0;
    }
    return count;
  }

  get #everything(): Span {
    return { after: 0, upTo: this.#ring.newestSeq };
  }

  /** Slots have no hole, so the number of rows taken from a range tells where to read on. */
  *#span<Row extends SqlRow>(
    columns: string,
    { after, upTo }: Span,
    order: "ASC" | "DESC",
    wanted?: number,
  ): Generator<Row> {
    const ranges = this.#ring.slots(after, upTo);
    if (order === "DESC") ranges.reverse();
    const query = `SELECT ${columns} FROM log WHERE slot BETWEEN ? AND ? ORDER BY slot ${order} LIMIT ?`;
    let given = 0;
    for (const { from, to } of ranges) {
      const before = given;
      const read = (_: unknown, limit: number) => {
        const taken = given - before;
        const [first, end] = order === "ASC" ? [from + taken, to] : [from, to - taken];
        return this.#sql.exec<Row>(query, first, end, limit);
      };
      for (const row of readInPages<Row>(read, wanted && wanted - given)) {
        given++;
        yield row;
      }
    }
  }

  /** The last `seq` that was given: to the newest message, to the last change, or to one that a smaller ring has dropped. */
  #findHead({ head }: StateRow): number {
    const changed = firstRow(
      this.#sql.exec<{ seq: number | null }>("SELECT MAX(changed) AS seq FROM log WHERE changed IS NOT NULL"),
    );
    return Math.max(head, this.#ring.newestSeq, changed?.seq ?? 0);
  }

  /**
   * Writes the ring again in another size: every row that is left moves to its new slot, once. `head` is stored, as the row
   * with the last change may go. `along` runs in the same transaction.
   */
  rebuildRing(size: number, head: number, along = () => {}): void {
    const ring = this.#ring;
    const dropped = Math.max(0, ring.count - size);
    const oldest = ring.seqOf(ring.oldest + dropped);
    this.#transaction(() => {
      this.#sql.exec("CREATE TABLE moved AS SELECT * FROM log WHERE seq >= ?", oldest);
      this.#sql.exec("DELETE FROM log");
      this.#sql.exec(
        `INSERT INTO log SELECT row_number() OVER (ORDER BY seq) - 1, seq, event, author, id, at, body, voice,
           changed, changed_at, changed_by, deleted, number, open FROM moved`,
      );
      this.#sql.exec("DROP TABLE moved");
      if (dropped > 0 && this.expiresNext !== null) this.expiring.removeBefore(oldest);
      this.#sql.exec("UPDATE room SET ring = ?, head = ?", size, head);
      along();
    });
    ring.laidAnew(size, ring.count - dropped);
  }

  /** When the oldest message was stored, in milliseconds; `undefined`: there is none. */
  get oldestAt(): number | undefined {
    return this.#ring.oldestAt;
  }

  /** The oldest messages that were stored at `upTo` or before, at most `max`; `undefined`: there are none. */
  aged(upTo: number, max: number): Aged | undefined {
    return this.#ring.aged(upTo, max);
  }

  /**
   * Removes the oldest messages. `head` and the number of messages are stored, as nothing else may be left that says them.
   */
  remove(aged: Aged, head: number): void {
    const { expiring } = this;
    this.#transaction(() => {
      for (const { from, to } of aged.slots)
        this.#sql.exec("DELETE FROM log WHERE slot BETWEEN ? AND ?", from, to);
      this.#sql.exec("UPDATE room SET head = ?, messages = ?", head, this.#messages);
      if (this.expiresNext !== null) expiring.removeBefore(aged.lastSeq + 1);
    });
    this.#ring.removed(aged, head);
  }
}

/** Whether server code sent a message. Only server code in its own name has no author. */
export const isByServer = ({
  author,
  voice,
}: {
  readonly author: string;
  readonly voice: number | null;
}): boolean => author === "" || voice === VOICES.keyedByServer || voice === VOICES.byServer;

const WHOLE = "seq, event, author, voice, body, changed, changed_at, changed_by";

/** The condition on `voice` must be that of the partial index `log_keyed`, or the index is not used. */
const KEYED = "author = ? AND id = ? AND voice = ? AND voice <= 2";

/** Whether the id of a message was given over HTTP. */
export const isKeyed = ({ voice }: { readonly voice: number | null }): boolean =>
  voice === VOICES.keyed || voice === VOICES.keyedByServer;

export function voiceOf({ author, byServer, keyed }: Speaker & { readonly keyed: boolean }): number | null {
  if (!byServer || author === "") return keyed ? VOICES.keyed : null;
  return keyed ? VOICES.keyedByServer : VOICES.byServer;
}
