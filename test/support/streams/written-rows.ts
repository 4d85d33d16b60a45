// Counts rows as they are billed: each row that is written, and each entry of an index.

import type { SqliteForTest } from "../sqlite.ts";

/** How many entries of indexes such a write of the log changes: room-schema.ts. */
const ENTRIES = [
  ["INSERT", "(NEW.voice IS NOT NULL AND NEW.voice <= 2) + (NEW.changed IS NOT NULL)"],
  ["UPDATE", "(NEW.changed IS NOT OLD.changed AND NEW.changed IS NOT NULL)"],
] as const;

/** Of the log, in which alone an answer stands. Its table must be there. */
export function countRows({ sql }: SqliteForTest): () => number {
  sql.exec("CREATE TEMP TABLE written (rows INTEGER NOT NULL)");
  sql.exec("INSERT INTO written VALUES (0)");
  for (const [event, entries] of ENTRIES)
    sql.exec(
      `CREATE TEMP TRIGGER written_${event} AFTER ${event} ON main.log
       BEGIN UPDATE written SET rows = rows + 1 + ${entries}; END`,
    );
  return () => [...sql.exec<{ rows: number }>("SELECT rows FROM written")][0]?.rows ?? Number.NaN;
}
