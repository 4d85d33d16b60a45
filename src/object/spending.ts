// What users cost, told in samples: each act is told with a chance that grows with its price, and then as a whole sample.
// So on average all is told, whatever an object forgets while it sleeps, at one call in many acts.

/** In millionths of a US dollar. */
export const SAMPLE = 50;

export class Spending {
  readonly #random: () => number;
  readonly #untold = new Map<string, number>();

  /** `random`: from 0 to below 1. */
  constructor(random: () => number) {
    this.#random = random;
  }

  /** `units`: millionths of a US dollar. */
  add(user: string, units: number): void {
    const told = units >= SAMPLE ? units : this.#random() * SAMPLE < units ? SAMPLE : 0;
    if (told > 0) this.#untold.set(user, (this.#untold.get(user) ?? 0) + told);
  }

  /** What is to be told now, once: users, and how much of each. */
  take(): readonly (readonly [user: string, units: number])[] {
    if (this.#untold.size === 0) return NOTHING;
    const told = [...this.#untold];
    this.#untold.clear();
    return told;
  }
}

const NOTHING: readonly (readonly [string, number])[] = [];
