// Connections whose permission is not known any more, as the deployer's back end said until when it is. Such a
// connection is on hold: its commands wait in their order, what it would be sent is kept for it, and its user is asked
// about. With the answer all of it takes its place before anything newer, or is dropped with the connection. So order
// and recovery need no case of their own.

import type { Actor, UserIdentity } from "../access/identity.ts";
import { hasExpired } from "../object/liveness.ts";
import type { Closing, Outcome } from "../protocol/index.ts";
import type { RoomConnection } from "./people/room-connection.ts";
import type { LateCommand, LateCommands, Work } from "./turn.ts";

/** Questions of one room under way at once. */
const MAX_UNDER_WAY = 50;
/** Where there is no answer it is asked again this late, at random up to twice as late. In milliseconds. */
const AGAIN_AFTER_MS = 2_000;
/** After so long without an answer the connections are closed, to come back later. In milliseconds. */
const GIVE_UP_AFTER_MS = 30_000;
/** What is kept for one connection: more than that, and it comes back with its cursor. In UTF-16 units, and frames. */
const MAX_KEPT_LENGTH = 1_048_576;
const MAX_KEPT_FRAMES = 500;

/** How a connection is closed whose permission cannot be found out. */
export const UNKNOWN_PERMISSION: Closing = { code: "overloaded", retryAfterMs: 5_000 };

/** One user, asked about once for all of their connections. */
interface Question {
  readonly identity: UserIdentity;
  /** Those that need the answer. */
  readonly connections: Set<RoomConnection>;
  readonly since: number;
  /** `null`: it is under way. */
  askAt: number | null;
}

/** What waits for the permission of one connection. */
interface Hold {
  readonly works: Work[];
  readonly frames: string[];
  length: number;
  late: LateCommand | undefined;
}

/** What is to be done with a connection now that there is an answer. */
export type Verdict =
  | { readonly connection: RoomConnection; readonly actor: Actor }
  | { readonly connection: RoomConnection; readonly closing: Closing };

/** What waited for a connection that goes on. */
export interface Freed {
  readonly works: readonly Work[];
  readonly late: LateCommands;
}

export class Permits {
  readonly #random: () => number;
  readonly #questions = new Map<string, Question>();
  readonly #holds = new Map<RoomConnection, Hold>();
  /** Those that have yet to get their first frames. */
  readonly #joiners = new Set<RoomConnection>();
  /** Known again; what waits of them goes on with the next flush. */
  readonly #freed = new Set<RoomConnection>();
  #answers: { readonly user: string; readonly outcome: Outcome<Actor> }[] = [];
  #underWay = 0;
  /** What their client still sends, and what waits of them, takes no effect. */
  readonly #givenUp = new WeakSet<RoomConnection>();

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Whether a flush has something to do here. */
  get hasWork(): boolean {
    return this.#answers.length > 0 || this.#freed.size > 0;
  }

  /** How many that have yet to get their first frames wait here. */
  get joiners(): number {
    return this.#joiners.size;
  }

