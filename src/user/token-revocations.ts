// Which of a user's tokens are revoked, and which rooms have to know: each room that the user opens asks once, and is
// notified of revocations from then on. So a connect costs nothing more, and a message nothing at all.

import type { Dated } from "../access/identity.ts";
import { NONE_REVOKED, type RevokedTokens, revokeAllTokens, revokedRefusal } from "../object/revocation.ts";
import type { Sql } from "../object/storage/sql.ts";
import { accept, type Outcome, type Refusal, reject } from "../protocol/index.ts";
import { readUserState } from "./inbox/user-state.ts";
import { type KnownRooms, TOO_MANY_ROOMS } from "./known-rooms.ts";

export class TokenRevocations {
  readonly #sql: Sql;
  readonly #rooms: KnownRooms;
  #revokedTokens: RevokedTokens;
  /** The latest expiry of an accepted token without a date, in milliseconds; 0: there was none. */
  #lastUndated: number;

  constructor(sql: Sql, rooms: KnownRooms, state = readUserState(sql)) {
    this.#sql = sql;
    this.#rooms = rooms;
    this.#revokedTokens =
      state === undefined ? NONE_REVOKED : { upTo: state.voidUpTo, undatedUpTo: state.voidUndatedUpTo };
    this.#lastUndated = state?.lastUndated ?? 0;
  }

  get revokedTokens(): RevokedTokens {
    return this.#revokedTokens;
  }

  /** The refusal of a token that is revoked. */
  refusalFor(token: Dated, now: number): Refusal | undefined {
    return revokedRefusal(token, this.#revokedTokens, now);
  }

  /** As `refusalFor`; and records an accepted token without a date: a row, if it expires later than all before. */
  admit(token: Dated, now: number): Refusal | undefined {
    const refusal = this.refusalFor(token, now);
    if (refusal !== undefined) return refusal;
    const { issuedAt, expiresAt } = token;
    if (issuedAt === null && expiresAt > this.#lastUndated) {
      this.#sql.exec("UPDATE inbox_state SET last_undated = ?", expiresAt);
      this.#lastUndated = expiresAt;
    }
    return undefined;
  }

  /** Revokes all tokens that there are. */
  revokeAll(now: number): void {
    const revokedTokens = revokeAllTokens(this.#revokedTokens, this.#lastUndated, now);
    const { upTo, undatedUpTo } = revokedTokens;
    this.#sql.exec("UPDATE inbox_state SET void_up_to = ?, void_undated_up_to = ?", upTo, undatedUpTo);
    this.#revokedTokens = revokedTokens;
  }

  /** Answers a room, which is notified of every change from then on. Refuses if the user has too many rooms open. */
  registerRoom(room: string): Outcome<RevokedTokens> {
    if (!this.#rooms.mayPut(room)) return reject(TOO_MANY_ROOMS);
    this.confirm(room, this.#revokedTokens);
    return accept(this.#revokedTokens);
  }

  /** The user does something in a room that lasts. A room more than there may be is not kept. */
  keepRoom(room: string, token: Dated, now: number): void {
    if (this.refusalFor(token, now) === undefined && this.#rooms.mayPut(room))
      this.confirm(room, this.#revokedTokens);
  }

  /** The room knows what is revoked up to there. */
  confirm(room: string, { upTo }: RevokedTokens): void {
    const before = this.#rooms.all.get(room)?.told ?? 0;
    this.#rooms.put(room, { told: Math.max(before, upTo) });
  }

  /** The room was deleted. A user who follows it goes on following it. */
  forgetRoom(room: string): void {
    if (this.#rooms.all.get(room)?.isFollowed) this.confirm(room, this.#revokedTokens);
    else this.#rooms.remove(room);
  }

  /** Rooms that do not know yet what is revoked. */
  roomsToTell(): string[] {
    const { upTo } = this.#revokedTokens;
    if (upTo === 0) return [];
    return Array.from(this.#rooms.all).flatMap(([room, { told }]) => (told < upTo ? [room] : []));
  }
}
