// The Worker under test: tokens for it, calls of its HTTP API, sockets of its rooms. A new kind of caller is a new
// function here; what a test asserts stays in the test.

import { createExecutionContext, waitOnExecutionContext } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { SignJWT } from "jose";
import { expect } from "vitest";
import { createApp } from "../../../src/http/app.ts";
import { until } from "../../support/until.ts";
import { TestSocket } from "./test-socket.ts";

export const ORIGIN = "https://rooms.test";

const app = createApp();
let names = 0;

/** A name for a room or user that no other test uses. */
export const uniqueName = (prefix: string): string =>
  `${prefix}_${++names}_${crypto.randomUUID().slice(0, 8)}`;

export interface TokenOptions {
  readonly name?: string;
  readonly rooms?: Record<string, string>;
  readonly expiresInS?: number;
  readonly claims?: Record<string, unknown>;
  readonly secret?: string;
}

/** A valid token of `user`: it may write in every room, for an hour. */
export function tokenFor(user: string, options: TokenOptions = {}): Promise<string> {
  const {
    name,
    rooms = { "*": "write" },
    expiresInS = 3_600,
    claims = {},
    secret = env.JWT_SECRET,
  } = options;
  const now = Math.floor(Date.now() / 1_000);
  return new SignJWT({ sub: user, rooms, iat: now, exp: now + expiresInS, ...(name && { name }), ...claims })
    .setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(secret));
}

export const call = (path: string, init: RequestInit = {}): Promise<Response> =>
  exports.default.fetch(new Request(`${ORIGIN}${path}`, init));

/** A call with a bearer token, and with `body` as JSON. */
export const callAs = (bearer: string, method: string, path: string, body?: unknown): Promise<Response> =>
  call(path, {
    method,
    headers: { Authorization: `Bearer ${bearer}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

export const callAsServer = (method: string, path: string, body?: unknown): Promise<Response> =>
  callAs(env.API_KEYS, method, path, body);

/** Opens a socket with our subprotocol, as a browser does. */
export const upgrade = (
  path: string,
  token: string | null,
  headers: Record<string, string> = {},
): Promise<Response> =>
  call(path, {
    headers: {
      Upgrade: "websocket",
      "Sec-WebSocket-Protocol": token === null ? "edge-rooms.v1" : `edge-rooms.v1, token.${token}`,
      ...headers,
    },
  });

async function socketAt(path: string, token: string | null, address?: string): Promise<TestSocket> {
  const response = await upgrade(path, token, address === undefined ? {} : { "CF-Connecting-IP": address });
  if (response.webSocket === null) throw new Error(`no socket: ${response.status} ${await response.text()}`);
  return new TestSocket(response.webSocket);
}

export interface SocketOptions extends TokenOptions {
  /** The query, with its `?`. */
  readonly query?: string;
  /** The client's address, as Cloudflare sends it. */
  readonly address?: string;
}

/** A room socket of `user` (or an anonymous one), before its first frame. */
export async function openRoom(
  room: string,
  user: string | null,
  { query = "", address, ...token }: SocketOptions = {},
): Promise<TestSocket> {
  const bearer = user === null ? null : await tokenFor(user, token);
  return socketAt(`/v1/rooms/${room}/connect${query}`, bearer, address);
}

/** A room socket after its first frames. */
export async function join(
  room: string,
  user: string | null,
  options: SocketOptions = {},
): Promise<TestSocket> {
  const socket = await openRoom(room, user, options);
  await socket.next("caughtUp");
  return socket;
}

export async function openSession(
  user: string,
  { query = "", ...token }: TokenOptions & { readonly query?: string } = {},
): Promise<TestSocket> {
  const socket = await socketAt(`/v1/connect${query}`, await tokenFor(user, token));
  await socket.next("caughtUp");
  return socket;
}

export const roomObject = (room: string) => env.ROOMS.getByName(room);
export const userObject = (user: string) => env.USERS.getByName(user);

/** Calls the app with other settings and bindings than those of the pool; `undefined` removes one. */
export async function callWith(
  settings: Readonly<Record<string, unknown>>,
  path: string,
  init: RequestInit = {},
): Promise<Response> {
  const context = createExecutionContext();
  const response = await app.fetch(
    new Request(path.startsWith("http") ? path : `${ORIGIN}${path}`, init),
    { ...env, ...settings },
    context,
  );
  await waitOnExecutionContext(context);
  return response;
}

/** The error in the body of a refused call. */
export async function errorOf(response: Response): Promise<Record<string, unknown>> {
  const { error } = await response.json<{ error: Record<string, unknown> }>();
  return error;
}

/** Stores `count` messages with `data` 1, 2, 3, … through an open socket. */
export async function fill(socket: TestSocket, count: number, data: (n: number) => unknown = (n) => n) {
  const run = crypto.randomUUID().slice(0, 8);
  const commands = Array.from({ length: count }, (_, at) => ({
    type: "send",
    id: `${run}-${at + 1}`,
    data: data(at + 1),
  }));
  for (let at = 0; at < count; at += 100)
    socket.send({ type: "batch", commands: commands.slice(at, at + 100) });
  await socket.settled();
}

/** The cursor of `socket` when it was connected. */
export async function cursorOf(socket: TestSocket): Promise<string> {
  const { epoch, head } = await socket.next("connected");
  return `${epoch}.${head}`;
}

/**
 * Waits until the room has `count` connections: a further connection of a known member is announced to no one. It
 * pauses between two questions, because the runtime looks at its timers and sockets only when it has nothing else to
 * do.
 */
export const roomHas = (room: string, connections: number): Promise<void> =>
  until(async () => {
    const response = await callAsServer("GET", `/v1/rooms/${room}`);
    const { occupancy } = await response.json<{ occupancy: { connections: number } }>();
    expect(occupancy.connections).toBe(connections);
  });
