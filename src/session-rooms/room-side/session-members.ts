// The sessions that have joined a room. To the rules each is a connection like any other; here its frames are gathered
// for the next delivery, and what has to outlast the room's sleep is written, in one row each: also that the room has
// ended for a session, until the session knows.

import type { Actor } from "../../access/identity.ts";
import type { Closing } from "../../protocol/index.ts";
import { RoomConnection, type RoomConnectionState, readState } from "../../room/people/room-connection.ts";
import type { SessionItem } from "../session-delivery.ts";
import { BufferedSocket } from "./buffered-socket.ts";
import type { Inquiry, SessionStore } from "./session-store.ts";

/** A delivery is a request, so a busy room is for sockets. */
export const MAX_SESSIONS = 1_000;
/** Of what is written of a permission. */
const UNTIL_STEP_MS = 5 * 60_000;

interface SessionMember {
  readonly user: string;
  readonly join: string;
  readonly connection: RoomConnection;
  readonly port: BufferedSocket;
  /** The row as it is written; `null`: there is none. */
  row: string | null;
  /** What the session has been told of. `unknown`: since the room started, or since a delivery was given up. */
  told: "nothing" | "unknown" | { readonly upTo: number };
  /** When it is to be asked whether it is still there; in milliseconds. `undefined`: nobody has thought of it yet. */
  askAt: number | undefined;
}

/** The room has ended for a session that has yet to hear of it. As it stands in a row, whatever the version. */
interface Ended {
  readonly user: string;
  readonly join: string;
  readonly left: Closing;
}

export interface AddressedItem {
  readonly user: string;
  readonly item: SessionItem;
}

export class SessionMembers {
  readonly #store: SessionStore;
  readonly #reportFault: (error: unknown) => void;
  readonly #seats = new Map<string, SessionMember>();
  readonly #ended = new Map<string, Ended>();
  readonly #touched = new Set<SessionMember>();
  #remembersHead = false;
  /** `undefined`: not read since the start. */
  #lastInquiry: Inquiry | undefined;

  constructor(store: SessionStore, reportFault: (error: unknown) => void) {
    this.#store = store;
    this.#reportFault = reportFault;
  }

  /** With those that have yet to hear of their end. */
  get size(): number {
    return this.#seats.size + this.#ended.size;
  }

  find(id: string): RoomConnection | undefined {
    return this.#seats.get(id)?.connection;
  }

  /** It will be told that it is no longer here. */
  hasEnded(id: string): boolean {
    return this.#ended.has(id);
  }

  /** Whom an item is for, unless they have left or joined again. */
  of({ connection, join }: SessionItem): RoomConnection | undefined {
    const seat = this.#seats.get(connection);
    return seat?.join === join ? seat.connection : undefined;
  }

