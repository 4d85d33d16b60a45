// Two deployments: a room that moves from one to the other with its clients, and the calls of docs/people-data.md.

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { createServerApi } from "../../client/server/index.ts";
import type { LocalServer } from "../support/local-server.ts";
import { Network } from "./support/network.ts";
import { Guests, startTestServer, uniqueName, waitFor } from "./support/world.ts";

const NOWHERE = 1;
const guests = new Guests();
let [old, other]: (LocalServer | undefined)[] = [];
const servers = () => {
  if (old === undefined || other === undefined) throw new Error("the servers have not started");
  return { old, other };
};

beforeAll(async () => {
  [old, other] = await Promise.all([startTestServer(), startTestServer()]);
});
afterAll(async () => {
  guests.close();
  await old?.stop();
  await other?.stop();
});

const call = (server: LocalServer, path: string, init: RequestInit = {}) =>
  fetch(`${server.url}${path}`, { ...init, headers: { Authorization: `Bearer ${server.apiKey}` } });

/** The lines of docs/people-data.md under a heading, as a shell runs them. */
function script(heading: string): string {
  const page = readFileSync(join(import.meta.dirname, "../../docs/people-data.md"), "utf8");
  const [, section = ""] = page.split(`## ${heading}\n`);
  const blocks = section.split("\n## ")[0]?.matchAll(/^( *)```sh\n(.*?)\n\1```/gms) ?? [];
  const lines = Array.from(blocks, ([, indent = "", text = ""]) => text.replaceAll(`\n${indent}`, "\n"));
  if (lines.length === 0) throw new Error(`docs/people-data.md has no lines under ${heading}`);
  return lines.join("\n");
}

function shell(room: string, who = "nobody") {
  const { old, other } = servers();
  const cwd = mkdtempSync(join(tmpdir(), "edge-rooms-people-"));
  onTestFinished(() => rmSync(cwd, { recursive: true }));
  const env = {
    ...{ PATH: process.env.PATH, URL: old.url, API_KEY: old.apiKey, ROOM: room, WHO: who },
    ...{ NEW_URL: other.url, NEW_API_KEY: other.apiKey },
  };
  // Not in a blocking call: this process would not see that a server ends a connection, and would call on it next.
  const run = async (heading: string) =>
    (await promisify(execFile)("bash", ["-e", "-c", script(heading)], { cwd, env })).stdout;
  const lines = (file: string) =>
    readFileSync(join(cwd, file), "utf8")
      .split("\n")
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  return { run, lines };
}

/** Without what an import may change. */
const same = (lines: readonly Record<string, unknown>[]) =>
  lines.map((line) => (line.type === "room" ? { ...line, room: "", epoch: "", at: 0 } : line));

describe("a room that moves", () => {
  it("[Z159] is in the second deployment as in the first, and a client goes on with its cursor", async () => {
    const { old, other } = servers();
    // The clients' address leads to another deployment after the move.
    for (const epoch of ["keep", ""]) {
      const name = uniqueName("move");
      const network = await Network.to(old.port);
      onTestFinished(() => network.close());
      const room = guests.client(network.url, "ada").room(name);
      const heard: unknown[] = [];
      room.on("message", ({ data }) => heard.push(data));
      for (const data of ["one", "two", "three"]) await room.send(data);
      await room.react(1, "👍");
      network.leadTo(NOWHERE);
      network.cut();
      const file = await (await call(old, `/v1/rooms/${name}/export`)).text();
      const query = epoch === "" ? "" : `?epoch=${epoch}`;
      const moved = await call(other, `/v1/rooms/${name}/import${query}`, { method: "POST", body: file });
      expect([moved.status, await moved.json()]).toMatchObject([200, { head: 4, messages: 3 }]);
      await createServerApi({ url: other.url, apiKey: other.apiKey }).room(name).publish({ data: "after" });
      network.leadTo(other.port);
      await waitFor("the client is in the room again", () => heard.at(-1) === "after");
      expect(room.messages.map(({ data }) => data)).toEqual(["one", "two", "three", "after"]);
      expect(room.messages[0]?.reactions).toEqual({ "👍": ["ada"] });
      if (epoch === "keep") expect(heard).toEqual(["one", "two", "three", "after"]);
    }
  });
});

describe("the calls of docs/people-data.md", () => {
  it("[Z163] back up a room, give it back, and move it", async () => {
    const { old, other } = servers();
    const name = uniqueName("backup");
    const room = createServerApi({ url: old.url, apiKey: old.apiKey }).room(name);
    for (let n = 0; n < 60; n++) await room.publish({ data: { n } });
    const { run, lines } = shell(name);
    await run("A backup of a room");
    const file = lines("room.ndjson");
    expect(file).toHaveLength(62);
    await run("Giving it back");
    await run("A backup of a room");
    expect(same(lines("room.ndjson"))).toEqual(same(file));
    await run("Moving to another deployment");
    const [first] = lines("room.ndjson");
    const info = await (await call(other, `/v1/rooms/${name}`)).json();
    expect(info).toMatchObject({ epoch: first.epoch, head: 60 });
  });

  it("[Z163] say what is known of a user, and forget them", async () => {
    const { old } = servers();
    const [name, who] = [uniqueName("request"), uniqueName("ada")];
    const room = guests.client(old.url, who).room(name);
    await room.send("SECRET");
    const { run, lines } = shell(name, who);
    await run("What do you know of me?");
    expect(lines("user.ndjson").map(({ type }) => type)).toEqual(["user", "room", "message", "end"]);
    expect(JSON.parse(await run("Forget me"))).toEqual({ done: true, rooms: 0 });
    expect(await (await call(old, `/v1/rooms/${name}/export`)).text()).not.toContain("SECRET");
  });

  it("[Z152] an export of a server that dies is broken off, and an import leaves an empty room", async () => {
    const { old, other } = servers();
    const name = uniqueName("broken");
    const room = createServerApi({ url: old.url, apiKey: old.apiKey }).room(name);
    for (let n = 0; n < 20; n++) await room.publish({ data: "x".repeat(30_000) });
    const file = await (await call(old, `/v1/rooms/${name}/export`)).text();
    const half = new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode(file.slice(0, file.length / 2)));
        const isImporting = async () => (await call(other, `/v1/rooms/${name}`)).status === 503;
        await waitFor("the import has begun", isImporting);
        await other.kill();
        controller.error(new Error("broken off"));
      },
    });
    const options: RequestInit & { duplex: "half" } = { method: "POST", body: half, duplex: "half" };
    await expect(call(other, `/v1/rooms/${name}/import`, options)).rejects.toThrow();
    await other.restart();
    expect(await (await call(other, `/v1/rooms/${name}`)).json()).toMatchObject({ head: 0 });
    const again = await call(other, `/v1/rooms/${name}/import`, { method: "POST", body: file });
    expect(await again.json()).toMatchObject({ head: 20, messages: 20 });
  });
});
