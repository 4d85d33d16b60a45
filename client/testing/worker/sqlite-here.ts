// Which SQLite there is: Node has one of its own since 22.13. Elsewhere it is that of `sql.js`, which an app installs
// beside its tests.

import { openNodeDatabase } from "./node-database.ts";
import type { SqlDatabase } from "./sql-database.ts";

/** Finds the SQLite that is here. Rejects if there is none, and says what to install. */
export async function sqliteHere(): Promise<() => SqlDatabase> {
  const ofNode = openNodeDatabase();
  if (ofNode !== undefined) return ofNode;
  const { openSqlJsDatabase } = await import("./sql-js-database.ts");
  return openSqlJsDatabase();
}
