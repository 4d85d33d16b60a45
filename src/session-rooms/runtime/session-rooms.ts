// The rooms on the sessions of a user while the user's object is awake: what a session says goes to its rooms, one call
// after the other, and what they say comes back.

import type { Actor, VerifiedToken } from "../../access/identity.ts";
import { includes } from "../../access/room-permission.ts";
import { authorizeRoom, takesQuestion } from "../../auth/authorize-room.ts";
import { log } from "../../log/log.ts";
import { okAnswer, UNREACHABLE } from "../../object/answers.ts";
import type { Departure } from "../../object/close-codes.ts";
import { presenceRefusal } from "../../object/encode-data.ts";
import { TOO_MANY_REFUSALS } from "../../object/flood-guard.ts";
import { randomId } from "../../object/runtime/random-id.ts";
import {
  accept,
  type Closing,
  DEFAULT_HISTORY,
  type JoinCommand,
  type LeaveCommand,
  MAX_SESSION_ROOMS,
  type Outcome,
  type PresenceCommand,
  refuse,
  reject,
} from "../../protocol/index.ts";
import type { RoomsCommand } from "../../user/session-commands.ts";
import type { JoinedRoom, SessionConnection } from "../../user/session-connection.ts";
import type { RoomFrame } from "../../validation/parse-session-frame.ts";
import type { ItemAnswer, SessionItem, SessionJoin } from "../session-delivery.ts";
import { end, isStill, joinedRoom, passLast, passOn, roomsOf, setJoined } from "../user-side/joined-rooms.ts";
import { type SaidFrame, SerialQueues } from "../user-side/serial-queues.ts";
import type { SessionRoomsPorts } from "./session-rooms-ports.ts";

const NOT_JOINED = refuse("not_found", "this room is not joined", { path: ["room"] });
const TOO_MANY = refuse("too_large", `a session has at most ${MAX_SESSION_ROOMS} rooms`, { path: ["room"] });
const NO_READ = refuse("forbidden", "you may not read this room", { path: ["room"] });

