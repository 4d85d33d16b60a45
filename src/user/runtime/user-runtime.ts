// A user's object while it is awake: the rules, joined to the runtime's sockets, storage and clock.

import type { VerifiedToken } from "../../access/identity.ts";
import { includes } from "../../access/room-permission.ts";
import { authorizeRoom, takesQuestion } from "../../auth/authorize-room.ts";
import { verifyToken } from "../../auth/verify-token.ts";
import { type Config, requireConfig } from "../../config/config.ts";
import { clientLimits } from "../../config/limits-config.ts";
import type { Env } from "../../env.ts";
import { log } from "../../log/log.ts";
import { AuthBarrier } from "../../object/auth-barrier.ts";
import { mapBounded } from "../../object/bounded.ts";
import { type Departure, departureOf, TooBigNotice } from "../../object/close-codes.ts";
import { SILENT_INTERVALS } from "../../object/liveness.ts";
import type { VoidTokens } from "../../object/revocation.ts";
import { currentSockets } from "../../object/runtime/current-sockets.ts";
import { socketPort } from "../../object/runtime/hibernatable-socket.ts";
import { objectStub } from "../../object/runtime/object-stub.ts";
import { randomEpoch, randomId } from "../../object/runtime/random-id.ts";
import { FRAME, JOIN, OPENING, Spending } from "../../object/spending.ts";
import {
  accept,
  type FollowedRoomsResult,
  type Outcome,
  type Refusal,
  reject,
} from "../../protocol/index.ts";
import { SessionRooms } from "../../session-rooms/runtime/session-rooms.ts";
import type { RoomsCommand } from "../../session-rooms/runtime/session-rooms-ports.ts";
import type { ItemAnswer, RoomUnread, SessionItem } from "../../session-rooms/session-delivery.ts";
import type { Parsed } from "../../validation/parse-frame.ts";
import { parseSessionFrame } from "../../validation/parse-session-frame.ts";
import { Budget } from "../budget.ts";
import { FollowedRooms, withinBudget } from "../followed-rooms.ts";
import { Inbox } from "../inbox/inbox.ts";
import { MarkStore } from "../inbox/mark-store.ts";
import { NotificationStore } from "../inbox/notification-store.ts";
import { PreferenceStore } from "../inbox/preferences.ts";
import { KnownRooms } from "../known-rooms.ts";
import { PushStore } from "../push/push-store.ts";
import type { Pusher } from "../push/pusher.ts";
import { RoomNotices } from "../room-notices.ts";
import { SessionClaims } from "../session-claims.ts";
import type { SessionUpgrade } from "../session-connection.ts";
import { readSessionState, SessionConnection, type SessionState } from "../session-connection.ts";
import { TokenRevocations } from "../token-revocations.ts";
import { type AppliedCommand, User } from "../user.ts";
import { pushDelivery } from "./push-delivery.ts";

/** A session may be silent for a few intervals before it is taken for dead; and then some, so that it is. */
const SWEEP_SLACK_MS = 5_000;

export class UserRuntime {
  readonly user: User;
  readonly budget: Budget;
  /** Of what the user does here. */
  readonly #spending = new Spending(Math.random);
  readonly notices: RoomNotices;
  readonly #ctx: DurableObjectState;
  readonly #env: Env;
  readonly #config: Config;
  readonly #sessions = new Map<WebSocket, SessionConnection>();
  readonly rooms: SessionRooms;
  readonly followed: FollowedRooms;
  readonly subscriptions: PushStore;
  /** Left out where there are no pushes. */
  readonly pusher: Pusher | undefined;
  readonly #claims: SessionClaims;
  readonly #tooBig = new TooBigNotice();
  readonly #authBarrier: AuthBarrier<
    SessionConnection,
    AppliedCommand | RoomsCommand,
    Outcome<VerifiedToken>
  >;

