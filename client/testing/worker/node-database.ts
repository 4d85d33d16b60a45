import { boundValue, type RawRow, rowOf, type SqlDatabase } from "./sql-database.ts";

interface SqliteOfNode {
  readonly DatabaseSync: new (
    path: string,
  ) => {
    prepare(query: string): { all(...values: unknown[]): RawRow[] };
    close(): void;
  };
}

/** Not an import: bundlers and Jest do not know every module of Node. */
declare const process: { getBuiltinModule?(name: "node:sqlite"): SqliteOfNode | undefined } | undefined;

/** `undefined`: this is not Node, or one before 22.13. */
export function openNodeDatabase(): (() => SqlDatabase) | undefined {
  const sqlite = typeof process === "undefined" ? undefined : process.getBuiltinModule?.("node:sqlite");
  if (sqlite === undefined) return undefined;
  return () => {
    const database = new sqlite.DatabaseSync(":memory:");
    return {
      exec: (query, values) =>
        database
          .prepare(query)
          .all(...values.map(boundValue))
          .map(rowOf),
      close: () => database.close(),
    };
  };
}
