// Which messages wait in a room, and how long each still waits. The messages themselves are read when they are needed.

import { MAX_SCHEDULED, MAX_SCHEDULED_OF_A_USER, type Refusal, refuse } from "../../protocol/index.ts";
import type { ScheduleRow } from "./schedule-store.ts";

/** How much all scheduled messages of a room may take, and those of one user, in bytes as stored: a list has them all. */
const MAX_BYTES = 4_194_304;
const MAX_BYTES_OF_A_USER = 1_048_576;

const tooMany = (whose: string, what: string): Refusal =>
  refuse("too_large", `${whose} at most ${what} of messages that wait: cancel one, or send it now`, {
    path: ["sendAt"],
  });

/** Who says a message, and under which id. No user id has a line break. */
export interface WaitingKey {
  /** User id, or "" for server code in its own name. */
  readonly author: string;
  readonly byServer: boolean;
  readonly id: string;
}

export const waitingKey = ({ author, byServer, id }: WaitingKey): string =>
  `${byServer ? "\n" : ""}${author}\n${id}`;

function readKey(key: string): WaitingKey {
  const byServer = key.startsWith("\n");
  const rest = byServer ? key.slice(1) : key;
  const at = rest.indexOf("\n");
  return { author: rest.slice(0, at), byServer, id: rest.slice(at + 1) };
}

export interface ScheduleEntry extends WaitingKey {
  readonly key: string;
  /** When it is sent, or forgotten if it was refused, in milliseconds. */
  readonly dueAt: number;
  readonly size: number;
  /** Another one with each change: what was found out about the message before does not count. */
  readonly version: number;
  /** It is not tried before, in milliseconds. */
  readonly againAt: number;
  /** How often in a row it could not be sent, in this life of the object. */
  readonly tries: number;
}

export class ScheduleList {
  readonly #entries = new Map<string, ScheduleEntry>();
  #versions = 0;
  /** When the first one is due, in milliseconds; `null`: none is; `undefined`: to be found. */
  #next: number | null | undefined;

  constructor(rows: readonly ScheduleRow[]) {
    for (const { key, due_at, size } of rows) this.put(key, due_at, size);
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: string): ScheduleEntry | undefined {
    return this.#entries.get(key);
  }

  /** The next one first. */
  get all(): readonly ScheduleEntry[] {
    return [...this.#entries.values()].sort((a, b) => a.dueAt - b.dueAt);
  }

  /** When the first one is due, in milliseconds; `null`: none is. */
  get next(): number | null {
    if (this.#next === undefined) {
      this.#next = null;
      for (const entry of this.#entries.values())
        this.#next = Math.min(this.#next ?? Number.POSITIVE_INFINITY, timeOf(entry));
    }
    return this.#next;
  }

  due(now: number, max: number): readonly ScheduleEntry[] {
    return this.all.filter((entry) => timeOf(entry) <= now).slice(0, max);
  }

  put(key: string, dueAt: number, size: number): void {
    const version = ++this.#versions;
    const again = { againAt: Number.NEGATIVE_INFINITY, tries: 0 };
    this.#entries.set(key, { key, ...readKey(key), dueAt, size, version, ...again });
    this.#next = undefined;
  }

  /** It is tried again, and not before `againAt`. */
  putOff(entry: ScheduleEntry, againAt: number): void {
    this.#entries.set(entry.key, { ...entry, againAt, tries: entry.tries + 1 });
    this.#next = undefined;
  }

  /** If the clock was set back, nothing that was put off waits for the old time. */
  noLaterThan(at: number): void {
    for (const entry of this.#entries.values()) {
      if (entry.againAt <= at) continue;
      this.#entries.set(entry.key, { ...entry, againAt: at });
      this.#next = undefined;
    }
  }

  remove(key: string): void {
    this.#entries.delete(key);
    this.#next = undefined;
  }

  clear(): void {
    this.#entries.clear();
    this.#next = null;
  }

  /** Why no message of `size` bytes has a place, if so. `user`: whose it is; `null` is server code. `but`: it takes that one's. */
  refusalFor(user: string | null, size: number, but?: string): Refusal | undefined {
    let [count, bytes, own, ownBytes] = [0, 0, 0, 0];
    for (const entry of this.#entries.values()) {
      if (entry.key === but) continue;
      count += 1;
      bytes += entry.size;
      if (entry.byServer || entry.author !== user) continue;
      own += 1;
      ownBytes += entry.size;
    }
    if (count >= MAX_SCHEDULED) return tooMany("this room takes", `${MAX_SCHEDULED}`);
    if (bytes + size > MAX_BYTES) return tooMany("this room takes", `${MAX_BYTES} bytes`);
    if (user === null) return undefined;
    if (own >= MAX_SCHEDULED_OF_A_USER) return tooMany("you have", `${MAX_SCHEDULED_OF_A_USER}`);
    return ownBytes + size > MAX_BYTES_OF_A_USER
      ? tooMany("you have", `${MAX_BYTES_OF_A_USER} bytes`)
      : undefined;
  }
}

const timeOf = ({ dueAt, againAt }: ScheduleEntry): number => Math.max(dueAt, againAt);
