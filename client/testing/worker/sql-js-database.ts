/// <reference path="./sql-js.d.ts" />

// SQLite as `sql.js` compiled it to WebAssembly. The build that is imported holds the WebAssembly itself, so there is no
// second file that a bundler or a server of tests would have to find.

import { boundValue, type RawRow, rowOf, type SqlDatabase } from "./sql-database.ts";

export async function openSqlJsDatabase(): Promise<() => SqlDatabase> {
  const { default: load } = await import("sql.js/dist/sql-wasm-inline.js").catch((cause: unknown) => {
    throw new Error("This platform has no SQLite: install sql.js beside your tests (npm i -D sql.js).", {
      cause,
    });
  });
  const { Database } = await load();
  return () => {
    const database = new Database();
    const exec: SqlDatabase["exec"] = (query, values) => {
      const statement = database.prepare(query, values.map(boundValue));
      try {
        const rows: RawRow[] = [];
        while (statement.step()) rows.push(statement.getAsObject());
        return rows.map(rowOf);
      } finally {
        statement.free();
      }
    };
    return { exec, close: () => database.close() };
  };
}
