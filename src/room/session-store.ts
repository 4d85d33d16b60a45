// The SQL of the sessions that have joined a room: they have no socket here that would outlast its sleep.

import type { Sql } from "../platform/sql.ts";

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

  /** `state` is JSON. */
  put(connection: string, state: string): void {
    this.#sql.exec(
      "INSERT INTO sessions VALUES (?, ?) ON CONFLICT (connection) DO UPDATE SET state = excluded.state",
      ...[connection, state],
    );
  }

  remove(connection: string): void {
    this.#sql.exec("DELETE FROM sessions WHERE connection = ?", connection);
  }
}
