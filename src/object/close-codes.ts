// What the close code of a connection says about it.

import { ERRORS, MIN_FRAME_BYTES } from "../protocol/index.ts";

/** `left` on purpose: the member is gone at once. `lost`: the member may be back in a moment, as after a reload. */
export type Departure = "left" | "lost";

/** What a close without a code is reported as: the default of `close()` in most libraries. */
const NO_CODE = 1005;

/**
 * How a connection departs that either side closed with `code`. A browser that reloads or leaves a page sends 1001, and
 * a broken connection is reported as 1006: both are lost. One that was closed for want of heartbeats has been away for
 * longer than the grace of a member, so it has left.
 */
export const departureOf = (code: number): Departure =>
  code === 1000 || code === NO_CODE || code === ERRORS.timeout.close ? "left" : "lost";

/** What a client library closes with after a message that is larger than it takes. */
const MESSAGE_TOO_BIG = 1009;

const HINT =
  "the client's library takes no frame of this size, and will reconnect for ever: raise its limit, or open the " +
  `socket with frame=<bytes>, ${MIN_FRAME_BYTES} or more`;

/** Notices, once in the life of an object, that a client could not take what it was sent. */
export class TooBigNotice {
  #isGiven = false;

  /** The hint to log for a client that closed with `code`; `undefined`: none, or it was given already. */
  hint(code: number): string | undefined {
    if (code !== MESSAGE_TOO_BIG || this.#isGiven) return undefined;
    this.#isGiven = true;
    return HINT;
  }
}
