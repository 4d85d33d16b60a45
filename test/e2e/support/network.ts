// A network between client and server that can lose, hold back and delay what passes it, and can break.

import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from "node:net";

type Direction = "up" | "down";

/**
 * How a connection ends: with what was sent delivered, with an error on both sides, or with an error for the client alone:
 * the server goes on sending to nobody, as when a phone changes its network.
 */
export type Cut = "fin" | "rst" | "untold";

interface Pair {
  readonly client: Socket;
  readonly upstream: Socket;
  /** Nothing passes, and neither side hears of the end of the other. */
  isHalfOpen: boolean;
  /** The next bytes are passed in part, and then it breaks. */
  isTorn: boolean;
}

/** A port that nobody listens to. */
export const NOWHERE = 1;

/** Which connections something happens to. */
type Which = () => boolean;
const ALL: Which = () => true;

export class Network {
  readonly #server: Server;
  #port: number;
  readonly #pairs = new Set<Pair>();
  readonly #frozen = new Set<Direction>();
  #delayMs = 0;

  private constructor(port: number) {
    this.#port = port;
    this.#server = createServer((client) => this.#join(client));
  }

  static async to(port: number): Promise<Network> {
    const network = new Network(port);
    await new Promise<void>((resolve) => network.#server.listen(0, "127.0.0.1", resolve));
    return network;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** New connections lead to another server, or, with a port that nobody listens to such as `NOWHERE`, nowhere. */
  leadTo(port: number): void {
    this.#port = port;
  }

  /** Everything in this direction is lost from now on; the sender does not notice. */
  freeze(direction: Direction): void {
    this.#frozen.add(direction);
  }

  /** The client stops reading: what the server sends is held in front of this network until `flow`. */
  stall(): void {
    for (const { upstream } of this.#pairs) upstream.pause();
  }

  flow(): void {
    for (const { upstream } of this.#pairs) upstream.resume();
  }

  /** What comes from now on arrives so much later, in its order. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  /** Nothing passes these connections any more, and nobody is told; new ones work. Returns how many there are. */
  halfOpen(which: Which): number {
    return this.#each(which, (pair) => {
      pair.isHalfOpen = true;
    });
  }

  /** These connections break in the middle of what comes next. Returns how many there are. */
  tear(which: Which): number {
    return this.#each(which, (pair) => {
      pair.isTorn = true;
    });
  }

  /** Breaks connections; new ones work. Returns how many there were. */
  cut(how: Cut = "fin", which: Which = ALL): number {
    this.#frozen.clear();
    return this.#each(which, (pair) => this.#break(pair, how));
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #each(which: Which, act: (pair: Pair) => void): number {
    const chosen = [...this.#pairs].filter(which);
    for (const pair of chosen) act(pair);
    return chosen.length;
  }

  #break(pair: Pair, how: Cut): void {
    if (how === "untold") {
      pair.isHalfOpen = true;
      pair.client.resetAndDestroy();
      return;
    }
    this.#pairs.delete(pair);
    for (const socket of [pair.client, pair.upstream]) {
      if (how === "rst") socket.resetAndDestroy();
      else socket.destroy();
    }
  }

  #join(client: Socket): void {
    const upstream = dial(this.#port, "localhost");
    const pair: Pair = { client, upstream, isHalfOpen: false, isTorn: false };
    this.#pairs.add(pair);
    const end = () => {
      if (pair.isHalfOpen) {
        if (client.destroyed && upstream.destroyed) this.#pairs.delete(pair);
      } else this.#break(pair, "fin");
    };
    for (const socket of [client, upstream]) {
      socket.on("error", end);
      socket.on("close", end);
    }
    client.on("data", this.#passTo("up", pair, upstream));
    upstream.on("data", this.#passTo("down", pair, client));
  }

  #passTo(direction: Direction, pair: Pair, to: Socket): (bytes: Buffer) => void {
    const delayed: Buffer[] = [];
    const write = (bytes: Buffer) => {
      if (!pair.isHalfOpen) to.write(bytes);
    };
    return (bytes) => {
      if (this.#frozen.has(direction)) return;
      if (pair.isTorn) {
        to.end(bytes.subarray(0, Math.ceil(bytes.length / 2)), () => this.#break(pair, "fin"));
        return;
      }
      if (this.#delayMs === 0 && delayed.length === 0) {
        write(bytes);
        return;
      }
      delayed.push(bytes);
      // Whichever timer comes first takes what came first.
      setTimeout(() => {
        const first = delayed.shift();
        if (first !== undefined) write(first);
      }, this.#delayMs);
    };
  }
}
