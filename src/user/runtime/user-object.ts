// The Durable Object of one user: events of the runtime, the alarm, and what the Worker may call.

import { DurableObject } from "cloudflare:workers";
import { type Dated, undatedUntil, type VerifiedToken } from "../../access/identity.ts";
import { decodeHeader, IDENTITY_HEADER } from "../../auth/identity-header.ts";
import type { Env } from "../../env.ts";
import { log } from "../../log/log.ts";
import { ObjectAlarm, sweepDueAt } from "../../object/object-alarm.ts";
import { NONE_VOID, type VoidTokens } from "../../object/revocation.ts";
import { answerClose, answerHeartbeats } from "../../object/runtime/hibernatable-socket.ts";
import { opening } from "../../object/runtime/opening.ts";
import { refusalResponse, upgraded } from "../../object/runtime/upgrade-response.ts";
import { CALL, OWN_CHANGE } from "../../object/spending.ts";
import { hasTables } from "../../object/storage/lazy-database.ts";
import {
  accept,
  type FollowedRoomsResult,
  type NotificationState,
  type Outcome,
  type Preferences,
  reject,
} from "../../protocol/index.ts";
import type { ItemAnswer, SessionItem } from "../../session-rooms/session-delivery.ts";
import type { ListQuery, MarkTarget, NotificationInput } from "../inbox/inbox.ts";
import { DEFAULT_PREFERENCES, type PreferencesPatch } from "../inbox/preferences.ts";
import type { NewSubscription } from "../push/push-store.ts";
import type { SessionUpgrade } from "../session-connection.ts";
import type { Notified } from "../user.ts";
import type { NotificationsPage, UserCalls, UserStanding } from "../user-calls.ts";
import { UserRuntime } from "./user-runtime.ts";

/** Rooms that could not be told of void tokens are tried again this soon, and later the longer it lasts. */
const RETRY_AFTER_MS = 30_000;
const MAX_RETRY_AFTER_MS = 3_600_000;

