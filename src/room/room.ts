// The rules of one room: group commit. Whatever arrives waits for the next flush, which is one turn: apply in order,
// say it once to everybody, answer. Synchronous: time, storage and sockets are passed in, so nothing interleaves.
// Invariant: an event is written before anybody hears of it; the runtime's output gate holds the frames until then.

import type { Actor, Identity } from "../auth/identity.ts";
import { type Closing, closeCode, type Refusal } from "../protocol/index.ts";
import { passed } from "../realtime/answers.ts";
import { MAX_REFUSALS, TOO_MANY_REFUSALS } from "../realtime/conduct.ts";
import { type Departure, departureOf } from "../realtime/departure.ts";
import { hasExpired, Sweeper } from "../realtime/liveness.ts";
import { LOST } from "../realtime/prices-of-acts.ts";
import { FULL } from "../realtime/refusals.ts";
import { sinceMs } from "../realtime/since-ms.ts";
import { Spending } from "../realtime/spending.ts";
import { Allowances, priceOf } from "./allowances.ts";
import { Attendance } from "./attendance.ts";
import type { Audit } from "./audit.ts";
import { Changes } from "./changes.ts";
import { Delivery } from "./delivery.ts";
import { type ClosingOf, type Expelled, Moderation } from "./moderation.ts";
import { PageBudget } from "./page-budget.ts";
import { Posts } from "./posts.ts";
import type { ReceiptStore } from "./receipt-store.ts";
import { Receipts } from "./receipts.ts";
import { RoomCommands } from "./room-commands.ts";
import type { RoomConnection } from "./room-connection.ts";
import type { RoomLog } from "./room-log.ts";
import type { RoomSettings } from "./room-settings.ts";
import { isSameParty, seatOfUser, seatsOf } from "./seats.ts";
import { type LateCommands, Turn, type Work } from "./turn.ts";
import { Unread } from "./unread.ts";
import type { UserRecords } from "./user-records.ts";
import { Welcome } from "./welcome.ts";

/** Asking the runtime of every socket in every flush would cost a tenth of a big room's speed. */
const LOOK_FOR_SLOW_EVERY_MS = 250;

/** In the life of a connection without a token: it comes back with its cursor, and the edge counts how often. */
export const MAX_ANONYMOUS_FRAMES = 50;

export interface RoomStorage {
  readonly settings: RoomSettings;
  readonly log: RoomLog;
  readonly users: UserRecords;
  readonly receipts: ReceiptStore;
}

export interface RoomPorts {
  reportFault(error: unknown): void;
  readonly audit: Audit;
  newEpoch(): string;
  /** From 0 to below 1. */
  random(): number;
}

export class Room {
  readonly name: string;
  readonly settings: RoomSettings;
  readonly log: RoomLog;
  readonly attendance = new Attendance();
  readonly posts: Posts;
  readonly changes: Changes;
  readonly receipts: Receipts;
  readonly moderation: Moderation;
  readonly pages = new PageBudget();
  readonly allowances: Allowances;
  readonly spending: Spending;
  readonly #commands: RoomCommands;
  readonly #reportFault: (error: unknown) => void;
  /** Open connections past their first frames, and those that wait for them. */
  readonly #connections = new Set<RoomConnection>();
  readonly #joining = new Set<RoomConnection>();
  /** Those that wait, and whose members the others know already. */
  readonly #announced = new Set<RoomConnection>();
  readonly #byId = new Map<string, RoomConnection>();
  /** How many connections each user has, each address without a token, and all of those together. */
  readonly #seats = new Map<string, number>();
  #queue: Work[] = [];
  /** What the last flush left to the next. */
  #late: LateCommands = new Map();
  readonly #sweeper: Sweeper;
  /** Of the flush that is under way. Empty between two. */
  #delivery = new Delivery();
  #lookedForSlowAt = Number.NEGATIVE_INFINITY;

