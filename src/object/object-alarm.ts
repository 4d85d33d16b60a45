// The one alarm of an object, for everything that it has to do later: it goes off at the soonest deadline. Setting it
// is a row written, so it is left alone if it goes off soon enough; work that it wakes too early answers anew when it
// is due.
//
// The runtime does not help with an alarm that fails: it tries six times in two minutes and then forgets it; and if
// another alarm was set meanwhile it neither counts the failure nor waits. So nothing is thrown here: failed work runs
// again after some minutes, and work that goes on at once runs again a second later.

export interface AlarmPort {
  getAlarm(): Promise<number | null>;
  setAlarm(at: number): Promise<void>;
}

/** Work for when the alarm goes off. Answers when it is due again, in milliseconds, or `null`. */
export type AlarmWork = () => Promise<number | null>;

/** Failed work runs again this late, give or take a half. */
const AGAIN_AFTER_MS = 15 * 60_000;
/** Least time between two alarms that an alarm sets. */
const MIN_STEP_MS = 1_000;

export class ObjectAlarm {
  readonly #port: AlarmPort;
  /** `undefined`: not read since the start. */
  #at: number | null | undefined;

  constructor(port: AlarmPort) {
    this.#port = port;
  }

  /** When it goes off; `undefined`: not known yet. */
  get at(): number | null | undefined {
    return this.#at;
  }

  /** It went off. All work is done, also if some of it fails. */
  async goOff(works: readonly AlarmWork[], failed: (error: unknown) => void): Promise<void> {
    this.#at = null;
    const deadlines: (number | null)[] = [];
    for (const work of works) deadlines.push(await this.#done(work, failed));
    await this.by(...deadlines);
  }

  /** Makes sure that it goes off by the soonest of these; `null` is no deadline. */
  async by(...deadlines: readonly (number | null)[]): Promise<void> {
    const at = Math.min(...deadlines.map((deadline) => deadline ?? Number.POSITIVE_INFINITY));
    if (at === Number.POSITIVE_INFINITY) return;
    if (this.#at === undefined) await this.known();
    if (typeof this.#at === "number" && this.#at <= at) return;
    await this.set(at);
  }

  /** Sets it to `at`, sooner or later than it was. */
  async set(at: number): Promise<void> {
    this.#at = at;
    await this.#port.setAlarm(at);
  }

  /** Reads when it goes off. After that, `by` sets it in the turn in which it is called. */
  async known(): Promise<void> {
    if (this.#at !== undefined) return;
    const stored = await this.#port.getAlarm();
    // Another call may have set it meanwhile.
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

/** How often a sleeping object with connections looks for those that are gone without a close. */
export const SWEEP_EVERY_MS = 15 * 60_000;
/** A room in which nothing was ever stored is forgotten this long after its last connection or call. */
export const FORGET_AFTER_MS = 60 * 60_000;
/** At most this much later, so that not every touch of such a room sets the alarm again. */
const FORGET_SLACK_MS = 5 * 60_000;

export interface ObjectLife {
  readonly connections: number;
  /** Whether there is anything that must not be forgotten. Asked last, as it may take reading. */
  isKept(): boolean;
}

/** When the alarm has to look for lost connections. A single one is not looked for: it costs nothing. */
export const sweepDueAt = (connections: number, now: number): number | null =>
  connections >= 2 ? now + SWEEP_EVERY_MS : null;

/** When the alarm of a room has to go off, or `null` to leave it as it is. */
export function planAlarm(
  { connections, isKept }: ObjectLife,
  current: number | null,
  now: number,
): number | null {
  const sweepAt = sweepDueAt(connections, now);
  if (sweepAt !== null) return current === null || current > sweepAt ? sweepAt : null;
  if (current !== null && current >= now + FORGET_AFTER_MS) return null;
  if (isKept()) return null;
  return now + FORGET_AFTER_MS + FORGET_SLACK_MS;
}
