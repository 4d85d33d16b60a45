/** Sums by name, until somebody takes them. */
export class Counters {
  #sums = new Map<string, number>();

  add(name: string, by: number): void {
    if (by !== 0) this.#sums.set(name, (this.#sums.get(name) ?? 0) + by);
  }

  get isEmpty(): boolean {
    return this.#sums.size === 0;
  }

  /** What was added since the last time. */
  take(): Record<string, number> {
    const sums = Object.fromEntries(this.#sums);
    this.#sums = new Map();
    return sums;
  }
}
