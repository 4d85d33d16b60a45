// Bounds how many questions an isolate asks one back end at a time.

/** A question takes some seconds at most. More at a time would not make a slow back end faster. */
const MAX_UNDER_WAY = 100;
/** After its time limit and so long, a question was lost with its request. */
const LOST_AFTER_MS = 1_000;
const LOOK_AGAIN_MS = 25;

export interface QuestionSlotsPorts {
  /** In milliseconds. */
  now(): number;
  wait(ms: number): Promise<unknown>;
}

/** In milliseconds. */
export interface QuestionTimes {
  /** How long a question waits for a slot. */
  readonly maxWaitMs: number;
  /** The time limit of a question that is under way. */
  readonly withinMs: number;
}

export class QuestionSlots {
  readonly #ports: QuestionSlotsPorts;
  readonly #times: QuestionTimes;
  /** When each began. */
  readonly #underWay = new Set<{ readonly since: number }>();

  constructor(ports: QuestionSlotsPorts, times: QuestionTimes) {
    this.#ports = ports;
    this.#times = times;
  }

  /**
   * Asks as soon as a slot is free. Rejects if none is free in time, or as `ask` does. Each question waits on a
   * timer of its own, as on Workers no request may wait for a promise of another one.
   */
  async run<T>(ask: () => Promise<T>): Promise<T> {
    for (let waitedMs = 0; this.#isFull(); waitedMs += LOOK_AGAIN_MS) {
      if (waitedMs >= this.#times.maxWaitMs) throw new Error("too many questions are under way");
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
    const lostAfterMs = this.#times.withinMs + LOST_AFTER_MS;
    for (const slot of this.#underWay)
      if (Math.abs(now - slot.since) >= lostAfterMs) this.#underWay.delete(slot);
    return this.#underWay.size >= MAX_UNDER_WAY;
  }
}
