// Who is here. Presence is the set of open connections: nothing of it is stored.

import { LISTED_MEMBERS, type Member, type Occupancy, type Status, type User } from "../protocol/index.ts";
import type { Departure } from "../realtime/departure.ts";
import type { RoomConnection } from "./room-connection.ts";
import type { Standing } from "./standing.ts";

/** A reload shows nothing: a member whose last connection was lost stays this long. */
export const GRACE_MS = 5_000;
const OCCUPANCY_EVERY_MS = 1_000;
const OCCUPANCY_OF_SMALL_ROOMS_EVERY_MS = 10_000;
/** A big room lists its members again below this. */
const LISTED_AGAIN = LISTED_MEMBERS * 0.9;

interface Present {
  user: User;
  standing: Standing;
  readonly connections: Set<RoomConnection>;
}

type Mode = "listed" | "counted";

export class Attendance {
  readonly #present = new Map<string, Present>();
  /** Members whose last connection was lost, and until when they stay. */
  readonly #leavesAt = new Map<string, number>();
  #connections = 0;
  #mode: Mode = "listed";
  #news: string[] = [];
  /**
   * What the clients believe. They count a connection more with each member who joins, and one less with each who
   * leaves. `null` where that may have misled them: after a sleep, and after a member whose loss was perhaps told before.
   */
  #told: { connections: number | null; at: number } = { connections: 0, at: 0 };
  #owesOccupancy = false;
  #owesList = false;

