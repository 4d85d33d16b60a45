// Another Worker, outside of this repository, that is bound to the entrypoint `Rooms` of a real server.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BoundWorker, LocalServer } from "../support/local-server.ts";
import { callAsServer, startTestServer, uniqueName, waitFor } from "./support/world.ts";

const folder = mkdtempSync(join(tmpdir(), "bound-worker-"));
let server: LocalServer;
const workers: BoundWorker[] = [];

const CONFIG = (name: string, date: string) => `
name = "${name}"
main = "worker.js"
compatibility_date = "${date}"
[[services]]
binding = "ROOMS"
service = "edge-rooms"
entrypoint = "Rooms"
props = { name = "${name}" }
[[services]]
binding = "FRONT"
service = "edge-rooms"
props = { name = "${name}" }
`;

const WORKER = `
const words = (count) => {
  let n = 0;
  return new ReadableStream({
    async pull(controller) {
      await scheduler.wait(10);
      if (n++ < count) controller.enqueue("word " + n + " ");
      else controller.close();
    },
  });
};
const ways = {
  publish: ({ ROOMS }, room) => ROOMS.room(room).publish({ event: "task.created", data: { id: 7 } }),
  async several({ ROOMS }, name) {
    const room = ROOMS.room(name);
    const stored = [await room.publish({ data: 1 }), ...(await Promise.all([2, 3].map((data) => room.publish({ data }))))];
    return stored.map(({ seq }) => seq);
  },
  stream: ({ ROOMS }, room) => ROOMS.room(room).stream(words(20), { from: { id: "bot" } }),
  edit: ({ ROOMS }, room) => ROOMS.room(room).edit(99, 1),
  wrongField: ({ ROOMS }, room) => ROOMS.room(room).publish({ data: 1, replyTo: 0.5 }),
  wrongRoom: ({ ROOMS }) => ROOMS.room("no room").publish({ data: 1 }),
  stats: ({ ROOMS }) => ROOMS.stats(),
  front: async ({ FRONT }) => (await FRONT.fetch("https://rooms.test/v1/stats")).status,
};
export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    const way = ways[pathname.slice(1)];
    if (way === undefined) return new Response(null, { status: 404 });
    try {
      return Response.json({ value: await way(env, searchParams.get("room")) });
    } catch (error) {
      const { name, message, code, path, retryAfterMs } = error;
      return Response.json({ error: { name, message, code, path, retryAfterMs } });
    }
  },
};
`;

async function startWorker(name: string, date: string): Promise<BoundWorker> {
  const own = join(folder, name);
  mkdirSync(own);
  writeFileSync(join(own, "wrangler.toml"), CONFIG(name, date));
  writeFileSync(join(own, "worker.js"), WORKER);
  const worker = await server.startBoundWorker(own);
  workers.push(worker);
  await waitFor("the binding is connected", async () => "value" in (await ask(worker, "stats")));
  return worker;
}

async function ask({ url }: BoundWorker, way: string, room = ""): Promise<Record<string, unknown>> {
  return (await fetch(`${url}/${way}?room=${room}`)).json();
}

let worker: BoundWorker;
beforeAll(async () => {
  server = await startTestServer();
  worker = await startWorker("billing", "2026-11-01");
});
afterAll(async () => {
  for (const { stop } of workers) await stop();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe("a Worker that is bound to the rooms", () => {
  it("[Z250] says something in a room, in one trip or several on one room, without a key", async () => {
    const room = uniqueName("rpc");
    expect(await ask(worker, "publish", room)).toMatchObject({ value: { seq: 1 } });
    expect(await ask(worker, "several", room)).toEqual({ value: [2, 3, 4] });
    const page = await callAsServer<{ messages: object[] }>(server, "GET", `/v1/rooms/${room}/messages`);
    expect(page.messages).toMatchObject([{ event: "task.created", data: { id: 7 }, from: null }, {}, {}, {}]);
  });

  it("[Z256] streams an answer into a room", async () => {
    const room = uniqueName("rpc");
    expect(await ask(worker, "stream", room)).toMatchObject({ value: { seq: 1, stream: "complete" } });
    const page = await callAsServer<{ messages: object[] }>(server, "GET", `/v1/rooms/${room}/messages`);
    expect(page.messages).toMatchObject([{ data: { text: expect.stringMatching(/^word 1 .* word 20 $/) } }]);
  });

  it("[Z255] reads code, message and path of what was refused", async () => {
    const room = uniqueName("rpc");
    const errorOf = async (way: string) => (await ask(worker, way, room)).error;
    expect(await errorOf("edit")).toMatchObject({ name: "RoomsError", code: "not_found", path: ["seq"] });
    expect(await errorOf("wrongField")).toMatchObject({ code: "bad_request", path: ["replyTo"] });
    expect(await errorOf("wrongRoom")).toMatchObject({ code: "bad_request", path: ["room"] });
  });

  it("[Z255] reads the message alone with a compatibility date before 2026-04-21", async () => {
    const older = await startWorker("older", "2026-04-20");
    const { error } = await ask(older, "edit", uniqueName("rpc"));
    expect(error).toEqual({ name: "Error", message: "RoomsError: this room has no such message" });
    const later = await startWorker("later", "2026-04-21");
    expect((await ask(later, "edit", uniqueName("rpc"))).error).toMatchObject({ code: "not_found" });
  });

  it("[Z253] needs a key at the default entrypoint, also over a binding", async () => {
    expect(await ask(worker, "front")).toEqual({ value: 401 });
  });
});
