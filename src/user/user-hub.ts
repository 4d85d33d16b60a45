// The rules of one user: their inbox on all their sessions, and what the user may do and spend. Synchronous: time,
// storage and sockets are passed in. What is stored is written before it is sent, and the runtime's output gate holds
// the frames until it is durable.

import type { UserIdentity } from "../access/identity.ts";
import { cursorCheckpoint, FAILED, FULL, NOT_YOURS, okAnswer } from "../object/answers.ts";
import type { JournalEntry, RefusedCommand } from "../object/journal.ts";
import type { RevokedTokens } from "../object/revocation.ts";
import { CALL, JOIN, OPENING, Spending } from "../object/spending.ts";
import { TokenBuckets } from "../object/token-bucket.ts";
import { TrafficMeter } from "../object/traffic.ts";
import {
  accept,
  type NotificationState,
  type Outcome,
  type Refusal,
  refuse,
  reject,
} from "../protocol/index.ts";
import type { UserCounts } from "../registry/counts.ts";
import type { Parsed } from "../validation/parse-frame.ts";
import type { Budget } from "./budget.ts";
import type { FollowedRooms } from "./followed-rooms.ts";
import type { InboxLog, MarkResult, MarkSelection, NotificationInput } from "./inbox/inbox-log.ts";
import type { PreferenceStore } from "./inbox/preferences.ts";
import {
  applyInboxCommand,
  type InboxCommand,
  type RoomsCommand,
  roomsCommandCost,
} from "./session-commands.ts";
import type { SessionConnection, UserSettings } from "./session-connection.ts";
import type { TokenRevocations } from "./token-revocations.ts";
import { hearsTopic, UserSessions } from "./user-sessions.ts";
import { welcome } from "./welcome.ts";

/** The answer to a notify. */
export interface Notified {
  readonly seq: number;
  /** How many sessions it was sent to. */
  readonly delivered: number;
  readonly duplicate?: true;
}

export interface UserStanding {
  readonly online: boolean;
  readonly connections: number;
  readonly unread: number;
}

export interface UserStores {
  readonly inbox: InboxLog;
  readonly revocations: TokenRevocations;
  readonly preferences: PreferenceStore;
  readonly budget: Budget;
  readonly followed: FollowedRooms;
}

export interface UserPorts {
  /** A command failed: its client was answered `internal`. */
  reportFault(error: unknown): void;
  /** What an operator wants to know of the sessions. */
  report(entry: JournalEntry): void;
  /** Notifications or signals were published, or events sent: `traffic` has them. */
  delivered(): void;
  /** From 0 to below 1. */
  random(): number;
  /** A session has come or gone, or a notification came. */
  countsChanged(): void;
  /** The user opens a room: from now on it is notified of revocations. */
  registerRoom(room: string): Outcome<RevokedTokens>;
}

/** The allowance that all sessions of the user share. */
const SESSIONS = "sessions";
/** A second one for HTTP calls, so that no session waits for them. */
const CALLS = "calls";

export class UserHub {
  readonly inbox: InboxLog;
  readonly revocations: TokenRevocations;
  readonly preferences: PreferenceStore;
  readonly followed: FollowedRooms;
  readonly sessions: UserSessions;
  /** What was published and sent since somebody took it. Replays are not in it. */
  readonly traffic = new TrafficMeter();
  readonly #budget: Budget;
  readonly #settings: UserSettings;
  readonly #ports: UserPorts;
  readonly #buckets: TokenBuckets;
  /** What the user does in their own object. */
  readonly #spending: Spending;

