// The Durable Object of one user: events of the runtime, the alarm, and what the Worker may call.

import { DurableObject } from "cloudflare:workers";
import { decodeHeader, IDENTITY_HEADER } from "../auth/identity-header.ts";
import type { Env } from "../env.ts";
import type { NotificationState, Outcome } from "../protocol/index.ts";
import { SWEEP_EVERY_MS } from "../realtime/alarm-plan.ts";
import { answerClose, answerHeartbeats } from "../realtime/hibernatable-socket.ts";
import { ObjectAlarm } from "../realtime/object-alarm.ts";
import type { ItemAnswer, RoomStanding, SessionItem } from "../realtime/session-delivery.ts";
import { refusalResponse, upgraded } from "../realtime/upgrade-response.ts";
import type { ListQuery, MarkTarget, NotificationInput } from "./inbox.ts";
import { LiveUser } from "./live-user.ts";
import { DEFAULT_PREFERENCES, type Preferences, type PreferencesPatch } from "./preferences.ts";
import type { NewSubscription } from "./push-store.ts";
import type { SessionUpgrade } from "./session-upgrade.ts";
import type { Notified } from "./user.ts";

/** Rooms that could not be told of void tokens are tried again this soon, and later the longer it lasts. */
const RETRY_AFTER_MS = 30_000;
const MAX_RETRY_AFTER_MS = 3_600_000;

