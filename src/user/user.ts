// The rules of one user: their inbox on all their devices at once. Synchronous: time, storage and sockets are passed
// in. What is stored is written before it is sent, and the runtime's output gate holds the frames until it is durable.

import type { UserIdentity } from "../access/identity.ts";
import {
  cursorCheckpoint,
  errorAnswer,
  FAILED,
  FULL,
  NOT_YOURS,
  okAnswer,
  pageAnswer,
  pagedToTheEnd,
  pong,
  RETIRED,
} from "../object/answers.ts";
import { hasExpired, isThere, Sweeper, silentInMs } from "../object/liveness.ts";
import { TokenBuckets } from "../object/token-bucket.ts";
import {
  type Closing,
  type HistoryCommand,
  MAX_EVENTS_PAGE,
  matchesTopics,
  type Outcome,
  pageBytesOf,
  type Refusal,
  refuse,
  type SessionCommand,
} from "../protocol/index.ts";
import type { Parsed } from "../validation/parse-frame.ts";
import { targetOf } from "../validation/session-commands.ts";
import type { Inbox, Marked, MarkTarget, NotificationInput } from "./inbox/inbox.ts";
import type { PreferenceStore } from "./inbox/preferences.ts";
import type { SessionConnection, UserSettings } from "./session-connection.ts";
import type { TokenRevocations } from "./token-revocations.ts";
import { welcome } from "./welcome.ts";

/** `auth` is not among them: its token is checked before, by the shell. */
export type AppliedCommand = Exclude<SessionCommand, { type: "auth" | "join" | "leave" | "presence" }>;

export interface Notified {
  readonly seq: number;
  /** Session sockets reached. */
  readonly delivered: number;
  readonly duplicate?: true;
}

const ONLY_AFTER = refuse("bad_request", "history takes after here; notifications gives the latest", {
  path: ["after"],
});
/** All of a user's sessions share one allowance. */
const SESSIONS = "sessions";
/** Apart, so that no session waits for a list that was asked for over HTTP. */
const CALLS = "calls";

export class User {
  readonly inbox: Inbox;
  readonly access: TokenRevocations;
  readonly preferences: PreferenceStore;
  readonly #settings: UserSettings;
  readonly #sessions = new Set<SessionConnection>();
  readonly #buckets: TokenBuckets;
  readonly #reportFault: (error: unknown) => void;
  readonly #sweeper: Sweeper;

