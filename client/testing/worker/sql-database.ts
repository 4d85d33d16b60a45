// The database of one object: SQLite in memory. Node has one of its own since 22.13; elsewhere it is that of `sql.js`,
// which an app installs beside its tests.

import { openNodeDatabase } from "./node-database.ts";

export type StoredValue = string | number | null | ArrayBuffer;
export type StoredRow = Record<string, StoredValue>;

export interface SqlDatabase {
  /** Runs one statement to its end. */
  exec(query: string, values: readonly StoredValue[]): StoredRow[];
  close(): void;
}

/** Finds the SQLite that is here. Rejects if there is none, and says what to install. */
export async function sqliteHere(): Promise<() => SqlDatabase> {
  const ofNode = openNodeDatabase();
  if (ofNode !== undefined) return ofNode;
  const { openSqlJsDatabase } = await import("./sql-js-database.ts");
  return openSqlJsDatabase();
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
  Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, valueOf(value)]));

function valueOf(value: unknown): StoredValue {
  if (value instanceof Uint8Array) return new Uint8Array(value).buffer;
  if (typeof value === "string" || typeof value === "number" || value === null) return value;
  throw new TypeError(`SQLite gave ${typeof value}`);
}

export const boundValue = (value: StoredValue): string | number | null | Uint8Array =>
  value instanceof ArrayBuffer ? new Uint8Array(value) : value;
