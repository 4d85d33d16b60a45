// The Durable Object of one room: events of the runtime, the alarm, and what may be called over RPC. The rules of the
// calls stand in src/room/calls.ts, looks.ts and admission.ts; each method is documented in src/room/room-calls.ts.

import { DurableObject } from "cloudflare:workers";
import { type Actor, SERVER } from "../../access/identity.ts";
import { decodeHeader, IDENTITY_HEADER } from "../../auth/identity-header.ts";
import type { Env } from "../../env.ts";
import { log } from "../../log/log.ts";
import type { Departure } from "../../object/close-codes.ts";
import { FORGET_AFTER_MS, ObjectAlarm } from "../../object/object-alarm.ts";
import type { PolledCommands, PollUpgrade } from "../../object/polled-socket.ts";
import type { RevokedTokens } from "../../object/revocation.ts";
import { answerClose, answerHeartbeats } from "../../object/runtime/hibernatable-socket.ts";
import { opening } from "../../object/runtime/opening.ts";
import {
  pollResponse,
  refusalResponse,
  relayResponse,
  upgraded,
} from "../../object/runtime/upgrade-response.ts";
import { hasTables } from "../../object/storage/migrate.ts";
import {
  accept,
  type ImportResult,
  type Outcome,
  type PresenceCommand,
  refuse,
  reject,
  type Topics,
} from "../../protocol/index.ts";
import type { Report, RoomCounts } from "../../registry/counts.ts";
import type { RoomUnread, SessionJoin } from "../../session-rooms/session-delivery.ts";
import {
  APPEND_CALL,
  BANS_CALL,
  CHANGE_CALL,
  CONFIGURE_CALL,
  FINISH_CALL,
  KICK_CALL,
  PUBLISH_CALL,
  PURGE_CALL,
  READ_UP_TO_CALL,
  RECEIPTS_CALL,
  RESCHEDULE_CALL,
  type RoomCall,
  SCHEDULE_CALL,
  SCHEDULED_CALL,
  SIGNAL_CALL,
  STOP_CALL,
  TAKEOVER_CALL,
  UNBAN_CALL,
  UNSCHEDULE_CALL,
} from "../calls.ts";
import type { ChangeInput } from "../changes.ts";
import { INFO_LOOK, MEMBERS_LOOK, MESSAGES_LOOK, type RoomLook } from "../looks.ts";
import type { Kick } from "../moderation.ts";
import type { RoomUpgrade } from "../people/room-connection.ts";
import type { SettingsPatch } from "../people/room-settings.ts";
import { userDataOf } from "../portable/user-data.ts";
import type { AppendInput, FinishInput } from "../producing.ts";
import type { MessageInput, SignalInput } from "../publisher.ts";
import type { RelayedRoomCalls, Upload, UploadAnswer } from "../relays/relay-calls.ts";
import type {
  AnswerBody,
  AnswerCalls,
  AnswerUnderWay,
  Erased,
  ErasureOrder,
  ImportWay,
  PortableCalls,
  RoomCalls,
  UserDataPage,
} from "../room-calls.ts";
import type { ScheduleInput, SchedulePatch } from "../schedule.ts";
import { WATCH_LOOK, type WatchQuery } from "../watch-look.ts";
import { askBefore } from "./ask-before.ts";
import { eraseIn } from "./erase-in.ts";
import { defaultsOf } from "./make-room.ts";
import { RoomAlarm } from "./room-alarm.ts";
import { exportOf } from "./room-exports.ts";
import { IMPORTING, RoomImports } from "./room-imports.ts";
import { uploadTo } from "./room-relays.ts";
import { RoomRuntime } from "./room-runtime.ts";

type Bytes = ReadableStream<Uint8Array>;

const NO_SUCH_ROOM = refuse("not_found", "nothing was ever stored in this room", { path: ["room"] });
const NO_ROOM: Report<RoomCounts> = { counts: null, asks: false };

