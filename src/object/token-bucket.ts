// A token bucket per user. In memory only: by the time an object has slept, a bucket of ordinary settings is full.

export interface Rate {
  readonly perSecond: number;
  readonly burst: number;
}

interface Bucket {
  tokens: number;
  at: number;
}

/** More buckets than this, and those that are full again are forgotten. */
const TIDY_ABOVE = 1_000;

export class TokenBuckets {
  readonly #rate: Rate;
  readonly #buckets = new Map<string, Bucket>();
  #tidyAt = TIDY_ABOVE;

  constructor(rate: Rate) {
    this.#rate = rate;
  }

  /** How many are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  /**
   * Takes `cost` tokens of `key`; answers 0, or in how many milliseconds there will be enough. Takes none then. `paid` is
   * what was taken for the same thing before.
   */
  take(key: string, cost: number, now: number, paid = 0): number {
    const waitMs = this.waitMs(key, cost, now, paid);
    if (waitMs === 0) this.charge(key, cost, now);
    return waitMs;
  }

  /** In how many milliseconds `key` can pay `cost`; 0: now. A cost of 0 can be paid where there is no debt. */
  waitMs(key: string, cost: number, now: number, paid = 0): number {
    const { tokens } = this.#refill(key, now);
    // A cost over the whole burst could never be paid: a full bucket pays it and goes into debt.
    const needed = Math.min(cost, this.#rate.burst - paid);
    return tokens >= needed ? 0 : Math.ceil(((needed - tokens) / this.#rate.perSecond) * 1_000);
  }

  /** Takes what was used already, though it be debt; gives back where `cost` is below 0. */
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
    // Again when there are twice as many, so that a crowd of active users is not looked through for each newcomer.
    this.#tidyAt = Math.max(TIDY_ABOVE, this.#buckets.size * 2);
  }
}