export class UserObject extends DurableObject<Env> implements UserCalls {
  #live: UserRuntime | undefined;
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
    const { identity, replaces } = upgrade;
    const refusal = live.user.refuses(identity, replaces, Date.now()) ?? live.spend(CALL);
    if (refusal !== undefined) return refusalResponse(refusal);
    // One that is refused closes nothing.
    if (replaces !== undefined) live.user.giveUp(replaces);
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
    const user = this.#name;
    const sweep = async () => {
      const live = this.#open();
      live.user.sweep(Date.now());
      return sweepAt(live);
    };
    const tell = async () => (await this.#propagateRevocation()).again;
    const push = async () => (await this.#open().pusher?.run()) ?? null;
    await this.#alarm.goOff([sweep, tell, push], (error) => log("alarm_failed", { user, error }));
  }

  /**
   * A room that the user opens for the first time asks which of their tokens are void, and is told from then on.
   * `undatedUntil`: when the token expires that it is opened with, where that has no date; in milliseconds.
   */
  opened(room: string, undatedUntil: number | null): Outcome<VoidTokens> {
    return this.#open().opened(room, undatedUntil);
  }

  /** For rooms that nobody made, before something of this user is kept in them. */
  makes(): Outcome<undefined> {
    return this.#open().makes(Date.now());
  }

  /** For rooms: what this user did there. In millionths of a US dollar. Answers until when they are held; 0: they are not. */
  spent(units: number): number {
    return this.#open().spent(units, Date.now());
  }

  /** For the user, as all that takes a `token`, which is judged first. `after`: the rooms behind that one. */
  async followedRooms(
    token: VerifiedToken,
    after: string | undefined,
  ): Promise<Outcome<FollowedRoomsResult>> {
    const judged = this.#judge(token.identity);
    if (!judged.ok) return judged;
    return (await judged.value?.listRooms(token, after)) ?? accept({ rooms: [] });
  }

  /** `token`: `null` where server code says so. */
  follow(room: string, token: Dated | null): Outcome<undefined> {
    const judged = token === null ? accept(undefined) : this.#judge(token);
    if (!judged.ok) return judged;
    const used = token === null ? undefined : this.#open().spend(OWN_CHANGE);
    return used === undefined ? this.#open().followed.follow(room) : reject(used);
  }

  /** As `follow`. It may still be open; with its next opening it is followed again. */
  async unfollow(room: string, token: Dated | null): Promise<Outcome<undefined>> {
    const judged = token === null ? accept(undefined) : this.#judge(token);
    if (!judged.ok) return judged;
    await this.#openIfThere()?.unfollow(this.#name, room);
    return accept(undefined);
  }

  /**
   * As `opened`, for callers that ask often. Of a user who was never here it makes something only to keep
   * `undatedUntil`.
   */
  voidTokens(undatedUntil: number | null): VoidTokens {
    const live = undatedUntil === null ? this.#openIfThere() : this.#open();
    return live?.voidTokens(undatedUntil) ?? NONE_VOID;
  }

  /** Of session sockets, without those of ghosts. */
  standing(): UserStanding {
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

  preferences(token: Dated): Outcome<Preferences> {
    const judged = this.#judge(token);
    return judged.ok ? accept(judged.value?.user.preferences.current ?? DEFAULT_PREFERENCES) : judged;
  }

  async updatePreferences(token: Dated, patch: PreferencesPatch): Promise<Outcome<Preferences>> {
    const judged = this.#judge(token);
    if (!judged.ok) return judged;
    const { user, pusher, subscriptions } = this.#open();
    const { push: wanted, quietHours } = user.preferences.current;
    const changed = user.preferences.change(patch);
    if (!wanted && changed.push) pusher?.skip();
    // What waits for the morning may go out now.
    const mayGo = quietHours !== null && patch.quietHours !== undefined && subscriptions.all.length > 0;
    await this.#alarm.by(mayGo ? Date.now() : null);
    return accept(changed);
  }

  /** What a room says to sessions of this user. */
  deliver(room: string, items: readonly SessionItem[]): ItemAnswer[] {
    return this.#openIfThere()?.deliver(room, items) ?? items.map(() => ({ kind: "gone" }));
  }

  /**
   * Ends what the user has open, voids the tokens that there are, and unless `keepPush` is said pushes to no device any
   * more. Answers how many rooms know it now.
   */
  async disconnect({ keepPush }: { readonly keepPush: boolean }): Promise<{ rooms: number }> {
    await this.#alarm.known();
    const now = Date.now();
    const { user, subscriptions } = this.#open();
    user.disconnect(now);
    if (!keepPush) subscriptions.clear();
    // In the same turn, so that rooms are told also if this object ends in the middle of telling.
    await this.#alarm.by(now + RETRY_AFTER_MS);
    const { told, again } = await this.#propagateRevocation();
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

  /**
   * For rooms: notifies of a message, unless one of the sessions that it went to is there to hear it. Makes nothing of a
   * user who never was here, as a member of a room may name anybody.
   */
  async mention(input: NotificationInput, sessions: readonly string[]): Promise<void> {
    const live = this.#openIfThere();
    if (live === undefined || live.user.isThere(sessions, Date.now())) return;
    await this.notify(input);
  }

  subscribe(token: Dated, subscription: NewSubscription): Outcome<undefined> {
    const judged = this.#judge(token);
    if (!judged.ok) return judged;
    const { subscriptions, user } = this.#open();
    const used = this.#open().spend(OWN_CHANGE);
    if (used !== undefined) return reject(used);
    subscriptions.put(subscription, user.inbox.head, Date.now());
    return accept(undefined);
  }

  unsubscribe(token: Dated, endpoint: string): Outcome<undefined> {
    const judged = this.#judge(token);
    if (!judged.ok) return judged;
    judged.value?.subscriptions.remove(endpoint);
    return accept(undefined);
  }

  mark(token: Dated, target: MarkTarget, state: NotificationState): Outcome<{ unread: number }> {
    const judged = this.#judge(token);
    if (!judged.ok) return judged;
    return accept({ unread: judged.value?.user.mark(target, state, Date.now()).unread ?? 0 });
  }

  /** The notifications are JSON already. */
  notifications(token: Dated, query: ListQuery): Outcome<NotificationsPage> {
    const judged = this.#judge(token);
    if (!judged.ok) return judged;
    const inbox = judged.value?.user.inbox;
    if (inbox === undefined) return accept({ events: [], more: false, unread: 0 });
    const now = Date.now();
    const { events, more } = inbox.list(query, now);
    return accept({ events, more, unread: inbox.unread(now) });
  }

  /**
   * Whether a call of the user counts: a withdrawn token is refused at once, as this object knows first. One without a
   * date is kept in mind, for which something is made of a user who was never here; else it answers `undefined` of them.
   */
  #judge(token: Dated): Outcome<UserRuntime | undefined> {
    const live = undatedUntil(token) === null ? this.#openIfThere() : this.#open();
    const barred = live?.user.access.admit(token, Date.now());
    return barred === undefined ? accept(live) : reject(barred);
  }

  /** Answers how many it told, and when to tell the rest; `null`: all know. */
  async #propagateRevocation(): Promise<{ told: number; again: number | null }> {
    const { told, rest } = await this.#open().notices.propagateRevocation();
    if (rest === "none") return { told, again: null };
    const now = Date.now();
    if (rest === "now") return { told, again: now };
    const lastedMs = now - this.#open().user.access.voidTokens.upTo;
    const waitMs = Math.min(MAX_RETRY_AFTER_MS, Math.max(RETRY_AFTER_MS, lastedMs));
    return { told, again: now + Math.ceil(waitMs * (0.5 + Math.random())) };
  }

  /** For whoever only asks: makes nothing where there is nothing. */
  #openIfThere(): UserRuntime | undefined {
    const isThere = this.#live !== undefined || hasTables(this.ctx.storage.sql);
    return isThere ? this.#open() : undefined;
  }

  #open(): UserRuntime {
    this.#live ??= opening("user", this.#name, () => new UserRuntime(this.ctx, this.env), Date.now());
    return this.#live;
  }

  get #name(): string {
    return this.ctx.id.name ?? "";
  }

  #gone(ws: WebSocket, code: number, reason: string): void {
    try {
      this.#open().gone(ws, code);
    } finally {
      answerClose(ws, code, reason);
    }
  }
}

const sweepAt = ({ user }: UserRuntime): number | null => sweepDueAt(user.connections, Date.now());
