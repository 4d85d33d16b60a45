/** Random choices from a seeded source. */
export class Dice {
  readonly roll: () => number;

  constructor(roll: () => number) {
    this.roll = roll;
  }

  /** A random integer from 1 to `most`. */
  upTo(most: number): number {
    return 1 + Math.floor(this.roll() * most);
  }

  any<T>(among: readonly T[]): T | undefined {
    return among[Math.floor(this.roll() * among.length)];
  }

  pick<T>(among: readonly T[]): T {
    if (among.length === 0) throw new Error("nothing to pick from");
    return among[Math.floor(this.roll() * among.length)] as T; // in range
  }
}
