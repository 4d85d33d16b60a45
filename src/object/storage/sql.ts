// What the stores need of a database. A Durable Object's `storage.sql` offers it, and a few lines over `node:sqlite` do
// too, so unit tests and simulations run on real SQL.

export type SqlValue = string | number | null | ArrayBuffer;
export type SqlRow = Record<string, SqlValue>;

export interface Sql {
  /** Rows are read while iterating. After an early stop the rest is not read or billed, but see `readInPages`. */
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

/** Rows a page. Rows may be large, and unneeded ones are billed. */
const PAGE = 64;

/**
 * Reads a long result page by page, for consumers that may stop early: workerd keeps a cursor open that was not read to
 * its end, and then no table can be dropped. `read(last, limit)` returns the next rows, at most `limit`; `wanted` is
 * the size of the first page.
 */
export function* readInPages<Row>(
  read: (last: Row | undefined, limit: number) => Iterable<Row>,
  wanted = PAGE,
): Generator<Row> {
  let limit = Math.max(1, Math.min(wanted, PAGE));
  for (let last: Row | undefined; ; limit = PAGE) {
    const page = [...read(last, limit)];
    yield* page;
    if (page.length < limit) return;
    last = page.at(-1);
  }
}
