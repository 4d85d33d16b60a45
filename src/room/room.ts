// The rules of one room: group commit. Whatever arrives waits for the next flush, which is one turn: apply in order,
// say it once to everybody, answer. Synchronous: time, storage and sockets are passed in, so nothing interleaves.
// Invariant: an event is written before anybody hears of it; the runtime's output gate holds the frames until then.

import { type Actor, type Identity, userOf } from "../auth/identity.ts";
import { type Closing, closeCode, type Refusal } from "../protocol/index.ts";
import { passed } from "../realtime/answers.ts";
import { MAX_REFUSALS, TOO_MANY_REFUSALS } from "../realtime/conduct.ts";
import { type Departure, departureOf } from "../realtime/departure.ts";
import { hasExpired, Sweeper } from "../realtime/liveness.ts";
import { FULL } from "../realtime/refusals.ts";
import { sinceMs } from "../realtime/since-ms.ts";
import { TokenBuckets } from "../realtime/token-bucket.ts";
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
import { SlowMode } from "./slow-mode.ts";
import { type LateCommands, Turn, type Work } from "./turn.ts";
import { Unread } from "./unread.ts";
import type { UserRecords } from "./user-records.ts";
import { Welcome } from "./welcome.ts";

/** Asking the runtime of every socket in every flush would cost a tenth of a big room's speed. */
const LOOK_FOR_SLOW_EVERY_MS = 250;

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
  readonly #commands: RoomCommands;
  readonly #buckets: TokenBuckets;
  readonly #reportFault: (error: unknown) => void;
  /** Open connections past their first frames, and those that wait for them. */
  readonly #connections = new Set<RoomConnection>();
  readonly #joining = new Set<RoomConnection>();
  /** Those that wait, and whose members the others know already. */
  readonly #announced = new Set<RoomConnection>();
  readonly #byId = new Map<string, RoomConnection>();
  /** How many connections each user has, and the anonymous readers together. */
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
    const slowMode = new SlowMode(settings, log);
    this.posts = new Posts(settings, log, this.attendance, slowMode);
    this.changes = new Changes(settings, log, slowMode, ports.audit);
    this.receipts = new Receipts(log, receipts);
    const expel = this.#expel.bind(this);
    this.moderation = new Moderation({ settings, log, receipts: this.receipts, users }, { ...ports, expel });
    this.#reportFault = ports.reportFault;
    this.#commands = new RoomCommands(this);
    const { ratePerSecond, rateBurst, pingMs } = settings.limits;
    this.#sweeper = new Sweeper(pingMs);
    this.#buckets = new TokenBuckets({ perSecond: ratePerSecond, burst: rateBurst });
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
    return this.#seats.has(user);
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
    const { maxConnections, maxConnectionsPerUser } = this.settings;
    if (this.size >= maxConnections) return FULL;
    if (identity.kind === "server") return undefined;
    const cap = identity.kind === "user" ? maxConnectionsPerUser : Math.floor(maxConnections / 2);
    return (this.#seats.get(seatOf(identity)) ?? 0) >= cap ? FULL : undefined;
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
    if (connection === undefined || seatOf(connection.identity) !== seatOf(identity)) return false;
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
    if (!connection.backlog.exceeds(rateBurst + MAX_REFUSALS, rateBurst * messageBytes)) {
      connection.backlog.received(typeof frame === "string" ? frame.length : frame.byteLength);
      return false;
    }
    connection.close(TOO_MANY_REFUSALS);
    this.enqueue({ kind: "leave", connection, departure: "lost" });
    return true;
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
      buckets: this.#buckets,
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
      const maxBytes = this.pages.grant("greetings", connection);
      if (maxBytes === undefined) return;
      this.#joining.delete(connection);
      this.#announced.delete(connection);
      this.#connections.add(connection);
      try {
        this.pages.spent("greetings", connection, welcome.greet(connection, maxBytes, now), now);
      } catch (error) {
        // Its client comes back; the others shall not notice.
        this.#reportFault(error);
        this.#drop(connection, { code: "internal" }, now);
      }
    }
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
    this.pages.forget(connection);
    this.#sit(connection, -1);
  }

  #sit(connection: RoomConnection, change: 1 | -1): void {
    const { id } = connection.state;
    if (change === 1) this.#byId.set(id, connection);
    else if (this.#byId.get(id) === connection) this.#byId.delete(id);
    const seat = seatOf(connection.identity);
    const taken = (this.#seats.get(seat) ?? 0) + change;
    if (taken === 0) this.#seats.delete(seat);
    else this.#seats.set(seat, taken);
  }
}

/** Whose connections count together. A user id may be any text, so its kind stands before it. */
const seatOf = (identity: Identity): string => `${identity.kind} ${userOf(identity)?.id ?? ""}`;