export class UserObject extends DurableObject<Env> {
  #live: LiveUser | undefined;
  readonly #alarm: ObjectAlarm;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#alarm = new ObjectAlarm(ctx.storage);
    answerHeartbeats(ctx);
  }

  /** Takes a session that the Worker has checked, and nothing else. */
  override async fetch(request: Request): Promise<Response> {
    const upgrade = decodeHeader<SessionUpgrade>(request.headers.get(IDENTITY_HEADER) ?? "");
    const live = this.#open();
    if (upgrade.replaces !== undefined) live.user.giveUp(upgrade.replaces);
    const refusal = live.user.refuses(upgrade.identity, Date.now());
    if (refusal !== undefined) return refusalResponse(refusal);
    const { 0: client, 1: server } = new WebSocketPair();
    live.accept(server, upgrade);
    await this.#alarm.by(sweepAt(live));
    return upgraded(client, upgrade.speaksOurProtocol);
  }

  override async webSocketMessage(ws: WebSocket, frame: string | ArrayBuffer): Promise<void> {
    await this.#open().receive(ws, frame);
  }

  override webSocketClose(ws: WebSocket, code: number, reason: string): void {
    this.#gone(ws, code, reason);
  }

  override webSocketError(ws: WebSocket): void {
    this.#gone(ws, 1006, "");
  }

  override async alarm(): Promise<void> {
    this.#alarm.wentOff();
    const live = this.#open();
    live.user.sweep(Date.now());
    const { again } = await this.#tellRooms();
    const pushAt = (await live.pusher?.run()) ?? null;
    await this.#alarm.by(sweepAt(live), again, pushAt);
  }

  /** A room that the user opens for the first time: up to when their tokens are void, in milliseconds. */
  opened(room: string): number {
    return this.#open().opened(room);
  }

  followedRooms(): string[] {
    return this.#open().followed.list();
  }

  /** Of each of these rooms, in the same order. */
  standingsIn(rooms: readonly string[]): Promise<(RoomStanding | null)[]> {
    return this.#open().standingsIn(this.ctx.id.name ?? "", rooms);
  }

  follow(room: string): Outcome<undefined> {
    return this.#open().followed.follow(room);
  }

  /** It may still be open; with its next opening it is followed again. */
  async unfollow(room: string): Promise<void> {
    await this.#openIfThere()?.unfollow(this.ctx.id.name ?? "", room);
  }

  /** As `opened`, for whoever asks time and again: makes nothing where there is nothing. */
  voidUpTo(): number {
    return this.#openIfThere()?.user.access.voidUpTo ?? 0;
  }

  /** Of session sockets, without those of ghosts. */
  standing(): { online: boolean; connections: number; unread: number } {
    const user = this.#openIfThere()?.user;
    const now = Date.now();
    user?.sweep(now);
    const connections = user?.connections ?? 0;
    return { online: connections > 0, connections, unread: user?.inbox.unread(now) ?? 0 };
  }

  /** `data` is JSON already. Answers how many sessions heard it. */
  signal(event: string, data: string): number {
    return this.#openIfThere()?.user.signal(event, data, Date.now()) ?? 0;
  }

  preferences(): Preferences {
    return this.#openIfThere()?.user.preferences.current ?? DEFAULT_PREFERENCES;
  }

  async prefer(patch: PreferencesPatch): Promise<Preferences> {
    const { user, pusher, subscriptions } = this.#open();
    const { push: wanted, quietHours } = user.preferences.current;
    const changed = user.preferences.change(patch);
    if (!wanted && changed.push) pusher?.skip();
    // What waits for the morning may go out now.
    const mayGo = quietHours !== null && patch.quietHours !== undefined && subscriptions.all.length > 0;
    await this.#alarm.by(mayGo ? Date.now() : null);
    return changed;
  }

  /** What a room says to sessions of this user. */
  deliver(room: string, items: readonly SessionItem[]): ItemAnswer[] {
    return this.#open().rooms.deliver(room, items);
  }

  /** Ends what the user has open, and voids the tokens of up to this second. Answers how many rooms know it now. */
  async disconnect(): Promise<{ rooms: number }> {
    await this.#alarm.known();
    const now = Date.now();
    this.#open().user.disconnect(now);
    // In the same turn, so that rooms are told also if this object ends in the middle of telling.
    await this.#alarm.by(now + RETRY_AFTER_MS);
    const { told, again } = await this.#tellRooms();
    await this.#alarm.by(again);
    return { rooms: told };
  }

  async notify(input: NotificationInput): Promise<Notified> {
    // Before anything is stored, so that the notification and its alarm are written in one turn.
    await this.#alarm.known();
    const { user, pusher } = this.#open();
    const now = Date.now();
    const notified = user.notify(input, now);
    if (notified.duplicate !== true) await this.#alarm.by(pusher?.dueAt(input, now) ?? null);
    return notified;
  }

  subscribe(subscription: NewSubscription): void {
    const { subscriptions, user } = this.#open();
    subscriptions.put(subscription, user.inbox.head, Date.now());
  }

  unsubscribe(endpoint: string): void {
    this.#openIfThere()?.subscriptions.remove(endpoint);
  }

  mark(target: MarkTarget, state: NotificationState): { unread: number } {
    const { unread } = this.#open().user.mark(target, state, Date.now());
    return { unread };
  }

  /** The notifications are JSON already. */
  notifications(query: ListQuery): { events: readonly string[]; more: boolean; unread: number } {
    const { inbox } = this.#open().user;
    const now = Date.now();
    const { events, more } = inbox.list(query, now);
    return { events, more, unread: inbox.unread(now) };
  }

  /** Answers how many it told, and when to tell the rest; `null`: all know. */
  async #tellRooms(): Promise<{ told: number; again: number | null }> {
    const { told, areLeft } = await this.#open().tellRooms(this.ctx.id.name ?? "");
    if (!areLeft) return { told, again: null };
    const now = Date.now();
    const lastedMs = now - this.#open().user.access.voidUpTo;
    // Where some were told there are just many, and the next ones are told at once, in a call of its own.
    const waitMs = told > 0 ? 0 : Math.min(MAX_RETRY_AFTER_MS, Math.max(RETRY_AFTER_MS, lastedMs));
    return { told, again: now + Math.ceil(waitMs * (0.5 + Math.random())) };
  }

  /** For whoever only asks: makes nothing where there is nothing. */
  #openIfThere(): LiveUser | undefined {
    const { sql } = this.ctx.storage;
    const isThere = this.#live !== undefined || sql.exec("SELECT 1 FROM sqlite_master").toArray().length > 0;
    return isThere ? this.#open() : undefined;
  }

  #open(): LiveUser {
    this.#live ??= new LiveUser(this.ctx, this.env);
    return this.#live;
  }

  #gone(ws: WebSocket, code: number, reason: string): void {
    try {
      this.#open().gone(ws, code);
    } finally {
      answerClose(ws, code, reason);
    }
  }
}

/** A single device is not looked after: it costs nothing. */
const sweepAt = ({ user }: LiveUser): number | null =>
  user.connections >= 2 ? Date.now() + SWEEP_EVERY_MS : null;
