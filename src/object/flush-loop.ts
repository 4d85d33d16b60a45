// When to flush. One flush is under way at a time; what arrives meanwhile makes up the next one, so batches grow by
// themselves under load and a lone message leaves at once.

export interface FlushPorts {
  /** Does what waits. */
  flush(): void;
  /** Whether something waits still, or again. */
  hasWork(): boolean;
  /** How long to let a flush gather that follows close behind another one, in milliseconds. */
  lingerMs(): number;
  now(): number;
  wait(ms: number): Promise<unknown>;
  /** Settles when what was written is durable. */
  sync(): Promise<void>;
  /** Runs after each flush. */
  after(): Promise<void>;
}

/** A flush this soon after another one means load: then gathering pays. */
const BUSY_WITHIN_MS = 25;

export class FlushLoop {
  readonly #ports: FlushPorts;
  /** The flush that still gathers. */
  #gathering: Promise<void> | undefined;
  #latest: Promise<void> = Promise.resolve();
  #flushedAt = Number.NEGATIVE_INFINITY;

  constructor(ports: FlushPorts) {
    this.#ports = ports;
  }

  /** Settles when what waits now was done and is durable, however much goes on arriving. */
  request(): Promise<void> {
    if (this.#gathering === undefined) {
      this.#gathering = this.#run(this.#latest);
      // The next one starts also where this one failed; whoever asked for it hears of that.
      this.#latest = this.#gathering.catch(() => {});
    }
    return this.#gathering;
  }

  async #run(before: Promise<void>): Promise<void> {
    const { flush, hasWork, lingerMs, now, wait, sync, after } = this.#ports;
    await before;
    const isBusy = now() - this.#flushedAt < BUSY_WITHIN_MS;
    // A lone message leaves at once; even 0 lets in what has already arrived.
    await wait(isBusy ? lingerMs() : 0);
    this.#gathering = undefined;
    try {
      flush();
    } finally {
      if (hasWork()) void this.request().catch(() => {});
    }
    await sync();
    this.#flushedAt = now();
    await after();
  }
}
