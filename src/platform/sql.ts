// What the stores need of a database. A Durable Object's `storage.sql` has it, and so has Node's `node:sqlite`
// behind a few lines: unit tests and simulations run on real SQL.

export type SqlValue = string | number | null | ArrayBuffer;
export type SqlRow = Record<string, SqlValue>;

export interface Sql {
  /** Rows are read while iterating; stop early and the rest is never read (and never billed). */
  exec<Row extends SqlRow>(query: string, ...bindings: SqlValue[]): Iterable<Row>;
}

export interface Database {
  readonly sql: Sql;
  /** All or nothing: a throw inside rolls back. */
  transaction<T>(run: () => T): T;
}

export function firstRow<Row extends SqlRow>(rows: Iterable<Row>): Row | undefined {
  for (const row of rows) return row;
  return undefined;
}
