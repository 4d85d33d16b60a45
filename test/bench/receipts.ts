// What one reader got of messages that are numbered from 0.

/** Counts what is missing, what comes twice and what comes after a later one. */
export class Receipts {
  delivered = 0;
  duplicates = 0;
  outOfOrder = 0;
  lastAt = performance.now();
  readonly #seen: Uint8Array;
  #newest = -1;

  constructor(count: number) {
    this.#seen = new Uint8Array(count);
  }

  take(n: number): void {
    this.lastAt = performance.now();
    if (this.#seen[n] === 1) {
      this.duplicates++;
      return;
    }
    if (this.#seen[n] === undefined) throw new Error(`nobody sent ${n}`);
    this.#seen[n] = 1;
    this.delivered++;
    if (n < this.#newest) this.outOfOrder++;
    else this.#newest = n;
  }
}