  /** Those that had joined before the room slept, and how many the room ends for as other code wrote their row. */
  restore(): { connections: RoomConnection[]; others: number } {
    let others = 0;
    for (const { connection, state: row } of this.#store.all()) {
      const { join, user, ended, ...kept } = JSON.parse(row);
      const state = readState(kept);
      if (ended !== undefined) this.#ended.set(connection, ended);
      else if (state === undefined) {
        others++;
        this.#hasEnded(connection, { user, join, left: { code: "internal" } });
      } else {
        const { stage } = state;
        this.#sit(state, { join, row, told: stage.at === "paging" ? { upTo: stage.after } : "unknown" });
      }
    }
    return { connections: Array.from(this.#seats.values(), ({ connection }) => connection), others };
  }

  join(state: RoomConnectionState, join: string): RoomConnection {
    const row = this.#seats.get(state.id)?.row ?? (this.#ended.delete(state.id) ? "ended" : null);
    return this.#sit(state, { join, row, told: "nothing" });
  }

  /** What was said since the last time, `headBefore` being where the log stood then. Writes what changed. */
  collect(headBefore: number, head: number): AddressedItem[] {
    this.#rememberHead(headBefore);
    const parcels: AddressedItem[] = [];
    for (const seat of this.#touched) {
      const item = this.#itemOf(seat, headBefore, head);
      if (item !== undefined) parcels.push({ user: seat.user, item });
      try {
        this.#write(seat);
      } catch (error) {
        // One row that cannot be written is no reason to keep anything from anybody.
        this.#reportFault(error);
      }
    }
    this.#touched.clear();
    return parcels;
  }

  /**
   * Once after a start: what is kept for a session until its permission is known comes later than this flush, and
   * follows on where the log stood before it.
   */
  #rememberHead(headBefore: number): void {
    if (this.#remembersHead) return;
    this.#remembersHead = true;
    for (const seat of this.#seats.values()) if (seat.told === "unknown") seat.told = { upTo: headBefore };
  }

  get lastInquiry(): Inquiry {
    this.#lastInquiry ??= this.#store.lastInquiry();
    return this.#lastInquiry;
  }

  /** For each session, even where nothing was said: whether it has missed something, and is still there. */
  inquire(head: number, now: number): AddressedItem[] {
    if (this.size === 0) return [];
    this.#lastInquiry = { headThen: head, at: now };
    this.#store.setLastInquiry(this.#lastInquiry);
    return [...inquiries(this.#seats.values(), head), ...this.farewells()];
  }

  /** As `inquire`, for those that may have stopped their heartbeat, as far as is known; of the others after a moment. */
  inquireOfSilent(head: number, now: number, pingMs: number): AddressedItem[] {
    const silent: SessionMember[] = [];
    for (const seat of this.#seats.values()) {
      seat.askAt ??= now + pingMs;
      if (now < seat.askAt) continue;
      silent.push(seat);
      // Its answer says when next.
      seat.askAt = now + pingMs;
    }
    return inquiries(silent, head);
  }

  /** An item was taken, and so the session is alive. It is to be asked again then. */
  isAlive({ connection, join }: SessionItem, askAt: number): void {
    const seat = this.#seats.get(connection);
    if (seat?.join === join) seat.askAt = askAt;
  }

  /** For those that have yet to hear of their end. */
  farewells(): AddressedItem[] {
    return Array.from(this.#ended, ([connection, { user, join, left }]) => ({
      user,
      item: { connection, join, after: null, upTo: 0, frames: [], left },
    }));
  }

  /** It was passed on, or is of no interest to anybody any more. */
  delivered({ connection, join, frames, left }: SessionItem): void {
    const seat = this.#seats.get(connection);
    if (seat?.join === join) seat.port.delivered(frames);
    if (left !== undefined && this.#ended.get(connection)?.join === join) {
      this.#ended.delete(connection);
      this.#store.remove(connection);
    }
  }

  /** What was in it is lost. */
  givenUp({ connection, join, frames }: SessionItem): void {
    const seat = this.#seats.get(connection);
    if (seat?.join !== join) return;
    seat.port.delivered(frames);
    seat.told = "unknown";
  }

  #itemOf(seat: SessionMember, headBefore: number, head: number): SessionItem | undefined {
    const { connection, join, port, told } = seat;
    const { frames, left } = port.take();
    const isCurrent = this.#seats.get(connection.state.id) === seat;
    if (!isCurrent || (frames.length === 0 && left === undefined)) return undefined;
    const { stage } = connection.state;
    const upTo = stage.at === "paging" ? stage.after : head;
    const after = told === "nothing" ? null : told === "unknown" ? headBefore : told.upTo;
    seat.told = { upTo };
    const item = { connection: connection.state.id, join, after, upTo, frames };
    return left === undefined ? item : { ...item, left };
  }

  #write(seat: SessionMember): void {
    const { connection, port, user, join } = seat;
    const { id } = connection.state;
    const isCurrent = this.#seats.get(id) === seat;
    if (!isCurrent) return;
    if (port.state === null) {
      this.#seats.delete(id);
      const { left } = port;
      if (left !== undefined) this.#hasEnded(id, { user, join, left });
      else if (seat.row !== null) this.#store.remove(id);
      return;
    }
    if (connection.state.stage.at === "joining") return;
    // When it last pinged is the business of the user's object. `join` and `user` are there whatever the version.
    const actor = roughly(connection.state.actor);
    const row = JSON.stringify({ ...connection.state, actor, pingedAt: null, join, user });
    if (row === seat.row) return;
    this.#store.put(id, row);
    seat.row = row;
  }

  #hasEnded(id: string, ended: Ended): void {
    this.#ended.set(id, ended);
    this.#store.put(id, JSON.stringify({ ended }));
  }

  #sit(
    state: RoomConnectionState,
    { join, row, told }: Pick<SessionMember, "join" | "row" | "told">,
  ): RoomConnection {
    const port = new BufferedSocket(() => this.#touched.add(seat));
    const connection = new RoomConnection(port, state);
    const seat: SessionMember = {
      user: connection.user?.id ?? "",
      join,
      connection,
      port,
      row,
      told,
      askAt: undefined,
    };
    port.state = state;
    this.#seats.set(state.id, seat);
    return connection;
  }
}

/**
 * Until when a permission is known is written in steps, never too late: an answer of the back end is no reason for a row,
 * and what has lapsed by what is written is asked for once more after a sleep.
 */
const roughly = (actor: Actor): Actor =>
  actor.permissionUntil === undefined
    ? actor
    : { ...actor, permissionUntil: Math.floor(actor.permissionUntil / UNTIL_STEP_MS) * UNTIL_STEP_MS };

function inquiries(seats: Iterable<SessionMember>, head: number): AddressedItem[] {
  return Array.from(seats)
    .filter(({ connection }) => connection.state.stage.at === "live")
    .map(({ user, join, connection, told }) => {
      const upTo = typeof told === "object" ? told.upTo : head;
      return { user, item: { connection: connection.state.id, join, after: upTo, upTo, frames: [] } };
    });
}
