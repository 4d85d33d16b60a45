import { firstRow, type Sql } from "../../object/storage/sql.ts";

/** Which relay, and where it was placed ("": anywhere). */
export interface StoredRelay {
  readonly number: number;
  readonly region: string;
}

/** The relays of a room: written when one begins or ends, never for a connection. */
export class RelayStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  all(): readonly StoredRelay[] {
    const row = firstRow(this.#sql.exec<{ relays: string | null }>("SELECT relays FROM room"));
    return row?.relays == null ? [] : JSON.parse(row.relays);
  }

  put(relays: readonly StoredRelay[]): void {
    const text = relays.length === 0 ? null : JSON.stringify(relays);
    this.#sql.exec("UPDATE room SET relays = ?", text);
  }
}
