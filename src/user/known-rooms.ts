// The SQL of the rooms that a user's object knows: those that it tells of revocations, and those that the user follows.
// The table has a bound, so it is read whole, once after each start and only if it is needed.

import type { Sql } from "../object/storage/sql.ts";
import { refuse } from "../protocol/index.ts";

export interface KnownRoom {
  /** The revocation that the room knows: tokens dated up to then, in milliseconds. */
  readonly told: number;
  readonly isFollowed: boolean;
}

/** Above this, rooms in which the user has nothing open are released: they ask again when they are opened. */
export const MAX_ROOMS = 2_000;
/** How many more there may be while some are released. */
const SLACK = 500;

export const TOO_MANY_ROOMS = refuse("room_full", `a user has at most ${MAX_ROOMS} rooms open`, {
  retryAfterMs: 5_000,
});

type Row = { room: string; told: number; followed: number };

export class KnownRooms {
  readonly #sql: Sql;
  #known: Map<string, KnownRoom> | undefined;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  get all(): ReadonlyMap<string, KnownRoom> {
    return this.#all();
  }

  get areTooMany(): boolean {
    return this.#all().size > MAX_ROOMS;
  }

  /** Whether this room may be added, or is there already. */
  mayPut(room: string): boolean {
    return this.#all().has(room) || this.#all().size < MAX_ROOMS + SLACK;
  }

  /** Writes a row if anything changes. Fields that are left out stay. */
  put(room: string, patch: Partial<KnownRoom>): void {
    const before = this.#all().get(room);
    const { told, isFollowed } = { told: 0, isFollowed: false, ...before, ...patch };
    if (before?.told === told && before.isFollowed === isFollowed) return;
    this.#sql.exec(
      `INSERT INTO rooms VALUES (?, ?, ?)
       ON CONFLICT (room) DO UPDATE SET told = excluded.told, followed = excluded.followed`,
      room,
      told,
      Number(isFollowed),
    );
    this.#all().set(room, { told, isFollowed });
  }

  remove(room: string): void {
    if (!this.#all().has(room)) return;
    this.#sql.exec("DELETE FROM rooms WHERE room = ?", room);
    this.#all().delete(room);
  }

  /** The table was emptied. */
  forgetAll(): void {
    this.#known = new Map();
  }

  #all(): Map<string, KnownRoom> {
    this.#known ??= new Map(
      Array.from(
        this.#sql.exec<Row>("SELECT room, told, followed FROM rooms"),
        ({ room, told, followed }) => [room, { told, isFollowed: followed === 1 }],
      ),
    );
    return this.#known;
  }
}
