// A WebSocket over `node:http`, for what other clients hide: what the handshake negotiates, when the Close frame comes,
// and when TCP ends. It offers no compression unless it is asked to, and understands none.

import { randomBytes } from "node:crypto";
import { type IncomingMessage, type RequestOptions, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import type { Duplex } from "node:stream";
import type { Within } from "./patience.ts";

export type SmokeFrame = { readonly type: string } & Readonly<Record<string, unknown>>;

export interface Closed {
  /** 1006: TCP ended without a Close frame. */
  readonly code: number;
  readonly reason: string;
  /** As `performance.now()`. */
  readonly at: number;
}

export interface SocketOptions {
  readonly token: string;
  readonly within: Within;
  readonly offersCompression?: boolean;
}

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

export class SmokeSocket {
  /** Of the answer to the upgrade. */
  readonly extensions: string;
  readonly closed: Promise<Closed>;
  /** When TCP ended, as `performance.now()`. */
  readonly ended: Promise<number>;
  readonly #socket: Duplex;
  readonly #within: Within;
  #bytes: Buffer = Buffer.alloc(0);
  #text = "";
  #frames: SmokeFrame[] = [];
  /** Called when something came. */
  #waiting: (() => void)[] = [];
  #close: (closed: Closed) => void = () => {};

  static async open(
    url: string,
    { token, within, offersCompression = false }: SocketOptions,
  ): Promise<SmokeSocket> {
    const headers = {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
      "Sec-WebSocket-Protocol": `edge-rooms.v1, token.${token}`,
      ...(offersCompression && { "Sec-WebSocket-Extensions": "permessage-deflate" }),
    };
    const { response, socket, head } = await within("the upgrade", upgrade(url, { headers }));
    return new SmokeSocket(response, socket, head, within);
  }

  private constructor({ headers }: IncomingMessage, socket: Duplex, head: Buffer, within: Within) {
    this.#within = within;
    this.extensions = headers["sec-websocket-extensions"] ?? "";
    this.#socket = socket;
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
    this.ended = new Promise((resolve) => {
      const end = () => {
        resolve(performance.now());
        this.#close({ code: 1006, reason: "", at: performance.now() });
        socket.destroy();
      };
      socket.on("end", end);
      socket.on("close", end);
    });
    // A broken connection also closes.
    socket.on("error", () => {});
    socket.on("data", (data: Buffer) => this.#take(data));
    this.#take(head);
  }

  send(frame: object): void {
    this.#write(TEXT, Buffer.from(JSON.stringify(frame)));
  }

  /** The next frame of one of these types, or event of a batch, that fits and was not asked for yet. */
  next(
    types: string | readonly string[],
    fits: (frame: SmokeFrame) => boolean = () => true,
  ): Promise<SmokeFrame> {
    const wanted = [types].flat();
    const what = `"${wanted.join('" or "')}"`;
    const find = async (): Promise<SmokeFrame> => {
      for (;;) {
        const found = this.#frames.find((frame) => wanted.includes(frame.type) && fits(frame));
        if (found !== undefined) {
          this.#frames = this.#frames.filter((frame) => frame !== found);
          return found;
        }
        const ended = await Promise.race([this.#news(), this.closed]);
        if (ended !== undefined)
          throw new Error(`the connection closed with ${ended.code} ${ended.reason}, before ${what} came`);
      }
    };
    return this.#within(what, find());
  }

  /** Leaves for good. */
  leave(): void {
    this.#write(CLOSE, Buffer.from([0x03, 0xe8]));
    this.#socket.end();
  }

  #news(): Promise<undefined> {
    return new Promise((resolve) => {
      this.#waiting.push(() => resolve(undefined));
    });
  }

  #take(data: Buffer): void {
    // Compressed, and nobody asks this one for frames.
    if (this.extensions !== "") return;
    this.#bytes = Buffer.concat([this.#bytes, data]);
    for (let frame = readFrame(this.#bytes); frame !== undefined; frame = readFrame(this.#bytes)) {
      this.#bytes = this.#bytes.subarray(frame.length);
      this.#handle(frame);
    }
  }

  #handle({ opcode, payload, isLast }: RawFrame): void {
    if (opcode === PING) this.#write(PONG, payload);
    if (opcode === CLOSE) {
      const code = payload.length < 2 ? 1005 : payload.readUInt16BE(0);
      this.#close({ code, reason: payload.subarray(2).toString(), at: performance.now() });
      this.#write(CLOSE, payload.subarray(0, 2));
    }
    if (opcode > TEXT) return;
    this.#text += payload.toString();
    if (!isLast) return;
    const frame = frameOf(this.#text);
    this.#text = "";
    if (frame === undefined) return void this.#socket.destroy();
    this.#frames.push(...(frame.type === "batch" ? (frame.events ?? []) : [frame]));
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** With a mask of zeros, which leaves the payload as it is. */
  #write(opcode: number, payload: Buffer): void {
    const { length } = payload;
    const size = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 0xff];
    if (this.#socket.writable)
      this.#socket.write(Buffer.concat([Buffer.from([0x80 | opcode, ...size, 0, 0, 0, 0]), payload]));
  }
}

type Received = SmokeFrame & { readonly events?: readonly SmokeFrame[] };

/** `undefined`: no server of ours says that. */
function frameOf(text: string): Received | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface RawFrame {
  readonly opcode: number;
  readonly isLast: boolean;
  readonly payload: Buffer;
  /** With its header. */
  readonly length: number;
}

/** A whole frame of a server, which masks nothing. */
function readFrame(bytes: Buffer): RawFrame | undefined {
  const [first = 0, second = 0] = bytes;
  const start = second < 126 ? 2 : second === 126 ? 4 : 10;
  if (bytes.length < start) return undefined;
  const size = start === 2 ? second : start === 4 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
  if (bytes.length < start + size) return undefined;
  const payload = Buffer.from(bytes.subarray(start, start + size));
  return { opcode: first & 0x0f, isLast: (first & 0x80) !== 0, payload, length: start + size };
}

type Upgraded = { readonly response: IncomingMessage; readonly socket: Duplex; readonly head: Buffer };

const upgrade = (url: string, options: RequestOptions): Promise<Upgraded> =>
  new Promise((resolve, reject) => {
    const isSecure = url.startsWith("https:");
    const request = (isSecure ? requestHttps : requestHttp)(url, { ...options, agent: false });
    request.on("upgrade", (response, socket, head) => resolve({ response, socket, head }));
    request.on("response", ({ statusCode }) => {
      request.destroy();
      reject(new Error(`the upgrade to a WebSocket was answered with ${statusCode}`));
    });
    request.on("error", reject);
    request.end();
  });
