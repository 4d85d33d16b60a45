// The rooms on the sessions of a user while the user's object is awake: what a session says goes to its rooms, one call
// after the other, and what they say comes back.

import { authorizeRoom } from "../auth/authorize-room.ts";
import type { Actor } from "../auth/identity.ts";
import { includes } from "../auth/room-permission.ts";
import type { VerifiedToken } from "../auth/verify-token.ts";
import type { Config } from "../config/config.ts";
import { describeError, log } from "../platform/log.ts";
import {
  accept,
  type Closing,
  DEFAULT_HISTORY,
  type JoinCommand,
  type LeaveCommand,
  MAX_SESSION_ROOMS,
  type Outcome,
  type PresenceCommand,
  type Refusal,
  refuse,
  reject,
} from "../protocol/index.ts";
import { okAnswer } from "../realtime/answers.ts";
import { TOO_MANY_REFUSALS } from "../realtime/conduct.ts";
import { randomId } from "../realtime/random-id.ts";
import { UNREACHABLE } from "../realtime/refusals.ts";
import type { ItemAnswer, SessionItem, SessionJoin } from "../realtime/session-delivery.ts";
import type { RoomFrame } from "../validation/parse-session-frame.ts";
import type { Claims } from "./claims.ts";
import { end, isStill, joinedRoom, passOn, roomsOf, setJoined } from "./joined-rooms.ts";
import { Lines } from "./lines.ts";
import type { JoinedRoom, SessionConnection } from "./session-connection.ts";

export type RoomsCommand = RoomFrame | JoinCommand | LeaveCommand | PresenceCommand;

type Departure = "left" | "lost";

/** What it needs of the object of a room. */
export interface RemoteRoom {
  join(join: SessionJoin): Promise<Outcome<undefined>>;
  receive(session: string, frames: readonly string[]): Promise<boolean>;
  leave(session: string, departure: Departure): Promise<void>;
  renew(session: string, actor: Actor): Promise<void>;
  present(session: string, presence: Pick<PresenceCommand, "status" | "data">): Promise<void>;
}

export interface LiveRoomsPorts {
  readonly config: Config;
  /** Up to when the user's tokens are void, in milliseconds. */
  opened(room: string): number;
  readonly claims: Claims;
  room(name: string): RemoteRoom;
  refuse(session: SessionConnection, id: string | undefined, refusal: Refusal): void;
  drop(session: SessionConnection, closing: Closing): void;
}

const NOT_JOINED = refuse("not_found", "this room is not joined", { path: ["room"] });
const TOO_MANY = refuse("too_large", `a session has at most ${MAX_SESSION_ROOMS} rooms`, { path: ["room"] });
const NO_READ = refuse("forbidden", "you may not read this room", { path: ["room"] });

