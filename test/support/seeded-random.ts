/** Random choices from a seeded source. */
export class SeededRandom {
  readonly next: () => number;

  constructor(next: () => number) {
    this.next = next;
  }

  /** A random integer from 1 to `most`. */
  upTo(most: number): number {
    return 1 + Math.floor(this.next() * most);
  }

  any<T>(among: readonly T[]): T | undefined {
    return among[Math.floor(this.next() * among.length)];
  }

  pick<T>(among: readonly T[]): T {
    if (among.length === 0) throw new Error("nothing to pick from");
    return among[Math.floor(this.next() * among.length)] as T; // in range
  }
}
