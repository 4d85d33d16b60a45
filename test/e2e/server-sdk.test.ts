// `edge-rooms/server` against a real server, with clients that hear what server code says.

import { execFile, execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inboxOf } from "../../client/index.ts";
import { createServerApi, type ServerApi } from "../../client/server/index.ts";
import type { LocalServer } from "../support/local-server.ts";
import { openBody, postAnswer } from "./support/streaming-post.ts";
import { Guests, startTestServer, uniqueName, waitFor } from "./support/world.ts";

const root = join(import.meta.dirname, "../..");
const guests = new Guests();
const folder = mkdtempSync(join(tmpdir(), "server-sdk-"));

let local: LocalServer;
let server: ServerApi;

beforeAll(async () => {
  local = await startTestServer();
  server = createServerApi({ url: local.url, apiKey: local.apiKey });
});
afterAll(async () => {
  guests.close();
  rmSync(folder, { recursive: true, force: true });
  await local?.stop();
});

describe("what server code says", () => {
  it("[C96] in a room is heard by all who are there, and a repeated id is said once", async () => {
    const name = uniqueName("project");
    const [ada, bo] = [guests.enter(local.url, name, "ada"), guests.enter(local.url, name, "bo")];
    await Promise.all([ada.live(), bo.live()]);
    const room = server.room(name);
    const heard: unknown[] = [];
    for (const { room } of [ada, bo])
      room.onEvent("task.created", ({ from, data }) => heard.push([from?.id, data]));
    const signals: unknown[] = [];
    bo.room.on("signal", ({ event, data }) => signals.push([event, data]));

    const task = { event: "task.created", data: { id: 7 }, id: "task-7", from: { id: "bot", name: "Bot" } };
    const stored = await room.publish(task);
    expect(await room.publish(task)).toEqual({ ...stored, duplicate: true });
    await room.signal({ event: "progress", data: 40, except: "ada" });
    await room.publish({ data: "the end" });
    await Promise.all([ada.receives("the end"), bo.receives("the end")]);
    expect(heard).toEqual([
      ["bot", { id: 7 }],
      ["bot", { id: 7 }],
    ]);
    await waitFor("bo hears the signal", () => signals.length === 1);

    expect((await room.members()).members.map(({ id }) => id).sort()).toEqual(["ada", "bo"]);
    await room.kick("bo", { banSeconds: 60, reason: "spam" });
    await waitFor("bo is out", () => bo.room.state.status === "disconnected");
    expect((await room.bans()).bans).toMatchObject([{ user: "bo", by: null, reason: "spam" }]);
    await room.unban("bo");
    expect(await room.bans()).toEqual({ bans: [] });
  });

  it("[C98] in an inbox reaches the user, who is online until disconnected", async () => {
    const [id, other] = [uniqueName("ada"), uniqueName("bo")];
    const titles: string[] = [];
    const client = guests.client(local.url, id);
    inboxOf(client).on("notification", ({ title }) => titles.push(title));
    await waitFor("the inbox is connected", () => inboxOf(client).state.status === "connected");
    const results = await server.notify({
      users: [id, other],
      title: "Build",
      message: "passed",
      id: "build-1",
    });
    expect(results).toEqual([
      { user: id, seq: 1, delivered: 1 },
      { user: other, seq: 1, delivered: 0 },
    ]);
    const [again] = await server.notify({ user: id, title: "Build", message: "passed", id: "build-1" });
    expect(again).toMatchObject({ user: id, duplicate: true });
    await waitFor("it is there", () => titles.length === 1);
    const user = server.user(id);
    expect(await user.presence()).toEqual({ user: id, online: true, connections: 1, unread: 1 });
    expect(await user.signal({ event: "credits" })).toBe(1);
    await user.disconnect();
    await waitFor("the user is offline", async () => !(await user.presence()).online);
  });

  it("[O1] about what is going on agrees with who is there", async () => {
    const [name, id] = [uniqueName("listed"), uniqueName("ada")];
    const ada = guests.enter(local.url, name, id);
    await ada.live();
    await waitFor("the room is listed", async () => {
      const { rooms } = await server.rooms({ prefix: name, active: true });
      return rooms[0]?.members === 1 && rooms[0].room === name;
    });
    const { connections, members, rooms, missing } = await server.stats();
    expect(connections).toBeGreaterThan(0);
    expect(members).toBeGreaterThan(0);
    expect(rooms.occupied).toBeGreaterThan(0);
    expect(missing).toBe(0);
    await server.notify({ user: id, title: "Build", message: "passed" });
    await waitFor("the user is listed", async () => {
      const { users } = await server.users({ prefix: id });
      return users[0]?.user === id;
    });
    await expect(server.rooms({ prefix: "a b" })).rejects.toMatchObject({ code: "bad_request" });
  });

  it("[C99] in a token opens what it names", async () => {
    const name = uniqueName("room");
    const { token } = await server.token({ user: "cy", name: "Cy", rooms: { [name]: "read" } });
    const client = guests.client(local.url, "cy", { getToken: () => token });
    const room = client.room(name);
    await waitFor("cy reads", () => room.state.status === "connected");
    await expect(room.send("Hi")).rejects.toMatchObject({ code: "forbidden" });
  });

  it("[C99] with another key is refused, and the key stands nowhere", async () => {
    const apiKey = "another-api-key-that-is-long-enough-0000";
    const stranger = createServerApi({ url: local.url, apiKey });
    const error: unknown = await stranger
      .room("lobby")
      .info()
      .catch((error: unknown) => error);
    expect(error).toMatchObject({ code: "unauthorized" });
    expect(`${String(error)}${JSON.stringify(error)}`).not.toContain(apiKey);
  });
});

