// The rooms on the sessions of a user: a session's frames go to its rooms, one call after the other, and the rooms'
// deliveries come back.

import type { Actor, VerifiedToken } from "../../access/identity.ts";
import { okAnswer, UNREACHABLE } from "../../object/answers.ts";
import type { Departure } from "../../object/close-codes.ts";
import { presenceRefusal } from "../../object/encode-data.ts";
import { TOO_MANY_REFUSALS } from "../../object/flood-guard.ts";
import type { RefusedCommand } from "../../object/journal.ts";
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
} from "../../protocol/index.ts";
import type { FollowedRooms } from "../../user/followed-rooms.ts";
import type { RoomNotices } from "../../user/room-notices.ts";
import type { SessionClaims } from "../../user/session-claims.ts";
import type { RoomsCommand } from "../../user/session-commands.ts";
import type { JoinedRoom, SessionConnection } from "../../user/session-connection.ts";
import type { RoomFrame } from "../../validation/parse-session-frame.ts";
import { SerialQueues } from "../serial-queues.ts";
import type { ItemAnswer, SessionItem, SessionJoin } from "../session-delivery.ts";
import {
  end,
  isStill,
  joinedRoom,
  keepTold,
  passLast,
  passOn,
  roomsOf,
  setJoined,
  type Told,
} from "./joined-rooms.ts";

const NOT_JOINED = refuse("not_found", "this room is not joined", { path: ["room"] });
const TOO_MANY = refuse("too_large", `a session has at most ${MAX_SESSION_ROOMS} rooms`, { path: ["room"] });

const GONE: ItemAnswer = { kind: "gone" };
const TAKEN: ItemAnswer = { kind: "taken" };

/** What it needs of the object of a room. */
interface RemoteRoom {
  join(join: SessionJoin): Promise<Outcome<undefined>>;
  receive(session: string, frames: readonly string[]): Promise<boolean>;
  leave(session: string, departure: Departure): Promise<void>;
  renew(session: string, actor: Actor): Promise<void>;
  present(session: string, presence: Pick<PresenceCommand, "status" | "data">): Promise<void>;
}

export interface SessionRoomsPorts {
  readonly notices: Pick<RoomNotices, "registerRoom">;
  readonly followed: FollowedRooms;
  readonly claims: SessionClaims;
  room(name: string): RemoteRoom;
  /**
   * Who the bearer of a token is in a room, and what they may do there. Refused where they may not read it. It may ask
   * the back end. Never rejects.
   */
  authorizeToRead(token: VerifiedToken, room: string): Promise<Outcome<Actor>>;
  /** Whether `authorizeToRead` would ask the back end. */
  asksBackEnd(token: VerifiedToken, room: string): boolean;
  /** A value that tells one `join` of a session from the next. */
  newJoin(): string;
  /** A call did not reach a room. */
  unreachable(operation: "join" | "receive" | "renew", room: string, user: string, error: unknown): void;
  /** A `leave` or a change of presence did not reach a room. */
  callFailed(room: string, session: string, error: unknown): void;
  /** The attachment of a session could not be read or written. */
  sessionFailed(room: string, user: string, error: unknown): void;
  refuse(
    session: SessionConnection,
    command: RefusedCommand,
    refusal: Refusal & { readonly room?: string },
  ): void;
  /** Whether a session is still served: an expired one is closed. */
  serves(session: SessionConnection): boolean;
  drop(session: SessionConnection, closing: Closing): void;
}

/** What waits for one room: two of the largest frames, in UTF-16 units. */
const MAX_WAITING_LENGTH = 2 * 1_048_576;
/** Calls that wait for one room: a hundred joins and leaves are of no use. */
const MAX_WAITING_CALLS = 100;

/** A frame for a room, and the ids of the commands in it. */
interface AddressedFrame {
  readonly frame: string;
  readonly ids: readonly string[];
}

export class SessionRooms {
  readonly #ports: SessionRoomsPorts;
  /** By session and room: a session calls a room once at a time. */
  readonly #queues: SerialQueues<AddressedFrame>;
  readonly #open = new Map<string, SessionConnection>();
  /** The `join`s that a waiting `leave` will end: it waits for what was sent before it. */
  readonly #leaving = new Set<string>();

