// The rules of one room: group commit. Whatever arrives waits for the next flush, which is one turn: apply in order,
// say it once to everybody, answer. Synchronous: time, storage and sockets are passed in, so nothing interleaves.
// Invariant: an event is written before anybody hears of it; the runtime's output gate holds the frames until then.

import { type Actor, userOf } from "../auth/identity.ts";
import { type Closing, type Occupancy, type Refusal, refuse } from "../protocol/index.ts";
import { caughtUp } from "../realtime/answers.ts";
import { closeWith } from "../realtime/closing.ts";
import { hasExpired, lapse } from "../realtime/liveness.ts";
import { TokenBuckets } from "../realtime/token-bucket.ts";
import { Attendance, type Departure } from "./attendance.ts";
import { Delivery } from "./delivery.ts";
import { Posts } from "./posts.ts";
import { RoomCommands } from "./room-commands.ts";
import type { RoomConnection } from "./room-connection.ts";
import type { RoomLog } from "./room-log.ts";
import type { RoomSettings } from "./room-settings.ts";
import { Turn, type Work } from "./turn.ts";
import { Welcome } from "./welcome.ts";

const FULL = refuse("room_full", "no more connections here at the moment", { retryAfterMs: 5_000 });

export class Room {
  readonly name: string;
  readonly log: RoomLog;
  readonly attendance = new Attendance();
  readonly posts: Posts;
  readonly #settings: RoomSettings;
  readonly #commands: RoomCommands;
  readonly #buckets: TokenBuckets;
  readonly #reportFault: (error: unknown) => void;
  /** Open connections past their first frames, and those that wait for them. */
  readonly #connections = new Set<RoomConnection>();
  readonly #joining = new Set<RoomConnection>();
  #queue: Work[] = [];
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor(name: string, settings: RoomSettings, log: RoomLog, reportFault: (error: unknown) => void) {
    this.name = name;
    this.log = log;
    this.posts = new Posts(settings, log, this.attendance);
    this.#settings = settings;
    this.#reportFault = reportFault;
    this.#commands = new RoomCommands(log, this.posts, this.attendance);
    const { ratePerSecond, rateBurst } = settings.limits;
    this.#buckets = new TokenBuckets({ perSecond: ratePerSecond, burst: rateBurst });
  }

  /** Takes in the connections that were open when the object slept. */
  restore(connections: readonly RoomConnection[]): void {
    for (const connection of connections) {
      (connection.state.stage.at === "joining" ? this.#joining : this.#connections).add(connection);
    }
    this.attendance.restore(connections);
  }

  get size(): number {
    return this.#connections.size + this.#joining.size;
  }

  get hasWork(): boolean {
    return this.#queue.length > 0 || this.#joining.size > 0;
  }

  /** When a flush is due though nothing arrived, a few seconds ahead at most. */
  dueAt(): number | null {
    return this.attendance.dueAt();
  }

  /** Why one more connection of `actor` does not fit, if it does not. */
  refuses({ identity }: Actor): Refusal | undefined {
    const { maxConnections, maxConnectionsPerUser } = this.#settings;
    if (this.size >= maxConnections) return FULL;
    if (identity.kind === "server") return undefined;
    const user = userOf(identity);
    const same = (other: RoomConnection) =>
      other.identity.kind === identity.kind && other.user?.id === user?.id;
    const joining = [...this.#joining].filter(same).length;
    if (user !== null) {
      return this.attendance.connectionsOf(user.id).size + joining >= maxConnectionsPerUser
        ? FULL
        : undefined;
    }
    return [...this.#connections].filter(same).length + joining >= maxConnections / 2 ? FULL : undefined;
  }

  /** Its first frames go out with the next flush. */
  admit(connection: RoomConnection): void {
    this.#joining.add(connection);
  }

  enqueue(work: Work): void {
    this.#queue.push(work);
  }

  occupancy(now: number): Occupancy {
    this.#sweepIfStale(now);
    return this.attendance.occupancy;
  }

  /** Closes what has not pinged for long, and what has expired. */
  sweep(now: number): void {
    this.#sweptAt = now;
    for (const connection of this.#connections) {
      const closing = lapse(connection, this.#settings.limits.pingMs, now);
      if (closing !== undefined) this.#drop(connection, closing, now);
    }
  }

  flush(now: number): void {
    if (this.#joining.size > 0) this.#sweepIfStale(now);
    const delivery = new Delivery();
    const turn = this.#turn(delivery, now);
    const headBefore = this.log.head;
    const queue = this.#queue;
    this.#queue = [];
    this.#queue.unshift(...turn.take(queue));
    for (const connection of this.#joining) this.attendance.join(connection, now);
    for (const json of this.attendance.takeNews(now)) delivery.say({ kind: "members" }, json);
    delivery.hand(this.#connections, this.#passed(headBefore), (connection, frames) => {
      if (hasExpired(connection.identity, now)) this.#drop(connection, { code: "token_expired" }, now);
      else for (const frame of frames) connection.socket.send(frame);
    });
    turn.finish();
    this.#greet(now);
  }

  #turn(delivery: Delivery, now: number): Turn {
    const ports = {
      commands: this.#commands,
      buckets: this.#buckets,
      isOpen: (connection: RoomConnection) => this.#connections.has(connection),
      leave: (connection: RoomConnection, departure: Departure) => this.#leave(connection, departure, now),
      drop: (connection: RoomConnection, closing: Closing) => this.#drop(connection, closing, now),
      reportFault: this.#reportFault,
    };
    return new Turn(ports, delivery, now);
  }

  #greet(now: number): void {
    if (this.#joining.size === 0) return;
    const { limits, reconnect } = this.#settings;
    const welcome = new Welcome({ room: this.name, limits, reconnect }, this.log, this.attendance);
    for (const connection of this.#joining) {
      this.#connections.add(connection);
      welcome.greet(connection, now);
    }
    this.#joining.clear();
  }

  #sweepIfStale(now: number): void {
    if (now - this.#sweptAt > this.#settings.limits.pingMs) this.sweep(now);
  }

  #drop(connection: RoomConnection, closing: Closing, now: number): void {
    closeWith(connection.socket, closing);
    this.#leave(connection, "lost", now);
  }

  #leave(connection: RoomConnection, departure: Departure, now: number): void {
    if (this.#connections.delete(connection)) this.attendance.leave(connection, departure, now);
    else this.#joining.delete(connection);
  }

  /** A filtered connection's cursor would fall behind the log: it is told now and then how far that is. */
  #passed(headBefore: number): string | null {
    const step = Math.max(1, Math.min(1_000, Math.floor(this.#settings.historyLimit / 10)));
    const { head } = this.log;
    return Math.floor(head / step) > Math.floor(headBefore / step) ? caughtUp(head) : null;
  }
}
