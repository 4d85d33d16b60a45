// The rooms that a user follows: their list, and how much of each is left to read. Nothing is sent for it per message:
// the rooms are asked when somebody looks, and their answers kept for a minute.

import type { Sql } from "../platform/sql.ts";
import { firstRow } from "../platform/sql.ts";
import { accept, type Outcome, refuse, reject } from "../protocol/index.ts";
import type { RoomStanding } from "../realtime/session-delivery.ts";

export const MAX_FOLLOWED = 500;
const KEPT_MS = 60_000;

const FULL = refuse("too_large", `a user follows at most ${MAX_FOLLOWED} rooms`, { path: ["room"] });
const UNKNOWN: RoomStanding = { head: 0, readSeq: 0, unread: null };

export class FollowedRooms {
  readonly #sql: Sql;
  readonly #standings = new Map<string, RoomStanding & { readonly askedAt: number }>();

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** In the order of their names. */
  list(): string[] {
    const rows = this.#sql.exec<{ room: string }>("SELECT room FROM rooms WHERE followed = 1 ORDER BY room");
    return Array.from(rows, ({ room }) => room);
  }

  follow(room: string): Outcome<undefined> {
    if (this.#follows(room)) return accept(undefined);
    if (this.#count() >= MAX_FOLLOWED) return reject(FULL);
    // `told`: of a room that was never opened nothing is known, and it asks when it is.
    this.#sql.exec(
      "INSERT INTO rooms (room, told, followed) VALUES (?, 0, 1) ON CONFLICT (room) DO UPDATE SET followed = 1",
      room,
    );
    return accept(undefined);
  }

  /** Answers whether it was followed. */
  unfollow(room: string): boolean {
    if (!this.#follows(room)) return false;
    this.#sql.exec("UPDATE rooms SET followed = 0 WHERE room = ?", room);
    this.#standings.delete(room);
    return true;
  }

  /** Those whose answer is too old, or was none. */
  toAsk(rooms: readonly string[], now: number): string[] {
    return rooms.filter((room) => {
      const { askedAt = Number.NEGATIVE_INFINITY } = this.#standings.get(room) ?? {};
      return Math.abs(now - askedAt) >= KEPT_MS;
    });
  }

  keep(room: string, standing: RoomStanding, now: number): void {
    this.#standings.set(room, { ...standing, askedAt: now });
  }

  /** As far as is known. */
  standing(room: string, now: number): RoomStanding {
    const known = this.#standings.get(room);
    if (known === undefined) return UNKNOWN;
    const { head, readSeq, unread, askedAt } = known;
    return { head, readSeq, unread: Math.abs(now - askedAt) < KEPT_MS ? unread : null };
  }

  #follows(room: string): boolean {
    return (
      firstRow(this.#sql.exec("SELECT 1 FROM rooms WHERE room = ? AND followed = 1", room)) !== undefined
    );
  }

  #count(): number {
    const query = "SELECT COUNT(*) AS count FROM rooms WHERE followed = 1";
    return firstRow(this.#sql.exec<{ count: number }>(query))?.count ?? 0;
  }
}
