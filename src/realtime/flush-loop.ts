// When to flush. One flush is under way at a time; what arrives meanwhile makes up the next one, so batches grow by
// themselves under load and a lone message leaves at once.

export interface FlushPorts {
  /** Does what waits. */
  flush(): void;
  /** Whether something waits still, or again. */
  hasWork(): boolean;
  /** How long to let a flush gather that was asked for while another one is under way, in milliseconds. */
  lingerMs(): number;
  wait(ms: number): Promise<unknown>;
  /** Settles when what was written is durable. */
  sync(): Promise<void>;
  /** Runs after each flush. */
  after(): Promise<void>;
}

export class FlushLoop {
  readonly #ports: FlushPorts;
  /** The flush that still gathers. */
  #gathering: Promise<void> | undefined;
  #latest: Promise<void> = Promise.resolve();
  #underWay = 0;

  constructor(ports: FlushPorts) {
    this.#ports = ports;
  }

  /** Settles when what waits now was done and is durable, however much goes on arriving. */
  request(): Promise<void> {
    if (this.#gathering === undefined) {
      this.#gathering = this.#run(this.#latest).finally(() => {
        this.#underWay--;
      });
      this.#underWay++;
      // The next one starts also where this one failed; whoever asked for it hears of that.
      this.#latest = this.#gathering.catch(() => {});
    }
    return this.#gathering;
  }

  async #run(before: Promise<void>): Promise<void> {
    const { flush, hasWork, lingerMs, wait, sync, after } = this.#ports;
    const isBusy = this.#underWay > 0;
    await before;
    // A lone message leaves at once; even 0 lets in what has already arrived.
    await wait(isBusy ? lingerMs() : 0);
    this.#gathering = undefined;
    try {
      flush();
    } finally {
      if (hasWork()) void this.request().catch(() => {});
    }
    await sync();
    await after();
  }
}
