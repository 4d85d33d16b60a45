// How many connections a room takes of whom.

import type { Identity } from "../auth/identity.ts";
import type { RoomSettings } from "./room-settings.ts";

/** A count that a connection is in, and how many of it there may be. */
export interface Seat {
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
export function seatsOf(
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
export const seatOfUser = (user: string): string => `user ${user}`;
