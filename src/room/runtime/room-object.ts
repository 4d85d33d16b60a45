// The Durable Object of one room: events of the runtime, the alarm, and what the Worker may call.

import { DurableObject } from "cloudflare:workers";
import { type Actor, SERVER, userOf } from "../../access/identity.ts";
import { decodeHeader, IDENTITY_HEADER } from "../../auth/identity-header.ts";
import type { Env } from "../../env.ts";
import { log } from "../../log/log.ts";
import { FULL } from "../../object/answers.ts";
import type { Departure } from "../../object/close-codes.ts";
import { ObjectAlarm, planAlarm } from "../../object/object-alarm.ts";
import type { VoidTokens } from "../../object/revocation.ts";
import { answerClose, answerHeartbeats } from "../../object/runtime/hibernatable-socket.ts";
import { opening } from "../../object/runtime/opening.ts";
import { refusalResponse, upgraded } from "../../object/runtime/upgrade-response.ts";
import { READ } from "../../object/spending.ts";
import { hasTables } from "../../object/storage/lazy-database.ts";
import {
  accept,
  type ChangeResult,
  type Outcome,
  type OwnSettings,
  type PresenceCommand,
  type ReadResult,
  type ReceiptEntry,
  type Refusal,
  type RoomInfo,
  reject,
  type SendResult,
  type Topics,
} from "../../protocol/index.ts";
import type { RoomUnread, SessionJoin } from "../../session-rooms/session-delivery.ts";
import type { ChangeInput } from "../changes.ts";
import type { Delivery } from "../delivery.ts";
import { priceOf } from "../people/allowances.ts";
import type { BansPage, Kick } from "../people/moderation.ts";
import type { SettingsPatch } from "../people/room-settings.ts";
import type { MessageInput, SignalInput } from "../publisher.ts";
import type { Room } from "../room.ts";
import type { RoomCalls } from "../room-calls.ts";
import {
  infoOf,
  infoOfNone,
  MEMBERS_OF_NONE,
  type MembersInfo,
  type MessagesPage,
  membersOf,
  messagesOf,
  messagesOfNone,
} from "../room-info.ts";
import type { RoomUpgrade } from "../room-upgrade.ts";
import { defaultsOf, RoomRuntime } from "./room-runtime.ts";

/** What the client of a newcomer gave up. */
interface Replacing {
  readonly replaces?: string;
  readonly replacesSession?: string;
}

