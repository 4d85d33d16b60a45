// The sessions of a room while its object is awake: what they hear is carried to the objects of their users.

import { log } from "../../log/log.ts";
import { okAnswer } from "../../object/answers.ts";
import type { Departure } from "../../object/close-codes.ts";
import { SILENT_INTERVALS, SWEEPS_AN_INTERVAL, sinceMs } from "../../object/liveness.ts";
import type { Sql } from "../../object/storage/sql.ts";
import type { RoomConnection } from "../../room/people/room-connection.ts";
import { NOTHING_SAID } from "../../room/people/said.ts";
import type { Room } from "../../room/room.ts";
import { DeliveryQueue } from "../room-side/delivery-queue.ts";
import { MAX_SESSIONS, SessionMembers } from "../room-side/session-members.ts";
import { SessionStore } from "../room-side/session-store.ts";
import type { ItemAnswer, SessionItem, SessionJoin } from "../session-delivery.ts";

/** Sessions of a room in which nothing was stored are asked only this often whether they live. */
const INQUIRE_EVERY_MS = 3_600_000;
/** A session is asked this much after it must have stopped its heartbeat, so that its object finds it silent. */
const ASK_SLACK_MS = 500;

export interface SessionDeliveriesPorts {
  readonly sql: Sql;
  deliver(user: string, room: string, items: readonly SessionItem[]): Promise<readonly ItemAnswer[]>;
  flush(): Promise<void>;
  reportFault(error: unknown): void;
}

export class SessionDeliveries {
  readonly #room: Room;
  readonly #ports: SessionDeliveriesPorts;
  readonly #sessions: SessionMembers;
  readonly #deliveryQueue: DeliveryQueue;
  /** When those that hear nothing of what is said were last looked through: a room that is awake asks them too. */
  #lookedAt = Date.now();

