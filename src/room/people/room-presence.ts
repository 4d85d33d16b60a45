// The members of a room. Presence is the set of open connections: nothing of it is stored.

import type { Departure } from "../../object/close-codes.ts";
import { sinceMs } from "../../object/liveness.ts";
import { LISTED_MEMBERS, type Member, type Occupancy, type Status, type User } from "../../protocol/index.ts";
import type { RoomConnection } from "./room-connection.ts";
import { areSameWords, hasSaid, mergeSaid, type Said, type Shown, say } from "./said.ts";

/** A member whose last connection was lost stays this long, in milliseconds: so a reload is not shown. */
export const GRACE_MS = 5_000;
const OCCUPANCY_EVERY_MS = 1_000;
const OCCUPANCY_OF_SMALL_ROOMS_EVERY_MS = 10_000;
/** A big room lists its members again below this. */
const LISTED_AGAIN = LISTED_MEMBERS * 0.9;

interface Present {
  user: User;
  readonly joinedAt: number;
  shown: Shown;
  readonly connections: Set<RoomConnection>;
  /** Connections that were lost a moment ago: their presence still counts, and the last one keeps the member here. */
  echoes: readonly Echo[];
}

interface Echo {
  readonly said: Said;
  readonly until: number;
  /** The user's connections that were there at the loss: none of them is the lost one come back. */
  readonly witnesses: ReadonlySet<RoomConnection>;
}

type Mode = "listed" | "counted";

/** A member who came, or one who is gone. */
export type Coming =
  | { readonly kind: "joined"; readonly user: User }
  | { readonly kind: "left"; readonly user: string };

/** How many are at relays. */
export interface RelayedCounts extends Occupancy {
  /** Connections without a token. */
  readonly anonymous: number;
}

const NOBODY: RelayedCounts = { connections: 0, members: 0, anonymous: 0 };

export class RoomPresence {
  readonly #present = new Map<string, Present>();
  /** Those with echoes. */
  readonly #fading = new Set<Present>();
  #connections = 0;
  /** Those of them without a token. */
  #anonymous = 0;
  #mode: Mode = "listed";
  #news: string[] = [];
  /** Whether a grace has begun whose end is in no `dueAt` yet. */
  #hasLost = false;
  /**
   * The connection count that clients derive: of the last `occupancy`, one more with each member that joins and one less
   * with each that leaves. `null`: unknown (after a sleep, or after a lost member whose loss may have been shown before),
   * so the next events include an `occupancy`.
   */
  #told: { connections: number | null; at: number } = { connections: 0, at: 0 };
  #owesOccupancy = false;
  #owesList = false;
  /** Since they were taken; `undefined`: nobody asks. */
  #comings: Coming[] | undefined;
  /** Those at relays, as these count them. */
  #atRelays = NOBODY;