  constructor(
    settings: UserSettings,
    stores: {
      readonly inbox: Inbox;
      readonly access: TokenRevocations;
      readonly preferences: PreferenceStore;
    },
    reportFault: (error: unknown) => void,
  ) {
    this.#settings = settings;
    this.inbox = stores.inbox;
    this.access = stores.access;
    this.preferences = stores.preferences;
    this.#reportFault = reportFault;
    this.#sweeper = new Sweeper(settings.limits.pingMs);
    this.#buckets = new TokenBuckets({
      perSecond: settings.limits.ratePerSecond,
      burst: settings.limits.rateBurst,
    });
  }

  get connections(): number {
    return this.#sessions.size;
  }

  restore(sessions: Iterable<SessionConnection>): void {
    for (const session of sessions) this.#sessions.add(session);
  }

  /** Why no further session may open, if so. `replaces`: the one that its client gives up for it does not count. */
  refuses(identity: UserIdentity, replaces: string | undefined, now: number): Refusal | undefined {
    this.sweepIfDue(now);
    const others = [...this.#sessions].filter(({ state }) => state.id !== replaces);
    return (
      this.access.admit(identity, now) ?? (others.length >= this.#settings.maxConnections ? FULL : undefined)
    );
  }

  /** Its client gave this session up: nothing that it still sends takes effect. */
  giveUp(id: string): void {
    for (const session of this.#sessions)
      if (session.state.id === id) this.drop(session, { code: "replaced" });
  }

  /** Sends a new session its first frames. */
  admit(session: SessionConnection, since: string | undefined, history: number, now: number): void {
    welcome(session, this.inbox, { ...this.#settings, since, history }, now);
    this.#sessions.add(session);
  }

  /** The user has used up what they may cost a day: every session closes. */
  hold({ code, retryAfterMs }: Refusal): void {
    const closing = { code, ...(retryAfterMs !== undefined && { retryAfterMs }) };
    for (const session of this.#sessions) this.drop(session, closing);
  }

  /** Whatever token there is now is void, and every session closes. */
  disconnect(now: number): void {
    this.access.withdraw(now);
    for (const session of this.#sessions) {
      const closing = this.access.bars(session.identity, now);
      if (closing !== undefined) this.drop(session, closing);
    }
  }

  leave(session: SessionConnection): void {
    this.#sessions.delete(session);
  }

  receive(session: SessionConnection, parsed: Parsed<AppliedCommand>, now: number): void {
    if (!this.serves(session, now)) return;
    if (parsed.kind === "refused") {
      this.refuse(session, parsed.id, parsed.refusal, now);
      return;
    }
    const { command } = parsed;
    const run = () => this.#apply(session, command, now);
    // It is a sign of life also where its answer is refused.
    if (command.type === "ping") session.pinged(now);
    this.#take(session, command.id, () => this.charge(now) ?? run(), now);
  }

  /** The answer to an `auth` that is paid for, its token checked: whether it is in force now. */
  authenticated(
    session: SessionConnection,
    id: string,
    outcome: Outcome<UserIdentity>,
    now: number,
  ): boolean {
    if (!this.serves(session, now)) return false;
    const run = () => this.#reauthorize(session, id, outcome, now);
    return this.#take(session, id, run, now);
  }

  /** Stores a notification and tells it to every device at once, unless it is muted. */
  notify(input: NotificationInput, now: number): Notified {
    const muted = this.preferences.mutes(input);
    const added = this.inbox.add(input, muted, now);
    if ("duplicate" in added) return { seq: added.seq, delivered: 0, duplicate: true };
    const { topic } = input;
    const hears = ({ state: { topics } }: SessionConnection) =>
      topics === null || (topic !== undefined && matchesTopics(topics, topic));
    const delivered = muted ? 0 : this.#send(this.#live().filter(hears), added.event, now);
    const moved = cursorCheckpoint(added.seq - 1, added.seq, this.#settings.inboxLimit);
    if (moved !== null)
      this.#send(
        this.#live().filter(({ state }) => muted || state.topics !== null),
        moved,
        now,
      );
    this.sweepIfDue(now);
    return { seq: added.seq, delivered };
  }

  /** Tells every device, whatever its topics: those are of notifications. Answers how many heard it. */
  signal(event: string, data: string, now: number): number {
    const frame = JSON.stringify({ type: "signal", event, from: null, at: now });
    const heard = this.#send(this.#live(), `${frame.slice(0, -1)},"data":${data}}`, now);
    this.sweepIfDue(now);
    return heard;
  }

  mark(target: MarkTarget, state: Parameters<Inbox["mark"]>[1], now: number): Marked {
    const marked = this.inbox.mark(target, state, now);
    const { event } = marked;
    if (event !== undefined) {
      this.#send(this.#live(), event, now);
    }
    return marked;
  }

  /** Closes what has stopped its heartbeat, and what has expired. */
  sweep(now: number): void {
    for (const { connection, closing } of this.#sweeper.sweep(this.#sessions, now)) {
      this.drop(connection, closing);
    }
  }

  /** To be called after whatever is delivered, as one who has stopped its heartbeat may yet wait for just that. */
  sweepIfDue(now: number): void {
    if (this.#sweeper.isDue(now)) this.sweep(now);
  }

  /** Whether one of these sessions is open, and not about to be taken for dead. */
  isThere(sessions: readonly string[], now: number): boolean {
    const { pingMs } = this.#settings.limits;
    return [...this.#sessions].some(
      (session) => sessions.includes(session.state.id) && isThere(session, pingMs, now) === true,
    );
  }

  /** In how long a session is to be closed unless a heartbeat comes, in milliseconds; `null`: not at all, or it is gone. */
  silentInMs(id: string, now: number): number | null {
    const session = [...this.#sessions].find(({ state }) => state.id === id);
    return session === undefined ? null : silentInMs(session, this.#settings.limits.pingMs, now);
  }

  /** Before it is listened to, or told anything: an expired one is closed. */
  serves(session: SessionConnection, now: number): boolean {
    if (!this.#sessions.has(session)) return false;
    if (!hasExpired(session.identity, now)) return true;
    this.drop(session, { code: "token_expired" });
    return false;
  }

  /** A fault ends its command only. Answers whether all went well. */
  #take(
    session: SessionConnection,
    id: string | undefined,
    run: () => Refusal | undefined,
    now: number,
  ): boolean {
    session.refusals.wellFormed();
    let refusal: Refusal | undefined = FAILED;
    try {
      refusal = run();
    } catch (error) {
      this.#reportFault(error);
    }
    if (refusal !== undefined) this.refuse(session, id, refusal, now);
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
    const barred = this.access.admit(outcome.value, now);
    if (barred !== undefined) return barred;
    // Expiry and permission are new; name and picture are those that others have seen join.
    session.update({ identity: { ...outcome.value, user: session.user } });
    session.socket.send(okAnswer(id, { expiresAt: outcome.value.expiresAt }));
    return undefined;
  }

  #apply(session: SessionConnection, command: AppliedCommand, now: number): Refusal | undefined {
    const { socket } = session;
    switch (command.type) {
      case "mark":
        socket.send(
          okAnswer(command.id, { unread: this.mark(targetOf(command), command.state, now).unread }),
        );
        return undefined;
      case "notifications": {
        const maxBytes = pageBytesOf(session.frameBytes);
        const page = this.inbox.list({ ...command, maxBytes }, now);
        socket.send(pageAnswer(command.id, "notifications", page, { unread: this.inbox.unread(now) }));
        return undefined;
      }
      case "topics": {
        const { stage } = session.state;
        session.update({ topics: command.topics });
        const seq = stage.at === "paging" ? stage.after : this.inbox.head;
        socket.send(okAnswer(command.id, { topics: command.topics, seq }));
        return undefined;
      }
      case "history":
        return this.#history(session, command, now);
      case "ping":
        socket.send(pong(command.id, now));
        return undefined;
    }
  }

  #history(
    session: SessionConnection,
    { id, after, limit }: HistoryCommand,
    now: number,
  ): Refusal | undefined {
    if (after === undefined) return ONLY_AFTER;
    if (!this.inbox.holdsAfter(after)) return RETIRED;
    const { stage, topics } = session.state;
    const maxBytes = pageBytesOf(session.frameBytes);
    const page = this.inbox.eventsAfter(after, topics, now, limit ?? MAX_EVENTS_PAGE, maxBytes);
    const { floor } = this.inbox;
    session.socket.send(pageAnswer(id, "events", page, { seq: page.seq, floor }));
    if (stage.at === "paging" && stage.after === after) {
      session.update({ stage: page.more ? { at: "paging", after: page.seq } : { at: "live" } });
      if (!page.more) session.socket.send(pagedToTheEnd(page.seq, floor));
    }
    return undefined;
  }

  /** Those that are not still being paged a long replay. */
  #live(): SessionConnection[] {
    return [...this.#sessions].filter(({ state }) => state.stage.at === "live");
  }

  /** Answers how many there were to hear it. */
  #send(sessions: readonly SessionConnection[], frame: string, now: number): number {
    let heard = 0;
    for (const session of sessions) {
      if (!this.serves(session, now)) continue;
      if (session.isSlow) {
        this.drop(session, { code: "slow_consumer" });
        continue;
      }
      session.socket.send(frame);
      heard++;
    }
    return heard;
  }

  /** `paid`: by the same command before. */
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

  refuse(
    session: SessionConnection,
    id: string | undefined,
    refusal: Refusal & { readonly room?: string },
    now: number,
  ): void {
    const closing = session.refusals.refused(refusal.code, now);
    if (closing !== undefined) this.drop(session, closing);
    else session.socket.send(errorAnswer(id, refusal));
  }

  drop(session: SessionConnection, closing: Closing): void {
    session.close(closing);
    this.leave(session);
  }
}
