// What a user's object says to rooms of who may come in: which tokens are void, and that it does not know a room any more.

import { mapBounded } from "../object/bounded.ts";
import type { VoidTokens } from "../object/revocation.ts";
import type { Outcome } from "../protocol/index.ts";
import type { KnownRooms } from "./known-rooms.ts";
import type { TokenRevocations } from "./token-revocations.ts";

/** How many rooms are told in one go. The rest are told from the alarm. */
const TOLD_AT_ONCE = 500;
/** How many are asked at a time whether they can be let go. */
const LET_GO_AT_ONCE = 20;

/** What it needs of the object of a room. */
export interface NoticedRoom {
  /** `false`: there is no such room any more. */
  withdraw(user: string, voidTokens: VoidTokens): Promise<boolean>;
  /** `false`: the user has something open there. */
  release(user: string): Promise<boolean>;
}

export interface RoomNoticesPorts {
  readonly access: TokenRevocations;
  readonly rooms: KnownRooms;
  /** Whose object it is. */
  readonly user: string;
  room(name: string): NoticedRoom;
  /** Lets work go on after the call that began it. */
  goOn(work: Promise<void>): void;
  /** A room could not be told, or asked. */
  failed(operation: "revoke" | "release", room: string, error: unknown): void;
}

export class RoomNotices {
  readonly #ports: RoomNoticesPorts;
  /** Could not be told since all were tried last. */
  readonly #unreachable = new Set<string>();
  /** About to be let go, unless it is opened meanwhile. */
  readonly #leaving = new Set<string>();
  /** The last that was asked: the next time goes on behind it. */
  #asked = "";
  #isLettingGo = false;

  constructor(ports: RoomNoticesPorts) {
    this.#ports = ports;
  }

  /** A room that asks with an opening: it is told from now on. */
  opened(room: string): Outcome<VoidTokens> {
    this.#leaving.delete(room);
    const opened = this.#ports.access.opened(room);
    if (this.#ports.rooms.areTooMany && !this.#isLettingGo) this.#ports.goOn(this.#letGo());
    return opened;
  }

  /**
   * Tells rooms that do not know yet which tokens are void. Answers how many it told, and of the rest: `now`, where some
   * were not tried yet, or `later`.
   */
  async propagateRevocation(): Promise<{ told: number; rest: "none" | "now" | "later" }> {
    const { access, user, room: roomNamed, failed } = this.#ports;
    const { voidTokens } = access;
    const untried = access.untold().filter((room) => !this.#unreachable.has(room));
    const results = await mapBounded(untried.slice(0, TOLD_AT_ONCE), async (room) => {
      try {
        const isThere = await roomNamed(room).withdraw(user, voidTokens);
        if (isThere) access.told(room, voidTokens);
        else access.forget(room);
        return 1;
      } catch (error) {
        this.#unreachable.add(room);
        failed("revoke", room, error);
        return 0;
      }
    });
    const told = results.reduce<number>((sum, one) => sum + one, 0);
    if (untried.length > TOLD_AT_ONCE) return { told, rest: "now" };
    this.#unreachable.clear();
    return { told, rest: access.untold().length === 0 ? "none" : "later" };
  }

  /** Where the user has opened too many rooms: forgets those in which nothing of theirs is open. Never rejects. */
  async #letGo(): Promise<void> {
    const { rooms: known, user, room: roomNamed, failed } = this.#ports;
    this.#isLettingGo = true;
    const rooms = this.#nextToAsk();
    for (const room of rooms) this.#leaving.add(room);
    await mapBounded(rooms, async (room) => {
      try {
        const isReleased = await roomNamed(room).release(user);
        if (isReleased && this.#leaving.has(room)) known.remove(room);
      } catch (error) {
        failed("release", room, error);
      }
    });
    this.#leaving.clear();
    this.#isLettingGo = false;
  }

  /** Round and round, so that one that is in use does not stand in the way of the others. */
  #nextToAsk(): string[] {
    const rooms = Array.from(this.#ports.rooms.all).flatMap(([room, { isFollowed }]) =>
      isFollowed ? [] : [room],
    );
    rooms.sort();
    const next = rooms.findIndex((room) => room > this.#asked);
    const turned = next === -1 ? rooms : [...rooms.slice(next), ...rooms.slice(0, next)];
    const asked = turned.slice(0, LET_GO_AT_ONCE);
    this.#asked = asked.at(-1) ?? "";
    return asked;
  }
}
