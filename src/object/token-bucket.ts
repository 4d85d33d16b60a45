// A token bucket for each key. In memory only: after a sleep of the object, a bucket of usual settings is full again.

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

/** Above this many buckets, full ones are forgotten. */
const TIDY_ABOVE = 1_000;

export class TokenBuckets {
  readonly #rate: Rate;
  readonly #buckets = new Map<string, Bucket>();
  #tidyAt = TIDY_ABOVE;

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** Number of buckets in memory. */
  get size(): number {
    return this.#buckets.size;
  }

  /**
   * Takes `cost` tokens of `key` and returns 0; or takes none, and returns in how many milliseconds there are enough.
   * `paid`: what the same act has paid before.
   */
  take(key: string, cost: number, now: number, paid = 0): number {
    const waitMs = this.waitMs(key, cost, now, paid);
    if (waitMs === 0) this.charge(key, cost, now);
    return waitMs;
  }

  /** In how many milliseconds `key` can pay `cost`; 0: now. A cost of 0 can be paid unless there is debt. */
  waitMs(key: string, cost: number, now: number, paid = 0): number {
    const { tokens } = this.#refill(key, now);
    // A cost above the burst: a full bucket pays it, and goes into debt.
    const needed = Math.min(cost, this.#rate.burst - paid);
    return tokens >= needed ? 0 : Math.ceil(((needed - tokens) / this.#rate.perSecond) * 1_000);
  }

  /** Takes `cost` tokens also if there are fewer, which makes a debt. A cost below 0 gives tokens back. */
  charge(key: string, cost: number, now: number): void {
    const bucket = this.#refill(key, now);
    bucket.tokens = Math.min(this.#rate.burst, bucket.tokens - cost);
  }

  #refill(key: string, now: number): Bucket {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      if (this.#buckets.size >= this.#tidyAt) this.#tidy(now);
      bucket = { tokens: this.#rate.burst, at: now };
      this.#buckets.set(key, bucket);
    }
    bucket.tokens = this.#level(bucket, now);
    bucket.at = now;
    return bucket;
  }

  #level({ tokens, at }: Bucket, now: number): number {
    return Math.min(this.#rate.burst, tokens + (Math.max(0, now - at) / 1_000) * this.#rate.perSecond);
  }

  #tidy(now: number): void {
    for (const [key, bucket] of this.#buckets) {
      if (this.#level(bucket, now) >= this.#rate.burst) this.#buckets.delete(key);
    }
    // Next at twice as many, so that a large number of active keys is not searched for each new one.
    this.#tidyAt = Math.max(TIDY_ABOVE, this.#buckets.size * 2);
  }
}
