// The one alarm of an object, for all that it has to do later: it goes off at the soonest of its deadlines. Setting it
// is a row written, so it is left alone where it goes off soon enough; whoever finds it too early says anew when.
//
// The runtime is no help where an alarm fails: it tries six times in two minutes and then forgets it; and where another
// alarm was set meanwhile it neither counts the failure nor waits. So nothing is thrown here: what failed is done again
// after some minutes, and what goes on at once goes on a second later.

export interface AlarmPort {
  getAlarm(): Promise<number | null>;
  setAlarm(at: number): Promise<void>;
}

/** Something that is due when the alarm goes off; answers when it is due again, in milliseconds, or `null`. */
export type AlarmWork = () => Promise<number | null>;

/** What failed is done again this late, give or take a half. */
const AGAIN_AFTER_MS = 15 * 60_000;
/** Between two alarms that an alarm sets. */
const MIN_STEP_MS = 1_000;

export class ObjectAlarm {
  readonly #port: AlarmPort;
  /** `undefined`: not asked since the start. */
  #at: number | null | undefined;

  constructor(port: AlarmPort) {
    this.#port = port;
  }

  /** When it goes off; `undefined`: not known yet. */
  get at(): number | null | undefined {
    return this.#at;
  }

  /** It went off. Each piece of work is done whatever became of the others. */
  async goOff(works: readonly AlarmWork[], failed: (error: unknown) => void): Promise<void> {
    this.#at = null;
    const deadlines: (number | null)[] = [];
    for (const work of works) deadlines.push(await this.#done(work, failed));
    await this.by(...deadlines);
  }

  /** Sees to it that it goes off by the soonest of these; `null`: nothing has to be done for that. */
  async by(...deadlines: readonly (number | null)[]): Promise<void> {
    const at = Math.min(...deadlines.map((deadline) => deadline ?? Number.POSITIVE_INFINITY));
    if (at === Number.POSITIVE_INFINITY) return;
    if (this.#at === undefined) await this.known();
    if (typeof this.#at === "number" && this.#at <= at) return;
    await this.set(at);
  }

  /** Sets it to `at`, be that sooner or later than it was. */
  async set(at: number): Promise<void> {
    this.#at = at;
    await this.#port.setAlarm(at);
  }

  /** Once it is known when it goes off, `by` sets it in the turn in which it is called. */
  async known(): Promise<void> {
    if (this.#at !== undefined) return;
    const stored = await this.#port.getAlarm();
    // Somebody else may have been faster.
    if (this.#at === undefined) this.#at = stored;
  }

  async #done(work: AlarmWork, failed: (error: unknown) => void): Promise<number | null> {
    try {
      const at = await work();
      return at === null ? null : Math.max(at, Date.now() + MIN_STEP_MS);
    } catch (error) {
      failed(error);
      return Date.now() + AGAIN_AFTER_MS * (0.5 + Math.random());
    }
  }
}
