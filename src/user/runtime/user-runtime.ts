// A user's object while it is awake: the rules, joined to the runtime's sockets, storage and clock.

import type { VerifiedToken } from "../../access/identity.ts";
import { includes } from "../../access/room-permission.ts";
import { authorizeRoom, takesQuestion } from "../../auth/authorize-room.ts";
import { verifyToken } from "../../auth/verify-token.ts";
import { type Config, requireConfig } from "../../config/config.ts";
import type { Env } from "../../env.ts";
import { log } from "../../log/log.ts";
import type { Metrics } from "../../metrics/metrics.ts";
import { metricsOf } from "../../metrics/runtime/metrics-of.ts";
import { mapBounded } from "../../object/bounded.ts";
import { type Departure, departureOf, TooBigNotice } from "../../object/close-codes.ts";
import { CommandBarrier } from "../../object/command-barrier.ts";
import type { JournalEntry } from "../../object/journal.ts";
import { SILENT_INTERVALS } from "../../object/liveness.ts";
import type { ObjectAlarm } from "../../object/object-alarm.ts";
import type { PolledCommands, PollUpgrade } from "../../object/polled-socket.ts";
import { socketPort } from "../../object/runtime/hibernatable-socket.ts";
import { currentSockets, databaseOf } from "../../object/runtime/object-state.ts";
import { objectStub } from "../../object/runtime/object-stub.ts";
import { type HeldCall, PolledSockets } from "../../object/runtime/polled-sockets.ts";
import { randomEpoch, randomId } from "../../object/runtime/random-id.ts";
import { writeJournal } from "../../object/runtime/write-journal.ts";
import type { SocketPort } from "../../object/socket-port.ts";
import { CALL, FRAME } from "../../object/spending.ts";
import type { Database } from "../../object/storage/sql.ts";
import { accept, type FollowedRoomsResult, type Outcome, reject } from "../../protocol/index.ts";
import type { Report, UserCounts } from "../../registry/counts.ts";
import { type Reports, reportsOfUser } from "../../registry/runtime/reports.ts";
import { sessionRooms } from "../../session-rooms/runtime/session-rooms.ts";
import type { ItemAnswer, RoomUnread, SessionItem } from "../../session-rooms/session-delivery.ts";
import type { SessionRooms } from "../../session-rooms/user-side/session-rooms.ts";
import type { Parsed } from "../../validation/parse-frame.ts";
import { parseSessionFrame } from "../../validation/parse-session-frame.ts";
import { type WebhookLoop, webhookLoop } from "../../webhooks/runtime/webhook-loop.ts";
import { Erasure } from "../erasure.ts";
import { withinBudget } from "../followed-rooms.ts";
import type { InboxWebhooks } from "../inbox-webhooks.ts";
import { KnownRooms } from "../known-rooms.ts";
import { PushStore } from "../push/push-store.ts";
import type { Pusher } from "../push/pusher.ts";
import { RoomNotices } from "../room-notices.ts";
import { SessionClaims } from "../session-claims.ts";
import { type InboxCommand, isForRooms, type RoomsCommand } from "../session-commands.ts";
import {
  readSessionState,
  SessionConnection,
  type SessionState,
  type SessionUpgrade,
} from "../session-connection.ts";
import type { TokenRevocations } from "../token-revocations.ts";
import { UserExport } from "../user-export.ts";
import { UserHub } from "../user-hub.ts";
import { inboxWebhooks } from "./inbox-webhooks.ts";
import { pushDelivery } from "./push-delivery.ts";
import { settingsFor, storesIn } from "./user-stores.ts";

/** Added to the intervals that a session may be silent, so that after it a session that is silent was swept. */
const SWEEP_SLACK_MS = 5_000;

