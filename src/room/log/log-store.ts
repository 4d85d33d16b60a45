// The SQL of a log. One row a message: a new message replaces the row that it retires (`log-ring.ts`). Changes take a `seq`
// but no row, so they retire nothing.

import { type Database, firstRow, readInPages, type Sql } from "../../object/storage/sql.ts";
import { abandonImport } from "./abandon-import.ts";
import { ExpiringStore } from "./expiring-store.ts";
import { LogReads } from "./log-reads.ts";
import { type Aged, LogRing } from "./log-ring.ts";
import { type StateRow, type StoredChange, type StoredMessage, UNTOLD, type UntoldRow } from "./log-rows.ts";
import { decodeMessage } from "./message-body.ts";
import { voiceOf } from "./recent-ids.ts";
import { LOG_TABLE, TIMED } from "./room-schema.ts";

export interface LogState {
  readonly epoch: string;
  readonly createdAt: number;
  readonly head: number;
}

/** Hears of messages before they leave the log. */
export interface LogKeeper {
  /** Whether it wants messages, or changes of them, up to this `seq`. */
  wants(head: number): boolean;
  retiring(rows: Iterable<UntoldRow>): void;
  /** The log is about to be deleted, and another one begins. What is returned is called if that fails. */
  purging(epoch: string): () => void;
}

export class LogStore {
  readonly #sql: Sql;
  readonly #transaction: Database["transaction"];
  readonly #ring: LogRing;
  readonly reads: LogReads;
  /** Messages that the room deletes at a time. */
  readonly expiring: ExpiringStore;
  /** A sum of `TIMED`; of `scheduled` as it was at the start. */
  #timed = 0;
  /** How many messages the room has ever stored. */
  #messages = 0;
  #keeper: LogKeeper | undefined;

  /** `historyLimit` is how many messages are kept. */
  constructor({ sql, transaction }: Database, historyLimit: number) {
    this.#sql = sql;
    this.#transaction = transaction;
    this.#ring = new LogRing(sql, historyLimit);
    this.reads = new LogReads(sql, this.#ring);
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

  /** From now on `keeper` hears of messages before they leave the log. */
  keptBy(keeper: LogKeeper): void {
    this.#keeper = keeper;
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

  /** Deletes the log. */
  purge(epoch: string): void {
    let undo = () => {};
    try {
      this.#transaction(() => {
        undo = this.#keeper?.purging(epoch) ?? undo;
        this.forgetCopies();
        this.#dropLog(epoch);
      });
    } catch (error) {
      undo();
      throw error;
    }
    this.#ring.reset(0);
  }

  /** What a keeper of before has copied from the log. Nobody wants it where there is no keeper any more. */
  forgetCopies(): void {
    if (this.#keeper !== undefined) return;
    const query = "SELECT 1 FROM sqlite_master WHERE name = 'webhook_events'";
    if (firstRow(this.#sql.exec(query)) !== undefined) this.#sql.exec("DELETE FROM webhook_events");
  }

  /** Dropping the table writes no rows; deleting would write one for each. */
  #dropLog(epoch: string): void {
    this.#sql.exec("DROP TABLE log");
    for (const statement of LOG_TABLE) this.#sql.exec(statement);
    this.expiring.clear();
    const state = "UPDATE room SET epoch = ?, head = 0, messages = ?, silences = NULL";
    this.#sql.exec(state, epoch, this.#messages);
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
    if (this.#keeper?.wants(seq - 1) && this.#ring.count >= this.#ring.size)
      this.#retire(this.#ring.nextSlot, this.#ring.nextSlot);
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

  /** The keeper hears of the messages in these slots. */
  #retire(from: number, to: number): void {
    const query = `SELECT ${UNTOLD} FROM log WHERE slot BETWEEN ? AND ? ORDER BY slot LIMIT ?`;
    let given = 0;
    const read = (_: unknown, limit: number) => {
      const rows = [...this.#sql.exec<UntoldRow>(query, from + given, to, limit)];
      given += rows.length;
      return rows;
    };
    this.#keeper?.retiring(readInPages(read));
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
      if (dropped > 0 && this.#keeper?.wants(head))
        for (const { from, to } of ring.slots(0, oldest - 1)) this.#retire(from, to);
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
      if (this.#keeper?.wants(head)) for (const { from, to } of aged.slots) this.#retire(from, to);
      for (const { from, to } of aged.slots)
        this.#sql.exec("DELETE FROM log WHERE slot BETWEEN ? AND ?", from, to);
      this.#sql.exec("UPDATE room SET head = ?, messages = ?", head, this.#messages);
      if (this.expiresNext !== null) expiring.removeBefore(aged.lastSeq + 1);
    });
    this.#ring.removed(aged, head);
  }
}
