// Who pays for what is asked of a room. A user has one bucket for all their connections; those who read without a token
// have one for each address, and one together, so that neither many sockets nor many addresses stop the room for its members.

import type { Identity } from "../../access/identity.ts";
import { tooFast } from "../../object/answers.ts";
import { type Rate, TokenBuckets } from "../../object/token-bucket.ts";
import { MAX_PAGE_BYTES, MAX_ROWS_LOOKED_AT, type Refusal } from "../../protocol/index.ts";

/** All anonymous readers of a room together have as much as so many users. */
const ANONYMOUS_USERS = 20;

/** What one token pays for, of reading. */
interface Tariff {
  readonly rows: number;
  readonly bytes: number;
}

/** A page or replay of the largest size is one token: what an ordinary client reads costs it no more than the asking. */
const USER: Tariff = { rows: 1_000, bytes: MAX_PAGE_BYTES };
const ANONYMOUS: Tariff = { rows: 100, bytes: 65_536 };

/**
 * What one page of theirs looks at: a page is built in one go, in which nobody else is served, so they go on sooner with
 * many small ones.
 */
const ANONYMOUS_PAGE_ROWS = 250;

/** How many rows one page looks at. */
export const pageRowsOf = ({ kind }: Identity): number =>
  kind === "anonymous" ? ANONYMOUS_PAGE_ROWS : MAX_ROWS_LOOKED_AT;

/** What was looked at, and what was sent of it. */
export interface Reading {
  readonly rows: number;
  readonly bytes: number;
}

/** In tokens, at least 1; 0 for server code, which pays nothing. */
export function priceOf({ kind }: Identity, { rows, bytes }: Reading): number {
  if (kind === "server") return 0;
  const tariff = kind === "user" ? USER : ANONYMOUS;
  return Math.max(1, Math.ceil(rows / tariff.rows), Math.ceil(bytes / tariff.bytes));
}

interface Account {
  readonly buckets: TokenBuckets;
  readonly key: string;
}

export class Allowances {
  readonly #users: TokenBuckets;
  readonly #addresses: TokenBuckets;
  readonly #anonymous: TokenBuckets;

  /** `rate`: of one user, and of one address. */
  constructor(rate: Rate) {
    this.#users = new TokenBuckets(rate);
    this.#addresses = new TokenBuckets(rate);
    const { perSecond, burst } = rate;
    this.#anonymous = new TokenBuckets({
      perSecond: perSecond * ANONYMOUS_USERS,
      burst: burst * ANONYMOUS_USERS,
    });
  }

  /** Takes `cost` tokens, or answers why not and takes none. */
  take(identity: Identity, cost: number, now: number): Refusal | undefined {
    const refusal = this.refuses(identity, cost, now);
    if (refusal === undefined) this.charge(identity, cost, now);
    return refusal;
  }

  /** Why `identity` cannot pay `cost` now, if so. With 0: only where it has a debt. */
  refuses(identity: Identity, cost: number, now: number): Refusal | undefined {
    let retryAfterMs = 0;
    for (const { buckets, key } of this.#accountsOf(identity)) {
      retryAfterMs = Math.max(retryAfterMs, buckets.waitMs(key, cost, now));
    }
    return retryAfterMs === 0 ? undefined : tooFast(retryAfterMs);
  }

  /** An anonymous reader's first frames are refused unread where another's have cost so much meanwhile. */
  refusesGreeting(identity: Identity, now: number): Refusal | undefined {
    return identity.kind === "anonymous" ? this.refuses(identity, 0, now) : undefined;
  }

  /** Takes what was used already, though it be debt; gives back where `cost` is below 0. */
  charge(identity: Identity, cost: number, now: number): void {
    if (cost === 0) return;
    for (const { buckets, key } of this.#accountsOf(identity)) buckets.charge(key, cost, now);
  }

  #accountsOf(identity: Identity): readonly Account[] {
    switch (identity.kind) {
      case "server":
        return [];
      case "user":
        return [{ buckets: this.#users, key: identity.user.id }];
      case "anonymous":
        return [
          { buckets: this.#addresses, key: identity.address },
          { buckets: this.#anonymous, key: "" },
        ];
    }
  }
}
