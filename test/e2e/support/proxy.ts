// A piece of network between client and server that can hold back what goes one way, and break.

import { createServer, connect as dial, type AddressInfo, type Server, type Socket } from "node:net";

type Direction = "up" | "down";

export class Proxy {
  readonly #server: Server;
  readonly #pairs = new Set<{ readonly client: Socket; readonly upstream: Socket }>();
  readonly #frozen = new Set<Direction>();

  private constructor(port: number) {
    this.#server = createServer((client) => this.#join(client, port));
  }

  static async to(port: number): Promise<Proxy> {
    const proxy = new Proxy(port);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  /** What goes this way is lost from now on; whoever sends it does not notice. */
  freeze(direction: Direction): void {
    this.#frozen.add(direction);
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