export class SessionRooms {
  readonly #ports: SessionRoomsPorts;
  readonly #queues = new SerialQueues((error, name) => {
    const [connection = "", room = ""] = name.split(" ");
    log("room_call_failed", { room, connection, error });
  });
  readonly #open = new Map<string, SessionConnection>();
  /** By the `join` that they end: a `leave` waits for what was said before it. */
  readonly #leaving = new Set<string>();

  constructor(ports: SessionRoomsPorts) {
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
        this.#presence(session, command);
    }
  }

  /** A session that has expired, or does not read, is closed before anything more is delivered to it. */
  deliver(room: string, items: readonly SessionItem[]): ItemAnswer[] {
    return items.map((item) => {
      const session = this.#open.get(item.connection);
      const isLeaving = this.#leaving.has(item.join);
      // The room is being told that it left: as `gone` it would be taken for lost.
      if (session === undefined && isLeaving) return { kind: "taken" };
      if (session === undefined || !this.#ports.serves(session)) return { kind: "gone" };
      if (session.isSlow) {
        this.#ports.drop(session, { code: "slow_consumer" });
        return { kind: "gone" };
      }
      try {
        // What was said before the `leave` is answered before it, also where the room is joined again already.
        if (isLeaving && !isStill(session, room, item)) return passLast(session, room, item);
        return passOn(session, room, item);
      } catch (error) {
        // Its attachment does not hold what it should: only this session shall suffer.
        log("session_failed", { room, user: session.user.id, error });
        this.#ports.drop(session, { code: "internal" });
        return { kind: "gone" };
      }
    });
  }

  /** Its rooms are told at once. */
  closed(session: SessionConnection, departure: Departure): void {
    const { id, claim } = session.state;
    if (!this.#open.delete(id)) return;
    this.#ports.claims.forget(id, claim);
    for (const [room, { join }] of Object.entries(roomsOf(session))) {
      this.#leaving.add(join);
      const waits = this.#queues.add(this.#line(session, room), () =>
        this.#depart(id, room, join, departure),
      );
      // Where too much waits already the room finds it gone with its next delivery.
      if (!waits) this.#leaving.delete(join);
    }
  }

  /** Of how many rooms the back end has to be asked to find out what another token allows there. */
  questionsOf(session: SessionConnection, token: VerifiedToken): number {
    if (token.identity.user.id !== session.user.id) return 0;
    const { config } = this.#ports;
    return Object.keys(roomsOf(session)).filter((room) => takesQuestion(config, token, room)).length;
  }

  /** With another token, what it allows in each room. */
  renew(session: SessionConnection, { rooms: claim }: VerifiedToken): void {
    const { id } = session.state;
    session.update({ claim: this.#ports.claims.keep(id, claim) });
    for (const [room, joined] of Object.entries(roomsOf(session))) {
      this.#queue(session, room, async () => {
        const allowed = await this.#authorize(session, room);
        if (!allowed.ok) return this.#end(session, room, joined, allowed.refusal);
        try {
          await this.#ports.room(room).renew(id, allowed.value);
        } catch (error) {
          // What the old token allowed must not go on.
          log("room_unreachable", { operation: "renew", room, user: session.user.id, error });
          await this.#end(session, room, joined, { code: "overloaded" });
        }
      });
    }
  }

  #presence(session: SessionConnection, { id, status, data }: PresenceCommand): void {
    const refusal = presenceRefusal({ data });
    if (refusal !== undefined) {
      this.#ports.refuse(session, id, refusal);
      return;
    }
    const presence = { ...(status !== undefined && { status }), ...(data !== undefined && { data }) };
    for (const room of Object.keys(roomsOf(session))) {
      this.#queue(session, room, () => this.#ports.room(room).present(session.state.id, presence));
    }
    session.socket.send(okAnswer(id));
  }

  #frame(session: SessionConnection, { room, frame, ids }: RoomFrame): void {
    const joined = joinedRoom(session, room);
    if (joined === undefined) {
      this.#notJoined(session, room, [{ frame, ids }]);
      return;
    }
    const line = this.#line(session, room);
    const waits = this.#queues.addFrame(line, { frame, ids }, (frames) =>
      this.#pass(session, room, joined, frames),
    );
    if (!waits) this.#ports.drop(session, TOO_MANY_REFUSALS);
  }

  /** Each command is answered: by the room, or here where the session is not in it any more, or never was let in. */
  async #pass(
    session: SessionConnection,
    room: string,
    joined: JoinedRoom,
    frames: readonly SaidFrame[],
  ): Promise<void> {
    // Of what waited behind a `leave`, or a `join` that was refused, the room is not asked: it may not even be there.
    if (joinedRoom(session, room) === undefined) {
      this.#notJoined(session, room, frames);
      return;
    }
    try {
      const texts = frames.map(({ frame }) => frame);
      if (await this.#ports.room(room).receive(session.state.id, texts)) return;
    } catch (error) {
      log("room_unreachable", { operation: "receive", room, user: session.user.id, error });
      await this.#end(session, room, joined, { code: "overloaded" });
      return;
    }
    // It forgot us, as after a crash in the middle of a join; or these belong to a stay that is over.
    if (isStill(session, room, joined)) this.#tell(session, room, joined, { code: "internal" });
    else this.#notJoined(session, room, frames);
  }

  #notJoined(session: SessionConnection, room: string, frames: readonly SaidFrame[]): void {
    const refusal = { ...NOT_JOINED, room };
    for (const { ids } of frames) {
      for (const id of ids.length === 0 ? [undefined] : ids) this.#ports.refuse(session, id, refusal);
    }
  }

  #join(
    session: SessionConnection,
    { id, room, since, history, topics = null, presence, replaces }: JoinCommand,
  ): void {
    const { frameBytes, replaces: replacesSession } = session.state;
    const others = Object.entries(roomsOf(session)).filter(
      ([name, { join }]) => name !== room && !this.#leaving.has(join),
    );
    if (others.length >= MAX_SESSION_ROOMS) {
      this.#ports.refuse(session, id, { ...TOO_MANY, room });
      return;
    }
    const join = randomId().slice(0, 8);
    setJoined(session, room, { join, told: null });
    this.#queue(session, room, async () => {
      const outcome = await this.#enter(session, room, {
        connection: session.state.id,
        join,
        id,
        topics,
        presence: presence !== "off",
        history: history ?? DEFAULT_HISTORY,
        ...(since !== undefined && { since }),
        ...(frameBytes !== undefined && { frameBytes }),
        ...(replaces !== undefined && { replaces }),
        ...(replacesSession !== undefined && { replacesSession }),
      });
      if (outcome.ok) {
        this.#ports.followed.follow(room);
        return;
      }
      const joined = joinedRoom(session, room);
      // It has had its answer and its first frames, and only the way back failed.
      if (joined?.join === join && joined.told !== null)
        this.#tell(session, room, joined, { code: "internal" });
      else {
        if (joined?.join === join) setJoined(session, room, undefined);
        this.#ports.refuse(session, id, { ...outcome.refusal, room });
      }
    });
  }

  async #enter(
    session: SessionConnection,
    room: string,
    join: Omit<SessionJoin, "actor" | "voidTokens">,
  ): Promise<Outcome<undefined>> {
    const allowed = await this.#authorize(session, room);
    if (!allowed.ok) return allowed;
    if (!this.#open.has(session.state.id)) return accept(undefined);
    const object = this.#ports.room(room);
    try {
      const opened = this.#ports.notices.registerRoom(room);
      if (!opened.ok) return opened;
      return await object.join({ ...join, actor: allowed.value, voidTokens: opened.value });
    } catch (error) {
      log("room_unreachable", { operation: "join", room, user: session.user.id, error });
      // It may have been let in all the same.
      await object.leave(join.connection, "lost").catch(() => {});
      return reject(UNREACHABLE);
    }
  }

  #leave(session: SessionConnection, { id, room }: LeaveCommand): void {
    const joined = joinedRoom(session, room);
    if (joined === undefined) {
      this.#ports.refuse(session, id, { ...NOT_JOINED, room });
      return;
    }
    const isFirst = !this.#leaving.has(joined.join);
    this.#leaving.add(joined.join);
    this.#queue(session, room, async () => {
      // It waited behind another `leave`, or behind a `join` that was refused.
      if (!isFirst || joinedRoom(session, room) === undefined) {
        this.#leaving.delete(joined.join);
        this.#ports.refuse(session, id, { ...NOT_JOINED, room });
        return;
      }
      try {
        await this.#ports.room(room).leave(session.state.id, "left");
      } finally {
        if (isStill(session, room, joined)) setJoined(session, room, undefined);
        this.#leaving.delete(joined.join);
        session.socket.send(okAnswer(id, { room }));
      }
    });
  }

  async #depart(session: string, room: string, join: string, departure: Departure): Promise<void> {
    try {
      await this.#ports.room(room).leave(session, departure);
    } finally {
      this.#leaving.delete(join);
    }
  }

  /** One call after the other; who lets too many wait is closed, as for a flood. */
  #queue(session: SessionConnection, room: string, task: () => Promise<unknown>): void {
    if (!this.#queues.add(this.#line(session, room), task)) this.#ports.drop(session, TOO_MANY_REFUSALS);
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
    { code, retryAfterMs, message }: Closing,
  ): void {
    if (!isStill(session, room, joined)) return;
    end(session, room, {
      code,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(message !== undefined && { message }),
    });
  }

  #line = (session: SessionConnection, room: string): string => `${session.state.id} ${room}`;
}