export class RoomObject
  extends DurableObject<Env>
  implements RoomCalls, RelayedRoomCalls, AnswerCalls<Bytes>, PortableCalls<Bytes>
{
  /** Made at the first event after a start, and again after the room was forgotten. */
  #live: RoomRuntime | undefined;
  readonly #alarm: ObjectAlarm;
  readonly #roomAlarm: RoomAlarm;
  readonly #imports = new RoomImports({
    // A room that wakes with a part of a log is emptied. It may have to wake by itself.
    begun: () => this.#alarm.by(Date.now() + FORGET_AFTER_MS),
    sync: () => this.ctx.storage.sync(),
  });

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#alarm = new ObjectAlarm(ctx.storage);
    const reportAt = () => this.#live?.reports.alarmAt ?? null;
    this.#roomAlarm = new RoomAlarm(this.#alarm, { reportAt, isMade: () => this.#isMade });
    answerHeartbeats(ctx);
  }

  /** Takes a connection that the Worker has checked, and nothing else. */
  override async fetch(request: Request): Promise<Response> {
    const upgrade = decodeHeader<RoomUpgrade | PollUpgrade>(request.headers.get(IDENTITY_HEADER) ?? "");
    if (this.#imports.isUnderWay) return refusalResponse(IMPORTING);
    const live = this.#open();
    if ("received" in upgrade) return pollResponse(live.resume(upgrade), upgrade.connection);
    const relay = live.relays?.relayFor(upgrade);
    if (relay !== undefined) return relayResponse(relay);
    const admitted = await live.admission.open(upgrade, () => live.sockets.accept(upgrade));
    if (!admitted.ok) return refusalResponse(admitted.refusal);
    // Not awaited, so that the client gets its 101 first; the pending flush keeps the object awake.
    this.ctx.waitUntil(live.flush());
    const { client, id } = admitted.value;
    return upgrade.polls ? pollResponse({ client }, id) : upgraded(client, upgrade.speaksOurProtocol);
  }

  override webSocketMessage(ws: WebSocket, frame: string | ArrayBuffer): Promise<void> {
    return this.#open().receive(ws, frame);
  }

  override webSocketClose(ws: WebSocket, code: number, reason: string): Promise<void> {
    return this.#gone(ws, code, reason);
  }

  override webSocketError(ws: WebSocket): Promise<void> {
    return this.#gone(ws, 1006, "");
  }

  override async alarm(): Promise<void> {
    const room = this.#name;
    await this.#alarm.goOff([() => this.#sweepOnAlarm()], (error) => log("alarm_failed", { room, error }));
  }

  info(actor: Actor) {
    return this.#look(INFO_LOOK, actor, undefined);
  }

  messages(actor: Actor, before: number | undefined, limit: number, topics: Topics) {
    return this.#look(MESSAGES_LOOK, actor, { before, limit, topics });
  }

  members(actor: Actor) {
    return this.#look(MEMBERS_LOOK, actor, undefined);
  }

  watch(actor: Actor, query: WatchQuery) {
    return this.#look(WATCH_LOOK, actor, query);
  }

  receipts(actor: Actor) {
    return this.#call(RECEIPTS_CALL, actor, undefined);
  }

  publish(actor: Actor, input: MessageInput) {
    return this.#call(PUBLISH_CALL, actor, input);
  }

  change(actor: Actor, change: ChangeInput) {
    return this.#call(CHANGE_CALL, actor, change);
  }

  async streamAnswer(
    actor: Actor,
    input: MessageInput,
    body: AnswerBody<Bytes>,
  ): Promise<Outcome<AnswerUnderWay<Bytes>>> {
    const published = await this.publish(actor, input);
    if (!published.ok) return published;
    const { value } = published;
    return accept({ ...value, lines: this.#open().answers.write(actor, { ...value, id: input.id }, body) });
  }

  async exportLog(actor: Actor): Promise<Outcome<Bytes>> {
    if (this.#imports.isUnderWay) return reject(IMPORTING);
    if (!this.#isMade) return reject(NO_SUCH_ROOM);
    const live = this.#open();
    const refusal = live.room.moderation.refusalFor(actor, Date.now());
    if (refusal !== undefined) return reject(refusal);
    return accept(exportOf(live, this.ctx, () => this.#live === live));
  }

  async importLog(_: Actor, { keepsEpoch }: ImportWay, body: Bytes): Promise<Outcome<ImportResult>> {
    if (this.#imports.isUnderWay) return reject(IMPORTING);
    const outcome = await this.#imports.run(this.#open(), keepsEpoch, body, () => {
      this.#live?.replaced();
      this.#live = undefined;
    });
    const live = this.#open();
    live.reports.doubt();
    await live.flush();
    return outcome;
  }

  append(actor: Actor, input: AppendInput) {
    return this.#call(APPEND_CALL, actor, input);
  }

  finish(actor: Actor, input: FinishInput) {
    return this.#call(FINISH_CALL, actor, input);
  }

  stop(actor: Actor, seq: number) {
    return this.#call(STOP_CALL, actor, seq);
  }

  takeover(actor: Actor, seq: number) {
    return this.#call(TAKEOVER_CALL, actor, seq);
  }

  signal(actor: Actor, input: SignalInput) {
    return this.#call(SIGNAL_CALL, actor, input);
  }

  read(actor: Actor, user: string, seq: number | undefined) {
    return this.#call(READ_UP_TO_CALL, actor, { user, seq });
  }

  kick(actor: Actor, kick: Kick) {
    return this.#call(KICK_CALL, actor, kick);
  }

  bans(actor: Actor, after: string | undefined) {
    return this.#call(BANS_CALL, actor, after);
  }

  unban(actor: Actor, user: string) {
    return this.#call(UNBAN_CALL, actor, user);
  }

  configure(actor: Actor, patch: SettingsPatch) {
    return this.#call(CONFIGURE_CALL, actor, patch);
  }

  purge(actor: Actor) {
    return this.#call(PURGE_CALL, actor, undefined);
  }

  schedule(actor: Actor, input: ScheduleInput) {
    return this.#call(SCHEDULE_CALL, actor, input);
  }

  scheduledMessages(actor: Actor) {
    return this.#call(SCHEDULED_CALL, actor, undefined);
  }

  reschedule(actor: Actor, patch: SchedulePatch) {
    return this.#call(RESCHEDULE_CALL, actor, patch);
  }

  unschedule(actor: Actor, id: string) {
    return this.#call(UNSCHEDULE_CALL, actor, id);
  }

  async revoke(user: string, revokedTokens: RevokedTokens): Promise<boolean> {
    if (!this.#isMade) return false;
    const outcome = await this.#open().call(SERVER, 0, ({ moderation }, turn) =>
      accept(moderation.revoke(user, revokedTokens, turn)),
    );
    if (!outcome.ok) throw new Error(outcome.refusal.code);
    return true;
  }

  unreadOf(user: string): RoomUnread | null {
    if (!this.#isMade) return { head: 0, readSeq: 0, unread: 0 };
    const { moderation, receipts } = this.#open().room;
    return moderation.isBanned(user, Date.now()) ? null : receipts.standing(user);
  }

  forget(user: string): void {
    if (this.#isMade) this.#open().room.moderation.forget(user);
  }

  async release(user: string): Promise<boolean> {
    if (!this.#isMade) return true;
    const { admission, room, relays } = this.#open();
    if ((await relays?.mayHave(user)) || admission.isOpenTo(user)) return false;
    room.moderation.forget(user);
    return true;
  }

  userData(user: string, after: number): UserDataPage {
    if (!this.#isMade) return { lines: "", messages: 0, next: null };
    this.#refuseWhileImporting();
    return userDataOf(this.#open().room, user, after);
  }

  async erase(order: ErasureOrder, revokedTokens: RevokedTokens): Promise<Erased> {
    if (!this.#isMade) return { messages: 0, reactions: 0, isDone: true, isBack: false };
    this.#refuseWhileImporting();
    return eraseIn(this.#open(), order, revokedTokens);
  }

  async join(join: SessionJoin): Promise<Outcome<undefined>> {
    if (this.#imports.isUnderWay) return reject(IMPORTING);
    const live = this.#open();
    const refusal = await live.admission.join(join);
    if (refusal !== undefined) return reject(refusal);
    await live.flush();
    return accept(undefined);
  }

  async receive(session: string, frames: readonly string[]): Promise<boolean> {
    return this.#isMade && (await this.#open().receiveOf(session, frames));
  }

  async leave(session: string, departure: Departure): Promise<void> {
    if (this.#isMade) await this.#open().leave(session, departure);
  }

  async renew(session: string, actor: Actor): Promise<void> {
    await this.#open().call(SERVER, 0, ({ sessions, connections }) => {
      const connection = sessions.find(session);
      if (connection !== undefined) connections.renew(connection, actor);
      return accept(undefined);
    });
  }

  async present(session: string, presence: Pick<PresenceCommand, "status" | "data">): Promise<void> {
    await this.#open().call(SERVER, 0, ({ sessions, connections, roomPresence }, { now }) => {
      const connection = sessions.find(session);
      if (connection === undefined) return accept(undefined);
      roomPresence.update(connection, presence);
      connections.askAnew(now, [connection]);
      return accept(undefined);
    });
  }

  upload(uploads: readonly Upload[]): Promise<readonly UploadAnswer[]> {
    return uploadTo(this.#open().relays, uploads);
  }

  receivePolled(commands: PolledCommands): Promise<boolean> {
    return this.#open().receivePolled(commands);
  }

  async reportNow(): Promise<Report<RoomCounts>> {
    return this.#isThere ? this.#open().reports.answer(Date.now()) : NO_ROOM;
  }

  async #call<Input, T>(call: RoomCall<Input, T>, actor: Actor, input: Input): Promise<Outcome<T>> {
    if (this.#imports.isUnderWay) return reject(IMPORTING);
    if ("ifNone" in call && !this.#isMade) return accept(call.ifNone);
    let refusal = call.makes ? await this.#open().admission.mayMake(actor) : undefined;
    if (call.lasts) refusal ??= await this.#open().admission.judge(actor, call.leaves);
    if (refusal !== undefined) return reject(refusal);
    const asked = await askBefore(this.#open().gate, call, actor, input);
    if (!asked.ok) return asked;
    const { cost, asked: withAnswer } = asked.value;
    return this.#open().call(actor, cost, (room, turn) =>
      // It may have begun while somebody was asked.
      room.closedFor === undefined ? call.run(room, turn, actor, withAnswer) : reject(room.closedFor),
    );
  }

  /** Finds first who is gone, and moves on the alarm that forgets an empty room. */
  async #look<Input, T>(look: RoomLook<Input, T>, actor: Actor, input: Input): Promise<Outcome<T>> {
    if (this.#imports.isUnderWay) return reject(IMPORTING);
    const none = () => look.none?.(this.#name, defaultsOf(this.env), input);
    const absent = this.#isThere ? undefined : none();
    if (absent !== undefined) return accept(absent);
    const { identity } = actor;
    const now = Date.now();
    const live = this.#open();
    const { room } = live;
    const cost = look.cost?.(identity, input) ?? 0;
    const refusal = room.moderation.refusalFor(actor, now) ?? room.allowances.take(identity, cost, now);
    if (refusal !== undefined) return reject(refusal);
    await live.relays?.known();
    room.sweepIfDue(now);
    // A caller who only looks does not have to wait for a flush, which keeps the object awake until it is durable.
    if (room.hasWork) this.ctx.waitUntil(live.flush());
    await this.#roomAlarm.set(room.life(now));
    // The room may have been forgotten meanwhile.
    const gone = this.#isThere ? undefined : none();
    return accept(gone ?? look.look(this.#open().room, identity, input, now));
  }

  /** Work of the alarm. The flush sets the next one. */
  async #sweepOnAlarm(): Promise<number | null> {
    const now = Date.now();
    if (this.#imports.isUnderWay) return now + FORGET_AFTER_MS;
    const live = this.#open();
    const isForgettable = () => live.isIdle && !live.room.life(now).isKept;
    const wasForgettable = isForgettable();
    const sweepAt = live.room.sweepOnAlarm(now);
    live.reports.doubt();
    if (wasForgettable) await live.reports.forgetting();
    // Somebody may have come meanwhile.
    if (wasForgettable && isForgettable()) {
      this.#live = undefined;
      await this.ctx.storage.deleteAll();
      return null;
    }
    await live.flush();
    return live.room.connections.size < 2 && live.room.sessions.size === 0 ? null : sweepAt;
  }

  /** For a caller that tries again. */
  #refuseWhileImporting(): void {
    if (this.#imports.isUnderWay) throw new Error(IMPORTING.message);
  }

  /** Whether anything is stored of this room. */
  get #isMade(): boolean {
    return this.#live?.isMade ?? hasTables(this.ctx.storage.sql);
  }

  /** Whether the room exists: a listener may be connected to one that was never created. */
  get #isThere(): boolean {
    return this.#isMade || (this.#live?.room.connections.size ?? this.ctx.getWebSockets().length) > 0;
  }

  get #name(): string {
    return this.ctx.id.name ?? "";
  }

  #open(): RoomRuntime {
    const start = () =>
      new RoomRuntime(this.ctx, this.env, this.#name, this.#alarm, ({ life }) => this.#roomAlarm.set(life));
    this.#live ??= opening("room", this.#name, start, Date.now());
    return this.#live;
  }

  async #gone(ws: WebSocket, code: number, reason: string): Promise<void> {
    try {
      // Before the close, which may take the attachment away that a start reads.
      this.#open().sockets.gone(ws, code);
    } finally {
      answerClose(ws, code, reason);
    }
    await this.#open().flush();
  }
}
