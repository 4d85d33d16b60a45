// The rules of one room: group commit. Whatever arrives waits for the next flush, which is one turn: apply in order,
// say it once to everybody, answer. Synchronous: time, storage and sockets are passed in, so nothing interleaves.
// Invariant: an event is written before anybody hears of it; the runtime's output gate holds the frames until then.

import { type Actor, type Identity, userOf } from "../access/identity.ts";
import { includes } from "../access/room-permission.ts";
import { cursorCheckpoint, FULL, NOT_YOURS } from "../object/answers.ts";
import { type Departure, departureOf } from "../object/close-codes.ts";
import { MAX_REFUSALS, TOO_MANY_REFUSALS } from "../object/flood-guard.ts";
import { hasExpired, Sweeper, sinceMs } from "../object/liveness.ts";
import { LOST, Spending } from "../object/spending.ts";
import { type Closing, closeCode, type Refusal } from "../protocol/index.ts";
import { Changes } from "./changes.ts";
import { Delivery } from "./delivery.ts";
import type { RoomLog } from "./log/room-log.ts";
import { PageBudget } from "./page-budget.ts";
import { Allowances, priceOf } from "./people/allowances.ts";
import type { Audit } from "./people/audit.ts";
import { type ClosingOf, type Expelled, Moderation } from "./people/moderation.ts";
import type { ReceiptStore } from "./people/receipt-store.ts";
import { Receipts } from "./people/receipts.ts";
import type { RoomConnection } from "./people/room-connection.ts";
import { RoomPresence } from "./people/room-presence.ts";
import type { RoomSettings } from "./people/room-settings.ts";
import { SlowMode } from "./people/slow-mode.ts";
import { Unread } from "./people/unread.ts";
import type { UserRecords } from "./people/user-records.ts";
import { Permits, UNKNOWN_PERMISSION, type Verdict } from "./permits.ts";
import { Publisher } from "./publisher.ts";
import { RoomCommands } from "./room-commands.ts";
import { Seats } from "./seats.ts";
import { type LateCommands, Turn, type Work } from "./turn.ts";
import { Welcome } from "./welcome.ts";

