// The SQL of the sessions that have joined a room: they have no socket here whose attachment outlasts the sleep.

import { firstRow, type Sql } from "../../object/storage/sql.ts";

/** When the sessions were last asked whether they have everything (ms), and the head of the log then. */
export interface Inquiry {
  readonly headThen: number;
  readonly at: number;
}

export class SessionStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  all(): { connection: string; state: string }[] {
    return Array.from(
      this.#sql.exec<{ connection: string; state: string }>("SELECT connection, state FROM sessions"),
    );
  }

  lastInquiry(): Inquiry {
    const query = "SELECT inquired_head AS headThen, inquired_at AS at FROM room";
    return firstRow(this.#sql.exec<{ headThen: number; at: number }>(query)) ?? { headThen: 0, at: 0 };
  }

  setLastInquiry({ headThen, at }: Inquiry): void {
    this.#sql.exec("UPDATE room SET inquired_head = ?, inquired_at = ?", headThen, at);
  }

  /** `state` is JSON. */
  put(connection: string, state: string): void {
    this.#sql.exec(
      "INSERT INTO sessions VALUES (?, ?) ON CONFLICT (connection) DO UPDATE SET state = excluded.state",
      connection,
      state,
    );
  }

  remove(connection: string): void {
    this.#sql.exec("DELETE FROM sessions WHERE connection = ?", connection);
  }
}
