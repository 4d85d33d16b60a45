// Which flushes, or refusals of the edge, are counted: by chance, each as many as it stands for. How likely it is says the
// past alone, and what is counted is reported at once: so sums are right on average however an object sleeps, restarts
// or is flooded. To gather first would lose the end of each burst, and every counter would be too low.

/** One in so many is counted while there is little to count. */
export const COUNTED_ONE_IN = 16;
const MAX_ONE_IN = 1_024 * COUNTED_ONE_IN;
/** The mean time between two reports of one object under load. */
const REPORTED_EVERY_MS = 5_000;

export class CountingPace {
  #oneIn = COUNTED_ONE_IN;
  #at = Number.NEGATIVE_INFINITY;

  /** `chance`: from 0 to below 1. Answers how often the flush at hand counts; 0: not at all. */
  takes(chance: number, now: number): number {
    const quietTimes = Math.floor(Math.abs(now - this.#at) / REPORTED_EVERY_MS);
    const oneIn = Math.max(COUNTED_ONE_IN, this.#oneIn / 2 ** quietTimes);
    if (chance * oneIn >= 1) return 0;
    // A report within 5 s makes the next one half as likely, and 5 s without one twice as likely.
    this.#oneIn = quietTimes === 0 ? Math.min(MAX_ONE_IN, oneIn * 2) : oneIn;
    this.#at = now;
    return oneIn;
  }
}
