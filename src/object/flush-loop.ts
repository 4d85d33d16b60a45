// When to flush. One flush is under way at a time, and what arrives meanwhile waits for the next one: so batches grow
// under load, and a single message is sent at once.
//
// To gather and to wait until a flush is durable each cost the thread more than the rules of a message do. A room to
// which frames come one by one does neither: it flushes in the turn of the frame, and the runtime's output gate holds
// what leaves until it is durable. Now and then a flush gathers, and finds out whether they still come one by one.

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
  /** Runs after each flush, with its effects. */
  after(effects: Effects): Promise<void>;
  /** A flush failed that was started without a caller. */
  failed(error: unknown): void;
}

/** A flush this soon after another one is a sign of load, so it gathers. */
const BUSY_WITHIN_MS = 25;
/** Each flush that gathered one request only is followed by twice as many that do not gather, and at most by so many. */
const MAX_AT_ONCE = 16;

export class FlushLoop<Effects> {
  readonly #ports: FlushPorts<Effects>;
  /** The flush that has not begun yet. */
  #gathering: Promise<void> | undefined;
  #latest: Promise<void> = Promise.resolve();
  #flushedAt = Number.NEGATIVE_INFINITY;
  #isUnderWay = false;
  /** How often the flush that has not begun yet was asked for. */
  #requests = 0;
  /** Whether it does not gather. */
  #isAtOnce = false;
  /** How many may follow that do not gather. */
  #mayBeAtOnce = 0;
  /** As many after the last one that gathered. */
  #earned = 0;
  /** The last flush whose failure will be reported. */
  #watched: Promise<void> | undefined;

  constructor(ports: FlushPorts<Effects>) {
    this.#ports = ports;
  }

  /** Resolves when all that waits now is done and durable. */
  request(): Promise<void> {
    this.#isAtOnce = false;
    return this.#next();
  }

  /** As `request`, but it may resolve before that is durable: for a caller all of whose acts the output gate holds. */
  requestGated(): Promise<void> {
    const isFirst = this.#gathering === undefined && !this.#isUnderWay;
    if (isFirst && this.#mayBeAtOnce > 0 && this.#ports.lingerMs() === 0) {
      this.#mayBeAtOnce--;
      this.#isAtOnce = true;
    }
    return this.#next();
  }

  /** As `request`, where no caller waits. */
  start(): void {
    const flushing = this.request();
    if (flushing === this.#watched) return;
    this.#watched = flushing;
    flushing.catch((error: unknown) => this.#ports.failed(error));
  }

  #next(): Promise<void> {
    this.#requests++;
    if (this.#gathering === undefined) {
      this.#gathering = this.#run(this.#latest);
      // The next flush starts also if this one fails. Its callers get the error.
      this.#latest = this.#gathering.catch(() => {});
    }
    return this.#gathering;
  }

  async #run(before: Promise<void>): Promise<void> {
    const { flush, hasWork, sync, now, after } = this.#ports;
    await before;
    const isAtOnce = this.#isAtOnce;
    if (!isAtOnce) await this.#gather();
    this.#gathering = undefined;
    this.#requests = 0;
    this.#isAtOnce = false;
    this.#isUnderWay = true;
    try {
      let effects: Effects;
      try {
        effects = flush();
      } finally {
        if (hasWork()) this.start();
      }
      if (!isAtOnce) await sync();
      this.#flushedAt = now();
      await after(effects);
    } finally {
      this.#isUnderWay = false;
    }
  }

  async #gather(): Promise<void> {
    const { now, wait, lingerMs } = this.#ports;
    const isBusy = now() - this.#flushedAt < BUSY_WITHIN_MS;
    // Even 0 ms let in what has arrived already.
    await wait(isBusy ? lingerMs() : 0);
    this.#earned = this.#requests > 1 ? 0 : Math.min(MAX_AT_ONCE, this.#earned * 2 || 1);
    this.#mayBeAtOnce = this.#earned;
  }
}
