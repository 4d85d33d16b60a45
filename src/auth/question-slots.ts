// How many questions to one back end are under way at once in an isolate.

/** Each takes up to 3 s: more would not make a slow back end any faster. */
const MAX_UNDER_WAY = 100;
/** A second more than a question may take: one that is older was lost with the request that asked it. */
const LOST_AFTER_MS = 4_000;
/** How long a question waits for its turn, in milliseconds. */
const MAX_WAIT_MS = 1_000;
const LOOK_AGAIN_MS = 25;

export interface QuestionSlotsPorts {
  /** In milliseconds. */
  now(): number;
  wait(ms: number): Promise<unknown>;
}

export class QuestionSlots {
  readonly #ports: QuestionSlotsPorts;
  /** When each began. */
  readonly #underWay = new Set<{ readonly since: number }>();

  constructor(ports: QuestionSlotsPorts) {
    this.#ports = ports;
  }

  /**
   * Asks as soon as there is room for one more. Rejects where there is none within a second, or as `ask` does. Each
   * waits on a timer of its own, as on Workers no request may wait for a promise of another one.
   */
  async run<T>(ask: () => Promise<T>): Promise<T> {
    for (let waitedMs = 0; this.#isFull(); waitedMs += LOOK_AGAIN_MS) {
      if (waitedMs >= MAX_WAIT_MS) throw new Error("too many questions are under way");
      await this.#ports.wait(LOOK_AGAIN_MS);
    }
    const slot = { since: this.#ports.now() };
    this.#underWay.add(slot);
    try {
      return await ask();
    } finally {
      this.#underWay.delete(slot);
    }
  }

  #isFull(): boolean {
    if (this.#underWay.size < MAX_UNDER_WAY) return false;
    const now = this.#ports.now();
    for (const slot of this.#underWay)
      if (Math.abs(now - slot.since) >= LOST_AFTER_MS) this.#underWay.delete(slot);
    return this.#underWay.size >= MAX_UNDER_WAY;
  }
}