  constructor(ports: SessionRoomsPorts) {
    this.#ports = ports;
    this.#queues = new SerialQueues({
      maxTasks: MAX_WAITING_CALLS,
      maxLength: MAX_WAITING_LENGTH,
      reportFault(name, error) {
        const [session = "", room = ""] = name.split(" ");
        ports.callFailed(room, session, error);
      },
    });
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

  /** Answers of each item. A session that has expired, or does not read, is closed before anything more is sent to it. */
  deliver(room: string, items: readonly SessionItem[]): ItemAnswer[] {
    const told: Told = new Map();
    const answers = items.map((item) => this.#deliverOne(room, item, told));
    for (const [session, upTo] of told)
      this.#shield(session, room, () => {
        keepTold(session, room, upTo);
        return TAKEN;
      });
    return answers;
  }

  #deliverOne(room: string, item: SessionItem, told: Told): ItemAnswer {
    const session = this.#open.get(item.connection);
    const isLeaving = this.#leaving.has(item.join);
    // The room is about to learn that it left: as `gone` it would be taken for lost.
    if (session === undefined && isLeaving) return TAKEN;
    if (session === undefined || !this.#ports.serves(session)) return GONE;
    if (session.isSlow) {
      this.#ports.drop(session, { code: "slow_consumer" });
      return GONE;
    }
    // What was sent before the `leave` is answered before it, even if the room is joined again already.
    return this.#shield(session, room, () =>
      isLeaving && !isStill(session, room, item)
        ? passLast(session, room, item)
        : passOn(session, room, item, told),
    );
  }

  /** The attachment of a session may not hold what it should: only this session is closed. */
  #shield(session: SessionConnection, room: string, run: () => ItemAnswer): ItemAnswer {
    try {
      return run();
    } catch (error) {
      this.#ports.sessionFailed(room, session.user.id, error);
      this.#ports.drop(session, { code: "internal" });
      return GONE;
    }
  }

  /** A session was closed: its rooms are notified at once. */
  closed(session: SessionConnection, departure: Departure): void {
    const { id, claim } = session.state;
    if (!this.#open.delete(id)) return;
    this.#ports.claims.forget(id, claim);
    for (const [room, { join }] of Object.entries(roomsOf(session))) {
      this.#leaving.add(join);
      const waits = this.#queues.add(this.#line(session, room), () =>
        this.#depart(id, room, join, departure),
      );
      // If too much waits already, the room finds the session gone with its next delivery.
      if (!waits) this.#leaving.delete(join);
    }
  }

  /** For how many rooms the back end has to be asked what another token allows. */
  questionsOf(session: SessionConnection, token: VerifiedToken): number {
    if (token.identity.user.id !== session.user.id) return 0;
    return Object.keys(roomsOf(session)).filter((room) => this.#ports.asksBackEnd(token, room)).length;
  }

  /** The session has another token: each room learns what it allows. */
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
          this.#ports.unreachable("renew", room, session.user.id, error);
          await this.#end(session, room, joined, { code: "overloaded" });
        }
      });
    }
  }

  #presence(session: SessionConnection, { id, status, data }: PresenceCommand): void {
    const refusal = presenceRefusal({ data });
    if (refusal !== undefined) {
      this.#ports.refuse(session, { id, type: "presence" }, refusal);
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
    const waits = this.#queues.gather(line, { frame, ids }, frame.length, (take) =>
      this.#pass(session, room, joined, take()),
    );
    if (!waits) this.#ports.drop(session, TOO_MANY_REFUSALS);
  }

  /** Each command is answered: by the room, or here if the session has left it or was never let in. */
  async #pass(
    session: SessionConnection,
    room: string,
    joined: JoinedRoom,
    frames: readonly AddressedFrame[],
  ): Promise<void> {
    // What waited behind a `leave`, or behind a refused `join`, does not go to the room: it may not even exist.
    if (joinedRoom(session, room) === undefined) {
      this.#notJoined(session, room, frames);
      return;
    }
    try {
      const texts = frames.map(({ frame }) => frame);
      if (await this.#ports.room(room).receive(session.state.id, texts)) return;
    } catch (error) {
      this.#ports.unreachable("receive", room, session.user.id, error);
      await this.#end(session, room, joined, { code: "overloaded" });
      return;
    }
    // The room does not know the session, as after a crash in a join; or the frames belong to a stay that is over.
    if (isStill(session, room, joined)) this.#tell(session, room, joined, { code: "internal" });
    else this.#notJoined(session, room, frames);
  }

  #notJoined(session: SessionConnection, room: string, frames: readonly AddressedFrame[]): void {
    const refusal = { ...NOT_JOINED, room };
    for (const { ids } of frames) {
      for (const id of ids.length === 0 ? [undefined] : ids) this.#ports.refuse(session, { id }, refusal);
    }
  }

  #join(
    session: SessionConnection,
    { id, room, since, history, topics = null, presence, have, replaces }: JoinCommand,
  ): void {
    const { frameBytes, replaces: replacesSession } = session.state;
    const others = Object.entries(roomsOf(session)).filter(
      ([name, { join }]) => name !== room && !this.#leaving.has(join),
    );
    if (others.length >= MAX_SESSION_ROOMS) {
      this.#ports.refuse(session, { id, type: "join" }, { ...TOO_MANY, room });
      return;
    }
    const join = this.#ports.newJoin();
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
        ...(have !== undefined && { have }),
        ...(frameBytes !== undefined && { frameBytes }),
        ...(replaces !== undefined && { replaces }),
        ...(replacesSession !== undefined && { replacesSession }),
      });
      if (outcome.ok) {
        this.#ports.followed.follow(room);
        return;
      }
      const joined = joinedRoom(session, room);
      // The session has its answer and first frames, and only the answer of the call was lost.
      if (joined?.join === join && joined.told !== null)
        this.#tell(session, room, joined, { code: "internal" });
      else {
        if (joined?.join === join) setJoined(session, room, undefined);
        this.#ports.refuse(session, { id, type: "join" }, { ...outcome.refusal, room });
      }
    });
  }

  async #enter(
    session: SessionConnection,
    room: string,
    join: Omit<SessionJoin, "actor" | "revokedTokens">,
  ): Promise<Outcome<undefined>> {
    const allowed = await this.#authorize(session, room);
    if (!allowed.ok) return allowed;
    if (!this.#open.has(session.state.id)) return accept(undefined);
    const object = this.#ports.room(room);
    try {
      const opened = this.#ports.notices.registerRoom(room);
      if (!opened.ok) return opened;
      return await object.join({ ...join, actor: allowed.value, revokedTokens: opened.value });
    } catch (error) {
      this.#ports.unreachable("join", room, session.user.id, error);
      // It may have been let in all the same.
      await object.leave(join.connection, "lost").catch(() => {});
      return reject(UNREACHABLE);
    }
  }

  #leave(session: SessionConnection, { id, room }: LeaveCommand): void {
    const joined = joinedRoom(session, room);
    if (joined === undefined) {
      this.#ports.refuse(session, { id, type: "leave" }, { ...NOT_JOINED, room });
      return;
    }
    const isFirst = !this.#leaving.has(joined.join);
    this.#leaving.add(joined.join);
    this.#queue(session, room, async () => {
      // It waited behind another `leave`, or behind a `join` that was refused.
      if (!isFirst || joinedRoom(session, room) === undefined) {
        this.#leaving.delete(joined.join);
        this.#ports.refuse(session, { id, type: "leave" }, { ...NOT_JOINED, room });
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

  /** One call after the other. A session that lets too many wait is closed, as for a flood. */
  #queue(session: SessionConnection, room: string, task: () => Promise<unknown>): void {
    if (!this.#queues.add(this.#line(session, room), task)) this.#ports.drop(session, TOO_MANY_REFUSALS);
  }

  async #authorize(session: SessionConnection, room: string): Promise<Outcome<Actor>> {
    const { identity, claim, id } = session.state;
    const rooms = this.#ports.claims.of(id, claim);
    return this.#ports.authorizeToRead({ identity, rooms }, room);
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