  /** When a question is asked that was not answered; `null`: none waits. In milliseconds. */
  dueAt(): number | null {
    if (this.#underWay >= MAX_UNDER_WAY) return null;
    let soonest = Number.POSITIVE_INFINITY;
    for (const { askAt } of this.#questions.values()) if (askAt !== null) soonest = Math.min(soonest, askAt);
    return soonest === Number.POSITIVE_INFINITY ? null : soonest;
  }

  /** Whom to ask about now: they count as asked. Each has to be `answered`. */
  take(now: number): UserIdentity[] {
    const asked: UserIdentity[] = [];
    for (const question of this.#questions.values()) {
      if (this.#underWay >= MAX_UNDER_WAY) break;
      // Where the clock was set back nobody waits for the old time.
      const isDue = question.askAt !== null && (question.askAt <= now || question.since > now);
      if (!isDue) continue;
      question.askAt = null;
      this.#underWay++;
      asked.push(question.identity);
    }
    return asked;
  }

  /** Takes effect with the next flush. */
  answered(user: string, outcome: Outcome<Actor>): void {
    this.#underWay--;
    this.#answers.push({ user, outcome });
  }

  /** What the answers of up to now mean for the connections that need them. */
  verdicts(now: number): Verdict[] {
    const answers = this.#answers;
    this.#answers = [];
    return answers.flatMap(({ user, outcome }) => this.#judge(user, outcome, now));
  }

  /** Whether the permission of this connection is not known: then it is asked for. */
  lacks(connection: RoomConnection, now: number): boolean {
    if (now < connection.permissionUntil) return false;
    this.#want(connection, now);
    return true;
  }

  /** Whether what this connection sent has to wait; then it is kept here. `auth` brings a permission of its own. */
  keepsWork(work: Exclude<Work, { kind: "call" }>, now: number): boolean {
    const { connection } = work;
    if (now < connection.permissionUntil && !this.#holds.has(connection)) return false;
    const hold = this.#holds.get(connection);
    const isBehind =
      (hold?.works.length ?? 0) > 0 || hold?.late !== undefined || this.#joiners.has(connection);
    if (!isBehind && (work.kind === "auth" || work.kind === "leave")) return false;
    if (!isBehind && (hasExpired(connection.identity, now) || !this.lacks(connection, now))) return false;
    if (!this.#givenUp.has(connection)) this.#hold(connection).works.push(work);
    return true;
  }

  /** Of the commands that are to be answered last, keeps those of connections whose permission is not known. */
  keepLate(late: LateCommands, now: number): LateCommands {
    const left = new Map<RoomConnection, LateCommand>();
    for (const [connection, command] of late) {
      if (this.lacks(connection, now)) this.#hold(connection).late = command;
      else left.set(connection, command);
    }
    return left;
  }

  /** Keeps what a connection would be sent; `full`: it is too much. */
  keepFrames(connection: RoomConnection, frames: readonly string[], now: number): "kept" | "full" {
    this.#want(connection, now);
    const hold = this.#hold(connection);
    for (const frame of frames) {
      hold.frames.push(frame);
      hold.length += frame.length;
    }
    return hold.length > MAX_KEPT_LENGTH || hold.frames.length > MAX_KEPT_FRAMES ? "full" : "kept";
  }

  /** It gets its first frames when its permission is known. */
  keepJoiner(connection: RoomConnection): void {
    this.#joiners.add(connection);
  }

  /** Its permission is known again: what was kept for it is sent before anything newer. */
  renewed(connection: RoomConnection): void {
    this.#joiners.delete(connection);
    const hold = this.#holds.get(connection);
    if (hold === undefined) return;
    for (const frame of hold.frames.splice(0)) connection.socket.send(frame);
    hold.length = 0;
    if (hold.works.length === 0 && hold.late === undefined) this.#holds.delete(connection);
    else this.#freed.add(connection);
  }

  /** To be called as a flush begins: what goes on with it, in its order. */
  free(): Freed {
    const works: Work[] = [];
    const late = new Map<RoomConnection, LateCommand>();
    for (const connection of this.#freed) {
      const hold = this.#holds.get(connection);
      this.#holds.delete(connection);
      works.push(...(hold?.works ?? []));
      if (hold?.late !== undefined) late.set(connection, hold.late);
    }
    this.#freed.clear();
    return { works, late };
  }

  /** Whether commands of it wait here. */
  isWaiting(connection: RoomConnection): boolean {
    return (this.#holds.get(connection)?.works.length ?? 0) > 0;
  }

  /** Its client gave it up: a newer connection has taken its place. */
  giveUp(connection: RoomConnection): void {
    this.#givenUp.add(connection);
    this.forget(connection);
  }

  /** It has gone. */
  forget(connection: RoomConnection): void {
    this.#holds.delete(connection);
    this.#joiners.delete(connection);
    this.#freed.delete(connection);
    if (connection.user === null) return;
    const question = this.#questions.get(connection.user.id);
    question?.connections.delete(connection);
    if (question?.connections.size === 0 && question.askAt !== null)
      this.#questions.delete(connection.user.id);
  }

  #judge(user: string, outcome: Outcome<Actor>, now: number): Verdict[] {
    const question = this.#questions.get(user);
    if (question === undefined) return [];
    // Another one may have brought an answer of its own meanwhile: a renewed token.
    const connections = [...question.connections].filter(({ permissionUntil }) => now >= permissionUntil);
    if (!outcome.ok && connections.length > 0 && now - question.since < GIVE_UP_AFTER_MS) {
      question.askAt = now + AGAIN_AFTER_MS * (1 + this.#random());
      return [];
    }
    this.#questions.delete(user);
    if (!outcome.ok) return connections.map((connection) => ({ connection, closing: UNKNOWN_PERMISSION }));
    const { permission, permissionUntil } = outcome.value;
    return connections.map((connection) => {
      const { identity } = connection;
      const actor = { identity, permission, ...(permissionUntil !== undefined && { permissionUntil }) };
      return { connection, actor };
    });
  }

  #want(connection: RoomConnection, now: number): void {
    const { identity } = connection;
    if (identity.kind !== "user") return;
    connection.lapse();
    const question = this.#questions.get(identity.user.id);
    if (question !== undefined) question.connections.add(connection);
    else
      this.#questions.set(identity.user.id, {
        identity,
        connections: new Set([connection]),
        since: now,
        askAt: now,
      });
  }

  #hold(connection: RoomConnection): Hold {
    let hold = this.#holds.get(connection);
    if (hold === undefined) {
      hold = { works: [], frames: [], length: 0, late: undefined };
      this.#holds.set(connection, hold);
    }
    return hold;
  }
}
