// Who is at a relay. The room knows the statuses of members, and shows who comes and goes.

import type { RoomConnection } from "../room/people/room-connection.ts";
import type { RelaySums } from "../room/relays/relay-calls.ts";

export class PeopleHere {
  readonly #byId = new Map<string, RoomConnection>();
  readonly #byUser = new Map<string, Set<RoomConnection>>();

  restore(connections: Iterable<RoomConnection>): void {
    for (const connection of connections) if (connection.state.stage.at !== "joining") this.join(connection);
  }

  join(connection: RoomConnection): void {
    this.#byId.set(connection.state.id, connection);
    const { user } = connection;
    if (user === null) return;
    const own = this.#byUser.get(user.id);
    if (own === undefined) this.#byUser.set(user.id, new Set([connection]));
    else own.add(connection);
  }

  leave(connection: RoomConnection): void {
    this.#byId.delete(connection.state.id);
    const { user } = connection;
    const own = user === null ? undefined : this.#byUser.get(user.id);
    if (user === null || own?.delete(connection) !== true) return;
    if (own.size === 0) this.#byUser.delete(user.id);
  }

  /** Of a user who is gone nothing is shown here. */
  dismiss(): void {}

  find(id: string): RoomConnection | undefined {
    return this.#byId.get(id);
  }

  connectionsOf(user: string): ReadonlySet<RoomConnection> {
    return this.#byUser.get(user) ?? NOBODY;
  }

  /** Connections of users, at most `most`; `undefined`: there are more. */
  users(most: number): RoomConnection[] | undefined {
    const found: RoomConnection[] = [];
    for (const own of this.#byUser.values()) {
      found.push(...own);
      if (found.length > most) return undefined;
    }
    return found;
  }

  get sums(): RelaySums {
    let ofUsers = 0;
    for (const { size } of this.#byUser.values()) ofUsers += size;
    const { size: connections } = this.#byId;
    return { connections, members: this.#byUser.size, anonymous: connections - ofUsers };
  }
}

const NOBODY: ReadonlySet<RoomConnection> = new Set();
