// One token for all connections of a client: kept until it expires, renewed before, asked for at most once a second.

import { COMMAND_TIMEOUT_MS } from "../../../src/protocol/index.ts";
import { RoomsError } from "../../util/errors.ts";
import { Listeners } from "../../util/listeners.ts";
import type { LogFunction } from "../../util/log.ts";
import type { Cancel, Ports } from "../../util/ports.ts";
import { type GetToken, placeOf, type Token, tokenFailure, tokenOf } from "./token-answer.ts";

const ASK_EVERY_MS = 1_000;
const RENEW_AGAIN_MS = 5_000;
const MIN_MARGIN_MS = 1_000;
const MAX_MARGIN_MS = 60_000;

interface Kept {
  readonly token: string;
  /** `undefined` until a server said when it expires. */
  readonly renewAt: number | undefined;
}

/** The part that connections use. */
export type Tokens = Pick<TokenSource, "get" | "renew" | "accepted" | "refused" | "watch">;

export class TokenSource {
  readonly #clock: Ports["clock"];
  readonly #random: () => number;
  readonly #log: LogFunction;
  readonly #getToken: GetToken;
  readonly #watchers = new Listeners<string>();
  #kept: Kept | undefined;
  #asking: Promise<Token> | undefined;
  #isDoubted = false;
  /** What the log said of the last try, if that failed. */
  #failure: string | undefined;
  #askedAt = Number.NEGATIVE_INFINITY;
  #cancelRenewal: Cancel | undefined;
  readonly #cancels = new Set<Cancel>();

  constructor({ clock, random }: Pick<Ports, "clock" | "random">, getToken: GetToken, log: LogFunction) {
    this.#clock = clock;
    this.#random = random;
    this.#log = log;
    this.#getToken = getToken;
  }

  /** Rejects with a {@link RoomsError}: after `unauthorized` there is no other try, after any other code there is. */
  async get(): Promise<Token> {
    if (this.#kept === undefined || this.#isDue) return this.renew();
    return this.#isDoubted ? this.#renewOrKept() : this.#kept.token;
  }

  /** The app may have another user by now: the next `get` asks. What was asked for a moment ago is the present one. */
  doubt(): void {
    this.#isDoubted = this.#clock.elapsed() - this.#askedAt >= ASK_EVERY_MS;
  }

  /**
   * As `get`, but asks although the kept one has not run out. Without an answer that one stays, and also if `isNews` says
   * of the next one that nobody needs it before.
   */
  renew(isNews: (token: Token) => boolean = () => true): Promise<Token> {
    this.#asking ??= this.#ask(isNews).finally(() => {
      this.#asking = undefined;
      this.#isDoubted = false;
    });
    return this.#asking;
  }

  /** A server accepted this token, which expires in `lifeMs`. */
  accepted(token: Token, lifeMs: number): void {
    if (token === null || this.#kept?.token !== token || this.#kept.renewAt !== undefined) return;
    const marginMs = Math.min(MAX_MARGIN_MS, Math.max(MIN_MARGIN_MS, lifeMs / 10));
    this.#kept = { token, renewAt: this.#clock.elapsed() + lifeMs - marginMs };
    this.#arm();
  }

  /**
   * A server refused this token: `get` asks for the next one, which may be the same. With `retryAfterMs` above 0 a watched
   * token is asked for after that time.
   */
  refused(token: Token, retryAfterMs: number): void {
    if (this.#kept?.token !== token) return;
    this.#kept = undefined;
    if (retryAfterMs > 0 && this.#watchers.size > 0) this.#renewAfter(this.#aLittleLater(retryAfterMs));
  }

  /** Calls `fn` with every new token until cancelled. Meanwhile a new one is asked for before the old one expires. */
  watch(fn: (token: string) => void): Cancel {
    const cancel = this.#watchers.add(fn);
    this.#arm();
    return () => {
      cancel();
      this.#arm();
    };
  }

  /** For good: no timer is left, and a `get` that waits for one never settles. */
  close(): void {
    this.#cancelRenewal?.();
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
  }

  /** Whether the kept one is about to run out. */
  get #isDue(): boolean {
    return this.#clock.elapsed() >= (this.#kept?.renewAt ?? Number.POSITIVE_INFINITY);
  }

  async #renewOrKept(): Promise<Token> {
    try {
      return await this.renew();
    } catch (error) {
      if (this.#kept === undefined || tokenFailure(error).code === "unauthorized") throw error;
      return this.#kept.token;
    }
  }

  async #ask(isNews: (token: Token) => boolean): Promise<Token> {
    await this.#sleep(this.#askedAt + ASK_EVERY_MS - this.#clock.elapsed());
    this.#askedAt = this.#clock.elapsed();
    const token = await this.#answer();
    this.#failure = undefined;
    const kept = this.#isDue ? undefined : this.#kept;
    if (kept !== undefined && (token === kept.token || !isNews(token))) return kept.token;
    this.#kept = token === null ? undefined : { token, renewAt: undefined };
    if (token !== null) this.#watchers.call(token);
    return token;
  }

  /** The answer of `getToken`; each way to fail becomes a `RoomsError`. */
  #answer(): Promise<Token> {
    return new Promise((resolve, reject) => {
      const fail = (error: RoomsError) => {
        const { message } = error;
        // Tries that fail alike are one line. Not the cause itself: an error of the app may hold the token.
        if (message !== this.#failure) this.#log("warn", [message, ...placeOf(error.cause)].join("\n"));
        this.#failure = message;
        reject(error);
      };
      const cancel = this.#after(COMMAND_TIMEOUT_MS, () =>
        fail(new RoomsError("timeout", "getToken did not answer in time.")),
      );
      Promise.resolve()
        .then(() => this.#getToken())
        .then((answer) => resolve(tokenOf(answer)))
        .catch((cause: unknown) => fail(tokenFailure(cause)))
        .finally(cancel);
    });
  }

  #arm(): void {
    this.#cancelRenewal?.();
    this.#cancelRenewal = undefined;
    const renewAt = this.#kept?.renewAt;
    if (renewAt === undefined || this.#watchers.size === 0) return;
    this.#renewAfter(renewAt - this.#clock.elapsed());
  }

  /** With jitter: a crowd of clients may have been refused in the same moment. */
  #aLittleLater(delayMs: number): number {
    return delayMs + this.#random() * RENEW_AGAIN_MS;
  }

  #renewAfter(delayMs: number): void {
    this.#cancelRenewal?.();
    this.#cancelRenewal = this.#clock.after(Math.max(0, delayMs), () => {
      this.#cancelRenewal = undefined;
      // A timer can fire early: `get` decides whether the token is renewed.
      this.get().then(
        () => this.#arm(),
        (error: unknown) => {
          const final = error instanceof RoomsError && error.code === "unauthorized";
          // The token in force is valid until it expires; only then does the refusal end the connection.
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
