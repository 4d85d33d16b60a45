/** In UTF-16 units: two of the largest frames there are. */
const MIN_LENGTH = 2 * 1_048_576;

/** How much of one connection waits for its turn: more than it could ever be granted need not even be read. */
export class Backlog {
  #commands = 0;
  #length = 0;

  /** A frame came, of so many UTF-16 units or bytes. */
  received(length: number): void {
    this.#length += length;
  }

  queued(): void {
    this.#commands++;
  }

  taken(): void {
    this.#commands--;
    if (this.#commands === 0) this.#length = 0;
  }

  /** Whether it is over what a connection can be granted at once. */
  exceeds(commands: number, commandLength: number): boolean {
    return this.#commands > commands || this.#length > Math.max(MIN_LENGTH, commands * commandLength);
  }
}
