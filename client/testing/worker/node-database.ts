import { nodeModule } from "./node-modules.ts";
import { boundValue, rowOf, type SqlDatabase } from "./sql-database.ts";

/** `undefined`: this is not Node, or one before 22.13. */
export function openNodeDatabase(): (() => SqlDatabase) | undefined {
  const sqlite = nodeModule("node:sqlite");
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
