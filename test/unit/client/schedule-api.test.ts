// What this user sends later, by calls over HTTP.

import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { scheduleApi } from "../../../client/index.ts";
import { clientForTest } from "./support/client-for-test.ts";

const waits = { id: "a", event: "chat", from: { id: "usr_1" }, data: "Hi", sendAt: 9, at: 1 };

function world(answer: object, status = 200) {
  const asked: string[] = [];
  const bodies: unknown[] = [];
  const { client } = clientForTest({
    fetch: async (url, { method, body }) => {
      asked.push(`${method} ${url.replace("https://rooms.example.com", "")}`);
      bodies.push(JSON.parse(String(body ?? null)));
      return Response.json(answer, { status });
    },
  });
  return { api: scheduleApi(client, "lobby"), asked, bodies };
}

describe("a message that is sent later", () => {
  it("[Z284] is scheduled with the options of a send, at a date or an instant", async () => {
    const { api, asked, bodies } = world({ id: "a", sendAt: 9 });
    const { schedule } = api;
    const said = { event: "task", key: "a", replyTo: 4, mentions: ["usr_2"], expiresInSeconds: 60 };
    expect(await schedule("Hi", { ...said, sendAt: new Date(9) })).toEqual({ id: "a", sendAt: 9 });
    await schedule("Hi", { sendAt: 9, timeoutMs: 1_000 });
    expect(asked).toEqual(Array(2).fill("POST /v1/rooms/lobby/scheduled"));
    const { key: id, ...rest } = said;
    expect(bodies).toEqual([
      { data: "Hi", id, ...rest, sendAt: 9 },
      { data: "Hi", sendAt: 9 },
    ]);
  });

  it("[Z284] is listed, changed and taken back", async () => {
    const list = world({ scheduled: [waits] });
    expect(await list.api.scheduled()).toEqual([waits]);
    const change = world({ ...waits, sendAt: 7 });
    expect(await change.api.reschedule("a", { sendAt: new Date(7) })).toMatchObject({ sendAt: 7 });
    await change.api.reschedule("a", { data: "Hello" });
    expect(change.bodies).toEqual([{ sendAt: 7 }, { data: "Hello" }]);
    const end = world({});
    await end.api.unschedule("a b");
    expect([...list.asked, ...change.asked.slice(1), ...end.asked]).toEqual([
      "GET /v1/rooms/lobby/scheduled",
      "PATCH /v1/rooms/lobby/scheduled/a",
      "DELETE /v1/rooms/lobby/scheduled/a%20b",
    ]);
  });

  it("[Z284] that was sent meanwhile is not_found, and an answer of another form is offline", async () => {
    const { api } = world({ error: { code: "not_found", message: "It was sent." } }, 404);
    await expect(api.unschedule("a")).rejects.toMatchObject({ code: "not_found", message: "It was sent." });
    await expect(world({ scheduled: 7 }).api.scheduled()).rejects.toMatchObject({ code: "offline" });
  });

  // With `..` a DELETE would go to the room itself.
  it.each(["..", ".", "", null])("[Z285] of the id %j makes no other path", async (id) => {
    const { api, asked } = world({});
    await expect(Reflect.apply(api.unschedule, undefined, [id])).rejects.toMatchObject({
      code: "bad_request",
    });
    expect(asked).toEqual([]);
  });

  it("[Z284] costs a page nothing that uses other calls", async () => {
    const script = `import { createClient, roomApi } from "./client/index.ts"; roomApi(createClient({ url: "" }), "a");`;
    const { metafile } = await build({
      stdin: { contents: script, resolveDir: `${import.meta.dirname}/../../..`, loader: "ts" },
      ...{ bundle: true, minify: true, format: "esm", write: false, metafile: true, outdir: "/" },
    });
    const inputs = Object.values(metafile.outputs).flatMap((output) => Object.entries(output.inputs));
    const used = inputs.filter(([, { bytesInOutput }]) => bytesInOutput > 0).map(([file]) => file);
    expect(used).toContain("client/http/room-api.ts");
    expect(used).not.toContain("client/http/schedule-api.ts");
  });
});
