// The SQL of messages that the room deletes at a time: a row each, until it is deleted or retired.

import { type Database, firstRow, type Sql } from "../../object/storage/sql.ts";
import { EXPIRING_TABLE, TIMED } from "./room-schema.ts";

/** `at`: when it expires, in milliseconds. */
type ExpiringRow = { at: number; seq: number };

export class ExpiringStore {
  readonly #sql: Sql;
  readonly #transaction: Database["transaction"];
  #isMade = false;
  /** When the first one expires, in milliseconds; `null`: none does; `undefined`: to be read. */
  #next: number | null | undefined = null;

  constructor({ sql, transaction }: Database) {
    this.#sql = sql;
    this.#transaction = transaction;
  }

  /** The room has the table, as it says at its start. */
  isMade(): void {
    this.#isMade = true;
    this.#next = undefined;
  }

  /** Makes the table, if the room has none. */
  make(): void {
    if (this.#isMade) return;
    this.#transaction(() => {
      this.#sql.exec(EXPIRING_TABLE);
      this.#sql.exec("UPDATE room SET timed = COALESCE(timed, 0) | ?", TIMED.expiring);
    });
    this.#isMade = true;
  }

  get next(): number | null {
    if (this.#next === undefined) {
      const row = firstRow(this.#sql.exec<ExpiringRow>("SELECT at, seq FROM expiring ORDER BY at LIMIT 1"));
      this.#next = row?.at ?? null;
    }
    return this.#next;
  }

  add(at: number, seq: number): void {
    this.#sql.exec("INSERT OR REPLACE INTO expiring (at, seq) VALUES (?, ?)", at, seq);
    if (this.#next !== undefined) this.#next = Math.min(this.#next ?? at, at);
  }

  remove(at: number, seq: number): void {
    this.#sql.exec("DELETE FROM expiring WHERE at = ? AND seq = ?", at, seq);
    if (at === this.#next) this.#next = undefined;
  }

  /** Those whose time has come, the first one first. */
  due(now: number, max: number): readonly ExpiringRow[] {
    this.#next = undefined;
    const query = "SELECT at, seq FROM expiring WHERE at <= ? ORDER BY at, seq LIMIT ?";
    return [...this.#sql.exec<ExpiringRow>(query, now, max)];
  }

  /** Removes those of messages before `seq`. It reads all of them. */
  removeBefore(seq: number): void {
    this.#sql.exec("DELETE FROM expiring WHERE seq < ?", seq);
    this.#next = undefined;
  }

  clear(): void {
    if (!this.#isMade) return;
    this.#sql.exec("DELETE FROM expiring");
    this.#next = null;
  }
}
