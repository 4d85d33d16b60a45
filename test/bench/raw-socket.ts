// A WebSocket over bare TCP, so that the measurement does not include the load generator: frames are sent with a mask
// of zeros, and what arrives is counted by scanning for a marker, never parsed.

import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

export interface RawSocketOptions {
  readonly port: number;
  readonly path: string;
  readonly protocols?: readonly string[];
  /** Offers compression. Compressed frames are not text: only their size is used. */
  readonly deflate?: boolean;
}

export interface RawSocketEvents {
  /** The bytes of each text frame, valid until the callback returns. Frames may come before `open` resolves. */
  onFrame(payload: Buffer, socket: RawSocket): void;
  onClose(code: number | undefined): void;
}

const TEXT = 0x81;
const CLOSE = 0x8;
const PING = 0x9;
const PONG = 0x8a;
const MAX_HEADER_BYTES = 14;

export class RawSocket {
  readonly #socket: Socket;
  readonly #events: RawSocketEvents;
  #pending: Buffer = Buffer.alloc(0);

  private constructor(socket: Socket, events: RawSocketEvents) {
    this.#socket = socket;
    this.#events = events;
  }

  /** Resolves after the 101. */
  static open(
    { port, path, protocols = [], deflate = false }: RawSocketOptions,
    events: RawSocketEvents,
  ): Promise<RawSocket> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: "127.0.0.1", noDelay: true });
      const raw = new RawSocket(socket, events);
      let head: Buffer = Buffer.alloc(0);
      const onHead = (chunk: Uint8Array) => {
        head = Buffer.concat([head, chunk]);
        const end = head.indexOf("\r\n\r\n");
        if (end < 0) return;
        socket.off("data", onHead);
        const status = head.subarray(0, 12).toString();
        if (status !== "HTTP/1.1 101") {
          socket.destroy();
          reject(new Error(`not upgraded: ${head.toString().slice(0, 300)}`));
          return;
        }
        socket.on("data", (data: Buffer) => raw.#onData(data));
        resolve(raw);
        raw.#onData(head.subarray(end + 4));
      };
      socket.on("data", onHead);
      socket.on("error", reject);
      socket.on("close", () => events.onClose(undefined));
      const lines = [
        `GET ${path} HTTP/1.1`,
        `Host: 127.0.0.1:${port}`,
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
        ...(deflate ? ["Sec-WebSocket-Extensions: permessage-deflate"] : []),
        ...(protocols.length > 0 ? [`Sec-WebSocket-Protocol: ${protocols.join(", ")}`] : []),
      ];
      socket.write(`${lines.join("\r\n")}\r\n\r\n`);
    });
  }

  send(text: string): void {
    this.#socket.write(encode(TEXT, Buffer.from(text)));
  }

  /** Stops reading, as a client on a bad line would. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    let data = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    for (;;) {
      const frame = frameAt(data);
      if (frame === undefined) break;
      this.#onFrame(frame.opcode, data.subarray(frame.start, frame.end));
      data = data.subarray(frame.end);
    }
    this.#pending = data;
  }

  #onFrame(opcode: number, payload: Buffer): void {
    if (opcode === CLOSE) this.#events.onClose(payload.length >= 2 ? payload.readUInt16BE(0) : undefined);
    else if (opcode === PING) this.#socket.write(encode(PONG, payload));
    else this.#events.onFrame(payload, this);
  }
}

function frameAt(data: Buffer): { opcode: number; start: number; end: number } | undefined {
  if (data.length < 2) return undefined;
  const opcode = data.readUInt8(0) & 0x0f;
  let length = data.readUInt8(1) & 0x7f;
  let start = 2;
  if (length === 126) {
    if (data.length < 4) return undefined;
    length = data.readUInt16BE(2);
    start = 4;
  } else if (length === 127) {
    if (data.length < 10) return undefined;
    length = Number(data.readBigUInt64BE(2));
    start = 10;
  }
  return data.length < start + length ? undefined : { opcode, start, end: start + length };
}

/** A client must mask; with a mask of zeros the payload stays unchanged. */
function encode(first: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(MAX_HEADER_BYTES);
  head.writeUInt8(first, 0);
  let length = 2;
  if (payload.length < 126) head.writeUInt8(0x80 | payload.length, 1);
  else if (payload.length < 65_536) {
    head.writeUInt8(0x80 | 126, 1);
    head.writeUInt16BE(payload.length, 2);
    length = 4;
  } else {
    head.writeUInt8(0x80 | 127, 1);
    head.writeBigUInt64BE(BigInt(payload.length), 2);
    length = 10;
  }
  return Buffer.concat([head.subarray(0, length + 4), payload]);
}

/** The number of occurrences of `marker` in `payload`. */
export function countIn(payload: Buffer, marker: Buffer): number {
  let count = 0;
  for (let at = payload.indexOf(marker); at >= 0; at = payload.indexOf(marker, at + marker.length)) count++;
  return count;
}
