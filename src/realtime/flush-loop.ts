// When to flush. One flush is under way at a time; what arrives meanwhile makes up the next one, so batches grow by
// themselves under load and a lone message leaves at once.

export interface FlushPorts {
  /** Does what waits. */
  flush(): void;
  /** Whether something waits. */
  hasWork(): boolean;
  /** How long to let a flush gather, in milliseconds. */
  lingerMs(): number;
  wait(ms: number): Promise<unknown>;
  /** Settles when what was written is durable. */
  sync(): Promise<void>;
  /** Runs when nothing waits any more. */
  settled(): Promise<void>;
}

export class FlushLoop {
  readonly #ports: FlushPorts;
  #running: Promise<void> | undefined;

  constructor(ports: FlushPorts) {
    this.#ports = ports;
  }

  /** Settles when nothing waits any more. */
  request(): Promise<void> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    const { flush, hasWork, lingerMs, wait, sync, settled } = this.#ports;
    do {
      // Even 0 lets in what has already arrived.
      await wait(lingerMs());
      flush();
      await sync();
      if (!hasWork()) await settled();
    } while (hasWork());
  }
}
