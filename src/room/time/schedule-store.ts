// The SQL of scheduled messages: a row each. The table is made with the first one.

import { type Database, firstRow, type Sql } from "../../object/storage/sql.ts";
import { SCHEDULED_TABLE, TIMED } from "../log/room-schema.ts";

/** `size`: of the stored text, in bytes. */
export type ScheduleRow = { key: string; due_at: number; size: number };

export class ScheduleStore {
  readonly #sql: Sql;
  readonly #transaction: Database["transaction"];
  #isMade: boolean;

  /** `isMade`: whether the room has the table, as its row says. */
  constructor({ sql, transaction }: Database, isMade: boolean) {
    this.#sql = sql;
    this.#transaction = transaction;
    this.#isMade = isMade;
  }

  /** Whether a message was ever scheduled here. */
  get isMade(): boolean {
    return this.#isMade;
  }

  rows(): readonly ScheduleRow[] {
    if (!this.#isMade) return [];
    return [
      ...this.#sql.exec<ScheduleRow>("SELECT key, due_at, LENGTH(CAST(body AS BLOB)) AS size FROM scheduled"),
    ];
  }

  body(key: string): string | undefined {
    if (!this.#isMade) return undefined;
    return firstRow(this.#sql.exec<{ body: string }>("SELECT body FROM scheduled WHERE key = ?", key))?.body;
  }

  write(key: string, dueAt: number, body: string): void {
    this.#make();
    this.#sql.exec(
      `INSERT INTO scheduled (key, due_at, body) VALUES (?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET due_at = excluded.due_at, body = excluded.body`,
      key,
      dueAt,
      body,
    );
  }

  remove(key: string): void {
    this.#sql.exec("DELETE FROM scheduled WHERE key = ?", key);
  }

  clear(): void {
    if (this.#isMade) this.#sql.exec("DELETE FROM scheduled");
  }

  #make(): void {
    if (this.#isMade) return;
    this.#transaction(() => {
      this.#sql.exec(SCHEDULED_TABLE);
      this.#sql.exec("UPDATE room SET timed = COALESCE(timed, 0) | ?", TIMED.scheduled);
    });
    this.#isMade = true;
  }
}
