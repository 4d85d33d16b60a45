import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createServerApi, RoomsError, verifySignature } from "../../client/server/index.ts";
import { ServerApi } from "../../client/server/server-api.ts";
import { type ServerApiOptions, serverContext } from "../../client/server/server-context.ts";
import { FakeClock } from "../../client/testing/time/fake-clock.ts";
import { signRequest } from "../../src/auth/authorize-webhook.ts";

const API_KEY = "an-api-key-that-nobody-may-see";
const URL_OF_TEST = "https://rooms.example.com/chat/";

interface Asked {
  readonly method: string;
  readonly url: string;
  readonly body: Readonly<Record<string, unknown>> | undefined;
  readonly at: number;
  readonly headers: Headers;
}

type Answer = (asked: Asked) => Response | Promise<Response>;

const ok =
  (value: unknown): Answer =>
  () =>
    Response.json(value);
const refuses =
  (status: number, code: string, more: object = {}): Answer =>
  () =>
    Response.json({ error: { code, message: `it is ${code}`, ...more } }, { status });
const fails: Answer = () => {
  throw new TypeError("fetch failed");
};
const hangs: Answer = () => new Promise<never>(() => {});

/** Answers with one after the other, and with the last from then on. `random` is what jitter draws. */
function world(
  answers: readonly [Answer, ...Answer[]],
  options: Partial<ServerApiOptions> & { readonly random?: number } = {},
) {
  const clock = new FakeClock();
  const asked: Asked[] = [];
  const { random = 1, ...rest } = options;
  let made = 0;
  const fetch = async (url: string, { method = "GET", headers, body }: RequestInit) => {
    const call = { method, url, at: clock.now(), headers: new Headers(headers) };
    const one = { ...call, body: body === undefined ? undefined : JSON.parse(String(body)) };
    const answer = answers[asked.length] ?? answers.at(-1);
    asked.push(one);
    return answer === undefined ? Response.error() : answer(one);
  };
  const context = serverContext(
    { url: URL_OF_TEST, apiKey: API_KEY, fetch, ...rest },
    { clock, random: () => random, newId: () => `id-${++made}` },
  );
  const startedAt = clock.now();
  return {
    server: new ServerApi(context),
    clock,
    asked,
    /** When each request went out, in milliseconds from the beginning. */
    times: () => asked.map(({ at }) => at - startedAt),
  };
}

