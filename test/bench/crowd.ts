// Many connections to one room, whose frames are counted by scanning.

import type { Dialect } from "./dialect.ts";
import { countIn, RawSocket } from "./raw-socket.ts";

/** The number of handshakes that run at once. */
const AT_ONCE = 50;
const READY_WITHIN_MS = 60_000;
/** Latency is measured at one receiver in this many, for the last message of each of its frames. */
const SAMPLED = 20;
const SAID_AT = Buffer.from('"t":');

export class Crowd {
  readonly #dialect: Dialect;
  readonly #port: number;
  readonly sockets: RawSocket[] = [];
  readonly latenciesMs: number[] = [];
  delivered = 0;
  frames = 0;
  bytes = 0;
  /** Close codes, in the order they came. */
  readonly closes: (number | undefined)[] = [];
  #ready = 0;
  #expected = 0;

  constructor(dialect: Dialect, port: number) {
    this.#dialect = dialect;
    this.#port = port;
  }

  /** Opens `count` connections, of as many users if nothing else is said, and waits until all of them receive messages. */
  async join(room: string, count: number, query?: string, users = count): Promise<void> {
    this.#expected += count;
    let next = 0;
    const connectSome = async () => {
      while (next < count) {
        const at = next++;
        await this.#connect(room, at, `user${at % users}`, query);
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, connectSome));
    const giveUpAt = Date.now() + READY_WITHIN_MS;
    while (this.#ready < this.#expected) {
      if (Date.now() > giveUpAt) throw new Error(`only ${this.#ready} of ${this.#expected} became ready`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** Starts counting from zero. */
  reset(): void {
    this.delivered = 0;
    this.frames = 0;
    this.bytes = 0;
    this.latenciesMs.length = 0;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
  }

  async #connect(room: string, at: number, user: string, query?: string): Promise<void> {
    const dialect = this.#dialect;
    const { path, protocols = [] } = await dialect.connect(room, user, query);
    let ready = false;
    const socket = await RawSocket.open(
      { port: this.#port, path, protocols },
      {
        onFrame: (frame, own) => {
          this.frames++;
          this.bytes += frame.length;
          if (!ready) {
            const answer = dialect.respond(frame);
            if (answer !== undefined) own.send(answer);
            if (dialect.isReady(frame)) {
              ready = true;
              this.#ready++;
            }
          }
          this.delivered += countIn(frame, dialect.delivered);
          if (at % SAMPLED === 0) this.#sample(frame);
        },
        onClose: (code) => this.closes.push(code),
      },
    );
    this.sockets.push(socket);
  }

  #sample(frame: Buffer): void {
    const start = frame.lastIndexOf(SAID_AT);
    if (start < 0) return;
    const said = Number(frame.toString("latin1", start + SAID_AT.length, frame.indexOf(",", start)));
    this.latenciesMs.push(performance.now() - said);
  }
}

/** A message of about 100 bytes that contains its sender and the time of sending. */
export const payloadOf = (sender: string, bytes = 100): string => {
  const head = `{"t":${performance.now().toFixed(3)},"by":"${sender}","x":"`;
  return `${head}${"x".repeat(Math.max(0, bytes - head.length - 2))}"}`;
};

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
