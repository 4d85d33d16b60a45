// What must work through a proxy: the own origin, a long token, sockets, replay, polls, rooms on the session, idle
// connections.

import assert from "node:assert/strict";
import { request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";
import { SignJWT } from "jose";
import { type Client, createClient, type RoomHandle, sharedRoom } from "../../client/index.ts";
import { API_KEY, SECRET } from "../bench/dialect.ts";

/** As docs/behind-a-proxy.md says. */
const TOKEN_LENGTH = 7_000;
const WAIT_S = 25;
const SOON_MS = 10_000;
/** Longer than the usual idle timeouts. */
const IDLE_MS = 65_000;

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

async function until(
  what: string,
  look: () => boolean | Promise<boolean>,
  withinMs = SOON_MS,
): Promise<void> {
  const giveUpAt = Date.now() + withinMs;
  while (!(await look())) {
    if (Date.now() > giveUpAt) throw new Error(`did not happen within ${withinMs} ms: ${what}`);
    await pause(50);
  }
}

async function tokenFor(user: string): Promise<string> {
  const sign = (pad: string) =>
    new SignJWT({ sub: user, rooms: { "*": "write" }, pad })
      .setProtectedHeader({ alg: "HS256" })
      .setIssuedAt()
      .setExpirationTime("1h")
      .sign(new TextEncoder().encode(SECRET));
  const bare = (await sign("")).length;
  // Base64 makes four characters of three.
  return sign("x".repeat(Math.floor(((TOKEN_LENGTH - bare) * 3) / 4) - 2));
}

const live = (room: RoomHandle) => until(`${room.name} is live`, () => room.state.status === "connected");

const has = (room: RoomHandle, text: string) =>
  until(`${room.name} has ${text}`, () => room.messages.some(({ data }) => data === text));

export interface Checked {
  readonly name: string;
  /** Absent if all went well. */
  readonly failure?: string;
  readonly notes: string[];
}

/** Tries everything through `base`; never rejects. */
export async function checkThrough(name: string, base: string, quick: boolean): Promise<Checked> {
  const notes: string[] = [];
  const clients: Client[] = [];
  try {
    await tryAll(new Trial(name, base, clients, notes), quick);
    return { name, notes };
  } catch (error) {
    return { name, notes, failure: error instanceof Error ? error.message : String(error) };
  } finally {
    for (const client of clients) client.close();
  }
}

async function tryAll(trial: Trial, quick: boolean): Promise<void> {
  await trial.origin();
  await trial.sockets();
  await Promise.all([
    trial.poll(),
    trial.pollThatIsLeft(),
    trial.sharedRooms(),
    ...(quick ? [] : [trial.idling()]),
  ]);
}

class Trial {
  readonly #name: string;
  readonly #base: string;
  readonly #clients: Client[];
  readonly #notes: string[];

  constructor(name: string, base: string, clients: Client[], notes: string[]) {
    this.#name = name;
    this.#base = base;
    this.#clients = clients;
    this.#notes = notes;
  }

  /** Connects like a page of the own host, with a token of the greatest length that the page calls safe. */
  async origin(): Promise<void> {
    const token = await tokenFor("page");
    assert.ok(Math.abs(token.length - TOKEN_LENGTH) < 10);
    const { host, protocol } = new URL(this.#base);
    const status = (origin: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const send = protocol === "https:" ? requestSecure : requestPlain;
        const request = send(`${this.#base}/v1/rooms/${this.#name}-origin/connect`, {
          rejectUnauthorized: false,
          headers: {
            Connection: "Upgrade",
            Upgrade: "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            Authorization: `Bearer ${token}`,
            Origin: origin,
          },
        });
        request.on("upgrade", ({ statusCode }, socket) => {
          socket.destroy();
          resolve(statusCode);
        });
        request.on("response", (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        request.on("error", reject);
        request.end();
      });
    assert.equal(await status(`${protocol}//${host}`), 101, `the own origin ${protocol}//${host} is refused`);
    assert.equal(await status("https://evil.example"), 403, "a strange origin is let in");
  }

  /** Two clients in a room; one is away for a while, and gets what it missed. */
  async sockets(): Promise<void> {
    const [ada, bo] = [this.#enter("ada"), this.#enter("bo")];
    await Promise.all([live(ada.room), live(bo.room)]);
    await ada.room.send("hello");
    await has(bo.room, "hello");
    bo.client.disconnect();
    await ada.room.send("missed");
    bo.client.reconnect();
    await has(bo.room, "missed");
    const late = this.#enter("cy");
    await has(late.room, "hello");
    await until("three members", () => ada.room.members.length === 3);
    late.client.disconnect();
    await until("who left is gone", () => ada.room.members.length === 2);
  }

  async poll(): Promise<void> {
    const room = `${this.#name}-poll`;
    const began = Date.now();
    const { events, cursor } = await this.#poll(room, "");
    const tookMs = Date.now() - began;
    assert.deepEqual(events, []);
    assert.ok(Math.abs(tookMs - WAIT_S * 1_000) < 2_000, `an empty poll took ${tookMs} ms`);
    const woken = this.#poll(room, `&since=${cursor}`);
    await pause(1_000);
    await this.#asServer("POST", `/v1/rooms/${room}/messages`, { data: "news" });
    assert.equal((await woken).events.length, 1);
  }

  /** Reported, not required: some proxies do not show it. */
  async pollThatIsLeft(): Promise<void> {
    const room = `${this.#name}-left`;
    const gaveUp = new AbortController();
    const polled = this.#poll(room, "", gaveUp.signal).catch(() => {});
    const connections = async () => (await this.#asServer("GET", `/v1/rooms/${room}`)).occupancy.connections;
    await until("the poll has arrived", async () => (await connections()) === 1);
    gaveUp.abort();
    await polled;
    const leftAt = Date.now();
    await until("the poll is over", async () => (await connections()) === 0, (WAIT_S + 5) * 1_000);
    this.#notes.push(
      `a poll whose client left was given up after ${Math.round((Date.now() - leftAt) / 100) / 10} s`,
    );
  }

  async sharedRooms(): Promise<void> {
    const [ada, bo] = [this.#enter("ada", { shared: true }), this.#enter("bo", { shared: true })];
    await Promise.all([live(ada.room), live(bo.room)]);
    await ada.room.send("on the session");
    await has(bo.room, "on the session");
  }

  /** Nothing but heartbeats for a minute. */
  async idling(): Promise<void> {
    const [ada, bo] = [this.#enter("ada", { kind: "idle" }), this.#enter("bo", { kind: "idle" })];
    await Promise.all([live(ada.room), live(bo.room)]);
    let losses = 0;
    for (const { room } of [ada, bo]) room.on("state", () => losses++);
    await pause(IDLE_MS);
    await ada.room.send("still here");
    await has(bo.room, "still here");
    assert.equal(losses, 0, "an idle socket was cut");
  }

  #enter(user: string, { shared = false, kind = "own" } = {}) {
    const client = createClient({ url: this.#base, getToken: () => tokenFor(user) });
    this.#clients.push(client);
    const room = shared ? sharedRoom(client, `${this.#name}-shared`) : client.room(`${this.#name}-${kind}`);
    return { client, room };
  }

  async #poll(room: string, query: string, signal: AbortSignal | null = null) {
    const response = await fetch(`${this.#base}/v1/rooms/${room}/events?wait=${WAIT_S}${query}`, {
      headers: { Authorization: `Bearer ${await tokenFor("poller")}` },
      signal,
    });
    assert.equal(response.status, 200);
    return (await response.json()) as { events: unknown[]; cursor: string };
  }

  async #asServer(method: string, path: string, body?: unknown) {
    const response = await fetch(`${this.#base}${path}`, {
      method,
      headers: { Authorization: `Bearer ${API_KEY}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    assert.ok(response.ok, `${path} was answered ${response.status}`);
    return (await response.json()) as { occupancy: { connections: number } };
  }
}