export class RoomObject extends DurableObject<Env> implements RoomCalls {
  /** Made at the first event after a start, and again after the room was forgotten. */
  #live: RoomRuntime | undefined;
  readonly #alarm: ObjectAlarm;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#alarm = new ObjectAlarm(ctx.storage);
    answerHeartbeats(ctx);
  }

  /** Takes a connection that the Worker has checked, and nothing else. */
  override async fetch(request: Request): Promise<Response> {
    const upgrade = decodeHeader<RoomUpgrade>(request.headers.get(IDENTITY_HEADER) ?? "");
    const { actor, counted } = upgrade;
    const tooFast = this.#open().room.takesConnect(actor, Date.now());
    if (tooFast !== undefined) return refusalResponse(tooFast);
    await this.#letLeave(actor);
    let refusal = this.#refusal(actor, upgrade);
    if (refusal === undefined && counted && this.#open().hasToAsk(actor)) {
      // What it learns, and what happens meanwhile, may be a reason too.
      refusal = (await this.#open().learnOf(actor)) ?? this.#refusal(actor, upgrade);
    }
    refusal ??= await this.#replace(actor, upgrade);
    if (refusal !== undefined) return refusalResponse(refusal);
    const { 0: client, 1: server } = new WebSocketPair();
    this.#open().accept(server, upgrade);
    // Not awaited, so that the client gets its 101 first; the pending flush keeps the object awake.
    this.ctx.waitUntil(this.#open().flush());
    return upgraded(client, upgrade.speaksOurProtocol);
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
    const room = this.ctx.id.name ?? "";
    await this.#alarm.goOff([() => this.#lookAfter()], (error) => log("alarm_failed", { room, error }));
  }

  /** Sets the next alarm itself. */
  async #lookAfter(): Promise<null> {
    const { room, sessions } = this.#open();
    const now = Date.now();
    const wasEmpty = room.size === 0 && sessions.size === 0 && !room.hasWork;
    room.sweep(now);
    room.askAnew(now);
    sessions.sweep(now);
    if (!wasEmpty || room.isKept(now)) {
      await this.#open().flush();
      return null;
    }
    this.#live = undefined;
    await this.ctx.storage.deleteAll();
    return null;
  }

  info(actor: Actor): Promise<Outcome<RoomInfo>> {
    return this.#look(actor, infoOf, () => infoOfNone(this.#name, defaultsOf(this.env)));
  }

  /** The page's events are JSON already, as they go over the wire. */
  messages(
    actor: Actor,
    before: number | undefined,
    limit: number,
    topics: Topics,
  ): Promise<Outcome<MessagesPage>> {
    const paid = priceOf(actor.identity, { rows: limit, bytes: 0 });
    const look = (room: Room, now: number) => {
      const page = messagesOf(room, actor.identity, before, limit, topics);
      const bytes = page.events.reduce((sum, event) => sum + event.length, 0);
      const price = priceOf(actor.identity, { rows: page.looked, bytes });
      room.allowances.charge(actor.identity, price - paid, now);
      return page;
    };
    return this.#look(actor, look, () => messagesOfNone(before), paid);
  }

  members(actor: Actor): Promise<Outcome<MembersInfo>> {
    return this.#look(actor, membersOf, () => MEMBERS_OF_NONE);
  }

  async receipts(actor: Actor): Promise<Outcome<ReceiptEntry[]>> {
    if (!this.#isMade) return accept([]);
    return this.#call(actor, ({ receipts, allowances }, now) => {
      const list = receipts.list();
      // At most twice as many rows as are listed were read.
      const price = priceOf(actor.identity, { rows: 2 * list.length, bytes: 0 });
      allowances.charge(actor.identity, price - 1, now);
      return accept(list);
    });
  }

  async publish(actor: Actor, input: MessageInput): Promise<Outcome<SendResult>> {
    const refusal = await this.#open().mayMake(actor);
    if (refusal !== undefined) return reject(refusal);
    const cost = 1 + (input.mentions?.length ?? 0);
    return this.#act(actor, (room, now, turn) => room.publisher.send(actor, input, turn, now), cost);
  }

  change(actor: Actor, change: ChangeInput): Promise<Outcome<ChangeResult>> {
    return this.#act(actor, ({ changes }, now, delivery) => changes.apply(actor, change, delivery, now));
  }

  signal(actor: Actor, input: SignalInput): Promise<Outcome<undefined>> {
    return this.#call(actor, (room, now, turn) => room.publisher.signal(actor, input, turn, now, null));
  }

  read(actor: Actor, user: string, seq: number | undefined): Promise<Outcome<ReadResult>> {
    return this.#act(actor, ({ receipts, spending }, now) => {
      spending.add(user, READ);
      receipts.read(user, seq, now);
      return accept(receipts.of(user));
    });
  }

  async kick(actor: Actor, kick: Kick): Promise<Outcome<undefined>> {
    const refusal = await this.#open().mayMake(actor);
    if (refusal !== undefined) return reject(refusal);
    const outcome = await this.#act(actor, ({ moderation }, now) => moderation.kick(actor, kick, now));
    // A ban ends following.
    if (outcome.ok && kick.banSeconds > 0) this.ctx.waitUntil(this.#open().unfollow(kick.user));
    return outcome;
  }

  async bans(actor: Actor, after: string | undefined): Promise<Outcome<BansPage>> {
    if (!this.#isMade) return accept({ bans: [], more: false });
    return this.#call(actor, ({ moderation }, now) => moderation.bans(actor, after, now));
  }

  async unban(actor: Actor, user: string): Promise<Outcome<undefined>> {
    if (!this.#isMade) return accept(undefined);
    return this.#act(actor, ({ moderation }) => moderation.unban(actor, user));
  }

  async configure(actor: Actor, patch: SettingsPatch): Promise<Outcome<OwnSettings>> {
    const refusal = await this.#open().mayMake(actor);
    if (refusal !== undefined) return reject(refusal);
    return this.#act(actor, ({ moderation }) => moderation.configure(actor, patch));
  }

  /** For server code, as the Worker has seen to. */
  purge(actor: Actor): Promise<Outcome<undefined>> {
    return this.#call(actor, ({ moderation }, now) => moderation.purge(actor, now));
  }

  /**
   * For the user's object: these tokens of theirs are void. `false`: there is no such room any more, and none is made.
   * Rejects where it could not be done.
   */
  async withdraw(user: string, voidTokens: VoidTokens): Promise<boolean> {
    if (!this.#isMade) return false;
    const live = this.#open();
    const outcome = await live.call(SERVER, 0, (_, now) =>
      accept(live.room.moderation.withdraw(user, voidTokens, now)),
    );
    if (!outcome.ok) throw new Error(outcome.refusal.code);
    return true;
  }

  /**
   * For the user's object, as all that follows: how much they have left to read here; `null` of one who is banned. Makes
   * no room.
   */
  unreadOf(user: string): RoomUnread | null {
    if (!this.#isMade) return { head: 0, readSeq: 0, unread: 0 };
    const { moderation, receipts } = this.#open().room;
    return moderation.isBanned(user, Date.now()) ? null : receipts.standing(user);
  }

  /** With their next opening they follow this room again. */
  forget(user: string): void {
    if (this.#isMade) this.#open().room.moderation.forget(user);
  }

  /** Their object tells this room of nothing any more. `false`: it has to, as something of theirs is open here. */
  release(user: string): boolean {
    if (!this.#isMade) return true;
    const live = this.#open();
    if (live.isOpenTo(user)) return false;
    live.room.moderation.forget(user);
    return true;
  }

  /** A session joins. Its answer and first frames come with a delivery. */
  async join(join: SessionJoin): Promise<Outcome<undefined>> {
    // Joining again starts over: it does not stand in its own way.
    const { actor } = join;
    if (this.#open().sessions.find(join.connection) !== undefined)
      await this.#open().leave(join.connection, "lost");
    await this.#letLeave(actor);
    const user = userOf(actor.identity);
    if (user !== null) this.#open().room.moderation.learn(user.id, join.voidTokens, Date.now());
    const refusal = this.#refusal(actor, join) ?? this.#noSeat(join) ?? (await this.#replace(actor, join));
    if (refusal !== undefined) return reject(refusal);
    // Another one may have come in while the one before it left.
    const { sessions } = this.#open();
    if (sessions.areFull) return reject(FULL);
    sessions.join(join);
    await this.#open().flush();
    return accept(undefined);
  }

  /** What a session said, as it came. `false`: it has not joined. */
  async receive(session: string, frames: readonly string[]): Promise<boolean> {
    if (!this.#isMade) return false;
    return await this.#open().receiveOf(session, frames);
  }

  /** Settles when the session has heard what was said to it before. */
  async leave(session: string, departure: Departure): Promise<void> {
    if (!this.#isMade) return;
    const user = this.#open().sessions.find(session)?.user?.id;
    await this.#open().leave(session, departure);
    if (user !== undefined) await this.#open().sessions.carried(user);
  }

  /** The token of a session was renewed. */
  async renew(session: string, actor: Actor): Promise<void> {
    const live = this.#open();
    await live.call(SERVER, 0, () => {
      const connection = live.sessions.find(session);
      if (connection !== undefined) live.room.renew(connection, actor);
      return accept(undefined);
    });
  }

  /** How the user is in all rooms of a session. */
  async present(session: string, presence: Pick<PresenceCommand, "status" | "data">): Promise<void> {
    const live = this.#open();
    await live.call(SERVER, 0, (_, now) => {
      const connection = live.sessions.find(session);
      if (connection === undefined) return accept(undefined);
      live.room.roomPresence.update(connection, presence);
      live.room.askAnew(now, [connection]);
      return accept(undefined);
    });
  }

  /** Runs in its place in the one order; `cost` is in tokens of the user's bucket. */
  #call<T>(
    actor: Actor,
    run: (room: Room, now: number, delivery: Delivery) => Outcome<T>,
    cost = 1,
  ): Promise<Outcome<T>> {
    const live = this.#open();
    return live.call(actor, cost, (delivery, now) => run(live.room, now, delivery));
  }

  /** As `#call`, for what lasts: a withdrawn token does nothing of it, not even in the minute in which isolates believe it. */
  async #act<T>(
    actor: Actor,
    run: (room: Room, now: number, delivery: Delivery) => Outcome<T>,
    cost = 1,
  ): Promise<Outcome<T>> {
    const refusal = await this.#open().judge(actor);
    return refusal === undefined ? this.#call(actor, run, cost) : reject(refusal);
  }

  /** A close is answered before its leave takes effect: until then the connection may fill the room. */
  async #letLeave(actor: Actor): Promise<void> {
    const live = this.#open();
    if (live.room.hasWork && live.room.refuses(actor, Date.now()) === FULL) await live.flush();
  }

  /** Where a session is to be: sessions have a bound of their own. */
  #noSeat({ actor: { identity }, replacesSession }: SessionJoin): Refusal | undefined {
    const { sessions } = this.#open();
    const user = userOf(identity);
    const frees = replacesSession !== undefined && sessions.mayGiveUp(replacesSession, user?.id);
    return sessions.areFull && !frees ? FULL : undefined;
  }

  /**
   * Closes what its client gave up, once nothing else stands in the way of the newcomer: one that is refused closes
   * nothing. Refuses where there is no place even so.
   */
  async #replace(actor: Actor, { replaces, replacesSession }: Replacing): Promise<Refusal | undefined> {
    if (replaces === undefined && replacesSession === undefined) return undefined;
    const { room, sessions } = this.#open();
    const needsPlace =
      room.refuses(actor, Date.now()) === FULL || (replacesSession !== undefined && sessions.areFull);
    if (replaces !== undefined) room.giveUp(replaces, actor.identity);
    if (replacesSession !== undefined) sessions.giveUp(replacesSession, userOf(actor.identity)?.id);
    if (!needsPlace) return undefined;
    // The place that it wants is the one that it gives up.
    await this.#open().flush();
    return this.#refusal(actor, {});
  }

  /** Ghosts do not count, nor what its client gives up for it. */
  #refusal(actor: Actor, { replaces, replacesSession }: Replacing): Refusal | undefined {
    const live = this.#open();
    const now = Date.now();
    live.room.sweepIfDue(now);
    const refusal = live.room.refuses(actor, now);
    if (refusal === FULL) {
      const { identity } = actor;
      if (replaces !== undefined && live.room.mayGiveUp(replaces, identity)) return undefined;
      if (replacesSession !== undefined && live.sessions.mayGiveUp(replacesSession, userOf(identity)?.id))
        return undefined;
    }
    // The refused need not wait until the others have heard of the ghosts that were just found.
    if (refusal !== undefined) this.ctx.waitUntil(live.flushIfDue());
    // Sessions that are gone without a word may be what fills it.
    if (refusal === FULL) live.sessions.inquireIfStale(now);
    return refusal;
  }

  /** Whether anything is kept of this room. */
  get #isMade(): boolean {
    return this.#live?.isMade ?? hasTables(this.ctx.storage.sql);
  }

  /** Whether there is such a room: somebody who only listens may be in one that nobody made. */
  get #isThere(): boolean {
    return this.#isMade || (this.#live?.room.size ?? this.ctx.getWebSockets().length) > 0;
  }

  get #name(): string {
    return this.ctx.id.name ?? "";
  }

  #open(): RoomRuntime {
    this.#live ??= this.#start();
    return this.#live;
  }

  #start(): RoomRuntime {
    const start = () => new RoomRuntime(this.ctx, this.env, this.#name, (room) => this.#setAlarm(room));
    return opening("room", this.#name, start, Date.now());
  }

  /** For calls that only look: ghosts are found first, and the alarm that forgets an empty room moves on. Makes no room. */
  async #look<T>(
    actor: Actor,
    look: (room: Room, now: number) => T,
    none: () => T,
    cost = 0,
  ): Promise<Outcome<T>> {
    if (!this.#isThere) return accept(none());
    const live = this.#open();
    const now = Date.now();
    const refusal =
      live.room.moderation.bars(actor, now) ?? live.room.allowances.take(actor.identity, cost, now);
    if (refusal !== undefined) return reject(refusal);
    live.room.sweepIfDue(now);
    // One flush, which nobody who only looks has to wait for.
    this.ctx.waitUntil(live.flushIfDue());
    await this.#setAlarm(live.room);
    // Forgotten meanwhile, perhaps.
    return accept(this.#isThere ? look(this.#open().room, now) : none());
  }

  async #gone(ws: WebSocket, code: number, reason: string): Promise<void> {
    try {
      // Before the close, which may take the attachment away that a start reads.
      this.#open().gone(ws, code);
    } finally {
      answerClose(ws, code, reason);
    }
    await this.#open().flush();
  }

  async #setAlarm(room: Room): Promise<void> {
    // Of a room that nobody made there is nothing to forget, and an alarm would be a row.
    if (!this.#isMade) return;
    const now = Date.now();
    if (this.#alarm.at === undefined) await this.#alarm.known();
    // A single socket that is gone without a word costs nobody anything; a session may have missed something.
    const connections = this.#open().sessions.size > 0 ? Math.max(2, room.size) : room.size;
    const life = { connections, isKept: () => room.isKept(now) };
    const at = planAlarm(life, this.#alarm.at ?? null, now);
    if (at !== null) await this.#alarm.set(at);
  }
}