  /** Takes in what was there before the object slept. It causes no events. */
  restore(connections: Iterable<RoomConnection>): void {
    const [news, comings] = [this.#news, this.#comings];
    this.#news = [];
    this.#comings = undefined;
    for (const connection of connections) {
      if (connection.state.stage.at !== "joining") this.#enter(connection, connection.state.joinedAt ?? 0);
    }
    this.#news = news;
    this.#comings = comings;
    this.#told.connections = null;
    if (this.#present.size > LISTED_MEMBERS) this.#mode = "counted";
    // Between the two bounds it is unknown which mode it was: a list puts every client right.
    else this.#owesList = this.#mode === "listed" && this.#present.size > LISTED_AGAIN;
  }

  /** How many are at relays. Of these, users are shown one by one while the room lists its members. */
  relayed(sums: RelayedCounts): void {
    this.#atRelays = sums;
  }

  /** These are at relays: all users who are. The room lists its members; clients may hold another list, and are sent it. */
  meet(connections: Iterable<RoomConnection>): void {
    this.#mode = "listed";
    this.recall(connections);
    this.#told.connections = null;
    this.#owesList = true;
  }

  /** These were here before, so the back end is not told that they came. */
  recall(connections: Iterable<RoomConnection>): void {
    if (this.#mode === "counted") return;
    const comings = this.#comings;
    this.#comings = undefined;
    for (const connection of connections)
      if (this.#of(connection)?.connections.has(connection) !== true) this.#enter(connection, 0);
    this.#comings = comings;
  }

  /** From here on users at relays are only counted. */
  countRelayed(): void {
    this.#mode = "counted";
    for (const present of this.#present.values()) {
      for (const connection of present.connections) {
        if (connection.relay === null) continue;
        present.connections.delete(connection);
        this.#connections--;
      }
      if (present.connections.size > 0) continue;
      this.#present.delete(present.user.id);
      this.#fading.delete(present);
    }
  }

  /** Whether the room has become small enough for a list, and does not know who is at relays. */
  get wantsWho(): boolean {
    const { members } = this.occupancy;
    return this.#mode === "counted" && this.#atRelays.members > 0 && members <= LISTED_AGAIN;
  }

  join(connection: RoomConnection, now: number): void {
    if (!this.#isOnlyCounted(connection)) this.#enter(connection, now);
    else if (connection.user !== null && connection.state.joinedAt === null)
      connection.update({ joinedAt: now });
  }

  /** The presence that a connection set goes with it: at once if it left, after the grace if it was lost. */
  leave(connection: RoomConnection, departure: Departure, now: number): void {
    const present = this.#of(connection);
    if (connection.relay !== null && present?.connections.has(connection) !== true) return;
    if (connection.state.counted) this.#connections--;
    if (connection.state.counted && connection.user === null) this.#anonymous--;
    if (present === undefined || !present.connections.delete(connection)) return;
    const { said } = connection.state;
    const isLast = present.connections.size === 0;
    if (departure === "lost" && (isLast || hasSaid(said))) {
      const witnesses = new Set(present.connections);
      present.echoes = [...present.echoes, { said, until: now + GRACE_MS, witnesses }];
      this.#fading.add(present);
      this.#hasLost = true;
    } else if (isLast) {
      this.#believe(-1);
      this.#remove(present, now);
    } else this.#show(present);
  }

  /** Ends the grace of members whose last connection was lost: of one user, or of all (`null`). */
  dismiss(user: string | null, now: number): void {
    for (const present of this.#fading) {
      if (user !== null && user !== present.user.id) continue;
      if (present.connections.size > 0) continue;
      this.#told.connections = null;
      this.#remove(present, now);
    }
  }

  /** From now on, it notes who comes and goes, also in a big room. */
  watch(): void {
    this.#comings ??= [];
  }

  /** Who came and went since they were taken, in order. */
  takeComings(): readonly Coming[] {
    const comings = this.#comings ?? [];
    if (comings.length > 0) this.#comings = [];
    return comings;
  }

  /** Whether this user is a member, also in their grace. */
  isHere(userId: string): boolean {
    return this.#present.has(userId);
  }

  /** All members, also in a big room. */
  get users(): User[] {
    return Array.from(this.#present.values(), ({ user }) => user);
  }

  /** Whether members are shown one by one; a big room only counts them. */
  get isListed(): boolean {
    return this.#mode === "listed";
  }

  /** A connection sets the presence of its user. A field left out stays, `data: null` clears. */
  update(connection: RoomConnection, change: { status?: Status; data?: unknown }): void {
    const present = this.#of(connection);
    const { said } = connection.state;
    // At a relay it may be only counted, or have been found gone before this arrived: it brings no lost connection back.
    const isShown = connection.relay === null || present?.connections.has(connection) === true;
    if (present === undefined || !isShown) {
      // Nobody is shown it now; what it says counts when the room lists its members again.
      if (connection.relay !== null) connection.update({ said: say(said, change, [said]) });
      return;
    }
    // A client that came back repeats what it set before it was lost.
    const echo = hasSaid(said) ? undefined : echoOf(present, connection, change);
    // Saved first: if that throws, the members are not shown a presence that was not kept.
    connection.update({ said: say(said, change, saidOf(present), echo?.said) });
    if (echo !== undefined) present.echoes = present.echoes.filter((other) => other !== echo);
    if (present.echoes.length === 0) this.#fading.delete(present);
    this.#show(present);
  }

  connectionsOf(userId: string): ReadonlySet<RoomConnection> {
    return this.#present.get(userId)?.connections ?? new Set();
  }

  get occupancy(): Occupancy {
    const { members, connections, anonymous } = this.#atRelays;
    return this.#mode === "listed"
      ? { members: this.#present.size, connections: this.#connections + anonymous }
      : { members: this.#present.size + members, connections: this.#connections + connections };
  }

  /** How many connections have no token. */
  get anonymous(): number {
    return this.#anonymous + this.#atRelays.anonymous;
  }

  /** Empty while the room is too big for a list. */
  get members(): Member[] {
    return this.#mode === "counted" ? [] : Array.from(this.#present.values(), memberOf);
  }

  /** When it next has an event to emit by itself, in milliseconds; `null`: not at all. Ignores what `hasNews` says. */
  dueAt(): number | null {
    this.#hasLost = false;
    const times = Array.from(this.#fading, ({ echoes }) => echoes[0]?.until ?? Number.POSITIVE_INFINITY);
    if (this.#owesOccupancy) times.push(this.#told.at + OCCUPANCY_EVERY_MS);
    return times.length === 0 ? null : times.reduce((soonest, time) => Math.min(soonest, time));
  }

  /** Whether a member has joined, changed or left since `drainEvents`, or was lost since `dueAt`. */
  get hasNews(): boolean {
    return this.#news.length > 0 || this.#hasLost;
  }

  /** The events to emit now, encoded: `memberJoined` and so on, `occupancy`, `members`. Each is given once. */
  drainEvents(now: number): string[] {
    for (const present of this.#fading) this.#fade(present, now);
    const news = this.#news;
    this.#news = [];
    const { members } = this.occupancy;
    if (this.#mode === "listed" && members > LISTED_MEMBERS) this.countRelayed();
    else if (this.#mode === "counted" && this.#atRelays.members === 0 && members <= LISTED_AGAIN) {
      this.#mode = "listed";
      this.#owesList = true;
    }
    return this.#mode === "counted" ? this.#countedNews(news, now) : this.#listedNews(news, now);
  }

  #countedNews(news: string[], now: number): string[] {
    this.#owesOccupancy ||= news.length > 0 || this.occupancy.connections !== this.#told.connections;
    return this.#owesOccupancy && sinceMs(this.#told.at, now) >= OCCUPANCY_EVERY_MS
      ? [this.#tellOccupancy(now)]
      : [];
  }

  #listedNews(news: string[], now: number): string[] {
    this.#owesOccupancy = false;
    if (this.#owesList && news.length > 0) {
      this.#owesList = false;
      return [JSON.stringify({ type: "members", members: this.members }), this.#tellOccupancy(now)];
    }
    const changed = this.occupancy.connections !== this.#told.connections;
    if (!changed || sinceMs(this.#told.at, now) < OCCUPANCY_OF_SMALL_ROOMS_EVERY_MS) return news;
    return [...news, this.#tellOccupancy(now)];
  }

  #tellOccupancy(now: number): string {
    this.#owesOccupancy = false;
    this.#told = { connections: this.occupancy.connections, at: now };
    return JSON.stringify({ type: "occupancy", ...this.occupancy });
  }

  #enter(connection: RoomConnection, now: number): void {
    const { user } = connection;
    const present = user === null ? undefined : this.#present.get(user.id);
    const joinedAt = connection.state.joinedAt ?? present?.joinedAt ?? now;
    // Saved first: if that throws, the connection is not counted.
    if (user !== null && connection.state.joinedAt === null) connection.update({ joinedAt });
    if (!connection.state.counted) return;
    this.#connections++;
    if (user === null) {
      this.#anonymous++;
      return;
    }
    if (present === undefined) {
      const shown = mergeSaid([connection.state.said]);
      const joined: Present = { user, joinedAt, shown, connections: new Set([connection]), echoes: [] };
      this.#present.set(user.id, joined);
      this.#believe(1);
      this.#news.push(JSON.stringify({ type: "memberJoined", member: memberOf(joined) }));
      this.#comings?.push({ kind: "joined", user });
      return;
    }
    present.connections.add(connection);
    present.echoes = present.echoes.filter(({ said }) => hasSaid(said));
    if (present.echoes.length === 0) this.#fading.delete(present);
    const isRenamed = user.name !== present.user.name || user.picture !== present.user.picture;
    present.user = user;
    this.#show(present, isRenamed);
  }

  /** Emits an update if what a member shows has changed. */
  #show(present: Present, hasChanged = false): void {
    const shown = mergeSaid(saidOf(present));
    const isSame = JSON.stringify(shown) === JSON.stringify(present.shown);
    if (isSame && !hasChanged) return;
    present.shown = shown;
    this.#news.push(JSON.stringify({ type: "memberUpdated", member: memberOf(present) }));
  }

  /** Forgets the echoes whose time is over; if the clock was set back, it is over. */
  #fade(present: Present, now: number): void {
    present.echoes = present.echoes.filter(({ until }) => until > now && until <= now + GRACE_MS);
    if (present.echoes.length > 0) {
      this.#show(present);
      return;
    }
    this.#fading.delete(present);
    if (present.connections.size > 0) this.#show(present);
    else {
      this.#told.connections = null;
      this.#remove(present, now);
    }
  }

  #remove(present: Present, now: number): void {
    this.#present.delete(present.user.id);
    this.#fading.delete(present);
    this.#news.push(JSON.stringify({ type: "memberLeft", user: present.user.id, at: now }));
    this.#comings?.push({ kind: "left", user: present.user.id });
  }

  /** Clients derive the count from the members that come and go. */
  #believe(change: 1 | -1): void {
    if (this.#told.connections !== null) this.#told.connections += change;
  }

  /** It is at a relay, whose counts it is part of. */
  #isOnlyCounted({ relay, user }: RoomConnection): boolean {
    return relay !== null && (user === null || this.#mode === "counted");
  }

  #of(connection: RoomConnection): Present | undefined {
    const { user } = connection;
    return user === null ? undefined : this.#present.get(user.id);
  }
}

const memberOf = ({ user, shown, joinedAt }: Present): Member => ({ ...user, ...shown, joinedAt });

function* saidOf({ connections, echoes }: Present): Generator<Said> {
  for (const connection of connections) yield connection.state.said;
  for (const { said } of echoes) yield said;
}

/** The echo that the first presence of a connection replaces, if it came after the loss: of the same words, else the oldest. */
function echoOf(
  { echoes }: Present,
  connection: RoomConnection,
  words: { status?: Status; data?: unknown },
): Echo | undefined {
  const lostBefore = echoes.filter(({ witnesses }) => !witnesses.has(connection));
  return lostBefore.find(({ said }) => areSameWords(said, words)) ?? lostBefore[0];
}
