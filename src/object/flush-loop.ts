// When to flush. One flush is under way at a time, and what arrives meanwhile waits for the next one: so batches grow
// under load, and a single message is sent at once.

export interface FlushPorts<Effects> {
  /** Does the waiting work. Returns what it left to be done. */
  flush(): Effects;
  /** Whether work waits. */
  hasWork(): boolean;
  /** How long a flush that soon follows another one gathers, in milliseconds. */
  lingerMs(): number;
  now(): number;
  wait(ms: number): Promise<unknown>;
  /** Resolves when all writes are durable. */
  sync(): Promise<void>;
  /** Runs after each flush, with its effects, when its writes are durable. */
  after(effects: Effects): Promise<void>;
  /** A flush failed that was started without a caller. */
  failed(error: unknown): void;
}

/** A flush this soon after another one is a sign of load, so it gathers. */
const BUSY_WITHIN_MS = 25;

export class FlushLoop<Effects> {
  readonly #ports: FlushPorts<Effects>;
  /** The flush that has not begun yet. */
  #gathering: Promise<void> | undefined;
  #latest: Promise<void> = Promise.resolve();
  #flushedAt = Number.NEGATIVE_INFINITY;
  /** The last flush whose failure will be reported. */
  #watched: Promise<void> | undefined;

  constructor(ports: FlushPorts<Effects>) {
    this.#ports = ports;
  }

  /** Resolves when all that waits now is done and durable. */
  request(): Promise<void> {
    if (this.#gathering === undefined) {
      this.#gathering = this.#run(this.#latest);
      // The next flush starts also if this one fails. Its callers get the error.
      this.#latest = this.#gathering.catch(() => {});
    }
    return this.#gathering;
  }

  /** As `request`, where no caller waits. */
  start(): void {
    const flushing = this.request();
    if (flushing === this.#watched) return;
    this.#watched = flushing;
    flushing.catch((error: unknown) => this.#ports.failed(error));
  }

  async #run(before: Promise<void>): Promise<void> {
    const { flush, hasWork, lingerMs, now, wait, sync, after } = this.#ports;
    await before;
    const isBusy = now() - this.#flushedAt < BUSY_WITHIN_MS;
    // Even 0 ms let in what has arrived already.
    await wait(isBusy ? lingerMs() : 0);
    this.#gathering = undefined;
    let effects: Effects;
    try {
      effects = flush();
    } finally {
      if (hasWork()) this.start();
    }
    await sync();
    this.#flushedAt = now();
    await after(effects);
  }
}
