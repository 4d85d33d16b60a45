// The sessions of a room while its object is awake: what they hear is carried to the objects of their users.

import { describeError, log } from "../platform/log.ts";
import type { Sql } from "../platform/sql.ts";
import { okAnswer } from "../realtime/answers.ts";
import type { ItemAnswer, SessionItem, SessionJoin } from "../realtime/session-delivery.ts";
import type { Departure } from "./attendance.ts";
import { Courier } from "./courier.ts";
import type { Room } from "./room.ts";
import type { RoomConnection } from "./room-connection.ts";
import { SessionStore } from "./session-store.ts";
import { MAX_SESSIONS, Sessions } from "./sessions.ts";

export interface LiveSessionsPorts {
  readonly sql: Sql;
  deliver(user: string, room: string, items: readonly SessionItem[]): Promise<readonly ItemAnswer[]>;
  flush(): Promise<void>;
}

export class LiveSessions {
  readonly #room: Room;
  readonly #ports: LiveSessionsPorts;
  readonly #sessions: Sessions;
  readonly #courier: Courier;

  constructor(room: Room, ports: LiveSessionsPorts) {
    this.#room = room;
    this.#ports = ports;
    this.#sessions = new Sessions(new SessionStore(ports.sql));
    this.#courier = new Courier({
      deliver: (user, items) => ports.deliver(user, room.name, items),
      delivered: (items, answers) => this.#delivered(items, answers),
      givenUp: (items, error) => {
        log("error", "delivery_failed", { room: room.name, error: describeError(error) });
        for (const item of items) this.#sessions.givenUp(item);
      },
      now: () => Date.now(),
      random: () => Math.random(),
      wait: (ms) => scheduler.wait(ms),
    });
  }

  get areFull(): boolean {
    return this.#sessions.size >= MAX_SESSIONS;
  }

  restore(): RoomConnection[] {
    return this.#sessions.restore();
  }

  find(id: string): RoomConnection | undefined {
    return this.#sessions.find(id);
  }

  /** Takes a session in; its first frames go out with the next flush, after the answer to its `join`. */
  join(
    { connection: id, join, id: command, actor, topics, presence, since, history }: SessionJoin,
    now: number,
  ): void {
    // Joining again starts over; the others do not see it.
    this.leave(id, "lost");
    const connection = this.#sessions.join(
      {
        version: 1,
        id,
        actor,
        topics,
        presence,
        counted: true,
        seenAt: now,
        stage: { at: "joining", history, ...(since !== undefined && { since }) },
        standing: null,
      },
      join,
    );
    connection.socket.send(okAnswer(command));
    this.#room.admit(connection);
  }

  leave(id: string, departure: Departure): void {
    const connection = this.#sessions.find(id);
    if (connection === undefined) return;
    connection.forget();
    this.#room.enqueue({ kind: "leave", connection, departure });
  }

  /** To be called after each flush, before anything else happens: what it wrote and what it said belong together. */
  collect(headBefore: number): void {
    for (const { user, item } of this.#sessions.collect(headBefore, this.#room.log.head)) {
      this.#courier.add(user, item);
    }
  }

  /** Asks all of them whether they are still there, and have everything. */
  inquire(): void {
    for (const { user, item } of this.#sessions.inquiries(this.#room.log.head)) this.#courier.add(user, item);
  }

  #delivered(items: readonly SessionItem[], answers: readonly ItemAnswer[]): void {
    const again: SessionItem[] = [];
    for (const [at, item] of items.entries()) {
      const answer = answers[at];
      const retried = answer?.kind === "behind" ? this.#reconcile(item, answer.seq, again) : undefined;
      if (retried !== undefined) again.push(retried);
      else this.#sessions.delivered(item);
      if (answer?.kind === "gone" && this.#sessions.of(item) !== undefined)
        this.leave(item.connection, "lost");
    }
    for (const item of again.reverse()) this.#courier.again(this.#sessions.of(item)?.user?.id ?? "", item);
    if (this.#room.hasWork) void this.#ports.flush().catch(() => {});
  }

  /**
   * A session was told less than its item follows on. Where what lies between is of no interest to it, the item goes
   * once more; else something was lost, and it joins again with its cursor, as a socket would reconnect.
   */
  #reconcile(item: SessionItem, seq: number, before: readonly SessionItem[]): SessionItem | undefined {
    const connection = this.#sessions.of(item);
    if (connection === undefined) return undefined;
    // It follows on one that goes once more.
    if (before.some((earlier) => earlier.connection === item.connection)) return item;
    const { topics } = connection.state;
    if (!this.#room.log.hasEvents(seq, item.after ?? item.upTo, topics)) return { ...item, after: seq };
    connection.close({ code: "internal" });
    this.#room.enqueue({ kind: "leave", connection, departure: "lost" });
    return undefined;
  }
}
