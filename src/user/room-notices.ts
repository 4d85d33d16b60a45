// What a user's object tells rooms: which tokens of the user are revoked, and that it does not know a room any more.

import { mapBounded } from "../object/bounded.ts";
import type { RevokedTokens } from "../object/revocation.ts";
import type { Outcome } from "../protocol/index.ts";
import type { KnownRooms } from "./known-rooms.ts";
import type { TokenRevocations } from "./token-revocations.ts";

/** How many rooms are notified in one go. The alarm notifies the rest. */
const TOLD_AT_ONCE = 500;
/** How many rooms are asked at a time whether they can be released. */
const RELEASED_AT_ONCE = 20;
/** Rooms that could not be notified of a revocation are tried again after this, and later the longer it has lasted. */
export const RETRY_AFTER_MS = 30_000;
const MAX_RETRY_AFTER_MS = 3_600_000;

/** What it needs of the object of a room. */
export interface NoticedRoom {
  /** `false`: there is no such room any more. */
  revoke(user: string, revokedTokens: RevokedTokens): Promise<boolean>;
  /** `false`: the user has a connection open there. */
  release(user: string): Promise<boolean>;
}

export interface RoomNoticesPorts {
  readonly revocations: TokenRevocations;
  readonly rooms: KnownRooms;
  /** Whose object it is. */
  readonly user: string;
  room(name: string): NoticedRoom;
  now(): number;
  /** From 0 to below 1. */
  random(): number;
  /** Lets work go on after the call that began it. */
  goOn(work: Promise<void>): void;
  /** A room could not be reached. */
  failed(operation: "revoke" | "release", room: string, error: unknown): void;
}

export class RoomNotices {
  readonly #ports: RoomNoticesPorts;
  /** Rooms that could not be notified since all were tried last. */
  readonly #unreachable = new Set<string>();
  /** About to be released, unless the user opens them meanwhile. */
  readonly #releasing = new Set<string>();
  /** The last room that was asked: the next round goes on behind it. */
  #asked = "";
  #isReleasing = false;

  constructor(ports: RoomNoticesPorts) {
    this.#ports = ports;
  }

  /** The user opens `room`, which asks: from now on it is notified of revocations. */
  registerRoom(room: string): Outcome<RevokedTokens> {
    this.#releasing.delete(room);
    const registered = this.#ports.revocations.registerRoom(room);
    if (this.#ports.rooms.areTooMany && !this.#isReleasing) this.#ports.goOn(this.#releaseSome());
    return registered;
  }

  /**
   * Notifies rooms that do not know it yet which tokens are revoked: at most 500 in one call. Returns how many know now,
   * and when to call it again, in milliseconds; `null`: all rooms know. Rooms that cannot be reached are tried again
   * only when all others were tried. Never rejects.
   */
  async propagateRevocation(): Promise<{ told: number; again: number | null }> {
    const { revocations, rooms, user, room: roomNamed, failed, now, random } = this.#ports;
    const { revokedTokens } = revocations;
    const untried = revocations.roomsToTell().filter((room) => !this.#unreachable.has(room));
    const results = await mapBounded(untried.slice(0, TOLD_AT_ONCE), async (room) => {
      try {
        const isThere = await roomNamed(room).revoke(user, revokedTokens);
        // The user may have been erased meanwhile.
        if (!rooms.all.has(room)) return true;
        if (isThere) revocations.confirm(room, revokedTokens);
        else revocations.forgetRoom(room);
        return true;
      } catch (error) {
        this.#unreachable.add(room);
        failed("revoke", room, error);
        return false;
      }
    });
    const told = results.filter(Boolean).length;
    if (untried.length > TOLD_AT_ONCE) return { told, again: now() };
    this.#unreachable.clear();
    if (revocations.roomsToTell().length === 0) return { told, again: null };
    const lastedMs = now() - revokedTokens.upTo;
    return { told, again: now() + retryMs(lastedMs, random()) };
  }

  /** If the user has opened too many rooms: forgets some in which nothing of theirs is open. Never rejects. */
  async #releaseSome(): Promise<void> {
    const { rooms: known, user, room: roomNamed, failed } = this.#ports;
    this.#isReleasing = true;
    const rooms = this.#nextToAsk();
    for (const room of rooms) this.#releasing.add(room);
    await mapBounded(rooms, async (room) => {
      try {
        const isReleased = await roomNamed(room).release(user);
        if (isReleased && this.#releasing.has(room)) known.remove(room);
      } catch (error) {
        failed("release", room, error);
      }
    });
    this.#releasing.clear();
    this.#isReleasing = false;
  }

  /** In turns, so that rooms that are in use do not keep the others from being asked. */
  #nextToAsk(): string[] {
    const rooms = Array.from(this.#ports.rooms.all).flatMap(([room, { isFollowed }]) =>
      isFollowed ? [] : [room],
    );
    rooms.sort();
    const next = rooms.findIndex((room) => room > this.#asked);
    const turned = next === -1 ? rooms : [...rooms.slice(next), ...rooms.slice(0, next)];
    const asked = turned.slice(0, RELEASED_AT_ONCE);
    this.#asked = asked.at(-1) ?? "";
    return asked;
  }
}

/** How long to wait before rooms that were out of reach are tried again. `lastedMs`: since they were to be called first. */
export function retryMs(lastedMs: number, random: number): number {
  const waitMs = Math.min(MAX_RETRY_AFTER_MS, Math.max(RETRY_AFTER_MS, lastedMs));
  return Math.ceil(waitMs * (0.5 + random));
}
