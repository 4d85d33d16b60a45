// The connections of a room, counted by whom they are of, and how many it takes of each.

import type { Identity } from "../access/identity.ts";
import type { RoomConnection } from "./people/room-connection.ts";
import type { RoomSettings } from "./people/room-settings.ts";

/** A count that a connection is in, and how many of it there may be. */
interface Seat {
  readonly key: string;
  readonly cap: number;
}

type SeatSettings = Pick<
  RoomSettings,
  "maxConnections" | "maxConnectionsPerUser" | "maxConnectionsPerAddress"
>;

/**
 * Where a connection counts, beside the room as a whole. Half of the room is for those without a token, and half of that
 * for one address.
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

/** A user id may be any text, so its kind stands before it. */
const seatOfUser = (user: string): string => `user ${user}`;

/** Open connections, also those that wait for their first frames. */
export class Seats {
  readonly #settings: SeatSettings;
  readonly #byId = new Map<string, RoomConnection>();
  /** How many connections each user has, each address without a token, and all of those together. */
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

  /** Whether there is no place for one more connection of `identity`, the room as a whole apart. */
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
