// The SQL of how far each user has read: one row each. Those who read last are found without a look at all the others,
// and without an index entry for each time that a user reads on:
//
// Each user has an entry number, and the numbers are indexed. A user who reads on gets a new number only if theirs is not
// among the last `LISTED`. So the last `LISTED` readers are among the last 2 × `LISTED` entries.

import { type Database, firstRow, type Sql } from "../../object/storage/sql.ts";
import type { ReceiptEntry } from "../../protocol/index.ts";
import { RECEIPTS_TABLE } from "../log/room-schema.ts";

/** How many are listed. */
export const LISTED = 1_000;

export class ReceiptStore {
  readonly #sql: Sql;
  readonly #transaction: Database["transaction"];
  /** The number of the last entry; `undefined`: not read yet. */
  #last: number | undefined;

  constructor({ sql, transaction }: Database) {
    this.#sql = sql;
    this.#transaction = transaction;
  }

  find(user: string): Omit<ReceiptEntry, "user"> | undefined {
    const query = "SELECT seq, at FROM receipts WHERE user = ?";
    return firstRow(this.#sql.exec<{ seq: number; at: number }>(query, user));
  }

  /** At most 2 × `LISTED` positions, in no order. The last `LISTED` readers are among them. */
  latest(): ReceiptEntry[] {
    const query = "SELECT user, seq, at FROM receipts ORDER BY entry DESC LIMIT ?";
    const rows = this.#sql.exec<{ user: string; seq: number; at: number }>(query, 2 * LISTED);
    return Array.from(rows, ({ user, seq, at }) => ({ user, seq, at }));
  }

  /** Positions behind entry `after`, in the order of their entries: so they can be put again in this order. */
  entriesAfter(after: number, limit: number): (ReceiptEntry & { readonly entry: number })[] {
    const query = "SELECT user, seq, at, entry FROM receipts WHERE entry > ? ORDER BY entry LIMIT ?";
    return Array.from(
      this.#sql.exec<{ user: string; seq: number; at: number; entry: number }>(query, after, limit),
    );
  }

  remove(user: string): void {
    this.#sql.exec("DELETE FROM receipts WHERE user = ?", user);
  }

  /** Writes one row, and one of the index if the user gets a new entry. */
  put({ user, seq, at }: ReceiptEntry): void {
    const last = this.#lastEntry();
    const query = "SELECT entry FROM receipts WHERE user = ?";
    const entry = firstRow(this.#sql.exec<{ entry: number }>(query, user))?.entry;
    if (entry !== undefined && entry > last - LISTED) {
      this.#sql.exec("UPDATE receipts SET seq = ?, at = ? WHERE user = ?", seq, at, user);
      return;
    }
    this.#sql.exec(
      `INSERT INTO receipts VALUES (?, ?, ?, ?)
       ON CONFLICT (user) DO UPDATE SET seq = excluded.seq, at = excluded.at, entry = excluded.entry`,
      user,
      seq,
      at,
      last + 1,
    );
    this.#last = last + 1;
  }

  /** Drops the table: deleting would write a row for each. */
  purge(): void {
    this.#transaction(() => {
      this.#sql.exec("DROP TABLE receipts");
      for (const statement of RECEIPTS_TABLE) this.#sql.exec(statement);
    });
    this.#last = 0;
  }

  #lastEntry(): number {
    const query = "SELECT MAX(entry) AS entry FROM receipts";
    this.#last ??= firstRow(this.#sql.exec<{ entry: number | null }>(query))?.entry ?? 0;
    return this.#last;
  }
}
