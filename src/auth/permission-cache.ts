import type { Permission } from "../protocol/index.ts";

/** About half a KiB each. */
const MAX_ANSWERS = 10_000;

interface Answer {
  readonly permission: Permission;
  readonly askedAt: number;
  /** In milliseconds. */
  readonly keptUntil: number;
}

/** What the back end said of users in rooms, for as long as it said. The least lately used go first. */
export class PermissionCache {
  /** In the order of their last use. */
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

  /** Its age counts from when it was asked for, as the back end may have changed its mind at any time since. */
  keep(user: string, room: string, permission: Permission, askedAt: number, maxAgeMs: number): void {
    const key = keyOf(user, room);
    const held = this.#answers.get(key);
    // Of two that were asked at the same time the slower one may be the older.
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

/** JSON, as any character that could stand between the two may be part of a user id. */
export const keyOf = (user: string, room: string): string => JSON.stringify([user, room]);
