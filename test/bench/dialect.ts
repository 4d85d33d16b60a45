// How the load speaks to each server: where to connect, what to answer, how to say something, what to count.

import { SignJWT } from "jose";

export const SECRET = "a-secret-of-the-benchmark-that-is-long-enough";
export const API_KEY = "an-api-key-of-the-benchmark-that-is-long-enough";

export interface Address {
  readonly path: string;
  readonly protocols?: readonly string[];
}

export interface Dialect {
  connect(room: string, user: string, query?: string): Promise<Address>;
  /** What has to be sent in answer to a frame besides the load, if anything. */
  respond(frame: Buffer): string | undefined;
  /** A connection hears what is said from this frame on. */
  isReady(frame: Buffer): boolean;
  /** `payload` is JSON. */
  say(id: string, payload: string): string;
  /** Stands once in what is delivered of each message. */
  readonly delivered: Buffer;
  /** Stands once in what `sender` hears of each message that was taken: an acknowledgement, or its own echo. */
  accepted(sender: string): Buffer;
}

const secret = new TextEncoder().encode(SECRET);
const tokens = new Map<string, Promise<string>>();

export function tokenFor(user: string): Promise<string> {
  let token = tokens.get(user);
  if (token === undefined) {
    token = new SignJWT({ sub: user, name: user, rooms: { "*": "write" } })
      .setProtectedHeader({ alg: "HS256" })
      .setExpirationTime("1h")
      .sign(secret);
    tokens.set(user, token);
  }
  return token;
}

const CAUGHT_UP = Buffer.from('{"type":"caughtUp"');
const OK = Buffer.from('"type":"ok"');

const edgeRooms: Dialect = {
  connect: async (room, user, query = "") => ({
    path: `/v1/rooms/${room}/connect${query}`,
    protocols: ["edge-rooms.v1", `token.${await tokenFor(user)}`],
  }),
  respond: () => undefined,
  isReady: (frame) => frame.includes(CAUGHT_UP),
  say: (id, payload) => `{"type":"send","id":"${id}","data":${payload}}`,
  delivered: Buffer.from('"type":"message"'),
  accepted: () => OK,
};

/** Nobody but us acknowledges: there a sender's own echo tells that its message was taken. */
const echo = (sender: string) => Buffer.from(`"by":"${sender}"`);

/** Over its WebSocket transport: Engine.IO's digit first, then Socket.IO's. */
const socketIo: Dialect = {
  connect: async (room) => ({ path: `/socket.io/?EIO=4&transport=websocket&room=${room}` }),
  respond(frame) {
    if (frame[0] === 0x30) return "40";
    return frame.length === 1 && frame[0] === 0x32 ? "3" : undefined;
  },
  isReady: (frame) => frame[0] === 0x34 && frame[1] === 0x30,
  say: (_, payload) => `42["chat",${payload}]`,
  delivered: Buffer.from('["chat",'),
  accepted: echo,
};

/** A server that says hello, and sends what it gets to everybody as it is. */
const plain: Dialect = {
  connect: async (room) => ({ path: `/parties/main/${room}` }),
  respond: () => undefined,
  isReady: (frame) => frame.includes("hello"),
  say: (id, payload) => `{"say":"${id}","data":${payload}}`,
  delivered: Buffer.from('{"say":'),
  accepted: echo,
};

export const DIALECTS = { edgeRooms, socketIo, plain };
export type DialectName = keyof typeof DIALECTS;
