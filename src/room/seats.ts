// The connections of a room, counted by user, by address and together, and how many there may be of each.

import type { Identity } from "../access/identity.ts";
import type { RoomConnection } from "./people/room-connection.ts";
import type { RoomSettings } from "./people/room-settings.ts";
import { placeKeyOf, placeKeyOfUser } from "./relays/relay-choice.ts";

/** Where one more connection would be, and what the room does not count itself. */
export interface Seating {
  /** Whether it would be a socket of this object. */
  readonly isSocketHere: boolean;
  /** Connections of its user, or from its address, at relays. */
  readonly atRelays: number;
}

export const HERE: Seating = { isSocketHere: true, atRelays: 0 };

/** A count that a connection is part of, and its limit. */
interface Seat {
  readonly key: string;
  readonly cap: number;
}

type SeatSettings = Pick<
  RoomSettings,
  "maxConnections" | "maxConnectionsPerUser" | "maxConnectionsPerAddress"
>;

/**
 * The counts that a connection is part of, beside the room as a whole. Connections without a token take at most half of
 * the room, and one address half of that.
 */
function seatsOf(
  identity: Identity,
  { maxConnections, maxConnectionsPerUser, maxConnectionsPerAddress }: SeatSettings,
): readonly Seat[] {
  switch (identity.kind) {
    case "server":
      return [];
    case "user":
      return [{ key: placeKeyOf(identity), cap: maxConnectionsPerUser }];
    case "anonymous": {
      const cap = Math.floor(maxConnections / 2);
      const perAddress = Math.min(maxConnectionsPerAddress, Math.ceil(cap / 2));
      return [
        { key: ANONYMOUS, cap },
        { key: placeKeyOf(identity), cap: perAddress },
      ];
    }
  }
}

const ANONYMOUS = "anonymous connections";

/** Counts open connections, and those that wait for their first frames. */
export class Seats {
  readonly #settings: SeatSettings;
  readonly #byId = new Map<string, RoomConnection>();
  /** How many connections each count has. */
  readonly #taken = new Map<string, number>();
  /** How many of them are at relays, as far as they are held. */
  readonly #atRelays = new Map<string, number>();

  constructor(settings: SeatSettings) {
    this.#settings = settings;
  }

  find(id: string): RoomConnection | undefined {
    return this.#byId.get(id);
  }

  hasUser(user: string): boolean {
    return this.#taken.has(placeKeyOfUser(user));
  }

  /** Connections of one user, or from one address. */
  countOf(key: string): number {
    return this.#taken.get(key) ?? 0;
  }

  /**
   * Whether there is no place for one more connection of `identity`. The limit of the whole room is checked elsewhere.
   * Those at relays may not be held: `atRelays` of the same user or address, `anonymous` without a token.
   */
  areFullFor(identity: Identity, atRelays: number, anonymous: number): boolean {
    return seatsOf(identity, this.#settings).some(({ key, cap }) => {
      const taken = this.countOf(key);
      const held = this.#atRelays.get(key) ?? 0;
      return taken - held + Math.max(held, key === ANONYMOUS ? anonymous : atRelays) >= cap;
    });
  }

  take(connection: RoomConnection): void {
    this.#byId.set(connection.state.id, connection);
    this.#count(connection, 1);
  }

  free(connection: RoomConnection): void {
    const { id } = connection.state;
    if (this.#byId.get(id) === connection) this.#byId.delete(id);
    this.#count(connection, -1);
  }

  #count({ identity, relay }: RoomConnection, change: 1 | -1): void {
    for (const { key } of seatsOf(identity, this.#settings)) {
      add(this.#taken, key, change);
      if (relay !== null) add(this.#atRelays, key, change);
    }
  }
}

function add(counts: Map<string, number>, key: string, change: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
