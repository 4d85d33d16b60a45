// A database whose tables are created with the first row that is written. So a caller that only reads an object, or
// listens to it, leaves no storage behind.

import type { Database, Sql, SqlRow, SqlValue } from "./sql.ts";

/** Statements that do nothing as long as there are no tables. */
const FINDS_ROWS = /^\s*(SELECT|DELETE)\b/i;

export class LazyDatabase implements Database {
  readonly #database: Database;
  readonly #make: () => void;
  #isMade: boolean;

  /** `make` creates the tables and their single rows in an empty database. */
  constructor(database: Database, isMade: boolean, make: () => void) {
    this.#database = database;
    this.#isMade = isMade;
    this.#make = make;
  }

  /** Whether the tables exist. */
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
      // The rollback has removed tables that were created in it.
      this.#isMade = wasMade;
      throw error;
    }
  };
}
