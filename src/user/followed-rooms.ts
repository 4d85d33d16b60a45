// The rooms that a user follows: their list, and how much is unread in each. A message causes no call for it: rooms are
// asked when the user looks, and their answers are kept for a minute.

import { accept, type Outcome, refuse, reject } from "../protocol/index.ts";
import type { RoomUnread } from "../session-rooms/session-delivery.ts";
import { type KnownRooms, TOO_MANY_ROOMS } from "./known-rooms.ts";

export const MAX_FOLLOWED = 500;
const KEPT_MS = 60_000;
/** About at most this many rooms one call asks the back end whether the user may still read them. */
const MAX_ASKED = 50;

const FULL = refuse("too_large", `a user follows at most ${MAX_FOLLOWED} rooms`, { path: ["room"] });
const UNKNOWN: RoomUnread = { head: 0, readSeq: 0, unread: null };

/** How many rooms one call looks at, and about how many of those it asks. `isAsked`: which rooms need a question. */
export function withinBudget(isAsked: readonly boolean[]): { length: number; asked: number } {
  let asked = 0;
  for (const [length, takesOne] of isAsked.entries()) {
    if (takesOne && asked === MAX_ASKED) return { length, asked };
    if (takesOne) asked++;
  }
  return { length: isAsked.length, asked };
}

export class FollowedRooms {
  readonly #rooms: KnownRooms;
  readonly #unread = new Map<string, RoomUnread & { readonly askedAt: number }>();

  constructor(rooms: KnownRooms) {
    this.#rooms = rooms;
  }

  /** In the order of their names. */
  list(): string[] {
    const rooms = Array.from(this.#rooms.all).flatMap(([room, { isFollowed }]) => (isFollowed ? [room] : []));
    return rooms.sort();
  }

  follow(room: string): Outcome<undefined> {
    if (this.#follows(room)) return accept(undefined);
    if (!this.#rooms.mayPut(room)) return reject(TOO_MANY_ROOMS);
    if (this.list().length >= MAX_FOLLOWED) return reject(FULL);
    this.#rooms.put(room, { isFollowed: true });
    return accept(undefined);
  }

  /** Returns whether it was followed. */
  unfollow(room: string): boolean {
    if (!this.#follows(room)) return false;
    this.#rooms.put(room, { isFollowed: false });
    this.#unread.delete(room);
    return true;
  }

  /** Rooms whose answer is older than a minute, or missing. */
  toAsk(rooms: readonly string[], now: number): string[] {
    return rooms.filter((room) => {
      const { askedAt = Number.NEGATIVE_INFINITY } = this.#unread.get(room) ?? {};
      return Math.abs(now - askedAt) >= KEPT_MS;
    });
  }

  record(room: string, unread: RoomUnread, now: number): void {
    this.#unread.set(room, { ...unread, askedAt: now });
  }

  /** What is known of a room; `unread` is `null` if the answer is too old. */
  unreadIn(room: string, now: number): RoomUnread {
    const known = this.#unread.get(room);
    if (known === undefined) return UNKNOWN;
    const { head, readSeq, unread, askedAt } = known;
    return { head, readSeq, unread: Math.abs(now - askedAt) < KEPT_MS ? unread : null };
  }

  #follows(room: string): boolean {
    return this.#rooms.all.get(room)?.isFollowed === true;
  }
}
