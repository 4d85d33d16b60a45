// The Durable Object of one user: events of the runtime, the alarm, and what the Worker may call.

import { DurableObject } from "cloudflare:workers";
import { type Dated, undatedUntil, type VerifiedToken } from "../../access/identity.ts";
import { decodeHeader, IDENTITY_HEADER } from "../../auth/identity-header.ts";
import type { Env } from "../../env.ts";
import { log } from "../../log/log.ts";
import { ObjectAlarm, sweepDueAt } from "../../object/object-alarm.ts";
import type { PolledCommands, PollUpgrade } from "../../object/polled-socket.ts";
import { NONE_REVOKED, type RevokedTokens } from "../../object/revocation.ts";
import { answerClose, answerHeartbeats } from "../../object/runtime/hibernatable-socket.ts";
import { opening } from "../../object/runtime/opening.ts";
import { streamedPages } from "../../object/runtime/streamed-pages.ts";
import { pollResponse, refusalResponse, upgraded } from "../../object/runtime/upgrade-response.ts";
import { withinMs } from "../../object/runtime/within-ms.ts";
import { OWN_CHANGE } from "../../object/spending.ts";
import { hasTables } from "../../object/storage/migrate.ts";
import {
  accept,
  type ErasureResult,
  type FollowedRoomsResult,
  type NotificationState,
  type Outcome,
  type Preferences,
  reject,
} from "../../protocol/index.ts";
import type { Report, UserCounts } from "../../registry/counts.ts";
import type { ItemAnswer, SessionItem } from "../../session-rooms/session-delivery.ts";
import type { ListQuery, MarkSelection, NotificationInput } from "../inbox/inbox-log.ts";
import { DEFAULT_PREFERENCES, type PreferencesPatch } from "../inbox/preferences.ts";
import type { NewSubscription } from "../push/push-store.ts";
import { RETRY_AFTER_MS } from "../room-notices.ts";
import type { SessionUpgrade } from "../session-connection.ts";
import type { NotificationsPage, UserCalls, UserExportCalls } from "../user-calls.ts";
import { exportOfNobody } from "../user-export.ts";
import type { Notified, UserStanding } from "../user-hub.ts";
import { UserRuntime } from "./user-runtime.ts";

/** Who asks for an erasure does not wait for longer until rooms have done it. */
const ERASURE_ANSWERS_WITHIN_MS = 3_000;

