// Node's SQLite behind the port of the stores: the same SQL as in the objects, without workerd.

import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Database, Sql, SqlRow, SqlValue } from "../../src/object/storage/sql.ts";

export class SqliteForTest implements Database {
  readonly #db = new DatabaseSync(":memory:");
  /** Statements that must fail, as with a full disk. */
  failOn: RegExp | undefined;
  /** Called for each statement. */
  onQuery: (query: string) => void = () => {};
  readonly #open = new Set<Iterator<unknown>>();
  /** Prepared statements that are read to their end, by query: most take longer to prepare than to run. */
  readonly #idle = new Map<string, StatementSync[]>();

  readonly sql: Sql = {
    exec: <Row extends SqlRow>(query: string, ...bindings: SqlValue[]): Iterable<Row> => {
      this.onQuery(query);
      if (this.failOn?.test(query)) throw new Error("disk I/O error");
      const statement = this.#idle.get(query)?.pop() ?? this.#db.prepare(query);
      const values = bindings.map((value) => (value instanceof ArrayBuffer ? new Uint8Array(value) : value));
      // As in workerd, a write takes effect at once, whether or not its rows are read.
      const rows: unknown = /^\s*(SELECT|WITH)/i.test(query)
        ? this.#unclosable(statement.iterate(...values), () => this.#keep(query, statement))
        : statement.all(...values);
      if (Array.isArray(rows)) this.#keep(query, statement);
      return rows as Iterable<Row>; // the row's shape is the query's, which no type can follow
    },
  };

  /** Rows inserted, updated and deleted so far, without entries of indexes. */
  get changes(): number {
    return Number(this.#db.prepare("SELECT total_changes() AS changes").get()?.changes);
  }

  /** Closes all statements that were read in part, as the end of an object does. */
  closeStatements(): void {
    for (const rows of this.#open) rows.return?.();
    this.#open.clear();
  }

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

  #keep(query: string, statement: StatementSync): void {
    const idle = this.#idle.get(query);
    if (idle === undefined) this.#idle.set(query, [statement]);
    else idle.push(statement);
  }

  /**
   * As in workerd: one row is read ahead, and a caller that stops early leaves the statement open, because the runtime
   * does not learn of it. While one is open, no table can be dropped.
   */
  #unclosable(rows: Iterator<unknown>, ended: () => void): IterableIterator<unknown> {
    const readOn = () => {
      const row = rows.next();
      if (row.done && this.#open.delete(rows)) ended();
      return row;
    };
    this.#open.add(rows);
    let ahead = readOn();
    return {
      [Symbol.iterator]() {
        return this;
      },
      next() {
        const row = ahead;
        if (!row.done) ahead = readOn();
        return row;
      },
    };
  }
}
