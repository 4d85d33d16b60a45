import type { Sql } from "../../object/storage/sql.ts";

/** Which relay, and where it was placed ("": anywhere). */
export interface StoredRelay {
  readonly number: number;
  readonly region: string;
}

/** The relays of a room: written when one begins or ends, never for a connection. */
export class RelayStore {
  readonly #sql: Sql;
  readonly atStart: readonly StoredRelay[];

  /** `atStart`: what stood in the row as the object started. */
  constructor(sql: Sql, atStart: string | null) {
    this.#sql = sql;
    this.atStart = atStart === null ? [] : JSON.parse(atStart);
  }

  put(relays: readonly StoredRelay[]): void {
    const text = relays.length === 0 ? null : JSON.stringify(relays);
    this.#sql.exec("UPDATE room SET relays = ?", text);
  }
}
