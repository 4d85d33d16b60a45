// Connections whose permission has lapsed: the deployer's back end granted it for a time. Such a connection is on hold:
// its commands wait in their order, its frames are kept, and the back end is asked about its user. With the answer all of
// that takes its place before anything newer, or is dropped with the connection. So order and recovery need no case of
// their own.

import type { Actor, UserIdentity } from "../access/identity.ts";
import { hasExpired } from "../object/liveness.ts";
import type { Closing, Outcome } from "../protocol/index.ts";
import type { RoomConnection } from "./people/room-connection.ts";
import type { LateCommand, LateCommands, Work } from "./work.ts";

/** Questions of one room under way at once. */
const MAX_UNDER_WAY = 50;
/** Without an answer the question is asked again after one to two times this long, at random. In milliseconds. */
const AGAIN_AFTER_MS = 2_000;
/** After this long without an answer the connections are closed, and come back later. In milliseconds. */
const GIVE_UP_AFTER_MS = 30_000;
/** The most that is kept for one connection, in UTF-16 units and in frames. Above it the connection is closed, and comes back with its cursor. */
const MAX_KEPT_LENGTH = 1_048_576;
const MAX_KEPT_FRAMES = 500;

/** The close of a connection whose permission cannot be found out. */
export const UNKNOWN_PERMISSION: Closing = { code: "overloaded", retryAfterMs: 5_000 };

/** A question about one user, for all of their connections. */
interface Question {
  readonly identity: UserIdentity;
  /** The connections that need the answer. */
  readonly connections: Set<RoomConnection>;
  readonly since: number;
  /** In milliseconds; `null`: it is under way. */
  askAt: number | null;
}

/** What waits for the permission of one connection. */
interface Hold {
  readonly works: Work[];
  readonly frames: string[];
  length: number;
  late: LateCommand | undefined;
}

/** What an answer means for a connection. */
export type Verdict =
  | { readonly connection: RoomConnection; readonly actor: Actor }
  | { readonly connection: RoomConnection; readonly closing: Closing };

/** What waited for connections that go on. */
export interface Freed {
  readonly works: readonly Work[];
  readonly late: LateCommands;
}

export class Permits {
  readonly #random: () => number;
  readonly #questions = new Map<string, Question>();
  readonly #holds = new Map<RoomConnection, Hold>();
  /** Connections that have not got their first frames. */
  readonly #joiners = new Set<RoomConnection>();
  /** Connections whose permission is known again: what waits goes on with the next flush. */
  readonly #freed = new Set<RoomConnection>();
  #answers: { readonly user: string; readonly outcome: Outcome<Actor> }[] = [];
  #underWay = 0;
  /** Connections that their client gave up: what they still send, and what waits, takes no effect. */
  readonly #givenUp = new WeakSet<RoomConnection>();

  constructor(random: () => number) {
    this.#random = random;
  }

  /** Whether a flush has something to do here. */
  get hasWork(): boolean {
    return this.#answers.length > 0 || this.#freed.size > 0;
  }

  /** How many connections wait here for their first frames. */
  get joiners(): number {
    return this.#joiners.size;
  }

  /** When the next question is asked, in milliseconds; `null`: none waits. */
  dueAt(): number | null {
    if (this.#underWay >= MAX_UNDER_WAY) return null;
    let soonest = Number.POSITIVE_INFINITY;
    for (const { askAt } of this.#questions.values()) if (askAt !== null) soonest = Math.min(soonest, askAt);
    return soonest === Number.POSITIVE_INFINITY ? null : soonest;
  }

  /** The users to ask about now. They count as asked, and each has to be `answered`. */
  take(now: number): UserIdentity[] {
    const asked: UserIdentity[] = [];
    for (const question of this.#questions.values()) {
      if (this.#underWay >= MAX_UNDER_WAY) break;
      // If the clock was set back, the old time is not waited for.
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

  /** What the answers so far mean for the connections that need them. Each is given once. */
  verdicts(now: number): Verdict[] {
    const answers = this.#answers;
    this.#answers = [];
    return answers.flatMap(({ user, outcome }) => this.#judge(user, outcome, now));
  }

  /** Whether the permission of this connection is unknown. If so, it is asked for. */
  lacks(connection: RoomConnection, now: number): boolean {
    if (now < connection.permissionUntil) return false;
    this.#want(connection, now);
    return true;
  }

  /** Whether this work has to wait for a permission. If so, it is kept here. `auth` brings a permission of its own. */
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

  /** Keeps the late commands of connections whose permission is unknown. Returns the others. */
  keepLate(late: LateCommands, now: number): Map<RoomConnection, LateCommand> {
    const left = new Map<RoomConnection, LateCommand>();
    for (const [connection, command] of late) {
      if (this.lacks(connection, now)) this.#hold(connection).late = command;
      else left.set(connection, command);
    }
    return left;
  }

  /** Keeps frames for a connection; `full`: they are too many. */
  keepFrames(connection: RoomConnection, frames: readonly string[], now: number): "kept" | "full" {
    this.#want(connection, now);
    const hold = this.#hold(connection);
    for (const frame of frames) {
      hold.frames.push(frame);
      hold.length += frame.length;
    }
    return hold.length > MAX_KEPT_LENGTH || hold.frames.length > MAX_KEPT_FRAMES ? "full" : "kept";
  }

  /** Lets a connection wait for its first frames until its permission is known. */
  keepJoiner(connection: RoomConnection): void {
    this.#joiners.add(connection);
  }

  /** The permission of a connection is known again. Answers the frames kept for it, to be sent before anything newer. */
  renewed(connection: RoomConnection): readonly string[] {
    this.#joiners.delete(connection);
    const hold = this.#holds.get(connection);
    if (hold === undefined) return [];
    const frames = hold.frames.splice(0);
    hold.length = 0;
    if (hold.works.length === 0 && hold.late === undefined) this.#holds.delete(connection);
    else this.#freed.add(connection);
    return frames;
  }

  /** Called as a flush begins: what goes on with it, in its order. */
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

  /** Whether commands of this connection wait here. */
  isWaiting(connection: RoomConnection): boolean {
    return (this.#holds.get(connection)?.works.length ?? 0) > 0;
  }

  /** The client gave this connection up: a newer one has taken its place. */
  giveUp(connection: RoomConnection): void {
    this.#givenUp.add(connection);
    this.forget(connection);
  }

  /** The connection is gone. */
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
    // A renewed token may have brought a permission meanwhile.
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
