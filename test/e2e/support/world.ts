// Real clients of a real local server: their tokens and what they received. No test waits for a fixed time, only for
// events, up to a deadline.

import { SignJWT } from "jose";
import { Client as CoreClient } from "../../../client/core/client.ts";
import {
  type Client,
  type ClientOptions,
  createClient,
  type RoomHandle,
  sharedRoom,
} from "../../../client/index.ts";
import type { RoomOptions } from "../../../client/room/room-types.ts";
import type { Ports } from "../../../client/util/ports.ts";
import { systemPorts } from "../../../client/util/system-ports.ts";
import { type LocalServer, type ServerOptions, startServer } from "../../support/local-server.ts";

export const JWT_SECRET = "a-secret-of-the-tests-that-is-long-enough";
export const API_KEY = "an-api-key-of-the-tests-that-is-long-enough";
const DEADLINE_MS = 45_000;
const LOOK_EVERY_MS = 20;

/** Where a project of the tests says so, all sockets of rooms are at relays. */
const { RELAY_ABOVE } = process.env;
const RELAYED: Readonly<Record<string, string>> = RELAY_ABOVE === undefined ? {} : { RELAY_ABOVE };

export const startTestServer = (
  vars: Readonly<Record<string, string | number>> = {},
  options: Omit<ServerOptions, "vars"> = {},
): Promise<LocalServer> =>
  startServer({
    ...options,
    vars: { JWT_SECRET, API_KEYS: API_KEY, RATE_PER_SECOND: 1_000, RATE_BURST: 1_000, ...RELAYED, ...vars },
  });

/** Permits writing in every room by default. Tokens count in whole seconds, so it may live up to 1 s less. */
export function tokenFor(
  user: string,
  lifeS = 3_600,
  rooms: Readonly<Record<string, string>> = { "*": "write" },
): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  // No two tokens are equal: a client does not accept a refused token as a new one.
  const claims = { sub: user, name: user, rooms, jti: crypto.randomUUID() };
  return new SignJWT({ ...claims, iat: now, exp: now + lifeS })
    .setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(JWT_SECRET));
}

let names = 0;

/** A name for a room or user that no other test uses. */
export const uniqueName = (prefix: string): string =>
  `${prefix}_${++names}_${crypto.randomUUID().slice(0, 8)}`;

export async function waitFor<T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  const giveUpAt = Date.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > giveUpAt) throw new Error(`did not happen within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

export interface Guest {
  readonly user: string;
  readonly client: Client;
  readonly room: RoomHandle;
  /** The events that its listener received, in order. */
  readonly received: { readonly seq: number; readonly data: unknown }[];
  /** Every state of the room, in order. */
  readonly states: string[];
  readonly losses: { count: number };
  texts(): unknown[];
  live(): Promise<void>;
  receives(text: string): Promise<void>;
}

interface OwnOptions extends Partial<ClientOptions> {
  readonly clock?: Ports["clock"];
}

export interface GuestOptions extends OwnOptions {
  readonly room?: RoomOptions;
  /** Default: as the rooms of these guests are connected. */
  readonly shared?: boolean;
}

/**
 * Of a client that takes time to run so much faster. It renews a token 1 s before its end, which on a busy machine is too
 * late: so it renews one of 8 s after 3.5 s.
 */
const SPEED = 2;
export const fastClock: Ports["clock"] = {
  now: () => Date.now(),
  elapsed: () => performance.now() * SPEED,
  after(delayMs, fn) {
    const timer = setTimeout(fn, delayMs / SPEED);
    return () => clearTimeout(timer);
  },
};

/** How rooms are connected: `describe.each(WAYS)`. */
export const WAYS = ["sockets of their own", "the session"] as const;

/** Closes all clients that it made. */
export class Guests {
  readonly #clients: Client[] = [];
  readonly #shared: boolean;

  constructor(way: (typeof WAYS)[number] = "sockets of their own") {
    this.#shared = way === "the session";
  }

  client(url: string, user: string, { clock, ...options }: OwnOptions = {}): Client {
    const given: ClientOptions = {
      url,
      getToken: () => tokenFor(user),
      reconnect: { minMs: 50, maxMs: 400 },
      log: "off",
      ...options,
    };
    const client =
      clock === undefined ? createClient(given) : new CoreClient(given, { ...systemPorts(), clock });
    this.#clients.push(client);
    return client;
  }

  /** A user in a room. */
  enter(
    url: string,
    name: string,
    user: string,
    { room: roomOptions, shared = this.#shared, ...options }: GuestOptions = {},
  ): Guest {
    const client = this.client(url, user, options);
    const room = shared ? sharedRoom(client, name, roomOptions) : client.room(name, roomOptions);
    const received: Guest["received"] = [];
    const states: string[] = [];
    const losses = { count: 0 };
    room.on("message", ({ seq, data }) => received.push({ seq, data }));
    room.on("state", ({ status }) => states.push(status));
    room.on("lost", () => {
      losses.count += 1;
    });
    const texts = () => received.map(({ data }) => data);
    return {
      user,
      client,
      room,
      received,
      states,
      losses,
      texts,
      live: async () => {
        await waitFor(`${user} is connected`, () => room.state.status === "connected");
      },
      receives: async (text) => {
        await waitFor(`${user} receives ${text}`, () => texts().includes(text));
      },
    };
  }

  close(): void {
    for (const client of this.#clients.splice(0)) client.close();
  }
}

/** The stored messages of the room, oldest first. */
export async function storedIn(server: LocalServer, room: string): Promise<unknown[]> {
  const { messages } = await callAsServer<{ messages: { data: unknown }[] }>(
    server,
    "GET",
    `/v1/rooms/${room}/messages?limit=200`,
  );
  return messages.map(({ data }) => data);
}

export const callAsServer = <Answer>(
  server: LocalServer,
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: unknown,
): Promise<Answer> => call<Answer>(server, server.apiKey, method, path, body);

export async function call<Answer>(
  { url }: Pick<LocalServer, "url">,
  bearer: string,
  method: "GET" | "POST" | "DELETE",
  path: string,
  body?: unknown,
): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: { Authorization: `Bearer ${bearer}`, "Content-Type": "application/json" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Answer;
}