export class UserRuntime {
  readonly user: UserHub;
  readonly notices: RoomNotices;
  readonly rooms: SessionRooms;
  readonly subscriptions: PushStore;
  readonly erasure: Erasure;
  /** `undefined`: there are no pushes. */
  readonly pusher: Pusher | undefined;
  readonly #ctx: DurableObjectState;
  readonly #env: Env;
  readonly #config: Config;
  readonly #name: string;
  readonly #knownRooms: KnownRooms;
  readonly #sessions = new Map<WebSocket, SessionConnection>();
  readonly #polled: PolledSockets<SessionConnection>;
  readonly #claims: SessionClaims;
  readonly #tooBig = new TooBigNotice();
  /** `undefined`: the back end is told nothing of notifications. */
  readonly #webhooks: InboxWebhooks | undefined;
  readonly #webhookLoop: WebhookLoop | undefined;
  /** `undefined` while the object starts. */
  readonly #reports: Reports<UserCounts> | undefined;
  readonly #metrics: Metrics;
  readonly #barrier: CommandBarrier<SessionConnection, InboxCommand | RoomsCommand, Outcome<VerifiedToken>>;

  constructor(ctx: DurableObjectState, env: Env, alarm: ObjectAlarm) {
    this.#ctx = ctx;
    this.#env = env;
    this.#config = requireConfig(env);
    this.#name = ctx.id.name ?? "";
    this.#metrics = metricsOf(env, this.#config, { source: "user" }, (work) => ctx.waitUntil(work));
    const { limits } = this.#config;
    const database = databaseOf(ctx);
    this.#knownRooms = new KnownRooms(database.sql);
    const stores = storesIn(database, this.#knownRooms, limits);
    this.#claims = new SessionClaims(database.sql);
    this.subscriptions = new PushStore(database.sql);
    this.notices = this.#roomNotices(stores.revocations);
    this.erasure = this.#makeErasure(database, stores);
    this.user = new UserHub(settingsFor(limits), stores, {
      reportFault: (error) => log("session_command_failed", { user: this.#name, error }),
      report: (entry) => this.#report(entry),
      delivered: () => this.#metrics.flushed(this.user.traffic.take(), [], {}, Date.now()),
      random: () => Math.random(),
      registerRoom: (room) => this.notices.registerRoom(room),
      countsChanged: () => this.#reports?.settle(this.user.counts, this.#isThere),
    });
    const { webhooks } = this.#config;
    this.#webhooks = inboxWebhooks(webhooks, stores.inbox, database, this.#name);
    this.#webhookLoop = webhookLoop(webhooks, this.#webhooks, { ctx, alarm, of: { user: this.#name } });
    this.pusher = pushDelivery(this.#config.push, this.#name, {
      ...stores,
      subscriptions: this.subscriptions,
      isOnline: () => this.user.sessions.size > 0,
      doubtMs: SILENT_INTERVALS * limits.pingMs + SWEEP_SLACK_MS,
    });
    this.rooms = this.#sessionRooms();
    this.#barrier = new CommandBarrier({
      parse: parseSessionFrame,
      charge: () => this.user.charge(Date.now()),
      verify: (_, token) => verifyToken(this.#config.token, token, Date.now()),
      accept: (session, parsed) => this.#accept(session, parsed),
      authenticated: (session, id, outcome) => this.#authenticated(session, id, outcome),
    });
    this.#polled = new PolledSockets(ctx, {
      closed: (session, code) => this.rooms.closed(session, departureOf(code)),
      gone: (session) => this.#left(session, "left"),
    });
    this.#restore();
    const reports = { state: ctx, counts: this.user.counts, failed: () => alarm.by(this.reportAt) };
    this.#reports = reportsOfUser(reports, env, this.#config.placement, this.#name);
    if (this.user.inbox.isNew) this.#introduce(this.#reports);
  }

  /** When the alarm has to wake the object for a report to the registry; `null`: it does not. */
  get reportAt(): number | null {
    return this.#reports?.alarmAt(this.user.counts) ?? null;
  }

  /** When the alarm has to tell the back end again; `null`: nothing waits for it. */
  get webhooksAt(): number | null {
    return this.#webhooks?.wakeAt(Date.now()) ?? null;
  }

  /** A notification was stored in this turn, in which the alarm is known; or the alarm went off. */
  tellBackEnd(): void {
    this.#webhooks?.note(Date.now());
    this.#webhookLoop?.flushed();
  }

  /** Reports a user who is new, with what this turn does yet. */
  #introduce(reports: Reports<UserCounts>): void {
    reports.doubt();
    this.#ctx.waitUntil(Promise.resolve().then(() => reports.settle(this.user.counts, this.#isThere)));
  }

  /** Reports whatever the registry may know: the alarm went off. */
  report(): void {
    this.#reports?.doubt();
    this.#reports?.settle(this.user.counts, this.#isThere);
  }

  /** The answer to a question of the registry. Finds first which sessions are gone. */
  reportNow(): Report<UserCounts> {
    this.user.sessions.sweep(Date.now());
    const { counts } = this.user;
    return this.#reports?.answer(counts, this.#isThere) ?? { counts, asks: true };
  }

  #roomNotices(revocations: TokenRevocations): RoomNotices {
    return new RoomNotices({
      revocations,
      rooms: this.#knownRooms,
      user: this.#name,
      room: (name) => this.#room(name),
      now: () => Date.now(),
      random: () => Math.random(),
      goOn: (work) => this.#ctx.waitUntil(work),
      failed: (operation, room, error) =>
        log("room_unreachable", { operation, room, user: this.#name, error }),
    });
  }

  #makeErasure(database: Database, { revocations, erasing }: ReturnType<typeof storesIn>): Erasure {
    const user = this.#name;
    return new Erasure(database, erasing, {
      user,
      rooms: this.#knownRooms,
      revocations,
      room: (name) => this.#room(name),
      now: () => Date.now(),
      random: () => Math.random(),
      failed: (room, error) => log("room_unreachable", { operation: "erase", room, user, error }),
      done: ({ messages, reactions }) => log("erasure_done", { user, messages, reactions }),
    });
  }

  /** Closes all sessions, and clears the object. It must be opened anew then. */
  erase(now: number): void {
    const { counts } = this.user;
    this.user.disconnect(now);
    this.#webhookLoop?.end();
    this.subscriptions.clear();
    this.erasure.begin(randomEpoch());
    this.#ctx.waitUntil(this.#leaveRegistry(counts));
  }

  /** Without the registry the erasure goes on: the alarm reports again that nothing is left. */
  async #leaveRegistry(counts: UserCounts): Promise<void> {
    try {
      await this.#reports?.gone({ ...counts, sessions: 0 });
    } catch (error) {
      log("report_failed", { error });
    }
  }

  /** All that is known of the user, page by page. */
  export(): UserExport {
    const user = this.#name;
    const { inbox, preferences } = this.user;
    return new UserExport({
      ...{ user, inbox, preferences, subscriptions: this.subscriptions, rooms: this.#knownRooms },
      room: (name) => this.#room(name),
      failed: (room, error) => log("room_unreachable", { operation: "userData", room, user, error }),
    });
  }

  /** Whether there is anything to know of: not where all that is left is that the tokens of the user are revoked. */
  get #isThere(): boolean {
    const { sessions, inbox, revocations } = this.user;
    const isEmpty = sessions.size === 0 && inbox.count === 0 && this.#knownRooms.all.size === 0;
    return !isEmpty || revocations.revokedTokens.upTo === 0;
  }

  #sessionRooms(): SessionRooms {
    return sessionRooms(this.#config, {
      notices: this.notices,
      followed: this.user.followed,
      claims: this.#claims,
      room: (name) => this.#room(name),
      refuse: (session, command, refusal) => this.user.sessions.refuse(session, command, refusal, Date.now()),
      serves: (session) => this.user.sessions.isServed(session, Date.now()),
      drop: (session, closing) => this.user.sessions.drop(session, closing),
    });
  }

  #report(entry: JournalEntry): void {
    const now = Date.now();
    writeJournal([entry], {}, this.#config.logs.sample, now);
    this.#metrics.noted(entry, now);
  }

  /** Takes a session in. Answers its name. */
  accept(server: WebSocket, upgrade: SessionUpgrade): string {
    const { identity, claim, topics, since, history, frameBytes, replaces, polls } = upgrade;
    this.#ctx.acceptWebSocket(server);
    const now = Date.now();
    const id = `c_${randomId()}`;
    const state: SessionState = {
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
    };
    const session = polls
      ? this.#polled.open(server, id, (socket) => this.#polledSession(socket, state))
      : this.#session(server, state);
    this.user.admit(session, since, history, now);
    return id;
  }

  /** The next poll of a session; `undefined`: it has ended. */
  resume(poll: PollUpgrade): HeldCall | undefined {
    this.user.use(CALL, Date.now());
    return this.#polled.resume(poll);
  }

  /** As `receive`, for what a client that polls sends. `false`: its session has ended. */
  async receivePolled(commands: PolledCommands): Promise<boolean> {
    this.user.use(CALL, Date.now());
    const taken = this.#polled.take(commands);
    if (taken === undefined) return false;
    const { frames, leave } = commands;
    if (taken.isNew) await Promise.all(frames.map((frame) => this.#receive(taken.connection, frame)));
    if (leave) this.#polled.leave(commands.connection);
    return true;
  }

  async unfollow(room: string): Promise<void> {
    if (this.user.followed.unfollow(room)) await this.#room(room).forget(this.#name);
  }

  /**
   * The followed rooms behind `after` that the bearer of `token` may read, with what is unread in each. The back end is
   * asked about at most 50 in a call, which is paid for first; `next`: the `after` of the next call.
   */
  async listRooms(token: VerifiedToken, after: string | undefined): Promise<Outcome<FollowedRoomsResult>> {
    const followed = this.user.followed.list().filter((room) => after === undefined || room > after);
    const isAsked = (room: string) => takesQuestion(this.#config, token, room);
    const { length, asked } = withinBudget(followed.map(isAsked));
    const refusal = this.user.chargeCall(Date.now(), 1 + asked);
    if (refusal !== undefined) return reject(refusal);
    const looked = followed.slice(0, length);
    // Of a room that the user may not read any more nothing is answered.
    const allowed = await mapBounded(looked, async (room) => {
      const actor = await authorizeRoom(this.#config, token, room);
      return actor.ok && includes(actor.value.permission, "read");
    });
    const rooms = looked.filter((_, at) => allowed[at]);
    const unread = await this.#unreadIn(rooms);
    const next = length < followed.length ? looked.at(-1) : undefined;
    return accept({
      rooms: rooms.flatMap((room, at) => {
        const known = unread[at];
        return known ? [{ room, ...known }] : [];
      }),
      ...(next !== undefined && { next }),
    });
  }

  /** Each room is asked at most once a minute. `null`: the room is not followed any more. */
  async #unreadIn(rooms: readonly string[]): Promise<(RoomUnread | null)[]> {
    const { followed } = this.user;
    await mapBounded(followed.toAsk(rooms, Date.now()), async (room) => {
      try {
        const unread = await this.#room(room).unreadOf(this.#name);
        if (unread === null) followed.unfollow(room);
        else followed.record(room, unread, Date.now());
      } catch (error) {
        log("room_unreachable", { operation: "unreadOf", room, user: this.#name, error });
      }
    });
    const still = new Set(followed.list());
    return rooms.map((room) => (still.has(room) ? followed.unreadIn(room, Date.now()) : null));
  }

  #room(name: string) {
    return objectStub(this.#env.ROOMS, name, this.#config.placement);
  }

  async receive(ws: WebSocket, frame: string | ArrayBuffer): Promise<void> {
    const session = this.#sessions.get(ws);
    if (session !== undefined) await this.#receive(session, frame);
  }

  async #receive(session: SessionConnection, frame: string | ArrayBuffer): Promise<void> {
    const now = Date.now();
    this.user.use(FRAME, now);
    session.heard(now);
    const checked = this.#barrier.receive(session, frame);
    this.user.sessions.sweepIfDue(now);
    await checked;
  }

  /** Passes what a room sends to sessions of this user. */
  deliver(room: string, items: readonly SessionItem[]): ItemAnswer[] {
    const answers = this.rooms.deliver(room, items);
    const now = Date.now();
    const lively = answers.map((answer, at): ItemAnswer => {
      const inMs =
        answer.kind === "taken" ? this.user.sessions.silentInMs(items[at]?.connection ?? "", now) : null;
      return inMs === null ? answer : { kind: "taken", silentInMs: inMs };
    });
    this.user.sessions.sweepIfDue(now);
    return lively;
  }

  /** The client closed the socket with `code`, or it was lost. */
  gone(ws: WebSocket, code: number): void {
    const hint = this.#tooBig.hint(code);
    if (hint !== undefined) log("frame_too_big_for_client", { user: this.#name, hint });
    if (this.#polled.ended(ws)) return;
    const session = this.#sessions.get(ws) ?? this.#adopt(ws);
    if (session === undefined || this.#polled.ended(ws)) return;
    this.#sessions.delete(ws);
    session.closedWith(code);
    this.#left(session, departureOf(code));
  }

  #left(session: SessionConnection, departure: Departure): void {
    this.user.sessions.leave(session);
    this.rooms.closed(session, departure);
  }

  #accept(session: SessionConnection, parsed: Parsed<InboxCommand | RoomsCommand>): void {
    const now = Date.now();
    if (parsed.kind === "refused") this.user.receive(session, parsed, now);
    else if (!isForRooms(parsed.command))
      this.user.receive(session, { kind: "command", command: parsed.command }, now);
    else if (this.user.passesToRooms(session, parsed.command, now)) this.rooms.take(session, parsed.command);
  }

  #authenticated(session: SessionConnection, id: string, outcome: Outcome<VerifiedToken>): void {
    const questions = outcome.ok ? this.rooms.questionsOf(session, outcome.value) : 0;
    const identity = outcome.ok ? accept(outcome.value.identity) : outcome;
    const renewed = this.user.authenticated(session, id, identity, questions, Date.now());
    if (renewed && outcome.ok) this.rooms.renew(session, outcome.value);
  }

  #session(ws: WebSocket, state: SessionState): SessionConnection {
    const session: SessionConnection = new SessionConnection(
      socketPort(this.#ctx, ws, (code) => {
        this.#sessions.delete(ws);
        this.rooms.closed(session, departureOf(code));
      }),
      state,
    );
    this.#sessions.set(ws, session);
    this.rooms.opened(session);
    return session;
  }

  #polledSession(socket: SocketPort, state: SessionState): SessionConnection {
    const session = new SessionConnection(socket, state);
    this.rooms.opened(session);
    return session;
  }

  /** A session that outlived a sleep of the object. */
  #wake(ws: WebSocket, state: SessionState): SessionConnection {
    const { id, poll } = state;
    if (poll === undefined) return this.#session(ws, state);
    return this.#polled.restore(ws, id, poll, (socket) => this.#polledSession(socket, state));
  }

  /** A socket whose close woke the object is not among its sockets any more, and its rooms do not know of the close. */
  #adopt(ws: WebSocket): SessionConnection | undefined {
    const state = readSessionState(ws.deserializeAttachment());
    return state && this.#wake(ws, state);
  }

  /** Takes over the sockets that outlived a sleep of the object. None is swept before what woke it was delivered. */
  #restore(): void {
    for (const { ws, state } of currentSockets(this.#ctx, readSessionState, { user: this.#name }))
      this.user.sessions.add(this.#wake(ws, state));
  }
}