const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => {
      throw new Error(`resolved with ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );

const STORED = { seq: 1, at: 5, id: "id-1" };
const NOTE = { title: "Build completed", message: "All tests passed" };

afterEach(() => vi.unstubAllGlobals());

describe("a call of the server SDK", () => {
  it("[C96] carries the key in a header, below the base path", async () => {
    const { server, asked } = world([ok(STORED)]);
    expect(await server.room("project_1").publish({ data: { text: "Hi" } })).toEqual(STORED);
    expect(asked).toMatchObject([
      {
        ...{ method: "POST", url: "https://rooms.example.com/chat/v1/rooms/project_1/messages" },
        body: { data: { text: "Hi" }, id: "id-1" },
      },
    ]);
    expect(asked[0]?.headers.get("Authorization")).toBe(`Bearer ${API_KEY}`);
  });

  it.each<[string, Answer]>([
    ["the network fails", fails],
    ["it is 429", refuses(429, "rate_limited")],
    ["it is 503", refuses(503, "overloaded")],
    ["it is 500", refuses(500, "internal")],
    ["a proxy says 502", () => new Response("<html>", { status: 502 })],
    [
      "the body breaks off",
      () => new Response(new ReadableStream({ pull: (c) => c.error(new Error("cut")) })),
    ],
  ])("[C96] is tried again with the same id where %s", async (_, answer) => {
    const { server, clock, asked } = world([answer, answer, ok(STORED)]);
    const published = server.room("r").publish({ data: 1 });
    await clock.advance(10_000);
    expect(await published).toEqual(STORED);
    expect(asked.map(({ body }) => body?.id)).toEqual(["id-1", "id-1", "id-1"]);
    expect(clock.pending).toBe(0);
  });

  it("[C96] keeps the id that the caller gives", async () => {
    const { server, asked } = world([ok({ ...STORED, id: "task-7" })]);
    await server.room("r").publish({ data: 1, id: "task-7" });
    expect(asked[0]?.body?.id).toBe("task-7");
  });

  it.each([
    [0, [0, 0, 0, 0]],
    [0.5, [0, 250, 750, 1_750]],
    [1, [0, 500, 1_500, 3_500]],
  ])("[C96] waits a random time within bounds that double, with %d of them", async (random, times) => {
    const world_ = world([fails, fails, fails, ok(STORED)], { random });
    const published = world_.server.room("r").publish({ data: 1 });
    await world_.clock.advance(20_000);
    await published;
    expect(world_.times()).toEqual(times);
  });

  it("[C96] waits at most eight seconds more than the server asks for", async () => {
    const { server, clock, times } = world([fails], { timeoutMs: 60_000 });
    const published = failure(server.room("r").publish({ data: 1 }));
    await clock.advance(60_000);
    expect(await published).toMatchObject({ code: "offline" });
    const gaps = times().map((at, n, all) => at - (all[n - 1] ?? 0));
    expect(gaps).toEqual([0, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000, 8_000, 8_000, 8_000]);
  });

  it.each([
    ["the body", refuses(503, "overloaded", { retryAfterMs: 7_000 })],
    ["a header", () => new Response("busy", { status: 503, headers: { "Retry-After": "7" } })],
  ])("[C96] waits at least as long as %s says", async (_, answer) => {
    const { server, clock, times } = world([answer, ok(STORED)], { random: 0 });
    const published = server.room("r").publish({ data: 1 });
    await clock.advance(7_000);
    await published;
    expect(times()).toEqual([0, 7_000]);
  });

  it("[C96] rejects at once where the server asks for a longer wait than there is time", async () => {
    const { server, clock } = world([refuses(429, "rate_limited", { retryAfterMs: 40_000 })]);
    const error = failure(server.room("r").publish({ data: 1 }));
    await clock.settle();
    expect(await error).toMatchObject({ code: "rate_limited", retryAfterMs: 40_000 });
    expect(clock.pending).toBe(0);
  });

  it("[C96] gives up a try that hangs for another one, and all of it after its time", async () => {
    const hung = world([hangs, ok(STORED)]);
    const published = hung.server.room("r").publish({ data: 1 });
    await hung.clock.advance(16_000);
    expect(await published).toEqual(STORED);
    expect(hung.times()).toEqual([0, 15_500]);

    const { server, clock } = world([refuses(503, "overloaded"), hangs]);
    const error = failure(server.room("r").publish({ data: 1 }, { timeoutMs: 5_000 }));
    await clock.advance(5_000);
    expect(await error).toMatchObject({ code: "timeout", cause: { code: "overloaded" } });
    expect(clock.pending).toBe(0);
  });

  it("[C96] ends with its signal, within a try and between two", async () => {
    for (const answer of [hangs, fails]) {
      const { server, clock } = world([answer]);
      const controller = new AbortController();
      const error = failure(server.notify({ user: "ada", ...NOTE }, { signal: controller.signal }));
      await clock.settle();
      controller.abort("enough");
      expect(await error).toBe("enough");
      expect(clock.pending).toBe(0);
    }
  });

  it.each<[string, Answer]>([
    ["bad_request", refuses(400, "bad_request", { path: ["data"] })],
    ["unauthorized", refuses(401, "unauthorized")],
    ["not_found", refuses(404, "not_found")],
    ["too_large", refuses(413, "too_large")],
    ["offline", () => new Response(null, { status: 302, headers: { Location: "/elsewhere" } })],
    ["offline", ok("no answer of the API")],
  ])("[C96] rejects at once where another try would end the same: %s", async (code, answer) => {
    const { server, clock, asked } = world([answer]);
    const error = failure(server.room("r").publish({ data: 1 }));
    await clock.advance(30_000);
    expect(await error).toBeInstanceOf(RoomsError);
    expect(await error).toMatchObject({ code });
    expect(asked).toHaveLength(1);
  });
});

describe("what is not the same when it is done twice", () => {
  const calls: [string, (server: ServerApi) => Promise<unknown>][] = [
    ["a signal to a room", (server) => server.room("r").signal({ event: "tick" })],
    ["a signal to a user", (server) => server.user("ada").signal({ event: "tick" })],
    [
      "a broadcast of signals",
      (server) => server.broadcast({ rooms: ["r"], event: "t", data: 1, ephemeral: true }),
    ],
    ["a kick without a ban", (server) => server.room("r").kick("ada", { banSeconds: 0 })],
    ["a purge", (server) => server.room("r").purge()],
    ["an unknown POST", (server) => server.call("POST", "/v1/x", {})],
  ];

  it.each(calls)("[C97] is not tried again after a lost answer: %s", async (_, call) => {
    for (const answer of [fails, refuses(503, "overloaded"), refuses(500, "internal"), hangs]) {
      const { server, clock, asked } = world([answer]);
      const error = failure(call(server));
      await clock.advance(30_000);
      expect(await error).toMatchObject({
        code: expect.stringMatching(/^(offline|overloaded|internal|timeout)$/),
      });
      expect(asked).toHaveLength(1);
    }
  });

  it.each(calls)("[C97] is tried again where nothing was done: %s", async (_, call) => {
    const answer = { delivered: 1, results: [{ room: "r" }] };
    const { server, clock, asked } = world([refuses(429, "rate_limited"), ok(answer)]);
    const done = call(server);
    await clock.advance(30_000);
    await done;
    expect(asked).toHaveLength(2);
  });

  it("[C97] is as if done once, and is tried again: the rest", async () => {
    const answers = {
      settings: { slowModeMs: 0, maxConnections: 1, historyLimit: 1, maxAgentTurns: 0 },
      ...{ token: "t", expiresAt: 1, seq: 1, rooms: 1, user: "ada", online: true, connections: 1, unread: 0 },
    };
    const all: ((server: ServerApi) => Promise<unknown>)[] = [
      (server) => server.token({ user: "ada", rooms: { "*": "read" } }),
      (server) => server.room("r").kick("ada", { banSeconds: 60 }),
      (server) => server.room("r").kick("ada"),
      (server) => server.room("r").unban("ada"),
      (server) => server.room("r").setSettings({ slowModeMs: 0 }),
      (server) => server.room("r").edit(1, "new"),
      (server) => server.room("r").delete(1),
      (server) => server.user("ada").disconnect(),
      (server) => server.user("ada").follow("r"),
      (server) => server.user("ada").unfollow("r"),
      (server) => server.user("ada").presence(),
      (server) => server.call("GET", "/v1/x"),
    ];
    for (const call of all) {
      const { server, clock, asked } = world([fails, ok(answers)]);
      const done = call(server);
      await clock.advance(1_000);
      await done;
      expect(asked).toHaveLength(2);
    }
  });
});

describe("a call for many", () => {
  const overloaded = { code: "overloaded", message: "later", retryAfterMs: 2_000 };

  it("[C98] asks again for those that failed for the moment, and only for them, with the same id", async () => {
    const { server, clock, asked, times } = world(
      [
        ok({
          results: [
            { user: "ada", seq: 1 },
            { user: "bo", error: overloaded },
            { user: "cy", error: overloaded },
          ],
        }),
        ok({
          results: [
            { user: "bo", seq: 2 },
            { user: "cy", error: overloaded },
          ],
        }),
        ok({ results: [{ user: "cy", seq: 3 }] }),
      ],
      { random: 0 },
    );
    const results = server.notify({ users: ["ada", "bo", "cy"], ...NOTE });
    await clock.advance(10_000);
    expect(await results).toEqual([
      { user: "ada", seq: 1 },
      { user: "bo", seq: 2 },
      { user: "cy", seq: 3 },
    ]);
    expect(asked.map(({ body }) => body?.users)).toEqual([["ada", "bo", "cy"], ["bo", "cy"], ["cy"]]);
    expect(new Set(asked.map(({ body }) => body?.id))).toEqual(new Set(["id-1"]));
    expect(times()).toEqual([0, 2_000, 4_000]);
  });

  it("[C98] resolves with what failed where others did not, also when its time is over", async () => {
    const refused = { code: "too_large", message: "no" };
    const { server, clock, asked } = world([
      ok({
        results: [
          { room: "a", seq: 4 },
          { room: "b", error: refused },
          { room: "c", error: overloaded },
        ],
      }),
      fails,
    ]);
    const results = server.broadcast({ rooms: ["a", "b", "c"], event: "news", data: 1 });
    await clock.advance(30_000);
    expect(await results).toEqual([
      { room: "a", seq: 4 },
      { room: "b", error: refused },
      { room: "c", error: overloaded },
    ]);
    expect(asked.slice(1).map(({ body }) => body?.rooms)).toContainEqual(["c"]);
  });

  it("[C98] rejects where all failed, as where it is one user", async () => {
    const { server } = world([
      ok({ results: [{ user: "ada", error: { code: "too_large", message: "no" } }] }),
    ]);
    expect(await failure(server.notify({ user: "ada", ...NOTE }))).toMatchObject({ code: "too_large" });
  });
});

describe("pages", () => {
  it("[C96] come one after the other, and end where one is not older", async () => {
    const page = (seq: number, more: boolean) =>
      ok({ messages: [], head: 9, floor: 0, seq, ...(more && { more }) });
    const { server, asked } = world([page(6, true), page(3, true), page(1, false)]);
    const seqs: number[] = [];
    // Methods may be called unbound.
    const { pages } = server.room("r");
    for await (const { seq } of pages({ topics: ["chat", "task"] })) seqs.push(seq);
    expect(seqs).toEqual([6, 3, 1]);
    const path = "https://rooms.example.com/chat/v1/rooms/r/messages?";
    expect(asked.map(({ url }) => url.replace(path, ""))).toEqual([
      "limit=200&topics=chat%2Ctask",
      "before=6&limit=200&topics=chat%2Ctask",
      "before=3&limit=200&topics=chat%2Ctask",
    ]);
    const stuck = world([page(6, true)]);
    let count = 0;
    for await (const _ of stuck.server.room("r").pages()) count++;
    expect(count).toBe(2);
  });
});

describe("the key", () => {
  it("[C99] stands in no error, whatever fails", async () => {
    const answers: Answer[] = [
      fails,
      refuses(401, "unauthorized"),
      ok(1),
      () => new Response("no", { status: 418 }),
    ];
    for (const answer of answers) {
      const { server, clock } = world([answer]);
      const error = failure(server.room("r").info());
      await clock.advance(30_000);
      expect(`${JSON.stringify(await error)} ${String(await error)}`).not.toContain(API_KEY);
    }
    const error = await failure(
      (async () => createServerApi({ url: URL_OF_TEST, apiKey: `${API_KEY}\n${API_KEY}` }))(),
    );
    expect(error).toMatchObject({ code: "bad_request" });
    expect(error).not.toHaveProperty("cause");
    expect(String(error)).not.toContain(API_KEY);
  });

  it("[C99] is refused where it or the address is missing, and in a page unless it is wanted there", () => {
    const options = { url: URL_OF_TEST, apiKey: API_KEY };
    expect(() => createServerApi({ ...options, apiKey: undefined })).toThrow("apiKey is missing");
    expect(() => createServerApi({ ...options, url: "" })).toThrow("url is missing");
    expect(() => createServerApi({ ...options, url: "ftp://x" })).toThrow("http");
    expect(() => createServerApi(options)).not.toThrow();
    vi.stubGlobal("window", {});
    vi.stubGlobal("document", {});
    expect(() => createServerApi(options)).toThrow("use it on a server only");
    expect(() => createServerApi({ ...options, dangerouslyAllowBrowser: true })).not.toThrow();
  });

  it("[C99] goes to no other address, whatever a name is", () => {
    const { server } = world([ok({})]);
    expect(() => server.room("../users/ada")).toThrow(RoomsError);
    expect(() => server.user("..")).toThrow(RoomsError);
  });

  it("[C99] goes to no other path of `call`, of a ban and of a followed room", async () => {
    const { server, asked } = world([ok({})]);
    for (const call of [
      server.call("GET", "@evil.example/v1/x"),
      server.room("r").unban(".."),
      server.user("ada").follow("a/b"),
    ])
      expect(await failure(call)).toMatchObject({ code: "bad_request" });
    expect(asked).toEqual([]);
    await server
      .user("u/1?#")
      .presence()
      .catch(() => {});
    expect(asked[0]?.url).toBe("https://rooms.example.com/chat/v1/users/u%2F1%3F%23");
  });
});

describe("a name that is no text", () => {
  // As an app in JavaScript gives it: `request.query.user` of Express is a list where it stands there twice.
  it.each([[undefined], [null], [7], [["ada"]], [[".."]], [{}]])(
    "[N30] is bad_request, and nothing is sent: %j",
    async (name) => {
      const { server, asked } = world([ok({})]);
      const isRefused = expect.objectContaining({ name: "RoomsError", code: "bad_request" });
      expect(() => Reflect.apply(server.room, undefined, [name])).toThrow(isRefused);
      expect(() => Reflect.apply(server.user, undefined, [name])).toThrow(isRefused);
      expect(await failure(Reflect.apply(server.room("r").unban, undefined, [name]))).toEqual(isRefused);
      expect(await failure(Reflect.apply(server.user("ada").follow, undefined, [name]))).toEqual(isRefused);
      expect(asked).toEqual([]);
    },
  );
});

describe("the seq of a message", () => {
  // In JavaScript it may come from a request as a text: a path with `..` in it would purge another room.
  it.each(["../../r2", "..", "1/../../../r2", "1", 0, -1, 1.5, Number.NaN, 2 ** 53, null, undefined])(
    "[N26] makes no path of another call: %j is bad_request, and nothing is sent",
    async (seq) => {
      const { server, asked } = world([ok({ seq: 1 })]);
      const room = server.room("r");
      for (const call of [room.delete, room.edit])
        expect(await failure(Reflect.apply(call, room, [seq, "text"]))).toMatchObject({
          ...{ code: "bad_request", path: ["seq"] },
        });
      expect(asked).toEqual([]);
    },
  );
});

describe("the bundle", () => {
  it("[C99] of the server SDK is small, and needs nothing that Workers, Deno, Bun and Node 20 do not all have", async () => {
    const { outputFiles, metafile } = await build({
      entryPoints: [join(import.meta.dirname, "../../client/server/index.ts")],
      ...{ bundle: true, format: "esm", target: "es2022", platform: "neutral", minify: true },
      ...{ write: false, metafile: true },
    });
    const files = Object.keys(metafile.inputs);
    expect(files.filter((file) => !/^(client|src\/protocol)\//.test(file))).toEqual([]);
    const [{ text, contents } = { text: "", contents: new Uint8Array() }] = outputFiles;
    expect(text).toContain("/v1/notify");
    const found = text.match(/\bnode:|\brequire\(|\bBuffer\b|\bprocess\.|WebSocket|withResolvers|canParse/g);
    expect(found).toBeNull();
    // Raised for: exports and imports (1,300), webhooks with their schemas (700), scheduled messages and erasures (400),
    // `textStream` (100).
    expect(gzipSync(contents, { level: 9 }).length).toBeLessThan(11_900);
  });
});

describe("a signature", () => {
  const SECRET = "a-webhook-secret-that-is-long-enough";
  const NOW = 1_800_000_000_000;
  const BODY = '{"user":{"id":"ada"},"room":"日本 👍"}';
  const now = { now: NOW };

  it("[A53] of the deployment is true, over text and bytes", async () => {
    const header = await signRequest(SECRET, BODY, NOW);
    expect(await verifySignature(header, BODY, SECRET, now)).toBe(true);
    expect(await verifySignature(header, new TextEncoder().encode(BODY), SECRET, now)).toBe(true);
    // As Express types a raw body.
    const raw: Buffer = Buffer.from(BODY);
    expect(await verifySignature(header, raw, SECRET, now)).toBe(true);
    expect(await verifySignature(await signRequest(SECRET, "", Date.now()), "", SECRET)).toBe(true);
  });

  it("[A58] takes a secret as the settings of a deployment do: without blanks at its ends", async () => {
    const header = await signRequest(SECRET, BODY, NOW);
    for (const secret of [`${SECRET}\n`, ` ${SECRET}\r\n`, ["other", `${SECRET} `]])
      expect(await verifySignature(header, BODY, secret, now)).toBe(true);
    await expect(verifySignature(header, BODY, " \n", now)).rejects.toMatchObject({ code: "bad_request" });
  });

  it("[A53] is false over another body, with another secret, or in another form", async () => {
    const header = await signRequest(SECRET, BODY, NOW);
    expect(await verifySignature(header, `${BODY} `, SECRET, now)).toBe(false);
    expect(await verifySignature(header, BODY, `${SECRET}x`, now)).toBe(false);
    const last = header.at(-1) === "0" ? "1" : "0";
    for (const other of [
      ...[
        undefined,
        null,
        "",
        "t=1",
        header.slice(0, -1) + last,
        `${header}0`,
        ` ${header}`,
        `${header},v1=00`,
      ],
      ...[header.replace("v1", "v0"), header.toUpperCase(), header.replace(/t=\d+/, "t=1800000001")],
      ...[header.replace(/v1=.*/, "v1="), [], [header, header]],
    ])
      expect(await verifySignature(other, BODY, SECRET, now)).toBe(false);
  });

  it("[A53] is false five minutes before and after it was made, or another tolerance", async () => {
    const header = await signRequest(SECRET, BODY, NOW);
    const at = (ms: number, more = {}) => verifySignature(header, BODY, SECRET, { now: NOW + ms, ...more });
    expect(await Promise.all([at(300_000), at(-300_000)])).toEqual([true, true]);
    expect(await Promise.all([at(300_001), at(-300_001)])).toEqual([false, false]);
    const toleranceSeconds = 10;
    expect(await Promise.all([at(9_000, { toleranceSeconds }), at(11_000, { toleranceSeconds })])).toEqual([
      true,
      false,
    ]);
    expect(await at(Number.NaN)).toBe(false);
  });

  it("[A53] of any of several secrets is true, and no secret is refused", async () => {
    const header = await signRequest(SECRET, BODY, NOW);
    expect(await verifySignature(header, BODY, ["new-secret", SECRET], now)).toBe(true);
    expect(await verifySignature(header, BODY, ["new-secret", "newer-secret"], now)).toBe(false);
    for (const secret of [undefined, "", [], [SECRET, ""]])
      await expect(verifySignature(header, BODY, secret, now)).rejects.toMatchObject({ code: "bad_request" });
  });
});
