// A proxy that speaks HTTP and lets no WebSocket work, in one of the ways in which those of companies do.

import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";

export type Blocking =
  /** An upgrade is answered as if it was none. */
  | "refuses upgrades"
  /** An upgrade is passed on, and then no frame of the server arrives. */
  | "swallows frames"
  /** As `refuses upgrades`, and an answer arrives when it has ended. */
  | "buffers answers"
  /** As `refuses upgrades`, and a call that takes longer than `cutMs` is broken off. */
  | "cuts calls";

export class BlockingProxy {
  readonly #blocking: Blocking;
  readonly #port: number;
  readonly #cutMs: number;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** Whether WebSockets pass: the user is in another network. */
  isOpen = false;
  readonly seen = { upgrades: 0, calls: 0, gets: 0, cuts: 0 };

  private constructor(blocking: Blocking, port: number, cutMs: number) {
    this.#blocking = blocking;
    this.#port = port;
    this.#cutMs = cutMs;
    this.#server = createServer((incoming, outgoing) => this.#pass(incoming, outgoing));
    this.#server.on("upgrade", (incoming, socket: Socket, head) => this.#upgrade(incoming, socket, head));
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
    });
  }

  /** `port`: of the server behind it. */
  static async start(blocking: Blocking, port: number, { cutMs = 1_500 } = {}): Promise<BlockingProxy> {
    const proxy = new BlockingProxy(blocking, port, cutMs);
    await new Promise<void>((resolve) => proxy.#server.listen(0, "127.0.0.1", resolve));
    return proxy;
  }

  get url(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const { method, url, headers } = incoming;
    if (method === "POST") this.seen.calls += 1;
    else if (method === "GET") this.seen.gets += 1;
    const upstream = request({ host: "127.0.0.1", port: this.#port, method, path: url, headers });
    outgoing.on("close", () => upstream.destroy());
    upstream.on("error", () => outgoing.destroy());
    if (this.#blocking === "cuts calls") {
      const timer = setTimeout(() => {
        this.seen.cuts += 1;
        outgoing.destroy();
      }, this.#cutMs);
      outgoing.on("close", () => clearTimeout(timer));
    }
    upstream.on("response", (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      if (this.#blocking !== "buffers answers") {
        answer.pipe(outgoing);
        return;
      }
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("end", () => outgoing.end(Buffer.concat(chunks)));
    });
    incoming.pipe(upstream);
  }

  #upgrade(incoming: IncomingMessage, socket: Socket, head: Buffer): void {
    this.seen.upgrades += 1;
    const { isOpen } = this;
    socket.on("error", () => {});
    if (!isOpen && this.#blocking !== "swallows frames") {
      socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    const upstream = connect(this.#port, "127.0.0.1");
    this.#sockets.add(upstream);
    upstream.on("error", () => socket.destroy());
    upstream.on("close", () => socket.destroy());
    socket.on("close", () => upstream.destroy());
    const { rawHeaders, method, url } = incoming;
    const fields = Array.from(
      { length: rawHeaders.length / 2 },
      (_, at) => `${rawHeaders[2 * at]}: ${rawHeaders[2 * at + 1]}`,
    );
    upstream.write(`${method} ${url} HTTP/1.1\r\n${fields.join("\r\n")}\r\n\r\n`);
    upstream.write(head);
    socket.pipe(upstream);
    let answered = "";
    upstream.on("data", (chunk: Buffer) => {
      if (isOpen) {
        socket.write(chunk);
        return;
      }
      // The answer to the upgrade, and nothing behind it.
      const before = answered.length;
      answered += chunk.toString("latin1");
      const end = answered.indexOf("\r\n\r\n");
      if (before === 0 || !answered.slice(0, before).includes("\r\n\r\n"))
        socket.write(Buffer.from(answered.slice(before, end === -1 ? undefined : end + 4), "latin1"));
    });
  }
}
