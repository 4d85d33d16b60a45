// What a session's token says of rooms: needed at each `join`, also after a sleep. Small claims stand in the attachment
// of the socket, which holds 16 KiB in all; a larger one is a row.

import type { RoomsClaim } from "../access/room-permission.ts";
import { firstRow, type Sql } from "../object/storage/sql.ts";
import { utf8Length } from "../protocol/index.ts";

/** UTF-8 bytes that are left in an attachment beside 50 rooms with long names, a long user id and a picture. */
const MAX_ATTACHED = 2_500;

/** Created when it is first needed, as most users never have such a token. Never edit it: see user-schema.ts. */
export const CLAIMS_TABLE =
  "CREATE TABLE IF NOT EXISTS claims (session TEXT PRIMARY KEY, claim TEXT NOT NULL) WITHOUT ROWID";

/** `undefined` as a claim: the token says nothing of rooms. */
export type StoredClaim =
  | { readonly at: "attachment"; readonly claim: RoomsClaim | undefined }
  | { readonly at: "row" };

export class SessionClaims {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  keep(session: string, claim: RoomsClaim | undefined): StoredClaim {
    const json = claim === undefined ? "" : JSON.stringify(claim);
    if (utf8Length(json) <= MAX_ATTACHED) return { at: "attachment", claim };
    this.#sql.exec(CLAIMS_TABLE);
    this.#sql.exec(
      "INSERT INTO claims VALUES (?, ?) ON CONFLICT (session) DO UPDATE SET claim = excluded.claim",
      session,
      json,
    );
    return { at: "row" };
  }

  of(session: string, kept: StoredClaim): RoomsClaim | undefined {
    if (kept.at === "attachment") return kept.claim;
    const row = firstRow(
      this.#sql.exec<{ claim: string }>("SELECT claim FROM claims WHERE session = ?", session),
    );
    // Without its row the claim allows nothing.
    return row === undefined ? {} : JSON.parse(row.claim);
  }

  forget(session: string, kept: StoredClaim): void {
    if (kept.at === "row") this.#sql.exec("DELETE FROM claims WHERE session = ?", session);
  }
}