export class LiveRooms {
  readonly #ports: LiveRoomsPorts;
  readonly #lines = new Lines((error) => {
    log("error", "room_call_failed", { error: describeError(error) });
  });
  readonly #open = new Map<string, SessionConnection>();
  /** By the `join` that they end: a `leave` waits for what was said before it. */
  readonly #leaving = new Set<string>();

  constructor(ports: LiveRoomsPorts) {
    this.#ports = ports;
  }

  opened(session: SessionConnection): void {
    this.#open.set(session.state.id, session);
  }

  take(session: SessionConnection, command: RoomsCommand): void {
    switch (command.type) {
      case "roomFrame":
        this.#frame(session, command);
        return;
      case "join":
        this.#join(session, command);
        return;
      case "leave":
        this.#leave(session, command);
        return;
      case "presence":
        for (const room of Object.keys(roomsOf(session))) {
          const { status, data } = command;
          const presence = { ...(status !== undefined && { status }), ...(data !== undefined && { data }) };
          this.#lines.add(this.#line(session, room), () =>
            this.#ports.room(room).present(session.state.id, presence),
          );
        }
        session.socket.send(okAnswer(command.id));
    }
  }

  deliver(room: string, items: readonly SessionItem[]): ItemAnswer[] {
    return items.map((item) => passOn(this.#open.get(item.connection), room, item));
  }

  /** Its rooms are told at once. */
  closed(session: SessionConnection, departure: Departure): void {
    const { id, claim } = session.state;
    if (!this.#open.delete(id)) return;
    this.#ports.claims.forget(id, claim);
    for (const room of Object.keys(roomsOf(session))) {
      this.#lines.add(this.#line(session, room), () => this.#ports.room(room).leave(id, departure));
    }
  }

  /** With another token, what it allows in each room. */
  renew(session: SessionConnection, { rooms: claim }: VerifiedToken): void {
    const { id } = session.state;
    session.update({ claim: this.#ports.claims.keep(id, claim) });
    for (const room of Object.keys(roomsOf(session))) {
      this.#lines.add(this.#line(session, room), async () => {
        const allowed = await this.#authorize(session, room);
        if (allowed.ok) await this.#ports.room(room).renew(id, allowed.value);
        else await this.#end(session, room, joinedRoom(session, room), allowed.refusal);
      });
    }
  }

  #frame(session: SessionConnection, { room, frame, id }: RoomFrame): void {
    const joined = joinedRoom(session, room);
    if (joined === undefined) {
      this.#ports.refuse(session, id, NOT_JOINED);
      return;
    }
    const line = this.#line(session, room);
    const waits = this.#lines.addFrame(line, frame, async (frames) => {
      try {
        // It forgot us, as after a crash in the middle of a join.
        if (!(await this.#ports.room(room).receive(session.state.id, frames))) {
          this.#tell(session, room, joined, { code: "internal" });
        }
      } catch (error) {
        log("error", "room_unreachable", { room, error: describeError(error) });
        await this.#end(session, room, joined, { code: "overloaded" });
      }
    });
    if (!waits) this.#ports.drop(session, TOO_MANY_REFUSALS);
  }

  #join(
    session: SessionConnection,
    { id, room, since, history, topics = null, presence }: JoinCommand,
  ): void {
    const others = Object.entries(roomsOf(session)).filter(
      ([name, { join }]) => name !== room && !this.#leaving.has(join),
    );
    if (others.length >= MAX_SESSION_ROOMS) {
      this.#ports.refuse(session, id, TOO_MANY);
      return;
    }
    const join = randomId().slice(0, 8);
    setJoined(session, room, { join, told: null });
    this.#lines.add(this.#line(session, room), async () => {
      const outcome = await this.#enter(session, room, {
        connection: session.state.id,
        join,
        id,
        topics,
        presence: presence !== "off",
        history: history ?? DEFAULT_HISTORY,
        ...(since !== undefined && { since }),
      });
      if (outcome.ok) return;
      if (joinedRoom(session, room)?.join === join) setJoined(session, room, undefined);
      this.#ports.refuse(session, id, outcome.refusal);
    });
  }

  async #enter(
    session: SessionConnection,
    room: string,
    join: Omit<SessionJoin, "actor" | "voidUpTo">,
  ): Promise<Outcome<undefined>> {
    const allowed = await this.#authorize(session, room);
    if (!allowed.ok) return allowed;
    if (!this.#open.has(session.state.id)) return accept(undefined);
    try {
      const voidUpTo = this.#ports.opened(room);
      return await this.#ports.room(room).join({ ...join, actor: allowed.value, voidUpTo });
    } catch (error) {
      log("error", "room_unreachable", { room, error: describeError(error) });
      return reject(UNREACHABLE);
    }
  }

  #leave(session: SessionConnection, { id, room }: LeaveCommand): void {
    const joined = joinedRoom(session, room);
    if (joined === undefined) {
      this.#ports.refuse(session, id, NOT_JOINED);
      return;
    }
    this.#leaving.add(joined.join);
    this.#lines.add(this.#line(session, room), async () => {
      this.#leaving.delete(joined.join);
      if (isStill(session, room, joined)) setJoined(session, room, undefined);
      session.socket.send(okAnswer(id));
      await this.#ports.room(room).leave(session.state.id, "left");
    });
  }

  async #authorize(session: SessionConnection, room: string): Promise<Outcome<Actor>> {
    const { identity, claim, id } = session.state;
    const rooms = this.#ports.claims.of(id, claim);
    const actor = await authorizeRoom(this.#ports.config, { identity, rooms }, room);
    return actor.ok && !includes(actor.value.permission, "read") ? reject(NO_READ) : actor;
  }

  async #end(
    session: SessionConnection,
    room: string,
    joined: JoinedRoom | undefined,
    closing: Closing,
  ): Promise<void> {
    this.#tell(session, room, joined, closing);
    await this.#ports.room(room).leave(session.state.id, "lost");
  }

  #tell(
    session: SessionConnection,
    room: string,
    joined: JoinedRoom | undefined,
    { code, retryAfterMs }: Closing,
  ): void {
    if (!isStill(session, room, joined)) return;
    end(session, room, { code, ...(retryAfterMs !== undefined && { retryAfterMs }) });
  }

  #line = (session: SessionConnection, room: string): string => `${session.state.id} ${room}`;
}