/** Asking the runtime of every socket in every flush would cost a tenth of a big room's speed. */
const LOOK_FOR_SLOW_EVERY_MS = 250;
const EXPIRED: Closing = { code: "token_expired" };

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
  readonly roomPresence = new RoomPresence();
  readonly publisher: Publisher;
  readonly changes: Changes;
  readonly receipts: Receipts;
  readonly moderation: Moderation;
  readonly pages = new PageBudget();
  readonly permits: Permits;
  readonly allowances: Allowances;
  readonly spending: Spending;
  readonly #commands: RoomCommands;
  readonly #reportFault: (error: unknown) => void;
  /** Open connections past their first frames, and those that wait for them. */
  readonly #connections = new Set<RoomConnection>();
  readonly #joining = new Set<RoomConnection>();
  /** Those that wait, and whose members the others know already. */
  readonly #announced = new Set<RoomConnection>();
  readonly #seats: Seats;
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
    this.#seats = new Seats(settings);
    this.log = log;
    const slowMode = new SlowMode(settings, log);
    this.spending = new Spending(ports.random);
    this.publisher = new Publisher(settings, log, this.roomPresence, slowMode, this.spending);
    this.changes = new Changes(settings, log, slowMode, ports.audit, this.spending);
    this.receipts = new Receipts(log, receipts);
    const expel = this.#expel.bind(this);
    this.moderation = new Moderation({ settings, log, receipts: this.receipts, users }, { ...ports, expel });
    this.#reportFault = ports.reportFault;
    this.#commands = new RoomCommands(this);
    this.permits = new Permits(ports.random);
    const { ratePerSecond, rateBurst, pingMs } = settings.limits;
    this.#sweeper = new Sweeper(pingMs);
    this.allowances = new Allowances({ perSecond: ratePerSecond, burst: rateBurst });
  }

  /** Takes in the connections that were open when the object slept. */
  restore(connections: readonly RoomConnection[]): void {
    for (const connection of connections) {
      this.#seats.take(connection);
      (connection.state.stage.at === "joining" ? this.#joining : this.#connections).add(connection);
    }
    this.roomPresence.restore(connections);
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
    return this.#seats.hasUser(user);
  }

  get hasWork(): boolean {
    const greets = this.#joining.size > this.permits.joiners;
    return this.#queue.length > 0 || greets || this.#late.size > 0 || this.permits.hasWork;
  }

  /** Whether connections wait for their pages until they or others have read: a flush at once would change nothing. */
  get isHeldUp(): boolean {
    return this.pages.isHeldUp;
  }

  /** When a flush is due by itself, a few seconds ahead at most: `null` for not at all. */
  dueAt(): number | null {
    const times = [this.roomPresence.dueAt(), this.receipts.dueAt(), this.permits.dueAt()].filter(
      (time) => time !== null,
    );
    return times.length === 0 ? null : Math.min(...times);
  }

  /** Why `actor` may not open one more connection, if so. */
  refuses(actor: Actor, now: number): Refusal | undefined {
    const { identity } = actor;
    const barred = this.moderation.bars(actor, now);
    if (barred !== undefined) return barred;
    const isFull = this.size >= this.settings.maxConnections || this.#seats.areFullFor(identity);
    return isFull ? FULL : undefined;
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
    this.#seats.take(connection);
    this.#joining.add(connection);
  }

  /**
   * Whether the client of `identity` may give this connection up: it is there, and of the same user. Anonymous readers
   * cannot be told apart, so none of theirs may be.
   */
  mayGiveUp(id: string, identity: Identity): boolean {
    const user = userOf(identity);
    return user !== null && this.#seats.find(id)?.user?.id === user.id;
  }

  /** Where it may: from here on nothing that it still sends takes effect, and its place is free with the next flush. */
  giveUp(id: string, identity: Identity): void {
    const connection = this.#seats.find(id);
    if (connection === undefined || !this.mayGiveUp(id, identity)) return;
    connection.close({ code: "replaced" });
    this.permits.giveUp(connection);
    this.enqueue({ kind: "leave", connection, departure: "lost" });
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
      !connection.asksTooMuch() &&
      !connection.backlog.exceeds(rateBurst + MAX_REFUSALS, rateBurst * messageBytes)
    ) {
      connection.backlog.received(typeof frame === "string" ? frame.length : frame.byteLength);
      return false;
    }
    connection.close(TOO_MANY_REFUSALS);
    this.enqueue({ kind: "leave", connection, departure: "lost" });
    return true;
  }

  /** Before the token of an `auth` is checked, which takes more than any other command: why it is not. */
  refusesAuth(connection: RoomConnection, now: number): Refusal | undefined {
    const refusal = this.allowances.take(connection.identity, 1, now);
    if (refusal !== undefined) return refusal;
    // An anonymous connection stays one, whatever the token.
    return connection.user === null ? NOT_YOURS : undefined;
  }

  /** A connection has another permission, or another token. */
  renew(connection: RoomConnection, actor: Actor): void {
    connection.update({ actor });
    this.permits.renewed(connection);
  }

  /** Has asked for what is not known any more, also of those that hear and say nothing. */
  askAnew(now: number, connections: Iterable<RoomConnection> = this.#connections): void {
    for (const connection of connections) this.permits.lacks(connection, now);
  }

  /** Before anything is said of who is here, or that it is full. */
  sweepIfDue(now: number): void {
    if (this.#sweeper.isDue(now)) this.sweep(now);
  }

  /** Closes what has stopped its heartbeat, and what has expired, also of those that wait for their first frames. */
  sweep(now: number): void {
    for (const { connection, closing } of this.#sweeper.sweep(this.#all(), now)) {
      this.#drop(connection, closing, now);
    }
  }

  *#all(): Generator<RoomConnection> {
    yield* this.#connections;
    yield* this.#joining;
  }

  flush(now: number): void {
    const delivery = new Delivery();
    this.#delivery = delivery;
    this.#goOnWithKnown(now);
    const turn = this.#turn(delivery, now);
    const headBefore = this.log.head;
    const queue = this.#queue;
    this.#queue = [];
    this.#queue = turn.take(queue);
    this.#welcomeJoiners(now);
    for (const json of this.roomPresence.takeNews(now)) delivery.say({ kind: "members" }, json);
    this.#tellReceipts(delivery, now);
    const moved = cursorCheckpoint(headBefore, this.log.head, this.settings.historyLimit);
    const looksForSlow = sinceMs(this.#lookedForSlowAt, now) >= LOOK_FOR_SLOW_EVERY_MS;
    if (looksForSlow) this.#lookedForSlowAt = now;
    delivery.hand(this.#connections, moved, (connection, frames) => {
      if (hasExpired(connection.identity, now)) this.#drop(connection, EXPIRED, now);
      else if (looksForSlow && connection.isSlow) this.#drop(connection, { code: "slow_consumer" }, now);
      else this.#give(connection, frames, now);
    });
    this.#delivery = new Delivery();
    this.#sendPages(turn, now);
  }

  /** Long answers and first frames, as far as there is memory for them: the rest is left to the next flush. */
  #sendPages(turn: Turn, now: number): void {
    this.pages.open({ answers: turn.pages, greetings: this.#joining.size - this.permits.joiners }, now);
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
      keeps: (work: Parameters<Permits["keepsWork"]>[0]) => this.permits.keepsWork(work, now),
      renew: (connection: RoomConnection, actor: Actor) => this.renew(connection, actor),
      reportFault: this.#reportFault,
    };
    return new Turn(ports, this.#late, delivery, now);
  }

  /** One that cannot be taken in comes back; the others shall not notice. */
  #welcomeJoiners(now: number): void {
    for (const connection of [...this.#joining]) {
      if (this.#announced.has(connection)) continue;
      try {
        this.roomPresence.join(connection, now);
        this.#announced.add(connection);
      } catch (error) {
        this.#reportFault(error);
        this.#drop(connection, { code: "internal" }, now);
      }
    }
  }

  /** In frames of their own: what a sweep brought. */
  #tellMembers(now: number): void {
    const news = this.roomPresence.takeNews(now);
    if (news.length === 0) return;
    const delivery = new Delivery();
    for (const json of news) delivery.say({ kind: "members" }, json);
    delivery.hand(this.#connections, null, (connection, frames) => this.#give(connection, frames, now));
  }

  /** Nobody hears anything whose permission is not known: it is kept until it is. */
  #give(connection: RoomConnection, frames: readonly string[], now: number): void {
    if (now < connection.permissionUntil) for (const frame of frames) connection.socket.send(frame);
    else if (this.permits.keepFrames(connection, frames, now) === "full")
      this.#drop(connection, UNKNOWN_PERMISSION, now);
  }

  /** What waited for a permission that is known again comes first. */
  #goOnWithKnown(now: number): void {
    if (this.permits.hasWork) {
      for (const verdict of this.permits.verdicts(now)) this.#judge(verdict, now);
      const { works, late } = this.permits.free();
      this.#queue = [...works, ...this.#queue];
      this.#late = new Map([...this.#late, ...late]);
    }
    if (this.#late.size > 0) this.#late = this.permits.keepLate(this.#late, now);
  }

  #judge(verdict: Verdict, now: number): void {
    const { connection } = verdict;
    if ("closing" in verdict) this.#drop(connection, verdict.closing, now);
    else if (includes(verdict.actor.permission, "read")) {
      try {
        this.renew(connection, verdict.actor);
      } catch (error) {
        // What cannot be kept is not allowed.
        this.#reportFault(error);
        this.#drop(connection, { code: "internal" }, now);
      }
    } else {
      // Also those of the user that had nothing to hear: nobody shall see them here any more.
      const others = this.roomPresence.connectionsOf(connection.user?.id ?? "");
      for (const one of [connection, ...others]) if (now >= one.permissionUntil) this.#sendAway(one, now);
    }
  }

  #sendAway(connection: RoomConnection, now: number): void {
    connection.close({ code: "forbidden" });
    this.#leave(connection, "left", now);
  }

  #tellReceipts(delivery: Delivery, now: number): void {
    const { isListed } = this.roomPresence;
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
      const { identity } = connection;
      // It may have waited until its token ended.
      const refusal = hasExpired(identity, now) ? EXPIRED : this.allowances.refusesGreeting(identity, now);
      if (refusal !== undefined) {
        this.#drop(connection, refusal, now);
        continue;
      }
      if (this.permits.lacks(connection, now)) {
        this.permits.keepJoiner(connection);
        continue;
      }
      const maxBytes = this.pages.grant("greetings", connection, now);
      if (maxBytes === undefined) return;
      this.#joining.delete(connection);
      this.#announced.delete(connection);
      this.#connections.add(connection);
      try {
        const read = welcome.greet(connection, maxBytes, now);
        this.pages.spent("greetings", connection, read.bytes, now);
        // The connect itself was paid for, or costs nothing.
        this.allowances.charge(identity, priceOf(identity, read) - 1, now);
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
    if (departure === "left") this.roomPresence.dismiss(whom === "everybody" ? null : whom.user, now);
  }

  /** A close that is final fails whatever its client still waits for: what was stored has to be answered before it. */
  #tellBeforeClose(connection: RoomConnection, now: number): void {
    const mayHear = !hasExpired(connection.identity, now) && now < connection.permissionUntil;
    if (!this.#connections.has(connection) || !mayHear) return;
    for (const frame of this.#delivery.dueTo(connection)) connection.socket.send(frame);
  }

  #drop(connection: RoomConnection, closing: Closing, now: number): void {
    connection.close(closing);
    this.#leave(connection, departureOf(closeCode(closing.code)), now);
  }

  #leave(connection: RoomConnection, departure: Departure, now: number): void {
    const waits = this.#joining.delete(connection);
    const isKnown = this.#announced.delete(connection) || this.#connections.delete(connection);
    if (isKnown) this.roomPresence.leave(connection, departure, now);
    else if (!waits) return;
    if (departure === "lost" && connection.user !== null) this.spending.add(connection.user.id, LOST);
    this.pages.forget(connection);
    this.permits.forget(connection);
    this.#seats.free(connection);
  }
}
