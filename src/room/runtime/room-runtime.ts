// A room while its object is awake: the rules, joined to the runtime's sockets, storage and clock.

import { type Actor, type UserIdentity, undatedUntil } from "../../access/identity.ts";
import { authorizeRoom } from "../../auth/authorize-room.ts";
import { verifyToken } from "../../auth/verify-token.ts";
import { type Config, requireConfig } from "../../config/config.ts";
import type { Env } from "../../env.ts";
import { log } from "../../log/log.ts";
import { FAILED, NOT_YOURS, UNREACHABLE } from "../../object/answers.ts";
import { AuthBarrier } from "../../object/auth-barrier.ts";
import { type Departure, departureOf, TooBigNotice } from "../../object/close-codes.ts";
import { FlushLoop } from "../../object/flush-loop.ts";
import { socketPort } from "../../object/runtime/hibernatable-socket.ts";
import { type CurrentSocket, currentSockets, databaseOf } from "../../object/runtime/object-state.ts";
import { objectStub } from "../../object/runtime/object-stub.ts";
import { randomEpoch, randomId } from "../../object/runtime/random-id.ts";
import type { LazyDatabase } from "../../object/storage/lazy-database.ts";
import { type Outcome, type Refusal, type RoomCommand, reject } from "../../protocol/index.ts";
import { SessionDeliveries } from "../../session-rooms/runtime/session-deliveries.ts";
import { ROOM_VALIDATORS } from "../../validation/commands.ts";
import { parseFrame } from "../../validation/parse-frame.ts";

import type { Delivery } from "../delivery.ts";
import { LogStore } from "../log/log-store.ts";
import { roomDatabase } from "../log/room-database.ts";
import { RoomLog } from "../log/room-log.ts";
import { ReceiptStore } from "../people/receipt-store.ts";
import { RoomConnection, type RoomConnectionState, readState } from "../people/room-connection.ts";
import { type RoomDefaults, RoomSettings, roomDefaults } from "../people/room-settings.ts";
import { NOTHING_SAID } from "../people/said.ts";
import { UserRecords } from "../people/user-records.ts";
import { Room } from "../room.ts";
import type { AppliedCommand } from "../room-commands.ts";
import type { RoomUpgrade } from "../room-upgrade.ts";
import { tellMentioned } from "./mention-delivery.ts";

/** Delivery to one socket takes about this long: a flush gathers for as long as its fan-out will take. */
const DELIVERY_MS_A_SOCKET = 0.01;
const MAX_LINGER_MS = 50;
/** Between two looks whether a permission is known again, which takes 30 s at most. */
const LOOK_AGAIN_MS = 25;
/** No timer is further ahead than this. */
const MAX_TIMER_MS = 5_000;

/** What holds for every room here. */
export function defaultsOf(env: Env): RoomDefaults {
  const { limits, serverEvents } = requireConfig(env);
  return roomDefaults(limits, serverEvents);
}

export class RoomRuntime {
  readonly room: Room;
  readonly #ctx: DurableObjectState;
  readonly #env: Env;
  readonly #config: Config;
  readonly #name: string;
  readonly #database: LazyDatabase;
  readonly #connections = new Map<WebSocket, RoomConnection>();
  readonly sessions: SessionDeliveries;
  readonly #loop: FlushLoop;
  readonly #authBarrier: AuthBarrier<RoomConnection, AppliedCommand, Outcome<Actor>>;
  readonly #tooBig = new TooBigNotice();
  /** Users whose objects are asked with an opening that has yet to take its seat. */
  readonly #asked = new Set<{ readonly user: string }>();
  #timer: number | null = null;

