// The connections of a room, counted by user, by address and together, and how many there may be of each.

import type { Identity } from "../access/identity.ts";
import type { RoomConnection } from "./people/room-connection.ts";
import type { RoomSettings } from "./people/room-settings.ts";

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
      return [{ key: seatOfUser(identity.user.id), cap: maxConnectionsPerUser }];
    case "anonymous": {
      const cap = Math.floor(maxConnections / 2);
      const perAddress = Math.min(maxConnectionsPerAddress, Math.ceil(cap / 2));
      return [
        { key: "anonymous connections", cap },
        { key: `address ${identity.address}`, cap: perAddress },
      ];
    }
  }
}

/** A user id may be any text, so the kind of the count stands before it. */
const seatOfUser = (user: string): string => `user ${user}`;

/** Counts open connections, and those that wait for their first frames. */
export class Seats {
  readonly #settings: SeatSettings;
  readonly #byId = new Map<string, RoomConnection>();
  /** How many connections each count has. */
  readonly #taken = new Map<string, number>();

  constructor(settings: SeatSettings) {
    this.#settings = settings;
  }

  find(id: string): RoomConnection | undefined {
    return this.#byId.get(id);
  }

  hasUser(user: string): boolean {
    return this.#taken.has(seatOfUser(user));
  }

  /** Whether there is no place for one more connection of `identity`. The limit of the whole room is checked elsewhere. */
  areFullFor(identity: Identity): boolean {
    return seatsOf(identity, this.#settings).some(({ key, cap }) => (this.#taken.get(key) ?? 0) >= cap);
  }

  take(connection: RoomConnection): void {
    this.#byId.set(connection.state.id, connection);
    this.#count(connection.identity, 1);
  }

  free(connection: RoomConnection): void {
    const { id } = connection.state;
    if (this.#byId.get(id) === connection) this.#byId.delete(id);
    this.#count(connection.identity, -1);
  }

  #count(identity: Identity, change: 1 | -1): void {
    for (const { key } of seatsOf(identity, this.#settings)) {
      const taken = (this.#taken.get(key) ?? 0) + change;
      if (taken === 0) this.#taken.delete(key);
      else this.#taken.set(key, taken);
    }
  }
}
