import type { Database } from "../../object/storage/sql.ts";
import { EXPIRING_TABLE, LOG_TABLE, RECEIPTS_TABLE } from "./room-schema.ts";

const EMPTIED = [
  ...["DROP TABLE log", ...LOG_TABLE, "DROP TABLE receipts", ...RECEIPTS_TABLE],
  ...[EXPIRING_TABLE, "DELETE FROM expiring", "DELETE FROM read_sheets", "UPDATE room SET importing = NULL"],
];

/** Empties a room whose import ended before its last line. */
export function abandonImport({ sql, transaction }: Database): void {
  transaction(() => {
    for (const statement of EMPTIED) sql.exec(statement);
  });
}