  constructor(ctx: DurableObjectState, env: Env, name: string, afterFlush: (room: Room) => Promise<void>) {
    this.#ctx = ctx;
    this.#env = env;
    this.#config = requireConfig(env);
    this.#name = name;
    const now = Date.now();
    const sockets = currentSockets(ctx, readState, { room: name });
    // Of a room without tables its connections know the epoch that they were told.
    const epoch = sockets.find(({ state }) => state.epoch !== undefined)?.state.epoch ?? randomEpoch();
    const database = roomDatabase(databaseOf(ctx), { epoch, ring: defaultsOf(env).historyLimit, now });
    this.#database = database;
    const settings = new RoomSettings(database.sql, defaultsOf(env));
    const { historyLimit } = settings;
    const store = new LogStore(database, historyLimit);
    const storage = {
      settings,
      log: new RoomLog(store, { newEpoch: epoch, now }),
      users: new UserRecords(database.sql),
      receipts: new ReceiptStore(database),
    };
    this.room = new Room(name, storage, {
      newEpoch: randomEpoch,
      reportFault: (error) => log("command_failed", { room: name, error }),
      random: () => Math.random(),
      audit: ({ by, ...act }) => log("moderated", { room: name, by: by ?? "server code", ...act }),
    });
    this.#loop = new FlushLoop({
      flush: () => {
        const headBefore = this.room.log.head;
        this.room.flush(Date.now());
        this.sessions.collect(headBefore);
        this.#tellMentioned();
        this.#askForPermissions();
        this.#tellSpent();
      },
      hasWork: () => this.room.hasWork,
      lingerMs: () =>
        this.room.isHeldUp
          ? MAX_LINGER_MS
          : Math.min(MAX_LINGER_MS, Math.floor(this.room.size * DELIVERY_MS_A_SOCKET)),
      now: () => Date.now(),
      wait: (ms) => scheduler.wait(ms),
      sync: () => ctx.storage.sync(),
      after: () => {
        this.#flushAgainWhenDue();
        return afterFlush(this.room);
      },
    });
    this.sessions = new SessionDeliveries(this.room, {
      sql: database.sql,
      deliver: (user, room, items) => this.#userObject(user).deliver(room, items),
      flush: () => this.flush(),
      reportFault: (error) => log("session_not_written", { room: name, error }),
    });
    this.#authBarrier = new AuthBarrier({
      parse: (frame) => parseFrame<RoomCommand>(frame, ROOM_VALIDATORS),
      charge: (connection) => this.room.refusesAuth(connection, Date.now()),
      verify: (connection, token) => this.#verify(connection, token),
      accept: (connection, parsed) => this.room.enqueue({ ...parsed, connection }),
      authenticated: (connection, id, outcome) =>
        this.room.enqueue({ kind: "auth", connection, id, outcome }),
    });
    this.#restore(sockets);
  }

  /** Whether the room has tables: it gets them with the first thing that has to be kept. */
  get isMade(): boolean {
    return this.#database.isMade;
  }

  /** Whether the object of who opens a connection has to be asked first: see `learnOf`. */
  hasToAsk({ identity }: Pick<Actor, "identity">): boolean {
    if (identity.kind !== "user") return false;
    return undatedUntil(identity) !== null || !this.room.moderation.isKnownTo(identity.user.id);
  }

  /**
   * With a user's first opening here their object learns of the room, and the room which of their tokens are void: from
   * then on it is told. A token without a date is told to it each time. Refuses where their object cannot be reached.
   */
  async learnOf({ identity }: Actor): Promise<Refusal | undefined> {
    if (identity.kind !== "user") return undefined;
    const { id } = identity.user;
    // With a date nobody has to be asked: the room is told of a withdrawal.
    if (this.room.moderation.isKnownTo(id)) return this.judge({ identity });
    const asking = { user: id };
    this.#asked.add(asking);
    try {
      const opened = await this.#userObject(id).registerRoom(this.#name, undatedUntil(identity));
      if (!opened.ok) return opened.refusal;
      this.room.moderation.learn(id, opened.value, Date.now());
      return undefined;
    } catch (error) {
      log("user_unreachable", { operation: "registerRoom", room: this.#name, user: id, error });
      return UNREACHABLE;
    } finally {
      this.#asked.delete(asking);
    }
  }

  /** Whether this user has anything open here, or is about to. */
  isOpenTo(user: string): boolean {
    return this.room.isOpenTo(user) || Array.from(this.#asked).some((asking) => asking.user === user);
  }

  /**
   * Before something that lasts is done: whether the token counts still. Of a user whose object tells this room of each
   * withdrawal the room knows; of any other, and of a token without a date, which their object has to know, it asks.
   */
  async judge({ identity }: Pick<Actor, "identity">): Promise<Refusal | undefined> {
    if (identity.kind !== "user" || !this.hasToAsk({ identity })) return undefined;
    return this.#keepInMind(identity);
  }

  /**
   * Before something is kept in a room that nobody made: their object counts the rooms that a user makes. Refuses where
   * there were too many, or where it cannot be reached.
   */
  async mayMake({ identity }: Pick<Actor, "identity">): Promise<Refusal | undefined> {
    if (this.isMade || identity.kind !== "user") return undefined;
    try {
      const counted = await this.#userObject(identity.user.id).mayCreateRoom();
      return counted.ok ? undefined : counted.refusal;
    } catch (error) {
      log("user_unreachable", {
        operation: "mayCreateRoom",
        room: this.#name,
        user: identity.user.id,
        error,
      });
      return UNREACHABLE;
    }
  }

  /** Has the user's object keep a token without a date in mind, and learns what is void, for `bars` to judge by. */
  async #keepInMind({ user: { id }, ...token }: UserIdentity): Promise<Refusal | undefined> {
    try {
      const voidTokens = await this.#userObject(id).voidTokens(undatedUntil(token));
      this.room.moderation.withdraw(id, voidTokens, Date.now());
      return undefined;
    } catch (error) {
      log("user_unreachable", { operation: "revokedTokens", room: this.#name, user: id, error });
      return UNREACHABLE;
    }
  }

  async unfollow(user: string): Promise<void> {
    try {
      await this.#userObject(user).unfollow(this.#name, null);
    } catch (error) {
      log("user_unreachable", { operation: "unfollow", room: this.#name, user, error });
    }
  }

  accept(server: WebSocket, upgrade: RoomUpgrade): void {
    const { actor, topics, presence, counted, since, history, frameBytes } = upgrade;
    this.#ctx.acceptWebSocket(server);
    const connection = new RoomConnection(this.#port(server), {
      version: 1,
      id: `c_${randomId()}`,
      actor,
      topics,
      presence,
      counted,
      pingedAt: null,
      stage: { at: "joining", history, ...(since !== undefined && { since }) },
      joinedAt: null,
      said: NOTHING_SAID,
      ...(!this.isMade && { epoch: this.room.log.epoch }),
      ...(frameBytes !== undefined && { frameBytes }),
    });
    connection.update({});
    this.#connections.set(server, connection);
    this.room.admit(connection);
  }

  /** Takes what was sent, and settles when it was done. What waits for the check of a token keeps up nothing before. */
  async receive(ws: WebSocket, frame: string | ArrayBuffer): Promise<void> {
    const connection = this.#connections.get(ws);
    if (connection !== undefined) await this.#receive(connection, frame);
  }

  /** As `receive`, of a session. `false`: it has not joined. */
  async receiveOf(session: string, frames: readonly string[]): Promise<boolean> {
    const connection = this.sessions.find(session);
    if (connection === undefined) return this.sessions.hasEnded(session);
    await Promise.all(frames.map((frame) => this.#receive(connection, frame)));
    return true;
  }

  /** A session leaves, as soon as what it said before has taken effect, for which its permission may be asked for. */
  async leave(session: string, departure: Departure): Promise<void> {
    const connection = this.sessions.find(session);
    while (connection !== undefined && this.room.permits.isWaiting(connection))
      await scheduler.wait(LOOK_AGAIN_MS);
    this.sessions.leave(session, departure);
    await this.flush();
  }

  async #receive(connection: RoomConnection, frame: string | ArrayBuffer): Promise<void> {
    if (this.room.turnsAway(connection, frame)) return this.flush();
    const checked = this.#authBarrier.receive(connection, frame);
    await this.flush();
    if (checked === undefined) return;
    await checked;
    await this.flush();
  }

  /** Its client closed it with `code`, or it was lost. */
  gone(ws: WebSocket, code: number): void {
    const hint = this.#tooBig.hint(code);
    if (hint !== undefined) log("frame_too_big_for_client", { room: this.#name, hint });
    const departure = departureOf(code);
    const connection = this.#connections.get(ws) ?? this.#adopt(ws);
    if (connection === undefined) return;
    this.#connections.delete(ws);
    // An error and a close may both be told of the same socket.
    connection.forget();
    this.room.enqueue({ kind: "leave", connection, departure });
  }

  /** A socket whose close wakes the object is not listed among its sockets, and the others have yet to hear of it. */
  #adopt(ws: WebSocket): RoomConnection | undefined {
    const state = readState(ws.deserializeAttachment());
    if (state === undefined) return undefined;
    const connection = new RoomConnection(this.#port(ws), state);
    this.room.restore([connection]);
    return connection;
  }

  /** Runs a call in its place in the one order, and settles when what it did is on its way. */
  async call<T>(
    actor: Actor,
    cost: number,
    run: (delivery: Delivery, now: number) => Outcome<T>,
  ): Promise<Outcome<T>> {
    let outcome: Outcome<T> | undefined;
    this.room.enqueue({
      kind: "call",
      actor,
      cost,
      run: (delivery, now) => {
        outcome = run(delivery, now);
      },
      refused: (refusal) => {
        outcome = reject(refusal);
      },
    });
    await this.flush();
    return outcome ?? reject(FAILED);
  }

  flush(): Promise<void> {
    return this.#loop.request();
  }

  /** Whoever looked at the room may have made it find out that somebody is gone. */
  async flushIfDue(): Promise<void> {
    if (this.room.hasWork || this.room.dueAt() !== null) await this.flush();
  }

  /** What was closed from here says nothing any more, and its close event may never come. */
  #port(ws: WebSocket) {
    return socketPort(this.#ctx, ws, () => this.#connections.delete(ws));
  }

  /** A few seconds at most: a member's grace, one occupancy a second. The object is paid for meanwhile. */
  #flushAgainWhenDue(): void {
    clearTimeout(this.#timer);
    const dueAt = this.room.dueAt();
    if (dueAt === null) return;
    // Where the clock was set back it would be further ahead, and keep the object awake till then.
    const inMs = Math.min(MAX_TIMER_MS, Math.max(0, dueAt - Date.now()));
    // Not awaited by anybody: a pending timer keeps the object in memory by itself.
    this.#timer = setTimeout(() => this.#ctx.waitUntil(this.flush()), inMs);
  }

  async #verify(connection: RoomConnection, token: string): Promise<Outcome<Actor>> {
    const verified = await verifyToken(this.#config.token, token, Date.now());
    if (!verified.ok) return verified;
    const { identity } = verified.value;
    if (identity.user.id !== connection.user?.id) return reject(NOT_YOURS);
    // Nobody else is asked about a token that opens nothing.
    const barred = this.room.moderation.bars({ identity, permission: "none" }, Date.now());
    if (barred !== undefined) return reject(barred);
    const actor = await authorizeRoom(this.#config, verified.value, this.#name);
    if (!actor.ok) return actor;
    const refusal = undatedUntil(identity) === null ? undefined : await this.#keepInMind(identity);
    return refusal === undefined ? actor : reject(refusal);
  }

  /** Nobody waits for it: what needs the answer is kept by the rules. */
  #askForPermissions(): void {
    for (const identity of this.room.permits.take(Date.now())) this.#ctx.waitUntil(this.#askFor(identity));
  }

  async #askFor(identity: UserIdentity): Promise<void> {
    const answer = await authorizeRoom(this.#config, { identity, rooms: undefined }, this.#name);
    this.room.permits.answered(identity.user.id, answer);
    await this.flush();
  }

  /** Nobody waits for it: the calls leave when what they tell of is durable. */
  #tellMentioned(): void {
    const mentions = this.room.publisher.takeMentions();
    if (mentions.length === 0) return;
    const told = tellMentioned(this.#name, mentions, (user, input, sessions) =>
      this.#userObject(user).mention(input, sessions),
    );
    this.#ctx.waitUntil(told);
  }

  /** Nobody waits for it. A sample that is lost is one of many. */
  #tellSpent(): void {
    const told = this.room.spending.take();
    if (this.#config.limits.userBudget === 0) return;
    for (const [user, units] of told) this.#ctx.waitUntil(this.#tellSpentOf(user, units));
  }

  async #tellSpentOf(user: string, units: number): Promise<void> {
    try {
      const heldUntil = await this.#userObject(user).reportSpending(units);
      if (heldUntil === 0) return;
      this.room.moderation.hold(user, heldUntil, Date.now());
      await this.flush();
    } catch (error) {
      log("user_unreachable", { operation: "reportSpending", room: this.#name, user, error });
    }
  }

  #userObject(user: string) {
    return objectStub(this.#env.USERS, user, this.#config.placement);
  }

  /** Sockets outlive the sleep of their object; what it knew of them is in their attachments. */
  #restore(sockets: readonly CurrentSocket<RoomConnectionState>[]): void {
    for (const { ws, state } of sockets) this.#connections.set(ws, new RoomConnection(this.#port(ws), state));
    const connections = [...this.#connections.values(), ...this.sessions.restore()];
    if (connections.length === 0) return;
    // Nobody is swept yet: what woke the object is delivered first.
    this.room.restore(connections);
  }
}
