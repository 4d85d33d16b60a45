import { type Database, firstRow, type Sql } from "./sql.ts";

/** Newer code has changed the tables, and this code would misread them. The message holds no data. */
export class StateIsNewer extends Error {
  constructor(stored: number, known: number) {
    super(
      `its tables are of version ${stored}, this code knows them up to ${known}: deploy the newer code again`,
    );
  }
}

/** Exists as soon as a database was migrated once. */
const VERSION_TABLE = "schema_version";
const CREATE_VERSION = `CREATE TABLE IF NOT EXISTS ${VERSION_TABLE} (id INTEGER PRIMARY KEY, version INTEGER NOT NULL)`;

/** Whether a database has our tables. A newer runtime has some of its own from the start. */
export const hasTables = (sql: Sql): boolean =>
  Array.from(sql.exec("SELECT 1 FROM sqlite_master WHERE name = ? LIMIT 1", VERSION_TABLE)).length > 0;

const versionIn = (sql: Sql): number =>
  firstRow(sql.exec<{ version: number }>("SELECT version FROM schema_version"))?.version ?? 0;

/**
 * Brings the schema up to date: each list of statements once, in order, all or nothing. Throws `StateIsNewer` if newer
 * code has migrated further. The version stands in a table, as Durable Objects refuse `PRAGMA user_version`.
 */
export function migrate(
  { sql, transaction }: Database,
  migrations: readonly (readonly string[])[],
  isMade = hasTables(sql),
): void {
  const done = isMade ? versionIn(sql) : 0;
  if (done > migrations.length) throw new StateIsNewer(done, migrations.length);
  if (done === migrations.length) return;
  transaction(() => {
    if (done === 0) sql.exec(CREATE_VERSION);
    const missing = migrations.slice(done).flat();
    for (const statement of done === 0 ? folded(missing) : missing) sql.exec(statement);
    sql.exec("INSERT OR REPLACE INTO schema_version (id, version) VALUES (1, ?)", migrations.length);
  });
}

/** For a new database: what later steps add to a table is in it from the start, as each change of a table is a row written. */
function folded(statements: readonly string[]): readonly string[] {
  const kept: string[] = [];
  for (const statement of statements) {
    const [, table, column] = /^ALTER TABLE (\w+) ADD COLUMN (.+)$/s.exec(statement) ?? [];
    const at = kept.findLastIndex((one) => one.startsWith(`CREATE TABLE ${table} (`));
    const created = kept[at];
    if (column === undefined || created === undefined) kept.push(statement);
    else {
      const end = created.lastIndexOf(")");
      kept[at] = `${created.slice(0, end)}, ${column}${created.slice(end)}`;
    }
  }
  return kept;
}