  constructor(settings: UserSettings, stores: UserStores, ports: UserPorts) {
    this.#settings = settings;
    this.inbox = stores.inbox;
    this.revocations = stores.revocations;
    this.preferences = stores.preferences;
    this.followed = stores.followed;
    this.#budget = stores.budget;
    this.#ports = ports;
    this.#spending = new Spending(ports.random);
    this.sessions = new UserSessions(settings.limits.pingMs, {
      traffic: this.traffic,
      changed: ports.countsChanged,
      report: (entry) => ports.report(entry),
    });
    this.#buckets = new TokenBuckets({
      perSecond: settings.limits.ratePerSecond,
      burst: settings.limits.rateBurst,
    });
  }

  /**
   * The refusal of a further session. `replaces`: the session that its client gives up for it, which does not count.
   */
  admissionRefusal(identity: UserIdentity, replaces: string | undefined, now: number): Refusal | undefined {
    this.sessions.sweepIfDue(now);
    const refusal = this.revocations.admit(identity, now);
    if (refusal !== undefined) return refusal;
    const others = [...this.sessions].filter(({ state }) => state.id !== replaces);
    return others.length >= this.#settings.maxConnections ? FULL : this.use(CALL, now);
  }

  /** Closes a session that its client gave up: nothing that it still sends takes effect. */
  giveUp(id: string): void {
    for (const session of this.sessions)
      if (session.state.id === id) this.sessions.drop(session, { code: "replaced" });
  }

  /** Sends a new session its first frames. */
  admit(session: SessionConnection, since: string | undefined, history: number, now: number): void {
    welcome(session, this.inbox, { ...this.#settings, since, history }, now);
    this.sessions.add(session);
    this.#ports.report({ kind: "opened", ...session.whom });
  }

  /**
   * The user opens `room` for the first time: they follow it from now on, and it is notified of revocations.
   * `undatedUntil`: when the token expires that it is opened with, if that has no date; else `null`.
   */
  registerRoom(room: string, undatedUntil: number | null, now: number): Outcome<RevokedTokens> {
    this.recordUndated(undatedUntil, now);
    const refusal = this.#budget.refusal(now);
    if (refusal !== undefined) return reject(refusal);
    this.followed.follow(room);
    const registered = this.#ports.registerRoom(room);
    if (registered.ok) this.#spend(OPENING, now);
    return registered;
  }

  /** The user is about to create a room by a call: counted as an opening. */
  mayCreateRoom(now: number): Outcome<undefined> {
    const refusal = this.#budget.refusal(now);
    if (refusal !== undefined) return reject(refusal);
    this.#spend(OPENING, now);
    return accept(undefined);
  }

  /** Records a token without a date that some room or isolate is about to accept. */
  recordUndated(undatedUntil: number | null, now: number): void {
    if (undatedUntil !== null) this.revocations.admit({ issuedAt: null, expiresAt: undatedUntil }, now);
  }

  /** What the user did in a room. Returns until when the user is held there, in milliseconds; 0: they are not. */
  reportSpending(units: number, now: number): number {
    const { retryAfterMs } = this.#spend(units, now) ?? {};
    return retryAfterMs === undefined ? 0 : now + retryAfterMs;
  }

  /** What the user does here, counted in samples. Returns the refusal of more, if the day's budget is used up. */
  use(units: number, now: number): Refusal | undefined {
    this.#spending.add("", units);
    for (const [, reported] of this.#spending.take()) this.#spend(reported, now);
    return this.#budget.refusal(now);
  }

  /** If that was the last of the day's budget, every session closes. */
  #spend(units: number, now: number): Refusal | undefined {
    const refusal = this.#budget.spend(units, now);
    if (refusal === undefined) return undefined;
    const { code, retryAfterMs } = refusal;
    const closing = { code, ...(retryAfterMs !== undefined && { retryAfterMs }) };
    for (const session of this.sessions) this.sessions.drop(session, closing);
    return refusal;
  }

  /** Revokes all tokens that there are, and closes every session. */
  disconnect(now: number): void {
    this.revocations.revokeAll(now);
    for (const session of this.sessions) {
      const closing = this.revocations.refusalFor(session.identity, now);
      if (closing !== undefined) this.sessions.drop(session, closing);
    }
  }

  /** What the registry knows of this user. */
  get counts(): UserCounts {
    return { sessions: this.sessions.size, notifications: this.inbox.count };
  }

  receive(session: SessionConnection, parsed: Parsed<InboxCommand>, now: number): void {
    if (!this.sessions.isServed(session, now)) return;
    if (parsed.kind === "refused") {
      this.sessions.refuse(session, { id: parsed.id, type: parsed.command }, parsed.refusal, now);
      return;
    }
    const { command } = parsed;
    const run = () => applyInboxCommand(this, session, command, now);
    // A sign of life, also if its answer is refused.
    if (command.type === "ping") session.pinged(now);
    this.#take(session, command, () => this.charge(now) ?? run(), now);
  }

  /** A command for the rooms of a session is paid for here, and answered there: whether it may go on. */
  passesToRooms(session: SessionConnection, command: RoomsCommand, now: number): boolean {
    if (!this.sessions.isServed(session, now)) return false;
    session.refusals.wellFormed();
    if (command.type === "join") this.use(JOIN, now);
    const cost = roomsCommandCost(command, Object.keys(session.state.rooms).length);
    const refusal = cost === 0 ? undefined : this.charge(now, cost);
    if (refusal !== undefined) this.sessions.refuse(session, command, refusal, now);
    return refusal === undefined;
  }

  /**
   * Answers an `auth` that is paid for, its token checked. `questions`: how many the back end must be asked for the
   * rooms of the session, which is paid for too. Returns whether the token is in force now.
   */
  authenticated(
    session: SessionConnection,
    id: string,
    outcome: Outcome<UserIdentity>,
    questions: number,
    now: number,
  ): boolean {
    if (!this.sessions.isServed(session, now)) return false;
    const unpaid = questions === 0 ? undefined : this.charge(now, questions, 1);
    const run = () => unpaid ?? this.#reauthorize(session, id, outcome, now);
    return this.#take(session, { id, type: "auth" }, run, now);
  }

  /** Stores a notification, and sends it to every session unless it is muted. `mayPush`: it is new, and not muted. */
  notify(input: NotificationInput, now: number): { readonly answer: Notified; readonly mayPush: boolean } {
    const muted = this.preferences.mutes(input);
    const added = this.inbox.add(input, muted, now);
    if ("duplicate" in added)
      return { answer: { seq: added.seq, delivered: 0, duplicate: true }, mayPush: false };
    this.traffic.published("notifications", input.topic ?? "");
    const delivered = muted ? 0 : this.sessions.send(added.event, now, hearsTopic(input.topic));
    const checkpoint = cursorCheckpoint(added.seq - 1, added.seq, this.#settings.inboxLimit);
    if (checkpoint !== null)
      this.sessions.send(checkpoint, now, ({ state }) => muted || state.topics !== null);
    this.sessions.sweepIfDue(now);
    this.#ports.countsChanged();
    this.#ports.delivered();
    return { answer: { seq: added.seq, delivered }, mayPush: !muted };
  }

  /** Sends an event to every session, whatever its topics: those filter notifications. Returns how many heard it. */
  signal(event: string, data: string, now: number): number {
    const frame = JSON.stringify({ type: "signal", event, from: null, at: now });
    const heard = this.sessions.send(`${frame.slice(0, -1)},"data":${data}}`, now);
    this.sessions.sweepIfDue(now);
    this.traffic.published("signals", event);
    this.#ports.delivered();
    return heard;
  }

  /** Marks notifications, and tells all sessions. */
  mark(selection: MarkSelection, state: NotificationState, now: number): MarkResult {
    const marked = this.inbox.mark(selection, state, now);
    if (marked.event !== undefined) {
      this.sessions.send(marked.event, now);
      this.#ports.delivered();
    }
    return marked;
  }

  /** Without sessions that have stopped their heartbeat. */
  standing(now: number): UserStanding {
    this.sessions.sweep(now);
    const connections = this.sessions.size;
    return { online: connections > 0, connections, unread: this.inbox.unread(now) };
  }

  /** Runs a command; one that throws fails alone. Returns whether it succeeded. */
  #take(
    session: SessionConnection,
    command: RefusedCommand,
    run: () => Refusal | undefined,
    now: number,
  ): boolean {
    session.refusals.wellFormed();
    let refusal: Refusal | undefined = FAILED;
    try {
      refusal = run();
    } catch (error) {
      this.#ports.reportFault(error);
    }
    if (refusal !== undefined) this.sessions.refuse(session, command, refusal, now);
    return refusal === undefined;
  }

  #reauthorize(
    session: SessionConnection,
    id: string,
    outcome: Outcome<UserIdentity>,
    now: number,
  ): Refusal | undefined {
    if (!outcome.ok) return outcome.refusal;
    if (outcome.value.user.id !== session.user.id) return NOT_YOURS;
    const refusal = this.revocations.admit(outcome.value, now);
    if (refusal !== undefined) return refusal;
    // Expiry and permission are new; name and picture stay those that others saw join.
    session.update({ identity: { ...outcome.value, user: session.user } });
    session.socket.send(okAnswer(id, { expiresAt: outcome.value.expiresAt }));
    return undefined;
  }

  /** Charges the allowance of the sessions. `paid`: what the same command has paid before. */
  charge(now: number, cost = 1, paid = 0): Refusal | undefined {
    return this.#pay(SESSIONS, cost, now, paid);
  }

  /** As `charge`, for a call over HTTP. */
  chargeCall(now: number, cost: number): Refusal | undefined {
    return this.#pay(CALLS, cost, now);
  }

  #pay(account: string, cost: number, now: number, paid = 0): Refusal | undefined {
    const retryAfterMs = this.#buckets.take(account, cost, now, paid);
    return retryAfterMs === 0 ? undefined : refuse("rate_limited", "you are too fast", { retryAfterMs });
  }
}
