/** How long ago `then` was, in milliseconds. Where the clock was set back nobody knows, and nothing waits for the old time. */
export const sinceMs = (then: number, now: number): number =>
  now >= then ? now - then : Number.POSITIVE_INFINITY;
