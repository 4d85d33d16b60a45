// The one alarm of an object, for all that it has to do later: it goes off at the soonest of its deadlines. Setting it
// is a row written, so it is left alone where it goes off soon enough; whoever finds it too early says anew when.

export interface AlarmPort {
  getAlarm(): Promise<number | null>;
  setAlarm(at: number): Promise<void>;
}

export class ObjectAlarm {
  readonly #port: AlarmPort;
  /** `undefined`: not asked since the start. */
  #at: number | null | undefined;

  constructor(port: AlarmPort) {
    this.#port = port;
  }

  /** Each that still waits for something has to say so again. */
  wentOff(): void {
    this.#at = null;
  }

  /** Sees to it that it goes off by the soonest of these; `null`: nothing has to be done for that. */
  async by(...deadlines: readonly (number | null)[]): Promise<void> {
    const at = Math.min(...deadlines.map((deadline) => deadline ?? Number.POSITIVE_INFINITY));
    if (at === Number.POSITIVE_INFINITY) return;
    if (this.#at === undefined) await this.known();
    if (typeof this.#at === "number" && this.#at <= at) return;
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
}
