// The rate limits of a room. A user has one bucket for all their connections. Readers without a token have one bucket for
// each address, and one together: so neither many sockets nor many addresses stop the room for its members.

import type { Identity } from "../../access/identity.ts";
import { tooFast } from "../../object/answers.ts";
import { type Rate, TokenBuckets } from "../../object/token-bucket.ts";
import { MAX_PAGE_BYTES, MAX_ROWS_LOOKED_AT, type Refusal, refuse } from "../../protocol/index.ts";

/** All anonymous readers of a room together have as much as this many users. */
const ANONYMOUS_USERS = 20;

/** How much reading one token pays for. */
interface Tariff {
  readonly rows: number;
  readonly bytes: number;
}

/** A page or replay of the largest size costs one token: an ordinary client pays no more than for the command. */
const USER: Tariff = { rows: 1_000, bytes: MAX_PAGE_BYTES };
const ANONYMOUS: Tariff = { rows: 100, bytes: 65_536 };

/**
 * How many rows one page of an anonymous reader looks at. The room serves no one else while it builds a page, so these
 * are small.
 */
const ANONYMOUS_PAGE_ROWS = 250;

/** How many rows a page for this identity looks at. */
export const pageRowsOf = ({ kind }: Identity): number =>
  kind === "anonymous" ? ANONYMOUS_PAGE_ROWS : MAX_ROWS_LOOKED_AT;

/** How many rows were looked at, and how many bytes were sent, about. */
export interface Reading {
  readonly rows: number;
  readonly bytes: number;
}

/** The price of reading, in tokens: at least 1; 0 for server code, which pays nothing. */
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

  /** Takes `cost` tokens. Returns why not, if so, and takes none then. */
  take(identity: Identity, cost: number, now: number): Refusal | undefined {
    const refusal = this.refusalFor(identity, cost, now);
    if (refusal === undefined) this.charge(identity, cost, now);
    return refusal;
  }

  /** Why `identity` cannot pay `cost` now, if so. A cost of 0 is refused only to one that has a debt. */
  refusalFor(identity: Identity, cost: number, now: number): Refusal | undefined {
    const [own = 0, all = 0] = this.#accountsOf(identity).map(({ buckets, key }) =>
      buckets.waitMs(key, cost, now),
    );
    // Others would be told the same, and no reader is at fault: whoever asks for many tells all of them.
    if (all > own)
      return refuse("overloaded", "all who read without a token are too fast together", {
        retryAfterMs: all,
      });
    return own === 0 ? undefined : tooFast(own);
  }

  /** Why an anonymous reader gets no first frames, if so: those of others have used up the allowance meanwhile. */
  greetingRefusal(identity: Identity, now: number): Refusal | undefined {
    return identity.kind === "anonymous" ? this.refusalFor(identity, 0, now) : undefined;
  }

  /** Takes what was used already, even into debt. Gives back if `cost` is below 0. */
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
