import type { ReconnectLimits } from "../../src/protocol/index.ts";

/** Full jitter: anything from none to all of `min(maxMs, minMs · 2ⁿ)`, so that a crowd does not come back in step. */
export const backoffMs = (n: number, { minMs, maxMs }: ReconnectLimits, random: () => number): number =>
  random() * Math.min(maxMs, minMs * 2 ** n);