  constructor(name: string, { settings, log, users, receipts }: RoomStorage, ports: RoomPorts) {
    this.name = name;
    this.settings = settings;
    this.log = log;
    this.spending = new Spending(ports.random);
    this.posts = new Posts(settings, log, this.attendance, this.spending);
    this.changes = new Changes(settings, log, ports.audit, this.spending);
    this.receipts = new Receipts(log, receipts);
    const expel = this.#expel.bind(this);
    this.moderation = new Moderation({ settings, log, receipts: this.receipts, users }, { ...ports, expel });
    this.#reportFault = ports.reportFault;
    this.#commands = new RoomCommands(this);
    const { ratePerSecond, rateBurst, pingMs } = settings.limits;
    this.#sweeper = new Sweeper(pingMs);
    this.allowances = new Allowances({ perSecond: ratePerSecond, burst: rateBurst });
  }

  /** Takes in the connections that were open when the object slept. */
  restore(connections: readonly RoomConnection[]): void {
    for (const connection of connections) {
      this.#sit(connection, 1);
      (connection.state.stage.at === "joining" ? this.#joining : this.#connections).add(connection);
    }
    this.attendance.restore(connections);
  }

  get size(): number {
    return this.#connections.size + this.#joining.size;
  }

  /** Whether there is anything that it must not forget. */
  isKept(now: number): boolean {
    return this.log.head > 0 || this.settings.areOwn || this.moderation.hasBans(now);
  }

  /** Whether this user has anything open here. */
  isOpenTo(user: string): boolean {
    return this.#seats.has(seatOfUser(user));
  }

  get hasWork(): boolean {
    return this.#queue.length > 0 || this.#joining.size > 0 || this.#late.size > 0;
  }

  /** Whether connections wait for their pages until others have read theirs. */
  get isHeldUp(): boolean {
    return this.pages.isFull;
  }

  /** When a flush is due by itself, a few seconds ahead at most: `null` for not at all. */
  dueAt(): number | null {
    const times = [this.attendance.dueAt(), this.receipts.dueAt()].filter((time) => time !== null);
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Why `actor` may not open one more connection, if so. */
  refuses(actor: Actor, now: number): Refusal | undefined {
    const { identity } = actor;
    const barred = this.moderation.bars(actor, now);
    if (barred !== undefined) return barred;
    if (this.size >= this.settings.maxConnections) return FULL;
    return seatsOf(identity, this.settings).some(({ key, cap }) => (this.#seats.get(key) ?? 0) >= cap)
      ? FULL
      : undefined;
  }

  /**
   * What a connect costs. A user's is counted at the edge; one without a token costs a token before anything is read
   * for it, and what its first frames look at is settled when they go out.
   */
  takesConnect({ identity }: Actor, now: number): Refusal | undefined {
    return identity.kind === "anonymous" ? this.allowances.take(identity, 1, now) : undefined;
  }

  /** Its first frames go out with the next flush. */
  admit(connection: RoomConnection): void {
    this.#sit(connection, 1);
    this.#joining.add(connection);
  }

  /**
   * The client of `identity` gave this connection up: from here on nothing that it still sends takes effect, and its
   * place is free with the next flush. Answers whether there was such a connection of the same user.
   */
  giveUp(id: string, identity: Identity): boolean {
    const connection = this.#byId.get(id);
    if (connection === undefined || !isSameParty(connection.identity, identity)) return false;
    connection.close({ code: "replaced" });
    this.enqueue({ kind: "leave", connection, departure: "lost" });
    return true;
  }

  enqueue(work: Work): void {
    if (work.kind !== "call" && work.kind !== "leave") work.connection.backlog.queued();
    this.#queue.push(work);
  }

  /**
   * Before a frame is read: whether so much of this connection waits that it would be closed for its refusals anyway.
   * It is closed then, so that reading a flood costs the others nothing.
   */
  turnsAway(connection: RoomConnection, frame: string | ArrayBuffer): boolean {
    const { rateBurst, messageBytes } = this.settings.limits;
    if (
      !this.#asksTooMuch(connection) &&
      !connection.backlog.exceeds(rateBurst + MAX_REFUSALS, rateBurst * messageBytes)
    ) {
      connection.backlog.received(typeof frame === "string" ? frame.length : frame.byteLength);
      return false;
    }
    connection.close(TOO_MANY_REFUSALS);
    this.enqueue({ kind: "leave", connection, departure: "lost" });
    return true;
  }

  /** Of an anonymous reader: counted through sleeps, as each frame wakes the room, and nobody's budget pays for it. */
  #asksTooMuch(connection: RoomConnection): boolean {
    if (connection.identity.kind !== "anonymous") return false;
    const asked = (connection.state.asked ?? 0) + 1;
    connection.update({ asked });
    return asked > MAX_ANONYMOUS_FRAMES;
  }

  /** Before anything is said of who is here, or that it is full. */
  sweepIfDue(now: number): void {
    if (this.#sweeper.isDue(now)) this.sweep(now);
  }

  /** Closes what has stopped its heartbeat, and what has expired. */
  sweep(now: number): void {
    for (const { connection, closing } of this.#sweeper.sweep(this.#connections, now)) {
      this.#drop(connection, closing, now);
    }
  }

  flush(now: number): void {
    const delivery = new Delivery();
    this.#delivery = delivery;
    const turn = this.#turn(delivery, now);
    const headBefore = this.log.head;
    const queue = this.#queue;
    this.#queue = [];
    this.#queue = turn.take(queue);
    this.#welcomeJoiners(now);
    for (const json of this.attendance.takeNews(now)) delivery.say({ kind: "members" }, json);
    this.#tellReceipts(delivery, now);
    const moved = passed(headBefore, this.log.head, this.settings.historyLimit);
    const looksForSlow = sinceMs(this.#lookedForSlowAt, now) >= LOOK_FOR_SLOW_EVERY_MS;
    if (looksForSlow) this.#lookedForSlowAt = now;
    delivery.hand(this.#connections, moved, (connection, frames) => {
      if (hasExpired(connection.identity, now)) this.#drop(connection, { code: "token_expired" }, now);
      else if (looksForSlow && connection.isSlow) this.#drop(connection, { code: "slow_consumer" }, now);
      else for (const frame of frames) connection.socket.send(frame);
    });
    this.#delivery = new Delivery();
    this.#sendPages(turn, now);
  }

  /** Long answers and first frames, as far as there is memory for them: the rest is left to the next flush. */
  #sendPages(turn: Turn, now: number): void {
    this.pages.open({ answers: turn.pages, greetings: this.#joining.size }, now);
    for (const connection of this.pages.stalled(now)) this.#drop(connection, { code: "slow_consumer" }, now);
    this.#late = turn.finish(this.pages);
    // After the delivery, as one who has stopped its heartbeat may yet wait for this very message; before the greeting,
    // which shall not tell of ghosts.
    if (this.#sweeper.isDue(now)) {
      this.sweep(now);
      this.#tellMembers(now);
    }
    this.#greet(now);
    this.pages.close();
  }

  #turn(delivery: Delivery, now: number): Turn {
    const ports = {
      commands: this.#commands,
      allowances: this.allowances,
      spending: this.spending,
      isOpen: (connection: RoomConnection) => this.#connections.has(connection),
      isJoining: (connection: RoomConnection) => this.#joining.has(connection),
      leave: (connection: RoomConnection, departure: Departure) => this.#leave(connection, departure, now),
      drop: (connection: RoomConnection, closing: Closing) => this.#drop(connection, closing, now),
      dismiss: (connection: RoomConnection, closing: Closing) => {
        this.#tellBeforeClose(connection, now);
        this.#drop(connection, closing, now);
      },
      bars: (actor: Actor) => this.moderation.bars(actor, now),
      reportFault: this.#reportFault,
    };
    return new Turn(ports, this.#late, delivery, now);
  }

  /** One that cannot be taken in comes back; the others shall not notice. */
  #welcomeJoiners(now: number): void {
    for (const connection of [...this.#joining]) {
      if (this.#announced.has(connection)) continue;
      try {
        this.attendance.join(connection, now);
        this.#announced.add(connection);
      } catch (error) {
        this.#reportFault(error);
        this.#drop(connection, { code: "internal" }, now);
      }
    }
  }

  /** In frames of their own: what a sweep brought. */
  #tellMembers(now: number): void {
    const news = this.attendance.takeNews(now);
    if (news.length === 0) return;
    const delivery = new Delivery();
    for (const json of news) delivery.say({ kind: "members" }, json);
    delivery.hand(this.#connections, null, (connection, frames) => {
      for (const frame of frames) connection.socket.send(frame);
    });
  }

  #tellReceipts(delivery: Delivery, now: number): void {
    const { isListed } = this.attendance;
    for (const json of this.receipts.takeNews(isListed, now)) delivery.say({ kind: "receipt" }, json);
    try {
      this.receipts.write(isListed, now);
    } catch (error) {
      this.#reportFault(error);
    }
  }

  #greet(now: number): void {
    if (this.#joining.size === 0) return;
    const { limits, reconnect } = this.settings;
    const unread = new Unread(this.log, this.receipts);
    const welcome = new Welcome({ room: this.name, limits, reconnect }, this, unread);
    for (const connection of [...this.#joining]) {
      const refusal = this.#refusesReplay(connection, now);
      if (refusal !== undefined) {
        this.#drop(connection, refusal, now);
        continue;
      }
      const maxBytes = this.pages.grant("greetings", connection);
      if (maxBytes === undefined) return;
      this.#joining.delete(connection);
      this.#announced.delete(connection);
      this.#connections.add(connection);
      try {
        const read = welcome.greet(connection, maxBytes, now);
        this.pages.spent("greetings", connection, read.bytes, now);
        // The connect itself was paid for, or costs nothing.
        this.allowances.charge(connection.identity, priceOf(connection.identity, read) - 1, now);
      } catch (error) {
        // Its client comes back; the others shall not notice.
        this.#reportFault(error);
        this.#drop(connection, { code: "internal" }, now);
      }
    }
  }

  /** An anonymous reader's first frames are refused unread where another's have cost so much meanwhile. */
  #refusesReplay({ identity }: RoomConnection, now: number): Closing | undefined {
    return identity.kind === "anonymous" ? this.allowances.refuses(identity, 0, now) : undefined;
  }

  #expel(whom: Expelled, closingOf: ClosingOf, departure: Departure, now: number): void {
    for (const connection of [...this.#connections, ...this.#joining]) {
      const isMeant = whom === "everybody" || connection.user?.id === whom.user;
      const closing = isMeant ? closingOf(connection.identity) : undefined;
      if (closing === undefined) continue;
      this.#tellBeforeClose(connection, now);
      connection.close(closing);
      this.#leave(connection, departure, now);
    }
    if (departure === "left") this.attendance.dismiss(whom === "everybody" ? null : whom.user, now);
  }

  /** A close that is final fails whatever its client still waits for: what was stored has to be answered before it. */
  #tellBeforeClose(connection: RoomConnection, now: number): void {
    if (!this.#connections.has(connection) || hasExpired(connection.identity, now)) return;
    for (const frame of this.#delivery.dueTo(connection)) connection.socket.send(frame);
  }

  #drop(connection: RoomConnection, closing: Closing, now: number): void {
    connection.close(closing);
    this.#leave(connection, departureOf(closeCode(closing.code)), now);
  }

  #leave(connection: RoomConnection, departure: Departure, now: number): void {
    const waits = this.#joining.delete(connection);
    const isKnown = this.#announced.delete(connection) || this.#connections.delete(connection);
    if (isKnown) this.attendance.leave(connection, departure, now);
    else if (!waits) return;
    if (departure === "lost" && connection.user !== null) this.spending.add(connection.user.id, LOST);
    this.pages.forget(connection);
    this.#sit(connection, -1);
  }

  #sit(connection: RoomConnection, change: 1 | -1): void {
    const { id } = connection.state;
    if (change === 1) this.#byId.set(id, connection);
    else if (this.#byId.get(id) === connection) this.#byId.delete(id);
    for (const { key } of seatsOf(connection.identity, this.settings)) {
      const taken = (this.#seats.get(key) ?? 0) + change;
      if (taken === 0) this.#seats.delete(key);
      else this.#seats.set(key, taken);
    }
  }
}
