import { MIN_FRAME_BYTES } from "../protocol/index.ts";

/** What a client library closes with that was sent a larger message than it takes. */
const MESSAGE_TOO_BIG = 1009;

const HINT =
  "the client's library takes no frame of this size, and will come back for ever: raise its limit, or open the " +
  `socket with frame=<bytes>, ${MIN_FRAME_BYTES} or more`;

/** Notices, once in the life of an object, that a client could not take what it was sent. */
export class TooBigNotice {
  #isGiven = false;

  /** A client closed with `code`: what is to be logged of that, if anything. */
  hint(code: number): string | undefined {
    if (code !== MESSAGE_TOO_BIG || this.#isGiven) return undefined;
    this.#isGiven = true;
    return HINT;
  }
}
