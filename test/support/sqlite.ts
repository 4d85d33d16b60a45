// Node's SQLite behind the port of the stores: the very SQL of the objects, without workerd.

import { DatabaseSync } from "node:sqlite";
import type { Database, Sql, SqlRow, SqlValue } from "../../src/platform/sql.ts";

export class SqliteForTest implements Database {
  readonly #db = new DatabaseSync(":memory:");
  /** Statements that are to fail, as a full disk would make them. */
  failOn: RegExp | undefined;

  readonly sql: Sql = {
    exec: <Row extends SqlRow>(query: string, ...bindings: SqlValue[]): Iterable<Row> => {
      if (this.failOn?.test(query)) throw new Error("disk I/O error");
      const statement = this.#db.prepare(query);
      const values = bindings.map((value) => (value instanceof ArrayBuffer ? new Uint8Array(value) : value));
      // As in workerd, what writes does so at once, whether or not anybody looks at its rows.
      const rows: unknown = /^\s*(SELECT|WITH)/i.test(query)
        ? statement.iterate(...values)
        : statement.all(...values);
      return rows as Iterable<Row>; // the row's shape is the query's, which no type can follow
    },
  };

  readonly transaction = <T>(run: () => T): T => {
    this.#db.exec("SAVEPOINT test");
    try {
      const result = run();
      this.#db.exec("RELEASE test");
      return result;
    } catch (error) {
      this.#db.exec("ROLLBACK TO test; RELEASE test");
      throw error;
    }
  };
}
