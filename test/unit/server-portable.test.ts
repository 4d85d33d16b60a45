// What the server SDK does with scheduled messages, exports, imports and erasures.

import { describe, expect, it, vi } from "vitest";
import type { RoomExportLine, ServerApi } from "../../client/server/index.ts";
import { ServerApi as Api } from "../../client/server/server-api.ts";
import { serverContext } from "../../client/server/server-context.ts";
import { FakeClock } from "../../client/testing/time/fake-clock.ts";
import { until } from "../support/until.ts";

interface Asked {
  readonly method: string;
  readonly path: string;
  /** As text; a stream is read to its end. */
  readonly body: string | undefined;
  readonly init: RequestInit;
}

type Answer = (asked: Asked) => Response | Promise<Response>;

const BASE = "https://rooms.example.com";
const ok =
  (value: unknown = {}): Answer =>
  () =>
    Response.json(value);
const refuses =
  (status: number, code: string, more: object = {}): Answer =>
  () =>
    Response.json({ error: { code, message: `it is ${code}`, ...more } }, { status });
const fails: Answer = () => {
  throw new TypeError("fetch failed");
};

/** Answers with one after the other, and with the last from then on. */
function world(...answers: readonly [Answer, ...Answer[]]) {
  const clock = new FakeClock();
  const asked: Asked[] = [];
  let [calls, ids] = [0, 0];
  const fetch = async (url: string, init: RequestInit) => {
    const answer = answers[Math.min(calls++, answers.length - 1)] ?? fails;
    const { method = "GET" } = init;
    const body = init.body == null ? undefined : await new Response(init.body).text();
    const one = { method, path: url.replace(BASE, ""), body, init };
    asked.push(one);
    return answer(one);
  };
  const ports = { clock, random: () => 1, newId: () => `id-${++ids}` };
  const server: ServerApi = new Api(serverContext({ url: BASE, apiKey: "a-key", fetch }, ports));
  return { server, clock, asked, jsons: () => asked.map(({ body }) => JSON.parse(body ?? "null")) };
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => {
      throw new Error(`resolved with ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );

const MESSAGE = { type: "message", seq: 1, id: "m1", event: "chat", from: null, at: 5, data: "Hi 👍" };
const LINES = [
  {
    ...{ type: "room", version: 1, room: "r", epoch: "e1", head: 2, createdAt: 1, at: 9 },
    settings: { slowModeMs: 0, maxConnections: 10, historyLimit: 10 },
  },
  { type: "message", message: MESSAGE },
  { type: "from a newer server", colour: "blue" },
  { type: "ban", user: "eve", until: 9, at: 1, by: null },
  { type: "end", messages: 1 },
];
const ndjson = (lines: readonly object[]) => lines.map((line) => `${JSON.stringify(line)}\n`).join("");

/** A body that comes in pieces of so many bytes. */
function inPieces(text: string, size: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) controller.close();
      else controller.enqueue(bytes.slice(at, at + size));
      at += size;
    },
  });
}

const exports =
  (lines: readonly object[], size = 7): Answer =>
  () =>
    new Response(inPieces(ndjson(lines), size));

async function all<T>(source: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const one of source) found.push(one);
  return found;
}

describe("a scheduled message of server code", () => {
  const STORED = { id: "id-1", sendAt: 2_000 };

  it("[Z290] is scheduled once, however often the answer is lost", async () => {
    const { server, clock, asked, jsons } = world(fails, refuses(500, "internal"), ok(STORED));
    const { schedule } = server.room("r");
    const done = schedule({
      data: { text: "Hi" },
      sendAt: new Date(2_000),
      expiresInSeconds: 60,
      from: { id: "ada" },
    });
    await clock.advance(10_000);
    expect(await done).toEqual(STORED);
    expect(asked.map(({ method, path }) => [method, path])).toEqual(
      Array(3).fill(["POST", "/v1/rooms/r/scheduled"]),
    );
    const body = {
      data: { text: "Hi" },
      id: "id-1",
      sendAt: 2_000,
      expiresInSeconds: 60,
      from: { id: "ada" },
    };
    expect(jsons()).toEqual([body, body, body]);
  });

  it("[Z290] is listed, changed and taken back", async () => {
    const waits = { id: "a/b", event: "chat", from: null, data: "Hi", sendAt: 9, at: 1 };
    const { server, asked, jsons } = world(ok({ scheduled: [waits] }), ok({ ...waits, sendAt: 7 }), ok());
    const room = server.room("r");
    expect(await room.scheduled()).toEqual([waits]);
    expect(await room.reschedule("a/b", { sendAt: new Date(7) })).toMatchObject({ sendAt: 7 });
    await room.unschedule("a/b");
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
      "GET /v1/rooms/r/scheduled",
      "PATCH /v1/rooms/r/scheduled/a%2Fb",
      "DELETE /v1/rooms/r/scheduled/a%2Fb",
    ]);
    expect(jsons()[1]).toEqual({ sendAt: 7 });
  });

  // With `..` a DELETE would purge the room.
  it.each(["..", ".", "", "x".repeat(65), 7, undefined, ["a"]])(
    "[Z285] has no other path: %j",
    async (id) => {
      const { server, asked } = world(ok());
      const { unschedule, reschedule } = server.room("r");
      for (const call of [unschedule, reschedule])
        expect(await failure(Reflect.apply(call, undefined, [id, {}]))).toMatchObject({
          code: "bad_request",
        });
      expect(asked).toEqual([]);
    },
  );
});

describe("a message of server code that expires", () => {
  it("[Z290] carries its time, by publish, broadcast and stream; a room its retention", async () => {
    const { server, jsons } = world(
      ok({ seq: 1, at: 1, id: "id-1" }),
      ok({ results: [{ room: "r", seq: 1 }] }),
      ok({ settings: { slowModeMs: 0, maxConnections: 1, historyLimit: 1, historySeconds: 86_400 } }),
    );
    await server.room("r").publish({ data: "Hi", expiresInSeconds: 60 });
    await server.broadcast({ rooms: ["r"], event: "news", data: 1, expiresInSeconds: 60 });
    const settings = await server.room("r").setSettings({ historySeconds: 86_400 });
    expect(settings.historySeconds).toBe(86_400);
    expect(jsons()).toMatchObject([
      { expiresInSeconds: 60 },
      { expiresInSeconds: 60 },
      { historySeconds: 86_400 },
    ]);
  });
});

describe("an export", () => {
  it("[Z291] gives its lines as they come, without those of a newer server, and asks for nothing before", async () => {
    const { server, asked } = world(exports(LINES));
    const lines = server.room("r").export();
    expect(asked).toEqual([]);
    const found: RoomExportLine[] = await all(lines);
    expect(found).toEqual(LINES.filter(({ type }) => type !== "from a newer server"));
    expect(asked).toMatchObject([
      { method: "GET", path: "/v1/rooms/r/export", init: { redirect: "manual" } },
    ]);
    expect(new Headers(asked[0]?.init.headers).get("Authorization")).toBe("Bearer a-key");
  });

  it("[Z291] as bytes is what the server sent, and each reading is a new export", async () => {
    const { server, asked, clock } = world(exports(LINES));
    const lines = server.room("r").export();
    expect(await new Response(lines.bytes()).text()).toBe(ndjson(LINES));
    expect(await new Response(lines.bytes()).text()).toBe(ndjson(LINES));
    expect([asked.length, clock.pending]).toEqual([2, 0]);
  });

  it("[Z291] that breaks off fails, however it is read", async () => {
    const cut = exports(LINES.slice(0, -1));
    const broken: Answer = () => {
      const body = new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode(ndjson(LINES.slice(0, 2))));
        },
        pull: (controller) => controller.error(new Error("cut")),
      });
      return new Response(body);
    };
    for (const answer of [cut, broken, exports([])]) {
      const { server } = world(answer);
      const lines = server.room("r").export();
      expect(await failure(all(lines))).toMatchObject({ code: "offline", message: "The export broke off." });
      expect(await failure(new Response(lines.bytes()).text())).toBeDefined();
    }
  });

  it("[Z291] is tried again until it begins, and not after that", async () => {
    const { server, clock, asked } = world(fails, refuses(503, "overloaded"), exports(LINES));
    const found = all(server.room("r").export());
    await clock.advance(10_000);
    expect(await found).toHaveLength(4);
    expect(asked).toHaveLength(3);
    expect(clock.pending).toBe(0);
    const refused = world(refuses(401, "unauthorized"));
    expect(await failure(all(refused.server.room("r").export()))).toMatchObject({ code: "unauthorized" });
    expect(refused.asked).toHaveLength(1);
  });

  it("[Z291] that stands still for a minute is given up; one whose reader takes its time is not", async () => {
    const stuck: Answer = () => {
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode(ndjson(LINES.slice(0, 1)))),
      });
      return new Response(body);
    };
    const slow = world(stuck);
    const failed = failure(all(slow.server.room("r").export()));
    await slow.clock.advance(60_000);
    await until(async () => {
      await slow.clock.advance(60_000);
      expect(await Promise.race([failed, Promise.resolve("waits")])).toMatchObject({ code: "timeout" });
    });
    const { server, clock } = world(exports(LINES));
    let count = 0;
    for await (const _ of server.room("r").export()) {
      count += 1;
      await clock.advance(600_000);
    }
    expect(count).toBe(4);
  });

  it("[Z291] ends with its signal, and where nobody reads on", async () => {
    const ended = new AbortController();
    const cancel = vi.fn();
    const { server, clock } = world(() => {
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode(ndjson(LINES.slice(0, 2)))),
        cancel,
      });
      return new Response(body);
    });
    const read = async () => {
      for await (const _ of server.room("r").export({ signal: ended.signal }))
        ended.abort(new Error("enough"));
    };
    expect(await failure(read())).toEqual(new Error("enough"));
    for await (const _ of server.room("r").export()) break;
    expect(cancel).toHaveBeenCalledTimes(2);
    expect(clock.pending).toBe(0);
  });

  it("[Z291] of a user has its own lines", async () => {
    const lines = [
      { type: "room", room: "r", followed: true },
      { type: "missing", room: "s" },
      { type: "end", messages: 0, notifications: 0, missing: 1 },
    ];
    const { server, asked } = world(exports(lines));
    expect(await all(server.user("u/1").export())).toEqual(lines);
    expect(asked[0]?.path).toBe("/v1/users/u%2F1/export");
  });
});

describe("an import", () => {
  const RESULT = { epoch: "e2", head: 2, messages: 1 };

  it("[Z292] sends what it is given: an export, bytes, text, or lines as objects", async () => {
    const { server, asked } = world(ok(RESULT));
    const source = world(exports(LINES));
    const room = server.room("r");
    for (const lines of [
      source.server.room("r").export(),
      inPieces(ndjson(LINES), 5),
      [ndjson(LINES)],
      LINES,
      (async function* () {
        yield* LINES;
      })(),
    ])
      expect(await room.import(lines)).toEqual(RESULT);
    expect(await Reflect.apply(room.import, undefined, [ndjson(LINES)])).toEqual(RESULT);
    // A newer server's lines are passed on.
    for (const { method, path, body } of asked)
      expect([method, path, body]).toEqual(["POST", "/v1/rooms/r/import", ndjson(LINES)]);
    const type = new Headers(asked[0]?.init.headers).get("Content-Type");
    expect(type).toBe("application/x-ndjson");
  });

  it("[Z292] keeps the epoch where that is asked for", async () => {
    const { server, asked } = world(ok(RESULT));
    await server.room("r").import(LINES, { epoch: "keep" });
    expect(asked[0]?.path).toBe("/v1/rooms/r/import?epoch=keep");
  });

  it.each([
    ["the network fails", fails, "offline"],
    ["the server is busy", refuses(503, "overloaded"), "overloaded"],
    ["a line does not fit", refuses(400, "bad_request"), "bad_request"],
  ] as const)("[Z292] is sent once where %s, as its source is read once", async (_, answer, code) => {
    const { server, asked, clock } = world(answer);
    expect(await failure(server.room("r").import(LINES))).toMatchObject({ code });
    expect([asked.length, clock.pending]).toEqual([1, 0]);
  });

  it("[Z292] rejects with what its source throws", async () => {
    const { server } = world(ok(RESULT));
    const broken = world(exports(LINES.slice(0, 2)));
    expect(await failure(server.room("r").import(broken.server.room("r").export()))).toMatchObject({
      message: "The export broke off.",
    });
    expect(await failure(Reflect.apply(server.room("r").import, undefined, [7]))).toMatchObject({
      code: "bad_request",
    });
  });
});

describe("an erasure", () => {
  it("[Z293] says how far it is, and is asked again after a lost answer", async () => {
    const { server, clock, asked } = world(fails, ok({ done: false, rooms: 3 }));
    const erased = server.user("ada").erase();
    await clock.advance(10_000);
    expect(await erased).toEqual({ done: false, rooms: 3 });
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual(
      Array(2).fill("DELETE /v1/users/ada"),
    );
  });

  it("[Z293] waits until nothing is left, and says what is where the time is over", async () => {
    const left = (rooms: number) => ok({ done: rooms === 0, rooms });
    const { server, clock, asked } = world(left(2), left(1), left(0));
    const erased = server.user("ada").erase({ untilDone: true });
    await clock.advance(10_000);
    expect(await erased).toEqual({ done: true, rooms: 0 });
    expect(asked).toHaveLength(3);
    const stuck = world(left(2));
    const failed = failure(stuck.server.user("ada").erase({ untilDone: true, timeoutMs: 60_000 }));
    await stuck.clock.advance(60_000);
    expect(String(await failed)).toContain("Something is left in 2 rooms.");
    expect(stuck.asked.length).toBeLessThan(15);
    expect(stuck.clock.pending).toBe(0);
  });
});