export class UserObject
  extends DurableObject<Env>
  implements UserCalls, UserExportCalls<ReadableStream<Uint8Array>>
{
  #live: UserRuntime | undefined;
  readonly #alarm: ObjectAlarm;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    this.#alarm = new ObjectAlarm(ctx.storage);
    answerHeartbeats(ctx);
  }

  /** Opens a session that the Worker has checked. */
  override async fetch(request: Request): Promise<Response> {
    const upgrade = decodeHeader<SessionUpgrade | PollUpgrade>(request.headers.get(IDENTITY_HEADER) ?? "");
    const live = this.#open();
    if ("received" in upgrade) return pollResponse(live.resume(upgrade), upgrade.connection);
    const { identity, replaces } = upgrade;
    const refusal = live.user.admissionRefusal(identity, replaces, Date.now());
    // A session that is refused replaces none.
    if (refusal !== undefined) return refusalResponse(refusal);
    if (replaces !== undefined) live.user.giveUp(replaces);
    const { 0: client, 1: server } = new WebSocketPair();
    const id = live.accept(server, upgrade);
    await this.#alarm.by(sweepAt(live), live.reportAt);
    return upgrade.polls ? pollResponse({ client }, id) : upgraded(client, upgrade.speaksOurProtocol);
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
      live.user.sessions.sweep(Date.now());
      live.report();
      return soonest(sweepAt(live), live.reportAt);
    };
    const tell = async () => (await this.#open().notices.propagateRevocation()).again;
    const erase = () => this.#open().erasure.run();
    const push = async () => (await this.#open().pusher?.run()) ?? null;
    const tellBackEnd = async () => {
      this.#open().tellBackEnd();
      return this.#open().webhooksAt;
    };
    await this.#alarm.goOff([sweep, tell, tellBackEnd, erase, push], (error) =>
      log("alarm_failed", { user, error }),
    );
  }

  registerRoom(room: string, undatedUntil: number | null): Outcome<RevokedTokens> {
    return this.#open().user.registerRoom(room, undatedUntil, Date.now());
  }

  mayCreateRoom(): Outcome<undefined> {
    return this.#open().user.mayCreateRoom(Date.now());
  }

  reportSpending(units: number): number {
    return this.#open().user.reportSpending(units, Date.now());
  }

  async followedRooms(
    token: VerifiedToken,
    after: string | undefined,
  ): Promise<Outcome<FollowedRoomsResult>> {
    const judged = this.#judge(token.identity);
    if (!judged.ok) return judged;
    return (await judged.value?.listRooms(token, after)) ?? accept({ rooms: [] });
  }

  follow(room: string, token: Dated | null): Outcome<undefined> {
    const judged = token === null ? accept(undefined) : this.#judge(token);
    if (!judged.ok) return judged;
    const { user } = this.#open();
    const refusal = token === null ? undefined : user.use(OWN_CHANGE, Date.now());
    return refusal === undefined ? user.followed.follow(room) : reject(refusal);
  }

  async unfollow(room: string, token: Dated | null): Promise<Outcome<undefined>> {
    const judged = token === null ? accept(undefined) : this.#judge(token);
    if (!judged.ok) return judged;
    await this.#openIfThere()?.unfollow(room);
    return accept(undefined);
  }

  revokedTokens(undatedUntil: number | null, act?: { room: string; token: Dated }): RevokedTokens {
    const now = Date.now();
    const keepsNothing = undatedUntil === null && act === undefined;
    const live = keepsNothing ? this.#openIfThere() : this.#open();
    live?.user.recordUndated(undatedUntil, now);
    if (act !== undefined) live?.user.revocations.keepRoom(act.room, act.token, now);
    return live?.user.revocations.revokedTokens ?? NONE_REVOKED;
  }

  exportUser(): ReadableStream<Uint8Array> {
    const live = this.#openIfThere();
    const pages = live === undefined ? [exportOfNobody(this.#name, Date.now())] : undefined;
    const next = async () => {
      if (live === undefined) return pages?.shift();
      if (this.#live !== live) throw new Error("the user was erased during the export");
      return exporting?.next(Date.now());
    };
    const exporting = live?.export();
    return streamedPages(next, {
      waitUntil: (work) => this.ctx.waitUntil(work),
      failed: (error) => log("export_failed", { user: this.#name, error }),
    });
  }

  standing(): UserStanding {
    return this.#openIfThere()?.user.standing(Date.now()) ?? { online: false, connections: 0, unread: 0 };
  }

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
    const { user, pusher } = this.#open();
    const before = user.preferences.current;
    const changed = user.preferences.change(patch);
    await this.#alarm.by(pusher?.preferencesChanged(before, patch, Date.now()) ?? null);
    return accept(changed);
  }

  deliver(room: string, items: readonly SessionItem[]): ItemAnswer[] {
    return this.#openIfThere()?.deliver(room, items) ?? items.map(() => ({ kind: "gone" }));
  }

  async disconnect({ keepPush }: { readonly keepPush: boolean }): Promise<{ rooms: number }> {
    await this.#alarm.known();
    const now = Date.now();
    const { user, subscriptions, notices } = this.#open();
    user.disconnect(now);
    if (!keepPush) subscriptions.clear();
    // In the same turn, so that rooms are notified also if this object ends before all of them know.
    await this.#alarm.by(now + RETRY_AFTER_MS);
    const { told, again } = await notices.propagateRevocation();
    await this.#alarm.by(again);
    return { rooms: told };
  }

  async erase(): Promise<ErasureResult> {
    await this.#alarm.known();
    const underWay = this.#openIfThere()?.erasure.progress();
    if (underWay !== undefined) return underWay;
    const now = Date.now();
    this.#open().erase(now);
    this.#live = undefined;
    // In the same turn, so that it goes on also if this object ends before it is done.
    await this.#alarm.by(now + RETRY_AFTER_MS);
    const { erasure } = this.#open();
    // The caller does not wait for a room that is slow: the run goes on, and alarms after it.
    const running = erasure.run().then((at) => this.#alarm.by(at));
    this.ctx.waitUntil(running);
    await withinMs(ERASURE_ANSWERS_WITHIN_MS, running, undefined);
    return erasure.progress() ?? { done: true, rooms: 0 };
  }

  async notify(input: NotificationInput): Promise<Notified> {
    // Before anything is stored, so that the notification and its alarm are written in one turn.
    await this.#alarm.known();
    const live = this.#open();
    const { user, pusher } = live;
    const now = Date.now();
    const { answer, mayPush } = user.notify(input, now);
    live.tellBackEnd();
    const pushAt = mayPush ? (pusher?.dueAt(input.priority, now) ?? null) : null;
    await this.#alarm.by(pushAt, live.reportAt);
    return answer;
  }

  async mention(input: NotificationInput, sessions: readonly string[]): Promise<void> {
    const live = this.#openIfThere();
    if (live === undefined || live.user.sessions.isThere(sessions, Date.now())) return;
    await this.notify(input);
  }

  subscribe(token: Dated, subscription: NewSubscription): Outcome<undefined> {
    const judged = this.#judge(token);
    if (!judged.ok) return judged;
    const { subscriptions, user } = this.#open();
    const now = Date.now();
    const refusal = user.use(OWN_CHANGE, now);
    if (refusal !== undefined) return reject(refusal);
    subscriptions.put(subscription, user.inbox.head, now);
    return accept(undefined);
  }

  unsubscribe(token: Dated, endpoint: string): Outcome<undefined> {
    const judged = this.#judge(token);
    if (!judged.ok) return judged;
    judged.value?.subscriptions.remove(endpoint);
    return accept(undefined);
  }

  mark(token: Dated, target: MarkSelection, state: NotificationState): Outcome<{ unread: number }> {
    const judged = this.#judge(token);
    if (!judged.ok) return judged;
    return accept({ unread: judged.value?.user.mark(target, state, Date.now()).unread ?? 0 });
  }

  notifications(token: Dated, query: ListQuery): Outcome<NotificationsPage> {
    const judged = this.#judge(token);
    if (!judged.ok) return judged;
    const inbox = judged.value?.user.inbox;
    if (inbox === undefined) return accept({ events: [], more: false, unread: 0 });
    const now = Date.now();
    const { events, more } = inbox.list(query, now);
    return accept({ events, more, unread: inbox.unread(now) });
  }

  reportNow(): Report<UserCounts> {
    return this.#openIfThere()?.reportNow() ?? { counts: null, asks: false };
  }

  async receivePolled(commands: PolledCommands): Promise<boolean> {
    return (await this.#openIfThere()?.receivePolled(commands)) ?? false;
  }

  /**
   * Refuses a call of the user whose token is revoked. A token without a date is recorded, which creates the user;
   * otherwise the answer is `undefined` for a user who was never here.
   */
  #judge(token: Dated): Outcome<UserRuntime | undefined> {
    const live = undatedUntil(token) === null ? this.#openIfThere() : this.#open();
    const refusal = live?.user.revocations.admit(token, Date.now());
    return refusal === undefined ? accept(live) : reject(refusal);
  }

  /** For calls that only look: creates no user. */
  #openIfThere(): UserRuntime | undefined {
    const isThere = this.#live !== undefined || hasTables(this.ctx.storage.sql);
    return isThere ? this.#open() : undefined;
  }

  #open(): UserRuntime {
    const start = () => new UserRuntime(this.ctx, this.env, this.#alarm);
    this.#live ??= opening("user", this.#name, start, Date.now());
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

const soonest = (one: number | null, other: number | null): number | null =>
  one === null || other === null ? (one ?? other) : Math.min(one, other);

const sweepAt = ({ user }: UserRuntime): number | null => sweepDueAt(user.sessions.size, Date.now());