  constructor(room: Room, ports: SessionDeliveriesPorts) {
    this.#room = room;
    this.#ports = ports;
    this.#sessions = new SessionMembers(new SessionStore(ports.sql), ports.reportFault);
    this.#deliveryQueue = new DeliveryQueue({
      deliver: (user, items) => ports.deliver(user, room.name, items),
      delivered: (items, answers) => this.#delivered(items, answers),
      givenUp: (items, error) => {
        log("delivery_failed", { room: room.name, error });
        for (const item of items) this.#giveUp(item);
        this.#flush();
      },
      now: () => Date.now(),
      random: () => Math.random(),
      wait: (ms) => scheduler.wait(ms),
    });
  }

  get size(): number {
    return this.#sessions.size;
  }

  get areFull(): boolean {
    return this.#sessions.size >= MAX_SESSIONS;
  }

  /** Those whose row other code wrote are told that the room has ended for them, and join again. */
  restore(): RoomConnection[] {
    const { connections, others } = this.#sessions.restore();
    if (others > 0) {
      log("state_of_other_code", { room: this.#room.name, sessions: others });
      for (const { user, item } of this.#sessions.farewells()) this.#deliveryQueue.add(user, item);
    }
    return connections;
  }

  find(id: string): RoomConnection | undefined {
    return this.#sessions.find(id);
  }

  /** It has yet to hear that it is no longer here. */
  hasEnded(id: string): boolean {
    return this.#sessions.hasEnded(id);
  }

  /** Takes a session in; its first frames go out with the next flush, after the answer to its `join`. */
  join(session: SessionJoin): void {
    const {
      connection: id,
      join,
      id: command,
      actor,
      topics,
      presence,
      since,
      history,
      frameBytes,
    } = session;
    const connection = this.#sessions.join(
      {
        version: 1,
        id,
        actor,
        topics,
        presence,
        counted: true,
        pingedAt: null,
        stage: { at: "joining", history, ...(since !== undefined && { since }) },
        joinedAt: null,
        said: NOTHING_SAID,
        ...(frameBytes !== undefined && { frameBytes }),
      },
      join,
    );
    connection.socket.send(okAnswer(command));
    this.#room.admit(connection);
  }

  /** Whether the client of `user` may give this session up: it is here, and of the same user. */
  mayGiveUp(id: string, user: string | undefined): boolean {
    return user !== undefined && this.#sessions.find(id)?.user?.id === user;
  }

  /** Where it may. */
  giveUp(id: string, user: string | undefined): void {
    if (this.mayGiveUp(id, user)) this.leave(id, "lost");
  }

  /** Answers whether it was here. */
  leave(id: string, departure: Departure): boolean {
    const connection = this.#sessions.find(id);
    if (connection === undefined) return false;
    connection.forget();
    this.#room.enqueue({ kind: "leave", connection, departure });
    return true;
  }

  /** Settles when what was said to the sessions of `user` up to now has arrived, or was given up. */
  carried(user: string): Promise<void> {
    return this.#deliveryQueue.carried(user);
  }

  /** To be called after each flush, before anything else happens: what it wrote and what it said belong together. */
  collect(headBefore: number): void {
    const { head } = this.#room.log;
    for (const { user, item } of this.#sessions.collect(headBefore, head))
      this.#deliveryQueue.add(user, item);
    const now = Date.now();
    const { pingMs } = this.#room.settings.limits;
    if (sinceMs(this.#lookedAt, now) < pingMs / SWEEPS_AN_INTERVAL) return;
    this.#lookedAt = now;
    for (const { user, item } of this.#sessions.inquireOfSilent(head, now, pingMs))
      this.#deliveryQueue.add(user, item);
  }

  /** One that never sent a heartbeat is asked as seldom as the others may be silent. */
  #isAlive(item: SessionItem, { silentInMs }: { readonly silentInMs?: number }): void {
    const { pingMs } = this.#room.settings.limits;
    const inMs = (silentInMs ?? SILENT_INTERVALS * pingMs) + ASK_SLACK_MS;
    this.#sessions.isAlive(item, Date.now() + Math.max(pingMs / SWEEPS_AN_INTERVAL, inMs));
  }

  /** From time to time, and where something was stored since: whether they are still there, and have everything. */
  sweep(now: number): void {
    if (this.size === 0) return;
    const { head } = this.#room.log;
    const { headThen, at } = this.#sessions.lastInquiry;
    if (head !== headThen || now - at >= INQUIRE_EVERY_MS) this.#inquire(now);
    else for (const { user, item } of this.#sessions.farewells()) this.#deliveryQueue.add(user, item);
  }

  /** Before a room is called full for long: those that are gone without a word. */
  inquireIfStale(now: number): void {
    if (now - this.#sessions.lastInquiry.at >= this.#room.settings.limits.pingMs) this.#inquire(now);
  }

  #inquire(now: number): void {
    for (const { user, item } of this.#sessions.inquire(this.#room.log.head, now))
      this.#deliveryQueue.add(user, item);
  }

  /** What sessions hear that has no `seq` cannot be found missing: so they join again. */
  #giveUp(item: SessionItem): void {
    const connection = this.#sessions.of(item);
    this.#sessions.givenUp(item);
    if (connection !== undefined && item.frames.length > 0) this.#end(connection);
  }

  /** It joins again with its cursor, as a socket would reconnect. */
  #end(connection: RoomConnection): void {
    connection.close({ code: "internal" });
    this.#room.enqueue({ kind: "leave", connection, departure: "lost" });
  }

  #flush(): void {
    if (this.#room.hasWork) void this.#ports.flush().catch(() => {});
  }

  #delivered(items: readonly SessionItem[], answers: readonly ItemAnswer[]): void {
    const again: SessionItem[] = [];
    for (const [at, item] of items.entries()) {
      const answer = answers[at];
      const retried = answer?.kind === "behind" ? this.#reconcile(item, answer.seq, again) : undefined;
      if (retried !== undefined) again.push(retried);
      else this.#sessions.delivered(item);
      if (answer?.kind === "taken") this.#isAlive(item, answer);
      if (answer?.kind === "gone" && this.#sessions.of(item) !== undefined)
        this.leave(item.connection, "lost");
    }
    for (const item of again.reverse())
      this.#deliveryQueue.again(this.#sessions.of(item)?.user?.id ?? "", item);
    this.#flush();
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
    this.#end(connection);
    return undefined;
  }
}
