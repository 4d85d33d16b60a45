// A network between client and server that can lose or hold back what goes one way, and can break.

import { type AddressInfo, createServer, connect as dial, type Server, type Socket } from "node:net";

type Direction = "up" | "down";

export class Network {
  readonly #server: Server;
  readonly #pairs = new Set<{ readonly client: Socket; readonly upstream: Socket }>();
  readonly #frozen = new Set<Direction>();

  private constructor(port: number) {
    this.#server = createServer((client) => this.#join(client, port));
  }

  static async to(port: number): Promise<Network> {
    const network = new Network(port);
    await new Promise<void>((resolve) => network.#server.listen(0, "127.0.0.1", resolve));
    return network;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
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

  /** Breaks all connections; new ones work. */
  cut(): void {
    this.#frozen.clear();
    for (const { client, upstream } of this.#pairs) {
      client.destroy();
      upstream.destroy();
    }
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket, port: number): void {
    const upstream = dial(port, "localhost");
    const pair = { client, upstream };
    this.#pairs.add(pair);
    const end = () => {
      this.#pairs.delete(pair);
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) {
      socket.on("error", end);
      socket.on("close", end);
    }
    client.on("data", (bytes) => this.#pass("up", upstream, bytes));
    upstream.on("data", (bytes) => this.#pass("down", client, bytes));
  }

  #pass(direction: Direction, to: Socket, bytes: Buffer): void {
    if (!this.#frozen.has(direction)) to.write(bytes);
  }
}
