// A database whose tables are made with the first row that is written: who only looks at an object, or listens to it,
// leaves nothing of it behind.

import { VERSION_TABLE } from "./migrate.ts";
import type { Database, Sql, SqlRow, SqlValue } from "./sql.ts";

/** Without tables these find nothing, and so do nothing. */
const FINDS_ROWS = /^\s*(SELECT|DELETE)\b/i;

export class LazyDatabase implements Database {
  readonly #database: Database;
  readonly #make: () => void;
  #isMade: boolean;

  /** `make` brings tables, and rows that there is one of, into an empty database. */
  constructor(database: Database, isMade: boolean, make: () => void) {
    this.#database = database;
    this.#isMade = isMade;
    this.#make = make;
  }

  /** Whether there are tables. */
  get isMade(): boolean {
    return this.#isMade;
  }

  readonly sql: Sql = {
    exec: <Row extends SqlRow>(query: string, ...bindings: SqlValue[]): Iterable<Row> => {
      if (!this.#isMade) {
        if (FINDS_ROWS.test(query)) return [];
        this.#make();
        this.#isMade = true;
      }
      return this.#database.sql.exec<Row>(query, ...bindings);
    },
  };

  readonly transaction = <T>(run: () => T): T => {
    const wasMade = this.#isMade;
    try {
      return this.#database.transaction(run);
    } catch (error) {
      // The tables that were made in it are gone too.
      this.#isMade = wasMade;
      throw error;
    }
  };
}

/** Whether a database has tables of ours: newer runtimes keep some of their own from the start. */
export const hasTables = (sql: Sql): boolean =>
  Array.from(sql.exec("SELECT 1 FROM sqlite_master WHERE name = ? LIMIT 1", VERSION_TABLE)).length > 0;
