// What an app does with a client, against a real server.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { inboxOf } from "../../client/index.ts";
import { freePort, type LocalServer } from "../support/local-server.ts";
import {
  call,
  callAsServer,
  Guests,
  startTestServer,
  tokenFor,
  uniqueName,
  WAYS,
  waitFor,
} from "./support/world.ts";

/** For a program that hangs before its end. */
const EXITS_WITHIN_MS = 45_000;

interface Polled {
  readonly events: readonly { readonly type: string; readonly seq?: number; readonly data?: unknown }[];
  readonly cursor: string;
}

const directory = mkdtempSync(join(tmpdir(), "edge-rooms-client-"));
let server: LocalServer;

beforeAll(async () => {
  server = await startTestServer();
  await build({
    entryPoints: [join(import.meta.dirname, "../../client/index.ts")],
    outfile: join(directory, "client.mjs"),
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: "neutral",
  });
});
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await server?.stop();
});

/** The first lines of the programs. */
const HEAD = `import { createClient, inboxOf, sharedRoom } from "./client.mjs";
const openRoom = (client, name) => client.room(name);
`;

/** Nothing of a client waits for so long after its `close`: this timer alone keeps no program running. */
const TAIL = `
setTimeout(() => {
  console.log("it still runs");
  process.exit(1);
}, 5_000).unref();
`;

