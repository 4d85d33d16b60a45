// Answers that are the same for everybody who asks the same, kept in the memory of this isolate for a second. It stands
// beside the cache in front of the Worker, which a deployment may not have, and which each data center fills by itself.

import { type ErrorCode, type Outcome, refuse, reject } from "../protocol/index.ts";

/** For so long an answer counts, in milliseconds; the shortest time that `max-age` can say. */
export const SHARED_FOR_MS = 1_000;

/** How soon a request looks whether the answer that another one asks for has come, in milliseconds. */
const LOOK_AFTER_MS = 10;
/** A room that takes long has a crowd that waits: each looks again after this part of the time that it has waited. */
const SHARE_OF_WAITED = 0.1;
const MAX_LOOK_AFTER_MS = 200;
/** A request that has not answered by then may have been given up: the next one asks for itself. */
const GIVEN_UP_AFTER_MS = 5_000;

/** In UTF-16 units: a few of the largest answers, and thousands of those that say that nothing is new. */
const MAX_KEPT = 4 * 1_048_576;

/** These say something of the room, the others of who asked. */
const OF_THE_ROOM: readonly ErrorCode[] = ["overloaded", "internal"];

export interface SharedAnswersPorts {
  now(): number;
  wait(ms: number): Promise<unknown>;
}

interface Kept {
  readonly answer: Outcome<string>;
  readonly at: number;
}

export class SharedAnswers {
  readonly #ports: SharedAnswersPorts;
  /** The oldest first. */
  readonly #kept = new Map<string, Kept>();
  #size = 0;
  /** Since when one request asks for an answer; the oldest first. */
  readonly #asking = new Map<string, number>();

  constructor(ports: SharedAnswersPorts) {
    this.#ports = ports;
  }

  /**
   * The answer that is kept under `key`, or what `ask` brings. Of many requests at once one asks, and the others wait in
   * steps of their own: on Workers no request may wait for a promise of another one.
   */
  async get(key: string, ask: () => Promise<Outcome<string>>): Promise<Outcome<string>> {
    const since = this.#ports.now();
    while (this.#isAsked(key)) {
      const waitedMs = Math.abs(this.#ports.now() - since);
      await this.#ports.wait(
        Math.min(MAX_LOOK_AFTER_MS, Math.max(LOOK_AFTER_MS, waitedMs * SHARE_OF_WAITED)),
      );
    }
    return this.#current(key) ?? this.#ask(key, ask);
  }

  /** How many requests ask, as far as is known. */
  get asking(): number {
    return this.#asking.size;
  }

  async #ask(key: string, ask: () => Promise<Outcome<string>>): Promise<Outcome<string>> {
    const since = this.#ports.now();
    this.#forgetGivenUp(key);
    this.#asking.set(key, since);
    try {
      const answer = await ask();
      if (answer.ok || OF_THE_ROOM.includes(answer.refusal.code)) this.#keep(key, answer);
      return answer;
    } catch (error) {
      // Those who wait must not ask one after the other a room that fails.
      this.#keep(key, reject(refuse("overloaded", "try again in a moment", { retryAfterMs: SHARED_FOR_MS })));
      throw error;
    } finally {
      if (this.#asking.get(key) === since) this.#asking.delete(key);
    }
  }

  #isAsked(key: string): boolean {
    if (this.#current(key) !== undefined) return false;
    const since = this.#asking.get(key);
    return since !== undefined && !this.#isGivenUp(since);
  }

  #isGivenUp(since: number): boolean {
    return Math.abs(this.#ports.now() - since) >= GIVEN_UP_AFTER_MS;
  }

  /** What was given up never says so, and nobody may ask the same again. */
  #forgetGivenUp(key: string): void {
    this.#asking.delete(key);
    for (const [other, since] of this.#asking) {
      if (!this.#isGivenUp(since)) break;
      this.#asking.delete(other);
    }
  }

  #current(key: string): Outcome<string> | undefined {
    const kept = this.#kept.get(key);
    return kept !== undefined && this.#counts(kept) ? kept.answer : undefined;
  }

  /** `abs`: a clock that was set back must not make an answer count for longer. */
  #counts({ at }: Kept): boolean {
    return Math.abs(this.#ports.now() - at) < SHARED_FOR_MS;
  }

  #keep(key: string, answer: Outcome<string>): void {
    this.#drop(key);
    this.#kept.set(key, { answer, at: this.#ports.now() });
    this.#size += sizeOf(key, answer);
    for (const [oldest, kept] of this.#kept) {
      if (this.#counts(kept) && this.#size <= MAX_KEPT) break;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    const kept = this.#kept.get(key);
    if (kept === undefined) return;
    this.#kept.delete(key);
    this.#size -= sizeOf(key, kept.answer);
  }
}

/** What stands around an entry counts too: there may be many small ones. */
const OVERHEAD = 256;

const sizeOf = (key: string, answer: Outcome<string>): number =>
  OVERHEAD + key.length + (answer.ok ? answer.value.length : 0);
