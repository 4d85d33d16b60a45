import { type Database, firstRow } from "./sql.ts";

/** What is stored was written by newer code, which this one would misread. The message may be shown. */
export class StateIsNewer extends Error {
  constructor(stored: number, known: number) {
    super(
      `its tables are of version ${stored}, this code knows them up to ${known}: deploy the newer code again`,
    );
  }
}

/** Is there as soon as a database was brought up to date once. */
export const VERSION_TABLE = "schema_version";

/**
 * Brings the schema up to date: each statement list once, in order, all or nothing. Throws `StateIsNewer` where newer code
 * has been here. The number is kept in a table of its own, as Durable Objects refuse `PRAGMA user_version`.
 */
export function migrate({ sql, transaction }: Database, migrations: readonly (readonly string[])[]): void {
  sql.exec("CREATE TABLE IF NOT EXISTS schema_version (id INTEGER PRIMARY KEY, version INTEGER NOT NULL)");
  const done = firstRow(sql.exec<{ version: number }>("SELECT version FROM schema_version"))?.version ?? 0;
  if (done > migrations.length) throw new StateIsNewer(done, migrations.length);
  if (done === migrations.length) return;
  transaction(() => {
    for (const statement of migrations.slice(done).flat()) sql.exec(statement);
    sql.exec("INSERT OR REPLACE INTO schema_version (id, version) VALUES (1, ?)", migrations.length);
  });
}
