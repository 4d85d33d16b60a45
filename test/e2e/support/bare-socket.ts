// A WebSocket over bare TCP that does only what the test says: it answers no close, and sees when the connection ends.

import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

export class BareSocket {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  /** Resolves when the server has ended the TCP connection. */
  readonly ended: Promise<void>;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (data: Buffer) => {
      this.#received = Buffer.concat([this.#received, data]);
    });
    this.ended = new Promise((resolve) => {
      socket.on("end", resolve);
      socket.on("close", () => resolve());
    });
    socket.on("error", () => {});
  }

  /** Asks for an upgrade with our subprotocol, as a browser does. The answer, whatever it is, comes later. */
  static async open(port: number, path: string, token: string): Promise<BareSocket> {
    const socket = connect({ port, host: "localhost", allowHalfOpen: true });
    await new Promise((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    const bare = new BareSocket(socket);
    const lines = [
      `GET ${path} HTTP/1.1`,
      `Host: localhost:${port}`,
      "Upgrade: websocket",
      "Connection: Upgrade",
      "Sec-WebSocket-Version: 13",
      `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
      `Sec-WebSocket-Protocol: edge-rooms.v1, token.${token}`,
    ];
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    return bare;
  }

  /** All that came, frames with their headers: good enough to look for a text. */
  get text(): string {
    return this.#received.toString("latin1");
  }

  send(text: string): void {
    this.#frame(0x81, Buffer.from(text));
  }

  /** Answers the server's close, or begins one. */
  close(code: number): void {
    const payload = Buffer.alloc(2);
    payload.writeUInt16BE(code);
    this.#frame(0x88, payload);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Sends with a mask of zeros, which leaves the payload unchanged. At most 65,535 bytes. */
  #frame(first: number, payload: Buffer): void {
    const length =
      payload.length < 126
        ? [0x80 | payload.length]
        : [0x80 | 126, payload.length >> 8, payload.length & 0xff];
    this.#socket.write(Buffer.concat([Buffer.from([first, ...length, 0, 0, 0, 0]), payload]));
  }
}