/** The Nodes of this machine from 20 on: that of the project, and others on the PATH. */
function nodes(): string[] {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const found = new Set([realpathSync(process.execPath)]);
  for (const path of folders) {
    const command = join(path, "node");
    const { status, stdout } = spawnSync(command, ["-p", "process.version"], { encoding: "utf8" });
    const major = Number(/^v(\d+)/.exec(stdout ?? "")?.[1]);
    if (status === 0 && major >= 20) found.add(realpathSync(command));
  }
  return [...found];
}

const versions = nodes().map((command) => ({
  command,
  version: execFileSync(command, ["-p", "process.version"], { encoding: "utf8" }).trim(),
}));
console.log(`The server SDK is tested in Node ${versions.map(({ version }) => version).join(", ")}`);

describe("the built file", () => {
  it.each(versions)("[C99][Y55] is imported by Node $version, and calls the server", async ({ command }) => {
    const outfile = join(folder, "server.js");
    await build({
      entryPoints: [join(root, "client/server/index.ts")],
      ...{ outfile, bundle: true, format: "esm", target: "es2022", platform: "neutral" },
    });
    const script = `
      import { createServerApi, verifySignature } from ${JSON.stringify(outfile)};
      const server = createServerApi({ url: process.env.ROOMS_URL, apiKey: process.env.ROOMS_KEY });
      const room = server.room(process.env.ROOM);
      for (let n = 1; n <= 5; n++) await room.publish({ data: n });
      const pages = [];
      for await (const { messages } of room.pages({ limit: 2 })) pages.push(messages.map(({ data }) => data));
      const refused = await room.edit(99, 1).catch(({ code }) => code);
      const { n, stream } = await room.stream(["one ", new TextEncoder().encode("two")]);
      console.log(JSON.stringify({ pages, refused, n, stream, signed: await verifySignature("t=1,v1=00", "{}", "secret") }));
    `;
    const env = { ROOMS_URL: local.url, ROOMS_KEY: local.apiKey, ROOM: uniqueName("node") };
    const args = ["--input-type=module", "--eval", script];
    const { stdout } = await promisify(execFile)(command, args, { env, timeout: 60_000 });
    expect(JSON.parse(stdout)).toEqual({
      ...{ pages: [[4, 5], [2, 3], [1]], refused: "not_found", signed: false },
      ...{ n: 2, stream: "complete" },
    });
  });
});

const textOf = async (room: string): Promise<unknown> => {
  const { messages } = await server.room(room).messages({ limit: 1 });
  const data: unknown = messages[0]?.data;
  return data instanceof Object && "text" in data ? data.text : undefined;
};
const stateOf = async (room: string) => (await server.room(room).messages({ limit: 1 })).messages[0]?.stream;

