import { env } from "cloudflare:workers";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { TestSocket } from "./support/test-socket.ts";
import { call, callWith, errorOf, tokenFor, uniqueName } from "./support/worker.ts";

const headersOf = async (user = "ada") => ({ Authorization: `Bearer ${await tokenFor(user)}` });

/** Problems are logged as well, once for each environment. */
function silence() {
  const logged = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => logged.mockRestore());
  return logged;
}

async function problemsWith(settings: Record<string, unknown>): Promise<string[]> {
  const response = await callWith(settings, "/health");
  const { ok, problems = [] } = await response.json<{ ok: boolean; problems?: string[] }>();
  expect([response.status, ok]).toEqual(problems.length === 0 ? [200, true] : [500, false]);
  return problems;
}

describe("settings", () => {
  it("[A9] that are right make /health answer ok and nothing else", async () => {
    const response = await call("/health");
    expect([response.status, await response.json()]).toEqual([200, { ok: true }]);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
  });

  const wrong: [string, unknown][] = [
    ["JWT_SECRET", undefined],
    ["JWT_SECRET", ""],
    ["JWT_SECRET", "VALUE-too-short"],
    ["JWT_SECRET", { VALUE: 1 }],
    ["API_KEYS", "VALUE-too-short"],
    ["API_KEYS", `${"k".repeat(32)},VALUE`],
    ["ALLOWED_ORIGINS", "VALUE.example.com"],
    ["ALLOWED_ORIGINS", "https://VALUE.example.com/path"],
    ["ALLOWED_ORIGINS", "https://*.*.VALUE"],
    ["DEFAULT_ROOM_ACCESS", "VALUE"],
    ["ANONYMOUS_ROOMS", "VALUE*x"],
    ["ANONYMOUS_ROOMS", "public_*,_VALUE"],
    ["SERVER_EVENTS", "VALUE.*"],
    ["HISTORY_LIMIT", "0"],
    ["HISTORY_LIMIT", "100001"],
    ["HISTORY_LIMIT", "VALUE"],
    ["HISTORY_LIMIT", 1.5],
    ["INBOX_LIMIT", -1],
    ["MAX_MESSAGE_BYTES", 262_145],
    ["MAX_CONNECTIONS_PER_ROOM", 1_000_001],
    ["RELAY_ABOVE", 40_000],
    ["MAX_CONNECTIONS_PER_USER", 0],
    ["RATE_PER_SECOND", 0],
    ["RATE_BURST", 0.5],
    ["PING_MS", 999],
    ["PONG_MS", "VALUE"],
    ["RECONNECT_MAX_MS", 10],
    ["BASE_PATH", "VALUE"],
    ["BASE_PATH", "/VALUE/"],
    ["DEMO", "VALUE"],
    ["ADMIN", "VALUE"],
    ["TRUST_PROXY", "VALUE"],
    ["DEV_TOKENS", "true"],
    ["PICTURE_HOSTS", "https://VALUE.example.com"],
    ["PICTURE_HOSTS", "*"],
    ["LOCATION_HINT", "VALUE"],
    ["JURISDICTION", "VALUE"],
  ];

  it.each(wrong)(
    "[A9] %s = %j is named in /health without its value; every other request is internal",
    async (name, value) => {
      const logged = silence();
      const settings = { [name]: value };
      const problems = await problemsWith(settings);
      expect(problems.length).toBeGreaterThan(0);
      expect(problems.filter((problem) => !problem.startsWith(`${name} `))).toEqual([]);
      expect(problems.join()).not.toContain("VALUE");
      expect(logged.mock.calls.flat().join()).toContain(name);
      expect(logged.mock.calls.flat().join()).not.toContain("VALUE");
      for (const path of [`/v1/rooms/${uniqueName("wrong")}`, "/", "/v1/nothing"]) {
        const response = await callWith(settings, path, { headers: await headersOf() });
        expect([response.status, (await errorOf(response)).code], path).toEqual([500, "internal"]);
      }
    },
  );

  it("[A9] must not combine both kinds of keys, or keys of an issuer without its name or audience", async () => {
    silence();
    const jwks = { JWT_SECRET: undefined, JWT_JWKS_URL: "https://issuer.example/keys" };
    expect(await problemsWith({ JWT_JWKS_URL: "https://issuer.example/keys" })).toMatchObject([
      expect.stringContaining("JWT_SECRET"),
    ]);
    expect(await problemsWith(jwks)).toHaveLength(2);
    expect(await problemsWith({ ...jwks, JWT_ISSUER: "me" })).toMatchObject([
      expect.stringContaining("JWT_AUDIENCE"),
    ]);
    expect(await problemsWith({ ...jwks, JWT_ISSUER: "me", JWT_AUDIENCE: "*" })).toEqual([]);
    const insecure = {
      ...jwks,
      JWT_ISSUER: "me",
      JWT_AUDIENCE: "*",
      JWT_JWKS_URL: "http://issuer.example/keys",
    };
    expect(await problemsWith(insecure)).toMatchObject([expect.stringContaining("JWT_JWKS_URL")]);
  });

  it("[A9] are all named if several are wrong", async () => {
    silence();
    expect(await problemsWith({ JWT_SECRET: "short", DEMO: "maybe", PING_MS: "x" })).toHaveLength(3);
  });

  it("[A9][A7] that are wrong are reported to a socket that offers our protocol", async () => {
    silence();
    const response = await callWith({ DEMO: "maybe" }, "/v1/connect", {
      headers: { Upgrade: "websocket", "Sec-WebSocket-Protocol": "edge-rooms.v1" },
    });
    if (response.webSocket === null) throw new Error("no socket");
    expect(await new TestSocket(response.webSocket).closed).toEqual({ code: 4500, reason: "internal" });
  });

  it("[A9] may be empty, and numbers and white space count as what they mean", async () => {
    const settings = {
      HISTORY_LIMIT: " 70 ",
      RATE_BURST: 30,
      ALLOWED_ORIGINS: "",
      DEMO: "",
      API_KEYS: " , ",
    };
    expect(await problemsWith(settings)).toEqual([]);
  });
});

