// The database of one object: SQLite in memory.

export type StoredValue = string | number | null | ArrayBuffer;
export type StoredRow = Record<string, StoredValue>;

export interface SqlDatabase {
  /** Runs one statement to its end. */
  exec(query: string, values: readonly StoredValue[]): StoredRow[];
  close(): void;
}

/** All or nothing: a throw inside rolls back. */
export function transactionIn<T>(database: SqlDatabase, run: () => T): T {
  database.exec("SAVEPOINT transaction_here", []);
  try {
    const result = run();
    database.exec("RELEASE transaction_here", []);
    return result;
  } catch (error) {
    database.exec("ROLLBACK TO transaction_here", []);
    database.exec("RELEASE transaction_here", []);
    throw error;
  }
}

/** What either SQLite gives: blobs are views. */
export type RawRow = Readonly<Record<string, unknown>>;

export const rowOf = (raw: RawRow): StoredRow =>
  Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, storedValue(value)]));

function storedValue(value: unknown): StoredValue {
  if (value instanceof Uint8Array) return new Uint8Array(value).buffer;
  if (typeof value === "string" || typeof value === "number" || value === null) return value;
  throw new TypeError(`SQLite gave ${typeof value}`);
}

export const boundValue = (value: StoredValue): string | number | null | Uint8Array =>
  value instanceof ArrayBuffer ? new Uint8Array(value) : value;
