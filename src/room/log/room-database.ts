import { LazyDatabase } from "../../object/storage/lazy-database.ts";
import { hasTables, migrate } from "../../object/storage/migrate.ts";
import type { Database } from "../../object/storage/sql.ts";
import { LogStore } from "./log-store.ts";
import { ROOM_SCHEMA } from "./room-schema.ts";

/** The state with which the log of a new room begins. */
export interface Beginning {
  readonly epoch: string;
  readonly ring: number;
  readonly now: number;
}

/** The database of a room. A new room gets its tables with the first row that is written. */
export function roomDatabase(database: Database, beginning: Beginning): LazyDatabase {
  const isMade = hasTables(database.sql);
  if (isMade) migrate(database, ROOM_SCHEMA, isMade);
  const make = () =>
    database.transaction(() => {
      migrate(database, ROOM_SCHEMA, false);
      LogStore.begin(database, beginning);
    });
  return new LazyDatabase(database, isMade, make);
}
