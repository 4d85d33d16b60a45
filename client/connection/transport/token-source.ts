// One token for all sockets of a client: kept while it lives, renewed before it ends, asked for at most once a second.

import { COMMAND_TIMEOUT_MS } from "../../../src/protocol/index.ts";
import { Listeners } from "../../util/emitter.ts";
import { offline, RoomsError } from "../../util/errors.ts";
import type { Cancel, Clock } from "../../util/ports.ts";

/** `null`: anonymous. */
export type Token = string | null;
export type GetToken = () => Promise<Token> | Token;

const ASK_EVERY_MS = 1_000;
const RENEW_AGAIN_MS = 5_000;
const MIN_MARGIN_MS = 1_000;
const MAX_MARGIN_MS = 60_000;

interface Kept {
  readonly token: string;
  /** `undefined` until a server said how long it lives. */
  readonly renewAt: number | undefined;
}

/** What connections need of it. */
export type Tokens = Pick<TokenSource, "get" | "accepted" | "refused" | "forgive" | "watch">;

export class TokenSource {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #getToken: GetToken;
  readonly #watchers = new Listeners<string>();
  #kept: Kept | undefined;
  #refused: Token | undefined;
  #asking: Promise<Token> | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #cancelRenewal: Cancel | undefined;
  readonly #cancels = new Set<Cancel>();

  constructor(clock: Clock, random: () => number, getToken: GetToken) {
    this.#clock = clock;
    this.#random = random;
    this.#getToken = getToken;
  }

  /** Rejects with a {@link RoomsError}: `unauthorized` ends a try, anything else is a failed one. */
  async get(): Promise<Token> {
    const kept = this.#kept;
    if (kept !== undefined && this.#clock.now() < (kept.renewAt ?? Number.POSITIVE_INFINITY))
      return kept.token;
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  /** A server took this token, which lives for `lifeMs` from now. */
  accepted(token: Token, lifeMs: number): void {
    if (this.#kept?.token !== token || this.#kept.renewAt !== undefined) return;
    const marginMs = Math.min(MAX_MARGIN_MS, Math.max(MIN_MARGIN_MS, lifeMs / 10));
    this.#kept = { token: this.#kept.token, renewAt: this.#clock.now() + lifeMs - marginMs };
    this.#arm();
  }

  /**
   * A server did not take this token: `get` gives another one, or rejects. With `retryAfterMs` above 0 it is not refused
   * for good, and the next one is asked for after that where one is watched for; it may be the same.
   */
  refused(token: Token, retryAfterMs: number): void {
    const isKept = this.#kept?.token === token;
    if (isKept) this.#kept = undefined;
    if (retryAfterMs === 0) this.#refused = token;
    else if (isKept && this.#watchers.size > 0) this.#renewAfter(this.#aLittleLater(retryAfterMs));
  }

  /** The app wants another try, perhaps as it repaired what made the token refused. */
  forgive(): void {
    this.#refused = undefined;
  }

  /** Calls `fn` with every new token, and sees to it that there is one in time, until cancelled. */
  watch(fn: (token: string) => void): Cancel {
    const cancel = this.#watchers.add(fn);
    this.#arm();
    return () => {
      cancel();
      this.#arm();
    };
  }

  /** For good: nobody gets an answer any more. */
  close(): void {
    this.#cancelRenewal?.();
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }

  async #ask(): Promise<Token> {
    // No longer, also where the clock was set back.
    await this.#sleep(Math.min(ASK_EVERY_MS, this.#askedAt + ASK_EVERY_MS - this.#clock.now()));
    this.#askedAt = this.#clock.now();
    const token = await this.#answer();
    if (token === this.#refused) {
      throw new RoomsError("unauthorized", "getToken gave the very token that was refused.");
    }
    this.#kept = token === null ? undefined : { token, renewAt: undefined };
    if (token !== null) this.#watchers.call(token);
    return token;
  }

  /** What `getToken` says, with every way to fail made a RoomsError. */
  #answer(): Promise<Token> {
    return new Promise((resolve, reject) => {
      const cancel = this.#after(COMMAND_TIMEOUT_MS, () =>
        reject(new RoomsError("timeout", "getToken did not answer in time.")),
      );
      Promise.resolve()
        .then(() => this.#getToken())
        // A response's text often ends in a line break, which no subprotocol may have.
        .then((token) => resolve(token?.trim() ?? null))
        .catch((cause: unknown) => {
          reject(cause instanceof RoomsError ? cause : offline("getToken failed.", cause));
        })
        .finally(cancel);
    });
  }

  #arm(): void {
    this.#cancelRenewal?.();
    this.#cancelRenewal = undefined;
    const renewAt = this.#kept?.renewAt;
    if (renewAt === undefined || this.#watchers.size === 0) return;
    this.#renewAfter(renewAt - this.#clock.now());
  }

  /** So that not all who were refused at once ask at once. */
  #aLittleLater(delayMs: number): number {
    return delayMs + this.#random() * RENEW_AGAIN_MS;
  }

  #renewAfter(delayMs: number): void {
    this.#cancelRenewal?.();
    this.#cancelRenewal = this.#clock.after(Math.max(0, delayMs), () => {
      this.#cancelRenewal = undefined;
      // A timer can end early, so it is `get` that decides.
      this.get().then(
        () => this.#arm(),
        (error: unknown) => {
          const final = error instanceof RoomsError && error.code === "unauthorized";
          // The token in force serves until its end; only then does the refusal count.
          if (!final && this.#watchers.size > 0 && this.#cancelRenewal === undefined) {
            this.#renewAfter(this.#aLittleLater(RENEW_AGAIN_MS));
          }
        },
      );
    });
  }

  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      if (delayMs <= 0) resolve();
      else this.#after(delayMs, resolve);
    });
  }

  #after(delayMs: number, fn: () => void): Cancel {
    const cancelTimer = this.#clock.after(delayMs, () => {
      this.#cancels.delete(cancel);
      fn();
    });
    const cancel = () => {
      this.#cancels.delete(cancel);
      cancelTimer();
    };
    this.#cancels.add(cancel);
    return cancel;
  }
}
