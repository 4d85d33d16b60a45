// Where a position is until it is written: with one of the user's connections here, if one can keep it. There it costs no
// row, and outlives a sleep of the object. What ends with the connection is written when that leaves.

import type { UserPosition } from "./read-sheets.ts";
import type { RoomConnection } from "./room-connection.ts";
import type { RoomPresence } from "./room-presence.ts";

export class AttachedPositions {
  readonly #presence: Pick<RoomPresence, "connectionsOf">;

  constructor(presence: Pick<RoomPresence, "connectionsOf">) {
    this.#presence = presence;
  }

  /** Answers whether a connection keeps it now. */
  keep(user: string, read: UserPosition): boolean {
    for (const connection of this.#presence.connectionsOf(user)) {
      if (!connection.keepsState) continue;
      connection.update({ read });
      return true;
    }
    return false;
  }

  forget(user: string): void {
    for (const connection of this.#presence.connectionsOf(user))
      if (connection.state.read !== undefined) connection.update({ read: undefined });
  }

  /** What these connections kept while the object slept. */
  *among(
    connections: Iterable<RoomConnection>,
  ): Generator<{ readonly user: string; readonly read: UserPosition }> {
    for (const { user, state } of connections)
      if (user !== null && state.read !== undefined) yield { user: user.id, read: state.read };
  }
}