describe("a streaming POST", () => {
  it("[Y52] tells its caller of the message and of a stop while its body goes on", async () => {
    const room = uniqueName("answers");
    const body = openBody();
    const answered = postAnswer(local, room, body.readable);
    await body.write({ data: {}, id: "a" });
    const lines = await answered;
    expect(await lines.next()).toMatchObject({ type: "opened", seq: 1, id: "a" });
    await body.write({ text: "Hello" });
    await waitFor("the text is there", async () => (await textOf(room)) === "Hello");
    expect(await stateOf(room)).toBe("open");
    await server.room(room).stop(1);
    expect(await lines.next()).toEqual({ type: "stop", seq: 1, by: null });
    await body.write({ text: ", w" });
    await body.write({ status: "cancelled" });
    expect(await lines.next()).toMatchObject({ type: "done", n: 2, stream: "cancelled", stop: null });
    expect(await lines.next()).toBeUndefined();
    expect(await textOf(room)).toBe("Hello, w");
  });

  it("[Y53] that is cut leaves the message open, and the whole body again goes on", async () => {
    const room = uniqueName("answers");
    const [body, cut] = [openBody(), new AbortController()];
    const answered = postAnswer(local, room, body.readable, cut.signal);
    await body.write({ data: {}, id: "a" });
    const lines = await answered;
    await lines.next();
    await body.write({ text: "one " });
    await body.write({ text: "two " });
    await waitFor("the text is there", async () => (await textOf(room)) === "one two ");
    cut.abort();
    const all = openBody();
    const again = postAnswer(local, room, all.readable);
    for (const line of [{ data: {}, id: "a" }, ...["one ", "two ", "three"].map((text) => ({ text }))])
      await all.write(line);
    const said = await again;
    expect([said.status, await said.next()]).toMatchObject([
      200,
      { type: "opened", seq: 1, duplicate: true },
    ]);
    await waitFor("it goes on", async () => (await textOf(room)) === "one two three");
    expect(await stateOf(room)).toBe("open");
    await all.write({ status: "complete" });
    expect(await said.next()).toMatchObject({ type: "done", n: 3, stream: "complete" });
    expect(await textOf(room)).toBe("one two three");
  });

  it("[Y54] of a mebibyte that comes at once arrives whole, for a reader too", async () => {
    const room = uniqueName("answers");
    const ada = guests.enter(local.url, room, uniqueName("ada"));
    await ada.live();
    // Its lines differ, so that one which is missing or doubled shows.
    const texts = Array.from({ length: 10_400 }, (_, n) => `${String(n).padStart(8, "0")}${"x".repeat(91)} `);
    const body = [{ data: {} }, ...texts.map((text) => ({ text })), { status: "complete" }];
    const response = await fetch(`${local.url}/v1/rooms/${room}/messages/stream`, {
      method: "POST",
      headers: { Authorization: `Bearer ${local.apiKey}`, "Content-Type": "application/x-ndjson" },
      body: body.map((line) => `${JSON.stringify(line)}\n`).join(""),
    });
    expect(await response.json()).toMatchObject({ n: 10_400, stream: "complete" });
    expect((await textOf(room)) === texts.join("")).toBe(true);
    await waitFor("ada has it", () => ada.room.messages.at(-1)?.stream === "complete");
    const data: unknown = ada.room.messages.at(-1)?.data;
    expect(data instanceof Object && "text" in data && data.text === texts.join("")).toBe(true);
  });
});

describe("room.stream of the server SDK", () => {
  it("[Y57] stops where a member asks for it", async () => {
    const room = uniqueName("answers");
    const bo = guests.enter(local.url, room, uniqueName("bo"));
    await bo.live();
    const stops: string[] = [];
    const answer = server.room(room).stream((stop) => {
      stop.addEventListener("abort", () => stops.push("stop"));
      return new ReadableStream<string>({ start: (controller) => controller.enqueue("Hello") });
    });
    await waitFor("bo reads it", () => bo.room.messages.at(-1)?.stream === "open");
    await server.room(room).stop(1);
    expect(await answer).toMatchObject({ stream: "cancelled", n: 1, stop: null });
    expect([stops, await textOf(room)]).toEqual([["stop"], "Hello"]);
  });
});
