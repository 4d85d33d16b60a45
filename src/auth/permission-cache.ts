import type { Permission } from "../protocol/index.ts";

/** Each takes about half a KiB. */
const MAX_ANSWERS = 10_000;

interface Answer {
  readonly permission: Permission;
  readonly askedAt: number;
  /** In milliseconds. */
  readonly keptUntil: number;
}

/** Answers of the back end, for as long as each may be kept. The least recently used are dropped. */
export class PermissionCache {
  /** Least recently used first. */
  readonly #answers = new Map<string, Answer>();
  readonly #max: number;

  constructor(max = MAX_ANSWERS) {
    this.#max = max;
  }

  get(user: string, room: string, now: number): Answer | undefined {
    const key = keyOf(user, room);
    const answer = this.#answers.get(key);
    if (answer === undefined) return undefined;
    this.#answers.delete(key);
    if (now >= answer.keptUntil) return undefined;
    this.#answers.set(key, answer);
    return answer;
  }

  /** The age of an answer counts from its question, as the back end may have changed since. */
  keep(user: string, room: string, permission: Permission, askedAt: number, maxAgeMs: number): void {
    const key = keyOf(user, room);
    const held = this.#answers.get(key);
    // The slower one of two questions may have the older answer.
    if (held !== undefined && held.askedAt > askedAt) return;
    this.#answers.delete(key);
    if (maxAgeMs <= 0) return;
    this.#answers.set(key, { permission, askedAt, keptUntil: askedAt + maxAgeMs });
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= this.#max) break;
      this.#answers.delete(oldest);
    }
  }
}

/** JSON, as a user id may have any character that could separate the two. */
export const keyOf = (user: string, room: string): string => JSON.stringify([user, room]);