  /** Takes in what was there before the object slept: no news to anybody. */
  restore(connections: Iterable<RoomConnection>): void {
    const news = this.#news;
    this.#news = [];
    for (const connection of connections) {
      if (connection.state.stage.at !== "joining")
        this.#enter(connection, connection.state.standing?.joinedAt ?? 0);
    }
    this.#news = news;
    this.#told.connections = null;
    if (this.#present.size > LISTED_MEMBERS) this.#mode = "counted";
    // Between the two bounds nobody knows any more which mode it was: a list puts every client right.
    else this.#owesList = this.#mode === "listed" && this.#present.size > LISTED_AGAIN;
  }

  join(connection: RoomConnection, now: number): void {
    this.#enter(connection, now);
  }

  leave(connection: RoomConnection, departure: Departure, now: number): void {
    if (connection.state.counted) this.#connections--;
    const present = this.#of(connection);
    if (present === undefined || !present.connections.delete(connection) || present.connections.size > 0)
      return;
    if (departure === "lost") this.#leavesAt.set(present.user.id, now + GRACE_MS);
    else {
      this.#believe(-1);
      this.#remove(present.user.id, now);
    }
  }

  /** Does not wait for those whose last connection was lost: of one user, or of everybody. */
  dismiss(user: string | null, now: number): void {
    for (const lost of this.#leavesAt.keys()) {
      if (user !== null && user !== lost) continue;
      this.#told.connections = null;
      this.#remove(lost, now);
    }
  }

  /** Whether members are told one by one. */
  get isListed(): boolean {
    return this.#mode === "listed";
  }

  /** A field left out stays, `data: null` clears. */
  update(connection: RoomConnection, change: { status?: Status; data?: unknown }): void {
    const present = this.#of(connection);
    if (present === undefined) return;
    const standing = { ...present.standing, ...change };
    for (const own of present.connections) own.update({ standing });
    // Last, so that nobody else is given what one connection could not keep.
    present.standing = standing;
    this.#news.push(JSON.stringify({ type: "memberUpdated", member: memberOf(present) }));
  }

  connectionsOf(userId: string): ReadonlySet<RoomConnection> {
    return this.#present.get(userId)?.connections ?? new Set();
  }

  get occupancy(): Occupancy {
    return { members: this.#present.size, connections: this.#connections };
  }

  /** Empty while the room is too big for a list. */
  get members(): Member[] {
    return this.#mode === "counted" ? [] : Array.from(this.#present.values(), memberOf);
  }

  /** When it next has something to say by itself; the room is awake till then anyway. */
  dueAt(): number | null {
    const times = [...this.#leavesAt.values()];
    // A call that only looked has swept somebody away.
    if (this.#news.length > 0) times.push(0);
    if (this.#owesOccupancy) times.push(this.#told.at + OCCUPANCY_EVERY_MS);
    return times.length === 0 ? null : times.reduce((soonest, time) => Math.min(soonest, time));
  }

  /** What is to be told now, once. */
  takeNews(now: number): string[] {
    for (const [userId, leavesAt] of this.#leavesAt) {
      if (leavesAt > now) continue;
      this.#told.connections = null;
      this.#remove(userId, now);
    }
    const news = this.#news;
    this.#news = [];
    if (this.#mode === "listed" && this.#present.size > LISTED_MEMBERS) this.#mode = "counted";
    else if (this.#mode === "counted" && this.#present.size <= LISTED_AGAIN) {
      this.#mode = "listed";
      this.#owesList = true;
    }
    return this.#mode === "counted" ? this.#countedNews(news, now) : this.#listedNews(news, now);
  }

  #countedNews(news: string[], now: number): string[] {
    this.#owesOccupancy ||= news.length > 0 || this.#connections !== this.#told.connections;
    return this.#owesOccupancy && now - this.#told.at >= OCCUPANCY_EVERY_MS ? [this.#tellOccupancy(now)] : [];
  }

  #listedNews(news: string[], now: number): string[] {
    this.#owesOccupancy = false;
    if (this.#owesList && news.length > 0) {
      this.#owesList = false;
      return [JSON.stringify({ type: "members", members: this.members }), this.#tellOccupancy(now)];
    }
    const changed = this.#connections !== this.#told.connections;
    if (!changed || now - this.#told.at < OCCUPANCY_OF_SMALL_ROOMS_EVERY_MS) return news;
    return [...news, this.#tellOccupancy(now)];
  }

  #tellOccupancy(now: number): string {
    this.#owesOccupancy = false;
    this.#told = { connections: this.#connections, at: now };
    return JSON.stringify({ type: "occupancy", ...this.occupancy });
  }

  #enter(connection: RoomConnection, now: number): void {
    const { user } = connection;
    const present = user === null ? undefined : this.#present.get(user.id);
    const newcomer = { status: "online", data: null, joinedAt: now } as const;
    const standing = connection.state.standing ?? present?.standing ?? newcomer;
    // First of all, so that it is not counted where this fails.
    if (user !== null && connection.state.standing === null) connection.update({ standing });
    if (!connection.state.counted) return;
    this.#connections++;
    if (user === null) return;
    if (present === undefined) {
      const joined: Present = { user, standing, connections: new Set([connection]) };
      this.#present.set(user.id, joined);
      this.#believe(1);
      this.#news.push(JSON.stringify({ type: "memberJoined", member: memberOf(joined) }));
      return;
    }
    this.#leavesAt.delete(user.id);
    present.connections.add(connection);
    if (user.name === present.user.name && user.picture === present.user.picture) return;
    present.user = user;
    this.#news.push(JSON.stringify({ type: "memberUpdated", member: memberOf(present) }));
  }

  #remove(userId: string, now: number): void {
    this.#present.delete(userId);
    this.#leavesAt.delete(userId);
    this.#news.push(JSON.stringify({ type: "memberLeft", user: userId, at: now }));
  }

  /** Clients count along with the members that come and go. */
  #believe(change: 1 | -1): void {
    if (this.#told.connections !== null) this.#told.connections += change;
  }

  #of(connection: RoomConnection): Present | undefined {
    const { user } = connection;
    return user === null ? undefined : this.#present.get(user.id);
  }
}

const memberOf = ({ user, standing }: Present): Member => ({ ...user, ...standing });
