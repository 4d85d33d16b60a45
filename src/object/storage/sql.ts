// What the stores need of a database. A Durable Object's `storage.sql` has it, and so has Node's `node:sqlite`
// behind a few lines: unit tests and simulations run on real SQL.

export type SqlValue = string | number | null | ArrayBuffer;
export type SqlRow = Record<string, SqlValue>;

export interface Sql {
  /** Rows are read while iterating. Stop early and the rest is never read (nor billed), but see `inParts`. */
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

/** Rows may be large, and what is read too much is billed. */
const PART = 64;

/**
 * Reads a long result in parts, for whoever may stop early: the runtime closes no statement that was not read to its
 * end, and while one is open no table can be dropped. `read` answers at most `limit` rows that follow the last one;
 * `wanted` is how many will do, most likely.
 */
export function* readInPages<Row>(
  read: (last: Row | undefined, limit: number) => Iterable<Row>,
  wanted = PART,
): Generator<Row> {
  let limit = Math.max(1, Math.min(wanted, PART));
  for (let last: Row | undefined; ; limit = PART) {
    const part = [...read(last, limit)];
    yield* part;
    if (part.length < limit) return;
    last = part.at(-1);
  }
}
