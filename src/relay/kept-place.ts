// Where a relay is in the log, as a few of its sockets keep it: so it outlives a sleep, and a crash that takes it takes
// the sockets too.

import type { RoomConnection } from "../room/people/room-connection.ts";
import type { RelayPosition } from "../room/relays/relay-calls.ts";
import type { HeldSocket } from "./held-socket.ts";

/** So many sockets keep it. */
const KEEPERS = 3;

export class KeptPlace {
  readonly #sockets = new Map<RoomConnection, HeldSocket>();
  readonly #keepers = new Set<RoomConnection>();

  add(connection: RoomConnection, socket: HeldSocket): void {
    this.#sockets.set(connection, socket);
  }

  /** A connection is gone. Answers whether another one has to keep the place. */
  remove(connection: RoomConnection): boolean {
    this.#sockets.delete(connection);
    return this.#keepers.delete(connection);
  }

  /** `null`: it is not known. `open`: the connections past their first frames. */
  keep(at: RelayPosition | null, open: Iterable<RoomConnection>): void {
    if (this.#keepers.size < KEEPERS)
      for (const connection of open) {
        this.#keepers.add(connection);
        if (this.#keepers.size >= KEEPERS) break;
      }
    for (const connection of this.#keepers) this.#sockets.get(connection)?.keep(at ?? undefined);
  }
}
