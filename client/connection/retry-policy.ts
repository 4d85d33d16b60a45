import { type ReconnectLimits, STABLE_AFTER_MS } from "../../src/protocol/index.ts";
import { backoffMs } from "./backoff.ts";
import type { Ending } from "./ending.ts";

/** How a try went: `liveForMs` is `undefined` where it was never past `caughtUp`. */
export interface Outcome {
  readonly ending: Ending;
  readonly liveForMs: number | undefined;
  /** Of the token, in characters, where the socket vanished before `connected` had come. */
  readonly unheardTokenLength?: number;
}

export type Verdict =
  | { readonly next: "stop"; readonly final: boolean }
  /** `retryAfterMs` is a server's wish and waited in full; the back-off after it can be cut short. */
  | { readonly next: "retry"; readonly retryAfterMs: number; readonly backoffMs: number };

/** Decides after each end whether there is a next try, and when. One for each run of the reconnect loop. */
export class RetryPolicy {
  readonly #maxAttempts: number;
  readonly #random: () => number;
  #failures = 0;
  #waits = 0;
  #renewed = false;

  constructor(maxAttempts: number, random: () => number) {
    this.#maxAttempts = maxAttempts;
    this.#random = random;
  }

  /** Of the try to come, from 1. */
  get attempt(): number {
    return this.#failures + 1;
  }

  /** A try went well for so long. */
  lived(liveForMs: number): void {
    this.#failures = 0;
    this.#renewed = false;
    if (liveForMs >= STABLE_AFTER_MS) this.#waits = 0;
  }

  judge({ ending, liveForMs }: Outcome, limits: ReconnectLimits): Verdict {
    if (liveForMs !== undefined) this.lived(liveForMs);
    else this.#failures += 1;
    const { retryAfterMs } = ending;
    // With a wait it says that a token of the same signer will do later: that is no refusal of the one that comes next.
    const renew = ending.next === "renewToken" && retryAfterMs === 0;
    const waitsOut = ending.next === "renewToken" && retryAfterMs > 0;
    if (ending.next === "stop" || (renew && this.#renewed)) return { next: "stop", final: true };
    if (this.#failures >= this.#maxAttempts) return { next: "stop", final: false };
    if (!waitsOut) this.#renewed = renew;
    // A token that ran out is nobody's fault: the new one is tried at once.
    if (renew) return { next: "retry", retryAfterMs, backoffMs: 0 };
    return { next: "retry", retryAfterMs, backoffMs: backoffMs(this.#waits++, limits, this.#random) };
  }
}