describe("BASE_PATH", () => {
  it("[A9] moves everything below it, and nothing is found outside it", async () => {
    const room = uniqueName("based");
    const ask = async (path: string) =>
      (await callWith({ BASE_PATH: "/live/v2" }, path, { headers: await headersOf() })).status;
    expect(await ask(`/live/v2/v1/rooms/${room}`)).toBe(200);
    expect(await ask("/live/v2/health")).toBe(200);
    for (const path of [`/v1/rooms/${room}`, "/health", `/live/v2x/v1/rooms/${room}`, "/live/health"])
      expect(await ask(path), path).toBe(404);
  });

  it("[A9] has the page and the client's file below it", async () => {
    const ASSETS = { fetch: async (request: Request) => new Response(new URL(request.url).pathname) };
    const response = await callWith({ ASSETS, BASE_PATH: "/live" }, "/live/edge-rooms.js");
    expect(await response.text()).toBe("/edge-rooms.js");
  });

  it("[A9] redirects to the page, whose files are relative to it", async () => {
    const ASSETS = { fetch: async () => new Response("the page") };
    const response = await callWith({ ASSETS, BASE_PATH: "/live" }, "/live");
    expect([response.status, response.headers.get("Location")]).toEqual([308, "/live/"]);
    expect(await (await callWith({ ASSETS, BASE_PATH: "/live" }, "/live/")).text()).toBe("the page");
  });

  it("[A9] has the sockets below it", async () => {
    const response = await callWith({ BASE_PATH: "/live" }, `/live/v1/rooms/${uniqueName("based")}/connect`, {
      headers: { ...(await headersOf()), Upgrade: "websocket" },
    });
    if (response.webSocket === null) throw new Error("no socket");
    await new TestSocket(response.webSocket).next("caughtUp");
  });
});

