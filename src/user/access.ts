// Which of a user's tokens are void, and which rooms have to know: each room that the user ever opened asks once, and
// is told from then on. So a connect costs nothing more, and a message nothing at all.

import { firstRow, type Sql } from "../platform/sql.ts";
import type { Refusal } from "../protocol/index.ts";
import { voidFrom, withdrawn } from "../realtime/withdrawn.ts";
import type { UserIdentity } from "./session-connection.ts";

export class Access {
  readonly #sql: Sql;
  #voidUpTo: number;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#voidUpTo = firstRow(sql.exec<{ at: number }>("SELECT void_up_to AS at FROM inbox_state"))?.at ?? 0;
  }

  /** In milliseconds; 0: none is. */
  get voidUpTo(): number {
    return this.#voidUpTo;
  }

  /** Why a token is void, if it is. */
  bars({ issuedAt }: Pick<UserIdentity, "issuedAt">, now: number): Refusal | undefined {
    return withdrawn(issuedAt, this.#voidUpTo, now);
  }

  /** Whatever token there is now is void. */
  withdraw(now: number): void {
    // Never back, whatever the clock does.
    const voidUpTo = Math.max(this.#voidUpTo, voidFrom(now));
    this.#sql.exec("UPDATE inbox_state SET void_up_to = ?", voidUpTo);
    this.#voidUpTo = voidUpTo;
  }

  /** A room has the answer, and is told of whatever changes it. */
  opened(room: string): number {
    this.#sql.exec(
      `INSERT INTO rooms (room, told, followed) VALUES (?, ?, 0)
       ON CONFLICT (room) DO UPDATE SET told = excluded.told WHERE told < excluded.told`,
      ...[room, this.#voidUpTo],
    );
    return this.#voidUpTo;
  }

  told(room: string, voidUpTo: number): void {
    this.#sql.exec("UPDATE rooms SET told = ? WHERE room = ? AND told < ?", voidUpTo, room, voidUpTo);
  }

  /** It is no more; who follows it goes on doing so. */
  forget(room: string): void {
    this.#sql.exec("DELETE FROM rooms WHERE room = ? AND followed = 0", room);
    this.told(room, this.#voidUpTo);
  }

  /** Rooms that do not know yet. */
  untold(limit: number): string[] {
    if (this.#voidUpTo === 0) return [];
    const rows = this.#sql.exec<{ room: string }>(
      "SELECT room FROM rooms WHERE told < ? LIMIT ?",
      ...[this.#voidUpTo, limit],
    );
    return Array.from(rows, ({ room }) => room);
  }
}
