// How the load talks to each server: the address, the answers, the form of a message, the text that is counted.

import { SignJWT } from "jose";

export const SECRET = "a-secret-of-the-benchmark-that-is-long-enough";
export const API_KEY = "an-api-key-of-the-benchmark-that-is-long-enough";

export interface Address {
  readonly path: string;
  readonly protocols?: readonly string[];
}

export interface Dialect {
  connect(room: string, user: string, query?: string): Promise<Address>;
  /** The frame that must be sent in answer to a frame, apart from the load, if there is one. */
  respond(frame: Buffer): string | undefined;
  /** A connection receives messages after this frame. */
  isReady(frame: Buffer): boolean;
  /** `payload` is JSON. */
  say(id: string, payload: string): string;
  /** Occurs once in each delivered message. */
  readonly delivered: Buffer;
  /** Occurs once in what `sender` receives for each accepted message: an acknowledgement, or its own echo. */
  accepted(sender: string): Buffer;
}

const secret = new TextEncoder().encode(SECRET);
const tokens = new Map<string, Promise<string>>();

export function tokenFor(user: string): Promise<string> {
  let token = tokens.get(user);
  if (token === undefined) {
    token = new SignJWT({ sub: user, name: user, rooms: { "*": "write" } })
      .setProtectedHeader({ alg: "HS256" })
      // As most signers do: a token without a date is reported to its user's object with each connect.
      .setIssuedAt()
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
  // The beginning of the payload: a message in an envelope has no `type`.
  delivered: Buffer.from('{"t":'),
  accepted: () => OK,
};

/** Only Edge Rooms acknowledges. For the others a sender's own echo shows that its message was accepted. */
const echo = (sender: string) => Buffer.from(`"by":"${sender}"`);

/** Socket.IO over its WebSocket transport: Engine.IO's digit first, then Socket.IO's. */
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

/** A server that greets, and sends what it receives to everyone unchanged. */
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
