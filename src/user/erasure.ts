// Erases a user: what their own object holds at once, and then, room by room, what they left in rooms. What is left to be
// done is a row, so crashes and deployments only delay it.

import { mapBounded } from "../object/bounded.ts";
import { sinceMs } from "../object/liveness.ts";
import type { RevokedTokens } from "../object/revocation.ts";
import type { Database } from "../object/storage/sql.ts";
import type { ErasureResult } from "../protocol/index.ts";
import type { KnownRooms } from "./known-rooms.ts";
import { RETRY_AFTER_MS, retryMs } from "./room-notices.ts";
import type { TokenRevocations } from "./token-revocations.ts";

/** How many rooms one run calls; the next run follows a second later. */
const ROOMS_A_RUN = 100;
/** Each room writes hundreds of rows meanwhile. */
const ROOMS_AT_ONCE = 10;
/** After so long a run calls no other room, in milliseconds: each works for about a second. */
const RUN_MS = 5_000;
/** So long the end of an erasure is kept for a caller who asks how far it is. */
const END_IS_KEPT_MS = 3_600_000;

/** How far it has come in the log of a room. */
interface LogPlace {
  readonly epoch: string;
  readonly after: number;
}

/** What it needs of the object of a room. */
export interface ErasedFrom {
  erase(
    order: { readonly user: string; readonly until: number; readonly from?: LogPlace | undefined },
    revokedTokens: RevokedTokens,
  ): Promise<{
    readonly messages: number;
    readonly reactions: number;
    readonly isDone: boolean;
    readonly next?: LogPlace | undefined;
    readonly isBack: boolean;
  }>;
}

export interface ErasurePorts {
  readonly user: string;
  readonly rooms: KnownRooms;
  readonly revocations: Pick<TokenRevocations, "revokedTokens" | "confirm">;
  room(name: string): ErasedFrom;
  now(): number;
  /** From 0 to below 1. */
  random(): number;
  /** A room could not be reached. */
  failed(room: string, error: unknown): void;
  /** Nothing of the user is left. */
  done(erased: { readonly messages: number; readonly reactions: number }): void;
}

interface ErasureState {
  /** What is from later is not erased, in milliseconds. */
  readonly at: number;
  /** Those in which something is left. */
  readonly rooms: readonly string[];
  readonly messages: number;
  readonly reactions: number;
  readonly doneAt?: number;
}

const TABLES = ["notification", "watermark", "rooms", "push_subscription"];

export class Erasure {
  readonly #database: Database;
  readonly #ports: ErasurePorts;
  #state: ErasureState | undefined;
  /** Rooms that could not be reached since all were tried last. */
  readonly #unreachable = new Set<string>();
  /** Where the next call of a room goes on. After a start of the object it begins anew, and finds less. */
  readonly #places = new Map<string, LogPlace>();
  #isRunning = false;

  /** `stored`: what is left of an erasure, as it was written before the start; `null`: none is under way. */
  constructor(database: Database, stored: string | null, ports: ErasurePorts) {
    this.#database = database;
    this.#ports = ports;
    this.#state = stored === null ? undefined : JSON.parse(stored);
  }

  /** How far an erasure is that is under way, or has just ended; `undefined`: there is none. Its end is told once. */
  progress(): ErasureResult | undefined {
    const state = this.#state;
    if (state === undefined) return undefined;
    const { rooms, doneAt } = state;
    if (doneAt === undefined) return { done: false, rooms: rooms.length };
    this.#write(undefined);
    const isNew = Math.abs(this.#ports.now() - doneAt) < END_IS_KEPT_MS;
    return isNew ? { done: true, rooms: 0 } : undefined;
  }

  /**
   * Clears the object of all but the revocation of tokens. From here on it must be opened anew: stores have in memory what
   * they had. `epoch`: that of the next inbox.
   */
  begin(epoch: string): void {
    const { rooms, now } = this.#ports;
    const state = { at: now(), rooms: [...rooms.all.keys()].sort(), messages: 0, reactions: 0 };
    const { sql, transaction } = this.#database;
    transaction(() => {
      for (const table of TABLES) sql.exec(`DELETE FROM ${table}`);
      sql.exec(
        `UPDATE inbox_state SET epoch = ?, floor = 0, head = 0, unread = 0, unread_until = NULL, preferences = NULL,
           webhooks = NULL, erasing = ?`,
        epoch,
        JSON.stringify(state),
      );
    });
    rooms.forgetAll();
  }

  /** Erases the user from some of the rooms. Answers when to call it again, in milliseconds; `null`: nothing is left. */
  async run(): Promise<number | null> {
    const { now } = this.#ports;
    if (this.#state === undefined || this.#state.doneAt !== undefined) return null;
    if (this.#isRunning) return now() + RETRY_AFTER_MS;
    this.#isRunning = true;
    try {
      return await this.#run(this.#state);
    } finally {
      this.#isRunning = false;
    }
  }

  async #run(state: ErasureState): Promise<number | null> {
    const { now, random, done } = this.#ports;
    const untried = state.rooms.filter((room) => !this.#unreachable.has(room));
    const tried = untried.slice(0, ROOMS_A_RUN);
    const begunAt = now();
    const eraseInTime = async (room: string) =>
      sinceMs(begunAt, now()) < RUN_MS ? this.#eraseIn(room, state.at) : undefined;
    const erased = await mapBounded(tried, eraseInTime, ROOMS_AT_ONCE);
    const ended = new Set(tried.filter((_, at) => erased[at]?.isDone));
    const rooms = state.rooms.filter((room) => !ended.has(room));
    const sumOf = (of: "messages" | "reactions") =>
      erased.reduce((sum, one) => sum + (one?.[of] ?? 0), state[of]);
    const left = { at: state.at, rooms, messages: sumOf("messages"), reactions: sumOf("reactions") };
    if (rooms.length === 0) {
      this.#write({ ...left, doneAt: now() });
      done(left);
      return null;
    }
    this.#write(left);
    if (rooms.some((room) => !this.#unreachable.has(room))) return now();
    this.#unreachable.clear();
    return now() + retryMs(now() - state.at, random());
  }

  async #eraseIn(room: string, until: number) {
    const { user, revocations, failed } = this.#ports;
    try {
      const { revokedTokens } = revocations;
      const order = { user, until, from: this.#places.get(room) };
      const erased = await this.#ports.room(room).erase(order, revokedTokens);
      if (erased.next === undefined) this.#places.delete(room);
      else this.#places.set(room, erased.next);
      // Who came back before the room heard of the erasure was known there, so the room did not say that they came.
      if (erased.isDone && erased.isBack) revocations.confirm(room, revokedTokens);
      return erased;
    } catch (error) {
      this.#unreachable.add(room);
      failed(room, error);
      return undefined;
    }
  }

  #write(state: ErasureState | undefined): void {
    const json = state === undefined ? null : JSON.stringify(state);
    this.#database.sql.exec("UPDATE inbox_state SET erasing = ?", json);
    this.#state = state;
  }
}
