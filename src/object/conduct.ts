import type { Closing, ErrorCode } from "../protocol/index.ts";

const MAX_BAD_FRAMES_IN_A_ROW = 20;
export const MAX_REFUSALS = 100;
const REFUSALS_WITHIN_MS = 10_000;

/** How a connection is closed that goes on regardless. */
export const TOO_MANY_REFUSALS: Closing = { code: "rate_limited", retryAfterMs: REFUSALS_WITHIN_MS };

/** How a connection behaves: counts what was refused, and says when it has been enough. */
export class Conduct {
  #badInARow = 0;
  /** When the latest refusals happened: a ring, so that the oldest stands where the next will be written. */
  readonly #refusedAt: number[] = [];
  #next = 0;

  wellFormed(): void {
    this.#badInARow = 0;
  }

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
