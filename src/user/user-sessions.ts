// The open sessions of one user: who is connected, who is sent what, and which sessions are closed.

import { errorAnswer } from "../object/answers.ts";
import type { JournalEntry, RefusedCommand } from "../object/journal.ts";
import { hasExpired, isThere, Sweeper, silentInMs } from "../object/liveness.ts";
import type { TrafficMeter } from "../object/traffic.ts";
import { type Closing, matchesTopics, type Refusal } from "../protocol/index.ts";
import type { SessionConnection } from "./session-connection.ts";

export interface UserSessionsPorts {
  readonly traffic: TrafficMeter;
  /** A session has come or gone. */
  changed(): void;
  /** A session has closed, or something was refused. */
  report(entry: JournalEntry): void;
}

export class UserSessions {
  readonly #pingMs: number;
  readonly #sessions = new Set<SessionConnection>();
  readonly #sweeper: Sweeper;
  readonly #ports: UserSessionsPorts;

  /** `pingMs`: the heartbeat interval of the clients. */
  constructor(pingMs: number, ports: UserSessionsPorts) {
    this.#pingMs = pingMs;
    this.#ports = ports;
    this.#sweeper = new Sweeper(pingMs);
  }

  get size(): number {
    return this.#sessions.size;
  }

  [Symbol.iterator](): Iterator<SessionConnection> {
    return this.#sessions.values();
  }

  add(session: SessionConnection): void {
    this.#sessions.add(session);
    this.#ports.changed();
  }

  /** The session has closed by itself. */
  leave(session: SessionConnection): void {
    // It may have been closed from here before.
    if (this.#sessions.delete(session)) this.#ports.report(session.end(1006));
    this.#ports.changed();
  }

  drop(session: SessionConnection, closing: Closing): void {
    session.close(closing);
    this.leave(session);
  }

  /** Refuses a command of the session; closes it after too many refusals. */
  refuse(
    session: SessionConnection,
    { id, type }: RefusedCommand,
    refusal: Refusal & { readonly room?: string },
    now: number,
  ): void {
    const { room } = refusal;
    this.#ports.report({
      ...{ kind: "refused", refusal, ...session.whom },
      ...(type !== undefined && { command: type }),
      ...(room !== undefined && { room }),
    });
    const closing = session.refusals.refused(refusal.code, now);
    if (closing !== undefined) this.drop(session, closing);
    else session.socket.send(errorAnswer(id, refusal));
  }

  /** Whether a session is open. To be called before it is read or written: closes one whose token has expired. */
  isServed(session: SessionConnection, now: number): boolean {
    if (!this.#sessions.has(session)) return false;
    if (!hasExpired(session.identity, now)) return true;
    this.drop(session, { code: "token_expired" });
    return false;
  }

  /**
   * Sends a frame to all sessions that `hears` takes and that are not in a long replay. Returns how many those were.
   */
  send(frame: string, now: number, hears: (session: SessionConnection) => boolean = () => true): number {
    const live = [...this.#sessions].filter((session) => session.state.stage.at === "live" && hears(session));
    let heard = 0;
    for (const session of live) {
      if (!this.isServed(session, now)) continue;
      if (session.isSlow) {
        this.drop(session, { code: "slow_consumer" });
        continue;
      }
      session.socket.send(frame);
      heard++;
    }
    this.#ports.traffic.sent(heard, heard * frame.length);
    return heard;
  }

  /** Closes sessions that have stopped their heartbeat, and those whose token has expired. */
  sweep(now: number): void {
    for (const { connection, closing } of this.#sweeper.sweep(this.#sessions, now))
      this.drop(connection, closing);
  }

  /** To be called after each delivery, not before: a session without a heartbeat may yet take it. */
  sweepIfDue(now: number): void {
    if (this.#sweeper.isDue(now)) this.sweep(now);
  }

  /** Whether one of these sessions counts as connected. */
  isThere(ids: readonly string[], now: number): boolean {
    return [...this.#sessions].some(
      (session) => ids.includes(session.state.id) && isThere(session, this.#pingMs, now) === true,
    );
  }

  /** In how many milliseconds a session is closed unless a heartbeat comes; `null`: it is not, or it is gone. */
  silentInMs(id: string, now: number): number | null {
    const session = [...this.#sessions].find(({ state }) => state.id === id);
    return session === undefined ? null : silentInMs(session, this.#pingMs, now);
  }
}

/**
 * Whether a session's filter takes a notification of this topic. One without a topic is for unfiltered sessions only.
 */
export const hearsTopic =
  (topic: string | undefined) =>
  ({ state: { topics } }: SessionConnection): boolean =>
    topics === null || (topic !== undefined && matchesTopics(topics, topic));