describe("optional bindings", () => {
  const ASSETS = { fetch: async () => new Response("the page") };

  it("[A9] may all be absent, and everything else works", async () => {
    const settings = { ASSETS: undefined, RATE_LIMITER: undefined };
    expect(await problemsWith(settings)).toEqual([]);
    const room = await callWith(settings, `/v1/rooms/${uniqueName("bare")}`, { headers: await headersOf() });
    expect(room.status).toBe(200);
    expect((await callWith(settings, "/")).status).toBe(404);
  });

  it("[A9] with DEMO off leave no page, but the client's files", async () => {
    expect(await (await callWith({ ASSETS }, "/")).text()).toBe("the page");
    const off = await callWith({ ASSETS, DEMO: "off" }, "/");
    expect([off.status, (await errorOf(off)).code]).toEqual([404, "not_found"]);
    for (const name of [
      "edge-rooms.tgz",
      "edge-rooms.js",
      "edge-rooms.d.ts",
      "edge-rooms-all.js",
      "edge-rooms-push.js",
      "edge-rooms-sw.js",
    ])
      expect((await callWith({ ASSETS, DEMO: "off" }, `/${name}`)).status, name).toBe(200);
    for (const name of ["edge-rooms", "edge-rooms.html", "app/edge-rooms.js"])
      expect((await callWith({ ASSETS, DEMO: "off" }, `/${name}`)).status, name).toBe(404);
  });

  it("[H63] serve the admin page with ADMIN on, whatever DEMO is, and none of it otherwise", async () => {
    const statusOf = async (settings: object, path: string) =>
      (await callWith({ ASSETS, ...settings }, path)).status;
    const own = ["/admin", "/admin/", "/admin.html", "/admin/start.js"];
    for (const path of [...own, "/%61dmin", "/admin%2Fstart.js", "//admin", "/admin/%"])
      for (const DEMO of ["on", "off"]) expect(await statusOf({ DEMO }, path), `${path} ${DEMO}`).toBe(404);
    for (const path of [...own, "/ui/dom.js", "/styles/base.css", "/favicon.svg"])
      for (const DEMO of ["on", "off"])
        expect(await statusOf({ DEMO, ADMIN: "on" }, path), `${path} ${DEMO}`).toBe(200);
    for (const path of ["/", "/index.html", "/app/start.js", "/ui/../app/start.js"])
      expect(await statusOf({ DEMO: "off", ADMIN: "on" }, path), path).toBe(404);
  });

  it("[A9][H1] of a rate limit that refuses cause rate_limited: by user, by address, never for server code", async () => {
    const keys: string[] = [];
    const RATE_LIMITER = {
      limit: async ({ key }: { key: string }) => {
        keys.push(key);
        return { success: false };
      },
    };
    const path = `/v1/rooms/${uniqueName("public_limited")}`;
    const asUser = await callWith({ RATE_LIMITER }, path, { headers: await headersOf("ada") });
    expect([asUser.status, asUser.headers.get("Retry-After")]).toEqual([429, "10"]);
    expect(await errorOf(asUser)).toMatchObject({ code: "rate_limited", retryAfterMs: 10_000 });
    const headers = { "CF-Connecting-IP": "192.0.2.1" };
    expect((await callWith({ RATE_LIMITER }, path, { headers })).status).toBe(429);
    const server = { headers: { Authorization: `Bearer ${env.API_KEYS}` } };
    expect((await callWith({ RATE_LIMITER }, path, server)).status).toBe(200);
    const socket = await callWith({ RATE_LIMITER }, `${path}/connect`, {
      headers: {
        Upgrade: "websocket",
        "Sec-WebSocket-Protocol": `edge-rooms.v1, token.${await tokenFor("bo")}`,
      },
    });
    if (socket.webSocket === null) throw new Error("no socket");
    expect(await new TestSocket(socket.webSocket).closed).toEqual({
      code: 4429,
      reason: "rate_limited 10000",
    });
    expect(keys).toEqual(["user ada", "address 192.0.2.1", "user bo"]);
  });
});
