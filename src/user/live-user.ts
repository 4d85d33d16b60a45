// A user's object while it is awake: the rules, joined to the runtime's sockets, storage and clock.

import { verifyToken } from "../auth/verify-token.ts";
import { type Config, requireConfig } from "../config/config.ts";
import { clientLimits } from "../config/limits-config.ts";
import type { Env } from "../env.ts";
import { mapBounded } from "../platform/bounded.ts";
import { describeError, log } from "../platform/log.ts";
import { objectStub } from "../platform/object-stub.ts";
import { accept, type Outcome, type SessionCommand } from "../protocol/index.ts";
import { socketPort } from "../realtime/hibernatable-socket.ts";
import { Intake } from "../realtime/intake.ts";
import { randomEpoch, randomId } from "../realtime/random-id.ts";
import { parseFrame } from "../validation/parse-frame.ts";
import { SESSION_COMMANDS } from "../validation/session-commands.ts";
import { Access } from "./access.ts";
import { Inbox } from "./inbox.ts";
import { MarkStore } from "./mark-store.ts";
import { NotificationStore } from "./notification-store.ts";
import { readState, SessionConnection, type UserIdentity } from "./session-connection.ts";
import type { SessionUpgrade } from "./session-upgrade.ts";
import { type AppliedCommand, User } from "./user.ts";

/** How many rooms are told in one go. The rest are told from the alarm. */
const ROOMS_AT_ONCE = 500;

export class LiveUser {
  readonly user: User;
  readonly #ctx: DurableObjectState;
  readonly #env: Env;
  readonly #config: Config;
  readonly #sessions = new Map<WebSocket, SessionConnection>();
  readonly #intake: Intake<SessionConnection, AppliedCommand, Outcome<UserIdentity>>;

  constructor(ctx: DurableObjectState, env: Env) {
    this.#ctx = ctx;
    this.#env = env;
    this.#config = requireConfig(env);
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
    const inbox = new Inbox(store, new MarkStore(database.sql));
    this.user = new User(settings, { inbox, access: new Access(database.sql) }, (error) => {
      log("error", "session_command_failed", { error: describeError(error) });
    });
    this.#intake = new Intake({
      parse: (frame) => parseFrame<SessionCommand>(frame, SESSION_COMMANDS),
      verify: (token) => this.#verify(token),
      accept: (session, parsed) => this.user.receive(session, parsed, Date.now()),
      authenticated: (session, id, outcome) => this.user.authenticated(session, id, outcome, Date.now()),
    });
    this.#restore();
  }

  accept(server: WebSocket, { identity, topics, since, history }: SessionUpgrade): void {
    this.#ctx.acceptWebSocket(server);
    const now = Date.now();
    const session = new SessionConnection(this.#port(server), {
      version: 1,
      id: `c_${randomId()}`,
      identity,
      topics,
      seenAt: now,
      stage: { at: "live" },
    });
    this.#sessions.set(server, session);
    this.user.admit(session, since, history, now);
  }

  /** Tells rooms that do not know yet which tokens are void. Answers how many it told, and whether others are left. */
  async tellRooms(user: string): Promise<{ told: number; areLeft: boolean }> {
    const { access } = this.user;
    const { voidUpTo } = access;
    const rooms = access.untold(ROOMS_AT_ONCE);
    const results = await mapBounded(rooms, async (room) => {
      try {
        await objectStub(this.#env.ROOMS, room, this.#config.placement).withdraw(user, voidUpTo);
        access.told(room, voidUpTo);
        return 1;
      } catch (error) {
        log("error", "withdraw_failed", { room, error: describeError(error) });
        return 0;
      }
    });
    const told = results.reduce<number>((sum, one) => sum + one, 0);
    return { told, areLeft: access.untold(1).length > 0 };
  }

  async receive(ws: WebSocket, frame: string | ArrayBuffer): Promise<void> {
    const session = this.#sessions.get(ws);
    if (session !== undefined) await this.#intake.receive(session, frame);
  }

  gone(ws: WebSocket): void {
    const session = this.#sessions.get(ws);
    this.#sessions.delete(ws);
    if (session !== undefined) this.user.leave(session);
  }

  /** What was closed from here says nothing any more, and its close event may never come. */
  #port(ws: WebSocket) {
    return socketPort(this.#ctx, ws, () => this.#sessions.delete(ws));
  }

  async #verify(token: string): Promise<Outcome<UserIdentity>> {
    const verified = await verifyToken(this.#config.token, token, Date.now());
    return verified.ok ? accept(verified.value.identity) : verified;
  }

  /** Sockets outlive the sleep of their object; what it knew of them is in their attachments. */
  #restore(): void {
    for (const ws of this.#ctx.getWebSockets()) {
      const state = readState(ws.deserializeAttachment());
      if (state !== undefined) this.#sessions.set(ws, new SessionConnection(this.#port(ws), state));
      else if (ws.readyState === WebSocket.OPEN) ws.close(4500, "internal");
    }
    this.user.restore(this.#sessions.values());
    this.user.sweep(Date.now());
  }
}
