// The rooms that a user follows: their list, and how much of each is left to read. Nothing is sent for it per message:
// the rooms are asked when somebody looks, and their answers kept for a minute.

import { accept, type Outcome, refuse, reject } from "../protocol/index.ts";
import type { RoomUnread } from "../session-rooms/session-delivery.ts";
import { type KnownRooms, TOO_MANY_ROOMS } from "./known-rooms.ts";

export const MAX_FOLLOWED = 500;
const KEPT_MS = 60_000;
/** Of so many rooms at most one call asks the back end whether the user may still read them. */
const MAX_ASKED = 50;

const FULL = refuse("too_large", `a user follows at most ${MAX_FOLLOWED} rooms`, { path: ["room"] });
const UNKNOWN: RoomUnread = { head: 0, readSeq: 0, unread: null };

/** How many rooms one call looks at, given of which it has to ask, and of how many of those it does. */
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
  readonly #standings = new Map<string, RoomUnread & { readonly askedAt: number }>();

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

  /** Answers whether it was followed. */
  unfollow(room: string): boolean {
    if (!this.#follows(room)) return false;
    this.#rooms.put(room, { isFollowed: false });
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

  keep(room: string, standing: RoomUnread, now: number): void {
    this.#standings.set(room, { ...standing, askedAt: now });
  }

  /** As far as is known. */
  standing(room: string, now: number): RoomUnread {
    const known = this.#standings.get(room);
    if (known === undefined) return UNKNOWN;
    const { head, readSeq, unread, askedAt } = known;
    return { head, readSeq, unread: Math.abs(now - askedAt) < KEPT_MS ? unread : null };
  }

  #follows(room: string): boolean {
    return this.#rooms.all.get(room)?.isFollowed === true;
  }
}