  constructor(ctx: DurableObjectState, env: Env) {
    this.#ctx = ctx;
    this.#env = env;
    this.#config = requireConfig(env);
    const name = ctx.id.name ?? "";
    const { limits } = this.#config;
    const database = {
      sql: ctx.storage.sql,
      transaction: <T>(run: () => T) => ctx.storage.transactionSync(run),
    };
    const settings = {
      inboxLimit: limits.inbox,
      maxConnections: limits.connectionsPerUser,
      limits: clientLimits(limits),
      reconnect: { minMs: limits.reconnectMinMs, maxMs: limits.reconnectMaxMs },
    };
    const store = new NotificationStore(database, limits.inbox, randomEpoch());
    const knownRooms = new KnownRooms(database.sql);
    const stores = {
      inbox: new Inbox(store, new MarkStore(database.sql)),
      access: new TokenRevocations(database.sql, knownRooms),
      preferences: new PreferenceStore(database.sql),
    };
    this.budget = new Budget(database.sql, limits.userBudget);
    this.user = new User(settings, stores, (error) => {
      log("session_command_failed", { user: name, error });
    });
    this.#claims = new SessionClaims(database.sql);
    this.followed = new FollowedRooms(knownRooms);
    this.notices = new RoomNotices({
      access: stores.access,
      rooms: knownRooms,
      user: name,
      room: (name) => this.#room(name),
      goOn: (work) => ctx.waitUntil(work),
      failed: (operation, room, error) => log("room_unreachable", { operation, room, user: name, error }),
    });
    this.subscriptions = new PushStore(database.sql);
    this.pusher = pushDelivery(this.#config.push, name, {
      ...stores,
      subscriptions: this.subscriptions,
      isOnline: () => this.user.connections > 0,
      doubtMs: SILENT_INTERVALS * limits.pingMs + SWEEP_SLACK_MS,
    });
    this.rooms = new SessionRooms({
      config: this.#config,
      notices: this.notices,
      followed: this.followed,
      claims: this.#claims,
      room: (name) => this.#room(name),
      refuse: (session, id, refusal) => this.user.refuse(session, id, refusal, Date.now()),
      serves: (session) => this.user.serves(session, Date.now()),
      drop: (session, closing) => this.user.drop(session, closing),
    });
    this.#authBarrier = new AuthBarrier({
      parse: parseSessionFrame,
      refuses: () => this.user.charge(Date.now()),
      verify: (_, token) => verifyToken(this.#config.token, token, Date.now()),
      accept: (session, parsed) => this.#accept(session, parsed),
      authenticated: (session, id, outcome) => this.#authenticated(session, id, outcome),
    });
    this.#restore();
  }

  accept(server: WebSocket, upgrade: SessionUpgrade): void {
    const { identity, claim, topics, since, history, frameBytes, replaces } = upgrade;
    this.#ctx.acceptWebSocket(server);
    const now = Date.now();
    const id = `c_${randomId()}`;
    const session = this.#session(server, {
      version: 1,
      id,
      identity,
      topics,
      pingedAt: null,
      stage: { at: "live" },
      claim: this.#claims.keep(id, claim),
      rooms: {},
      ...(frameBytes !== undefined && { frameBytes }),
      ...(replaces !== undefined && { replaces }),
    });
    this.user.admit(session, since, history, now);
  }

  /**
   * An opening by which a room asks which tokens are void. With the first one they follow it, as far as there is room.
   * `undatedUntil`: when the token expires that it is opened with, where that has no date.
   */
  opened(room: string, undatedUntil: number | null): Outcome<VoidTokens> {
    if (undatedUntil !== null) this.voidTokens(undatedUntil);
    const now = Date.now();
    const used = this.budget.refuses(now);
    if (used !== undefined) return reject(used);
    this.followed.follow(room);
    const opened = this.notices.opened(room);
    if (opened.ok) this.#spend(OPENING, now);
    return opened;
  }

  /** As an opening, of a room that the user makes by a call. */
  makes(now: number): Outcome<undefined> {
    const used = this.budget.refuses(now);
    if (used !== undefined) return reject(used);
    this.#spend(OPENING, now);
    return accept(undefined);
  }

  /** What the user did in a room. Answers until when they are held there; 0: they are not. */
  spent(units: number, now: number): number {
    const { retryAfterMs } = this.#spend(units, now) ?? {};
    return retryAfterMs === undefined ? 0 : now + retryAfterMs;
  }

  /** Where that was the last of it, what is open closes. */
  #spend(units: number, now: number): Refusal | undefined {
    const used = this.budget.spend(units, now);
    if (used !== undefined) this.user.hold(used);
    return used;
  }

  /** `undatedUntil`: as of `opened`. */
  voidTokens(undatedUntil: number | null): VoidTokens {
    const { access } = this.user;
    if (undatedUntil !== null) access.admit({ issuedAt: null, expiresAt: undatedUntil }, Date.now());
    return access.voidTokens;
  }

  async unfollow(user: string, room: string): Promise<void> {
    if (this.followed.unfollow(room)) await this.#room(room).forget(user);
  }

  /**
   * The followed rooms behind `after` that the bearer of `token` may read, with what is left to read in each. The back
   * end is asked of at most 50 in a call; `next`: where to go on. What is asked is paid for first.
   */
  async listRooms(token: VerifiedToken, after: string | undefined): Promise<Outcome<FollowedRoomsResult>> {
    const followed = this.followed.list().filter((room) => after === undefined || room > after);
    const isAsked = (room: string) => takesQuestion(this.#config, token, room);
    const { length, asked } = withinBudget(followed.map(isAsked));
    const refusal = this.user.chargeCall(Date.now(), 1 + asked);
    if (refusal !== undefined) return reject(refusal);
    const looked = followed.slice(0, length);
    // Those who may not read a room any more learn nothing of it.
    const allowed = await mapBounded(looked, async (room) => {
      const actor = await authorizeRoom(this.#config, token, room);
      return actor.ok && includes(actor.value.permission, "read");
    });
    const rooms = looked.filter((_, at) => allowed[at]);
    const standings = await this.#unreadIn(token.identity.user.id, rooms);
    const next = length < followed.length ? looked.at(-1) : undefined;
    return accept({
      rooms: rooms.flatMap((room, at) => {
        const standing = standings[at];
        return standing ? [{ room, ...standing }] : [];
      }),
      ...(next !== undefined && { next }),
    });
  }

  /** They are asked once a minute. `null`: it is not followed any more. */
  async #unreadIn(user: string, rooms: readonly string[]): Promise<(RoomUnread | null)[]> {
    const { followed } = this;
    await mapBounded(followed.toAsk(rooms, Date.now()), async (room) => {
      try {
        const standing = await this.#room(room).unreadOf(user);
        if (standing === null) followed.unfollow(room);
        else followed.keep(room, standing, Date.now());
      } catch (error) {
        log("room_unreachable", { operation: "unread", room, user, error });
      }
    });
    const still = new Set(followed.list());
    return rooms.map((room) => (still.has(room) ? followed.standing(room, Date.now()) : null));
  }

  #room(name: string) {
    return objectStub(this.#env.ROOMS, name, this.#config.placement);
  }

  async receive(ws: WebSocket, frame: string | ArrayBuffer): Promise<void> {
    const session = this.#sessions.get(ws);
    if (session === undefined) return;
    this.spend(FRAME);
    const checked = this.#authBarrier.receive(session, frame);
    this.user.sweepIfDue(Date.now());
    await checked;
  }

  /** What the user does here, in millionths of a US dollar: counted in samples. Answers why nothing more may be, if so. */
  spend(units: number): Refusal | undefined {
    const now = Date.now();
    this.#spending.add("", units);
    for (const [, told] of this.#spending.take()) this.#spend(told, now);
    return this.budget.refuses(now);
  }

  /** What a room says to some of the sessions. */
  deliver(room: string, items: readonly SessionItem[]): ItemAnswer[] {
    const answers = this.rooms.deliver(room, items);
    const now = Date.now();
    const lively = answers.map((answer, at): ItemAnswer => {
      const inMs = answer.kind === "taken" ? this.user.silentInMs(items[at]?.connection ?? "", now) : null;
      return inMs === null ? answer : { kind: "taken", silentInMs: inMs };
    });
    this.user.sweepIfDue(now);
    return lively;
  }

  /** Its client closed it with `code`, or it was lost. */
  gone(ws: WebSocket, code: number): void {
    const hint = this.#tooBig.hint(code);
    if (hint !== undefined) log("frame_too_big_for_client", { user: this.#ctx.id.name ?? "", hint });
    const departure = departureOf(code);
    const session = this.#sessions.get(ws) ?? this.#adopt(ws);
    if (session === undefined) return;
    this.user.leave(session);
    this.#end(ws, session, departure);
  }

  #accept(session: SessionConnection, parsed: Parsed<AppliedCommand | RoomsCommand>): void {
    const now = Date.now();
    if (parsed.kind === "refused") this.user.receive(session, parsed, now);
    else if (!isForRooms(parsed.command)) {
      this.user.receive(session, { kind: "command", command: parsed.command }, now);
    } else if (this.user.serves(session, now)) {
      session.refusals.wellFormed();
      const { command } = parsed;
      if (command.type === "join") this.spend(JOIN);
      const cost = costOf(command, session);
      const refusal = cost === 0 ? undefined : this.user.charge(now, cost);
      if (refusal === undefined) this.rooms.take(session, command);
      else this.user.refuse(session, command.id, refusal, now);
    }
  }

  /** Each question that the new token brings is paid for before it is asked. */
  #authenticated(session: SessionConnection, id: string, outcome: Outcome<VerifiedToken>): void {
    const now = Date.now();
    const questions = outcome.ok ? this.rooms.questionsOf(session, outcome.value) : 0;
    const unpaid = questions === 0 ? undefined : this.user.charge(now, questions, 1);
    const checked = unpaid === undefined ? outcome : reject(unpaid);
    const identity = checked.ok ? accept(checked.value.identity) : checked;
    const renewed = this.user.authenticated(session, id, identity, now);
    if (renewed && checked.ok) this.rooms.renew(session, checked.value);
  }

  #session(ws: WebSocket, state: SessionState): SessionConnection {
    const session: SessionConnection = new SessionConnection(
      socketPort(this.#ctx, ws, (code) => this.#end(ws, session, departureOf(code))),
      state,
    );
    this.#sessions.set(ws, session);
    this.rooms.opened(session);
    return session;
  }

  /** Closed from here, or by its client: it says nothing any more, and its rooms have to know. */
  #end(ws: WebSocket, session: SessionConnection, departure: Departure): void {
    this.#sessions.delete(ws);
    this.rooms.closed(session, departure);
  }

  /** A socket whose close wakes the object is not listed among its sockets, and its rooms have yet to hear of it. */
  #adopt(ws: WebSocket): SessionConnection | undefined {
    const state = readSessionState(ws.deserializeAttachment());
    return state && this.#session(ws, state);
  }

  /** Sockets outlive the sleep of their object; what it knew of them is in their attachments. */
  #restore(): void {
    const user = this.#ctx.id.name ?? "";
    for (const { ws, state } of currentSockets(this.#ctx, readSessionState, { user }))
      this.#session(ws, state);
    // Nobody is swept yet: what woke the object is delivered first.
    this.user.restore(this.#sessions.values());
  }
}

/** What goes to a room is counted there, and nobody is kept in one. How somebody is is told in each of their rooms. */
function costOf({ type }: RoomsCommand, session: SessionConnection): number {
  if (type === "presence") return Math.max(1, Object.keys(session.state.rooms).length);
  return type === "join" ? 1 : 0;
}

const isForRooms = (command: AppliedCommand | RoomsCommand): command is RoomsCommand =>
  ["roomFrame", "join", "leave", "presence"].includes(command.type);
