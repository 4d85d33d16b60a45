import { MAX_FRAME_BYTES } from "../protocol/index.ts";

/** In UTF-16 units: the largest frame there is, and some small ones behind it. */
const MIN_LENGTH = 1.25 * MAX_FRAME_BYTES;

/** How much of one connection waits for its turn: more than it could ever be granted need not even be read. */
export class Backlog {
  #commands = 0;
  #length = 0;

  /** A frame came, of so many UTF-16 units or bytes. */
  received(length: number): void {
    // A larger one is refused by its length, and never read.
    if (length <= MAX_FRAME_BYTES) this.#length += length;
  }

  queued(): void {
    this.#commands++;
  }

  taken(): void {
    // As if all were of the same length.
    this.#length -= this.#length / this.#commands;
    this.#commands--;
  }

  /** Whether what waits is over what a connection can be granted at once, in number or length. */
  exceeds(commands: number, length: number): boolean {
    return this.#commands > commands || this.#length > Math.max(MIN_LENGTH, length);
  }
}