describe.each(WAYS)("a client, with rooms on %s", (way) => {
  const guests = new Guests(way);
  const open = way === "the session" ? "sharedRoom" : "openRoom";

  afterEach(() => guests.close());

  /** The output of a program that ends by itself. */
  async function run(source: string): Promise<string> {
    const file = join(directory, `${uniqueName("program")}.mjs`);
    writeFileSync(file, `${HEAD}${source}${TAIL}`);
    const child = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += String(text)));
    const exit = new Promise<number | null>((resolve) => child.once("exit", resolve));
    const timer = setTimeout(() => child.kill("SIGKILL"), EXITS_WITHIN_MS);
    const code = await exit;
    clearTimeout(timer);
    if (code !== 0) throw new Error(`the program ended with ${code}: ${output}`);
    return output.trim();
  }

  it("[C34] a client leaves nothing running after close: a program ends by itself", async () => {
    const room = uniqueName("program");
    const token = await tokenFor("ada");
    const output = await run(`
      const client = createClient({ url: "${server.url}", getToken: () => "${token}" });
      inboxOf(client).on("notification", () => {});
      const room = ${open}(client, "${room}");
      const { seq } = await room.send("hello");
      await client.ping();
      room.startTyping();
      client.close();
      console.log(seq, room.state.status, inboxOf(client).state.status);
    `);
    expect(output).toBe("1 disconnected disconnected");
  });

  it("[C34] the same applies while it connects, while it waits to reconnect, and with unsent messages", async () => {
    const nowhere = `http://127.0.0.1:${await freePort()}`;
    const output = await run(`
      const early = createClient({ url: "${server.url}", getToken: () => new Promise(() => {}) });
      const codes = [];
      ${open}(early, "a").send(1).catch(({ code }) => codes.push(code));
      const offline = createClient({ url: "${nowhere}", log: "off" });
      const room = ${open}(offline, "b");
      room.send(2).catch(({ code }) => codes.push(code));
      await new Promise((resolve) => room.on("state", ({ status }) => status === "reconnecting" && resolve()));
      early.close();
      offline.close();
      await Promise.resolve();
      console.log(codes.join());
    `);
    expect(output).toBe("closed,closed");
  });

  it("[C34][P3] others see at once that a client leaves", async () => {
    const name = uniqueName("leaving");
    const ada = guests.enter(server.url, name, "ada");
    const bo = guests.enter(server.url, name, "bo");
    await Promise.all([ada.live(), bo.live()]);
    await waitFor("ada sees bo", () => ada.room.members.length === 2);
    const left: string[] = [];
    ada.room.on("memberLeft", ({ user }) => left.push(user));
    bo.client.close();
    // Sooner than for a lost connection.
    await waitFor("ada sees bo leave", () => left.includes("bo"), 4_000);
    expect(ada.room.members.map(({ id }) => id)).toEqual(["ada"]);
  });

  it("[S2][P2] two clients of one user and one of another share a process and a log", async () => {
    const name = uniqueName("shared");
    const desk = guests.enter(server.url, name, "ada");
    const phone = guests.enter(server.url, name, "ada");
    const bo = guests.enter(server.url, name, "bo");
    const all = [desk, phone, bo];
    await Promise.all(all.map((guest) => guest.live()));
    const sends = Array.from({ length: 60 }, (_, at) => all[at % 3]?.room.send(`text ${at}`));
    const results = await Promise.all(sends);
    await waitFor("all have received everything", () => all.every(({ received }) => received.length === 60));
    expect(desk.received.map(({ seq }) => seq)).toEqual(sends.map((_, at) => at + 1));
    expect([phone.received, bo.received]).toEqual([desk.received, desk.received]);
    for (const [at, result] of results.entries()) {
      expect(desk.received[(result?.seq ?? 0) - 1]?.data).toBe(`text ${at}`);
    }
    for (const { room } of all) {
      expect(room.members.map(({ id }) => id).sort()).toEqual(["ada", "bo"]);
      expect(room.messages).toEqual(desk.room.messages);
    }
  });

  it("[G1] a client measures a round trip", async () => {
    const ada = guests.enter(server.url, uniqueName("ping"), "ada");
    await expect(guests.client(server.url, "nobody").ping()).rejects.toMatchObject({ code: "offline" });
    await ada.live();
    const ms = await ada.client.ping();
    expect(ms).toBeGreaterThanOrEqual(0);
    expect(ms).toBeLessThan(45_000);
  });

  it("[H4] a client and long polling receive the same events, without gap or repeat", async () => {
    const name = uniqueName("polled");
    const ada = guests.enter(server.url, name, "ada");
    await ada.live();
    await ada.room.send("text 0");
    const token = await tokenFor("poll");
    const poll = (since: string) =>
      call<Polled>(server, token, "GET", `/v1/rooms/${name}/events?wait=15${since && `&since=${since}`}`);
    const first = await poll("");
    const got = [...first.events];
    let { cursor } = first;
    for (let at = 1; at <= 12; at++) {
      const answer = poll(cursor);
      // Some come while the poll waits, some between two polls.
      const sent = [ada.room.send(`text ${at}`), ...(at % 3 === 0 ? [ada.room.send(`more ${at}`)] : [])];
      const polled = await answer;
      await Promise.all(sent);
      got.push(...polled.events);
      ({ cursor } = polled);
    }
    const total = 1 + 12 + 4;
    await waitFor("ada has received everything", () => ada.received.length === total);
    while (got.filter(({ type }) => type === "message").length < total) {
      const polled = await poll(cursor);
      got.push(...polled.events);
      ({ cursor } = polled);
    }
    const messages = got.filter(({ type }) => type === "message").map(({ seq, data }) => ({ seq, data }));
    expect(messages).toEqual(ada.received);
  });

  it("[U1][U3][U5] a notification reaches both devices, and a user who was away when they return", async () => {
    const [user, absent] = [uniqueName("user"), uniqueName("absent")];
    const [desk, phone] = [guests.client(server.url, user), guests.client(server.url, user)];
    const devices = [desk, phone];
    const received = devices.map((device) => {
      const inbox = inboxOf(device);
      const ids: string[] = [];
      inbox.on("notification", ({ id }) => ids.push(id));
      return ids;
    });
    await waitFor("both are connected", () =>
      devices.every((device) => inboxOf(device).state.status === "connected"),
    );
    const body = { users: [user, absent], id: "build-1", title: "Build", message: "Done" };
    await callAsServer(server, "POST", "/v1/notify", body);
    await callAsServer(server, "POST", "/v1/notify", body);
    await callAsServer(server, "POST", "/v1/notify", {
      user,
      id: "build-2",
      title: "Build",
      message: "Again",
    });
    await waitFor("both receive both", () => received.every((ids) => ids.includes("build-2")));
    expect(received).toEqual([
      ["build-1", "build-2"],
      ["build-1", "build-2"],
    ]);
    await inboxOf(desk).mark(["build-1"], "read");
    await waitFor("the other device knows", () => inboxOf(phone).unread === 1);
    expect(inboxOf(desk).unread).toBe(1);

    const late = guests.client(server.url, absent);
    const missed: string[] = [];
    inboxOf(late).on("notification", ({ id }) => missed.push(id), { replay: true });
    await waitFor("what was missed arrives", () => missed.length > 0);
    expect([missed, inboxOf(late).unread]).toEqual([["build-1"], 1]);
  });
});
