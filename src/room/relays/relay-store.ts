import type { Sql } from "../../object/storage/sql.ts";
import type { StoredRelay } from "./relay-calls.ts";
import type { Untold } from "./untold.ts";

interface Stored {
  readonly relays: readonly StoredRelay[];
  readonly untold: readonly Untold[];
}

const NOTHING: Stored = { relays: [], untold: [] };

/** The relays of a room: written when one begins or ends, or somebody is expelled, never for a connection. */
export class RelayStore {
  readonly #sql: Sql;
  readonly atStart: Stored;

  /** `atStart`: what stood in the row as the object started. */
  constructor(sql: Sql, atStart: string | null) {
    this.#sql = sql;
    this.atStart = atStart === null ? NOTHING : JSON.parse(atStart);
  }

  put(stored: Stored): void {
    const text = stored.relays.length === 0 ? null : JSON.stringify(stored);
    this.#sql.exec("UPDATE room SET relays = ?", text);
  }
}
