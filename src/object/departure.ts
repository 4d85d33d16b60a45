import { ERRORS } from "../protocol/index.ts";

/** `left` on purpose: the member is gone at once. `lost`: the member may be back in a moment, as after a reload. */
export type Departure = "left" | "lost";

/** What a close without a code is reported as: the default of `close()` in most libraries. */
const NO_CODE = 1005;

/**
 * How a connection departs that was closed with `code`, from either side. A browser that reloads or leaves a page sends
 * 1001, and a broken connection is reported as 1006: both are lost. One without heartbeats has been away for longer
 * than any grace already.
 */
export const departureOf = (code: number): Departure =>
  code === 1000 || code === NO_CODE || code === ERRORS.timeout.close ? "left" : "lost";
