// How often the calls of readers without a token are answered. They share the allowance of their address, and each message
// of a busy room would be a call of each of them: so what comes soon after an answer waits for the next one, and the
// more readers an address has, the longer.

/** Between two answers to one reader, in milliseconds. */
const PACE_MS = 1_000;
/** All readers of an address together get 25 answers a second. */
const PACE_A_READER_MS = 40;
const MAX_PACE_MS = 10_000;

export class PollPace {
  /** How many readers each address has. */
  readonly #readers = new Map<string, number>();

  add(address: string): void {
    this.#readers.set(address, (this.#readers.get(address) ?? 0) + 1);
  }

  remove(address: string): void {
    const left = (this.#readers.get(address) ?? 0) - 1;
    if (left > 0) this.#readers.set(address, left);
    else this.#readers.delete(address);
  }

  /**
   * When a call that begins now may be answered, if the one before it might be at `lastAt`. In milliseconds, as all
   * instants.
   */
  answerAt(address: string, lastAt: number, now: number): number {
    const readers = this.#readers.get(address) ?? 0;
    const paceMs = Math.min(MAX_PACE_MS, Math.max(PACE_MS, readers * PACE_A_READER_MS));
    // Calls that overtake each other, and a clock that was set back, make none wait for longer.
    return Math.min(now + paceMs, Math.max(now, lastAt + paceMs));
  }
}
