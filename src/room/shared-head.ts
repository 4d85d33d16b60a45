// How far answers to watchers reach.

/** It moves on at most once in so many milliseconds. */
const MOVES_EVERY_MS = 1_000;

/** The log, as far as its head counts. */
interface LogEnd {
  readonly epoch: string;
  readonly head: number;
  readonly floor: number;
}

/**
 * The head of the log as of the last full second. A cursor is the key of a cached answer: if each answer reached to the
 * head of its own moment, watchers who asked at different moments would never share a key again.
 */
export class SharedHead {
  #epoch = "";
  #seq = 0;
  #movedAt = Number.NEGATIVE_INFINITY;

  upTo({ epoch, head, floor }: LogEnd, now: number): number {
    // `abs`: a clock that was set back stops nothing. Below the floor there is nothing to go on from.
    const isOver = Math.abs(now - this.#movedAt) >= MOVES_EVERY_MS || this.#seq < floor;
    if (isOver || epoch !== this.#epoch) {
      this.#epoch = epoch;
      this.#seq = head;
      this.#movedAt = now;
    }
    return this.#seq;
  }
}
