// Whether and when a lost connection is tried again.

import { type ReconnectLimits, STABLE_AFTER_MS } from "../../src/protocol/index.ts";
import type { Cancel, Clock, Ports } from "../util/ports.ts";
import type { ConnectionEnd } from "./transport/connection-end.ts";

/** Hints come in bursts; the server is not dialed again sooner than this after the last try. */
const MIN_BETWEEN_TRIES_MS = 1_000;

/**
 * For so long a refused token is replaced again and again: the issuer's clock may be ahead, a cache of the app late, or a
 * new key not yet known to the server.
 */
const REFUSED_FOR_MS = 60_000;

/** Full jitter: anything from 0 to `min(maxMs, minMs · 2ⁿ)`, so that a crowd does not come back in step. */
export const backoffMs = (n: number, { minMs, maxMs }: ReconnectLimits, random: () => number): number =>
  random() * Math.min(maxMs, minMs * 2 ** n);

/** How a try went. */
export interface ConnectionOutcome {
  readonly end: ConnectionEnd;
  /** `undefined`: it was never live. */
  readonly liveForMs: number | undefined;
}

type RetryVerdict =
  | { readonly next: "stop"; readonly isFinal: boolean }
  /** `retryAfterMs` is asked for by the server and waited in full; the back-off after it can be cut short. */
  | { readonly next: "retry"; readonly retryAfterMs: number; readonly backoffMs: number };

/** Decides after each end whether there is a next try, and when. One for each run of the reconnect loop. */
export class RetryPolicy {
  readonly #maxAttempts: number;
  readonly #random: () => number;
  readonly #clock: Pick<Clock, "elapsed">;
  #failures = 0;
  #waits = 0;
  /** When the first token in a row was refused. */
  #refusedAt: number | undefined;
  #refusals = 0;

  constructor(maxAttempts: number, { clock, random }: Pick<Ports, "clock" | "random">) {
    this.#maxAttempts = maxAttempts;
    this.#random = random;
    this.#clock = clock;
  }

  /** Number of the next try, from 1. */
  get attempt(): number {
    return this.#failures + 1;
  }

  /** How many tokens in a row were refused. */
  get refusals(): number {
    return this.#refusals;
  }

  /** A try was live for this long. */
  lived(liveForMs: number): void {
    this.#failures = 0;
    this.#refusedAt = undefined;
    this.#refusals = 0;
    if (liveForMs >= STABLE_AFTER_MS) this.#waits = 0;
  }

  judge({ end, liveForMs }: ConnectionOutcome, limits: ReconnectLimits): RetryVerdict {
    if (liveForMs !== undefined) this.lived(liveForMs);
    else this.#failures += 1;
    const { retryAfterMs } = end;
    // With a wait the server says that a token of the same signer is taken later: then the next one is not refused yet.
    const isRefused = end.next === "renewToken" && retryAfterMs === 0;
    const waitsOut = end.next === "renewToken" && retryAfterMs > 0;
    this.#refusals = isRefused ? this.#refusals + 1 : 0;
    const refusedAt = this.#refusedAt;
    const now = this.#clock.elapsed();
    const isOver = isRefused && refusedAt !== undefined && now - refusedAt >= REFUSED_FOR_MS;
    if (end.next === "stop" || isOver) return { next: "stop", isFinal: true };
    if (this.#failures >= this.#maxAttempts) return { next: "stop", isFinal: false };
    if (!waitsOut) this.#refusedAt = isRefused ? (refusedAt ?? now) : undefined;
    // A token that ran out is no failure: the new one is tried at once. A server that takes each token and soon refuses it
    // is not called again without a wait.
    const isBrief = liveForMs !== undefined && liveForMs < STABLE_AFTER_MS;
    if (isRefused && refusedAt === undefined && !(isBrief && this.#waits > 0)) {
      if (isBrief) this.#waits++;
      return { next: "retry", retryAfterMs, backoffMs: 0 };
    }
    return { next: "retry", retryAfterMs, backoffMs: backoffMs(this.#waits++, limits, this.#random) };
  }
}

interface Wait {
  readonly triedAt: number;
  readonly retryAfterMs: number;
  readonly backoffMs: number;
}

export interface WaitPorts extends Pick<Ports, "clock"> {
  /** Calls `fn` when a try may succeed, with how long to wait still. */
  onHint(fn: (waitMs: number) => void): Cancel;
}

/**
 * Waits until the next try. A hint cuts the back-off short, but not what the server asked for. `onPlan` gets the wall time
 * at which the wait ends, and again when that changes. Resolves at once when aborted.
 */
export function waitForRetry(
  { clock, onHint }: WaitPorts,
  wait: Wait,
  signal: AbortSignal,
  onPlan: (retryAt: number) => void,
): Promise<void> {
  return new Promise((resolve) => {
    const startedAt = clock.elapsed();
    const earliestAt = Math.max(wait.triedAt + MIN_BETWEEN_TRIES_MS, startedAt + wait.retryAfterMs);
    let retryAt = startedAt + wait.retryAfterMs + wait.backoffMs;
    let cancelTimer: Cancel = () => {};
    const end = () => {
      cancelTimer();
      cancelHints();
      signal.removeEventListener("abort", end);
      resolve();
    };
    const arm = () => {
      cancelTimer();
      cancelTimer = clock.after(Math.max(0, retryAt - clock.elapsed()), end);
    };
    const plan = () => onPlan(Math.round(clock.now() + retryAt - clock.elapsed()));
    const shorten = (waitMs: number) => {
      const planned = retryAt;
      retryAt = Math.min(planned, Math.max(clock.elapsed() + waitMs, earliestAt));
      // Also where nothing changes: timers may have slept with the machine.
      arm();
      if (retryAt < planned) plan();
    };
    const cancelHints = onHint(shorten);
    signal.addEventListener("abort", end);
    arm();
    plan();
  });
}
