// The sessions that have joined a room. To the rules each is a connection like any other; here its frames are gathered
// for the next delivery, and what has to outlast the room's sleep is written, in one row each.

import type { SessionItem } from "../realtime/session-delivery.ts";
import { RoomConnection, type RoomConnectionState, readState } from "./room-connection.ts";
import { SessionPort } from "./session-port.ts";
import type { SessionStore } from "./session-store.ts";

/** A delivery is a request, so a busy room is for sockets. */
export const MAX_SESSIONS = 1_000;

interface Seat {
  readonly user: string;
  readonly join: string;
  readonly connection: RoomConnection;
  readonly port: SessionPort;
  /** The row as it is written; `null`: there is none. */
  row: string | null;
  /** What the session has been told of. `unknown`: since the room started, or since a delivery was given up. */
  told: "nothing" | "unknown" | { readonly upTo: number };
}

export interface Parcel {
  readonly user: string;
  readonly item: SessionItem;
}

export class Sessions {
  readonly #store: SessionStore;
  readonly #seats = new Map<string, Seat>();
  readonly #touched = new Set<Seat>();

  constructor(store: SessionStore) {
    this.#store = store;
  }

  get size(): number {
    return this.#seats.size;
  }

  find(id: string): RoomConnection | undefined {
    return this.#seats.get(id)?.connection;
  }

  /** Whom an item is for, unless they have left or joined again. */
  of({ connection, join }: SessionItem): RoomConnection | undefined {
    const seat = this.#seats.get(connection);
    return seat?.join === join ? seat.connection : undefined;
  }

  /** Those that had joined before the room slept. */
  restore(): RoomConnection[] {
    for (const { connection, state: row } of this.#store.all()) {
      const { join, ...kept } = JSON.parse(row);
      const state = readState(kept);
      if (state === undefined) this.#store.remove(connection);
      else this.#sit(state, { join, row, told: "unknown" });
    }
    return Array.from(this.#seats.values(), ({ connection }) => connection);
  }

  join(state: RoomConnectionState, join: string): RoomConnection {
    return this.#sit(state, { join, row: this.#seats.get(state.id)?.row ?? null, told: "nothing" });
  }

  /** What was said since the last time, `headBefore` being where the log stood then. Writes what changed. */
  collect(headBefore: number, head: number): Parcel[] {
    const parcels: Parcel[] = [];
    for (const seat of this.#touched) {
      const item = this.#itemOf(seat, headBefore, head);
      if (item !== undefined) parcels.push({ user: seat.user, item });
      this.#write(seat);
    }
    this.#touched.clear();
    return parcels;
  }

  /** For each session, even where nothing was said: whether it has missed something, and is still there. */
  inquiries(head: number): Parcel[] {
    return Array.from(this.#seats.values())
      .filter(({ connection }) => connection.state.stage.at === "live")
      .map(({ user, join, connection, told }) => {
        const upTo = typeof told === "object" ? told.upTo : head;
        return { user, item: { connection: connection.state.id, join, after: upTo, upTo, frames: [] } };
      });
  }

  delivered({ connection, join, frames }: SessionItem): void {
    const seat = this.#seats.get(connection);
    if (seat?.join === join) seat.port.delivered(frames);
  }

  /** What was in it is lost. */
  givenUp(item: SessionItem): void {
    this.delivered(item);
    const seat = this.#seats.get(item.connection);
    if (seat?.join === item.join) seat.told = "unknown";
  }

  #itemOf(seat: Seat, headBefore: number, head: number): SessionItem | undefined {
    const { connection, join, port, told } = seat;
    const { frames, left } = port.take();
    const isCurrent = this.#seats.get(connection.state.id) === seat;
    if (!isCurrent || (frames.length === 0 && left === undefined)) return undefined;
    const { stage } = connection.state;
    const upTo = stage.at === "paging" ? stage.after : head;
    const after = told === "nothing" ? null : told === "unknown" ? headBefore : told.upTo;
    // Until its long replay is over a session asks for each page itself, and begins anew after it.
    seat.told = stage.at === "live" ? { upTo } : "nothing";
    return {
      connection: connection.state.id,
      join,
      after,
      upTo,
      frames,
      ...(left !== undefined && { left }),
    };
  }

  #write(seat: Seat): void {
    const { connection, port } = seat;
    const { id } = connection.state;
    const isCurrent = this.#seats.get(id) === seat;
    if (!isCurrent) return;
    if (port.state === null) {
      this.#seats.delete(id);
      if (seat.row !== null) this.#store.remove(id);
      return;
    }
    if (connection.state.stage.at === "joining") return;
    // When it was last seen is the business of the user's object.
    const row = JSON.stringify({ ...connection.state, seenAt: 0, join: seat.join });
    if (row === seat.row) return;
    this.#store.put(id, row);
    seat.row = row;
  }

  #sit(state: RoomConnectionState, { join, row, told }: Pick<Seat, "join" | "row" | "told">): RoomConnection {
    const port = new SessionPort(() => this.#touched.add(seat));
    const connection = new RoomConnection(port, state);
    const seat: Seat = { user: connection.user?.id ?? "", join, connection, port, row, told };
    port.state = state;
    this.#seats.set(state.id, seat);
    return connection;
  }
}
