// Bounds on what one connection may do to its object: how often it may be refused, and how much of it may wait.

import { type Closing, type ErrorCode, MAX_FRAME_BYTES } from "../protocol/index.ts";

const MAX_BAD_FRAMES_IN_A_ROW = 20;
export const MAX_REFUSALS = 100;
const REFUSALS_WITHIN_MS = 10_000;

/** So many appends that wait count as one command: they cost bytes, not rate tokens, and come at once after an outage. */
const APPENDS_A_COMMAND = 16;

/** The close that follows 100 refusals within 10 s. */
export const TOO_MANY_REFUSALS: Closing = { code: "rate_limited", retryAfterMs: REFUSALS_WITHIN_MS };

/** Counts the refusals of one connection, and says when it must be closed for them. */
export class RefusalLimiter {
  #badInARow = 0;
  /** When the latest refusals happened, in milliseconds: a ring, the oldest stands where the next is written. */
  readonly #refusedAt: number[] = [];
  #next = 0;

  /** A frame could be parsed: the row of bad ones is over. */
  wellFormed(): void {
    this.#badInARow = 0;
  }

  /** Counts a refusal. Returns the close that it leads to, if it was one too many. */
  refused(code: ErrorCode, now: number): Closing | undefined {
    if (code === "bad_request" && ++this.#badInARow >= MAX_BAD_FRAMES_IN_A_ROW)
      return { code: "bad_request" };
    const oldest = this.#refusedAt[(this.#next + 1) % MAX_REFUSALS];
    this.#refusedAt[this.#next] = now;
    this.#next = (this.#next + 1) % MAX_REFUSALS;
    if (oldest === undefined || now - oldest > REFUSALS_WITHIN_MS) return undefined;
    return TOO_MANY_REFUSALS;
  }
}

/** UTF-16 units: one frame of the largest size, and some small ones behind it. */
const MIN_BACKLOG_LENGTH = 1.25 * MAX_FRAME_BYTES;

/**
 * Queued commands of one connection, and their UTF-16 units. Above what the rate limits could accept, the room closes the
 * connection without parsing more.
 */
export class Backlog {
  #commands = 0;
  #length = 0;

  /** A frame came, of so many UTF-16 units or bytes. */
  received(length: number): void {
    // A longer one is refused by its length and never kept.
    if (length <= MAX_FRAME_BYTES) this.#length += length;
  }

  queued(isAppend: boolean): void {
    this.#commands += weightOf(isAppend);
  }

  taken(isAppend: boolean): void {
    const weight = weightOf(isAppend);
    // An estimate: as if all that is queued had the same length for its weight.
    this.#length -= this.#length * (weight / this.#commands);
    this.#commands -= weight;
  }

  get isEmpty(): boolean {
    return this.#commands === 0;
  }

  /** Whether more commands, or more UTF-16 units, wait than these. */
  exceeds(commands: number, length: number): boolean {
    return this.#commands > commands || this.#length > Math.max(MIN_BACKLOG_LENGTH, length);
  }
}

/** A power of two, so that no sum of them is rounded. */
const weightOf = (isAppend: boolean): number => (isAppend ? 1 / APPENDS_A_COMMAND : 1);
