// The mistakes of a first hour with curl, a socket or a page: each refusal names the cause and the remedy.

import { env } from "cloudflare:workers";
import { SignJWT } from "jose";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { advanceClock } from "./support/objects.ts";
import { TestSocket } from "./support/test-socket.ts";
import {
  call,
  callAs,
  callWith,
  errorOf,
  ORIGIN,
  openSession,
  tokenFor,
  uniqueName,
  upgrade,
} from "./support/worker.ts";

const room = `/v1/rooms/${uniqueName("first")}`;

async function refusal(response: Response | Promise<Response>): Promise<[number, unknown, unknown]> {
  const answer = await response;
  const { code, message } = await errorOf(answer);
  return [answer.status, code, message];
}

const bearing = (method: string, path: string, bearer: string, body?: string) =>
  refusal(call(path, { method, headers: { Authorization: bearer }, ...(body !== undefined && { body }) }));

const hour = () => Math.floor(Date.now() / 1_000) + 3_600;

/** Without the claim, as many issuers sign. */
const withoutRooms = () =>
  new SignJWT({ sub: "ada", exp: hour() })
    .setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(env.JWT_SECRET));

describe("who calls", () => {
  const TOKEN = "Authorization: Bearer <token>";

  it("[H34] is told how to send what is missing", async () => {
    const none = (path: string, method = "GET") => refusal(call(path, { method }));
    for (const path of [room, `${room}/messages`, `${room}/messages?token=${await tokenFor("ada")}`])
      expect(await none(path), path).toEqual([401, "unauthorized", expect.stringContaining(TOKEN)]);
    for (const path of ["/v1/me/rooms", "/v1/me/notifications", "/v1/push/key"])
      expect(await none(path), path).toEqual([
        401,
        "unauthorized",
        `this call takes a user's token: ${TOKEN}`,
      ]);
    for (const [method, path] of [
      ["POST", "/v1/notify"],
      ["POST", "/v1/broadcast"],
      ["POST", "/v1/tokens"],
      ["GET", "/v1/users/ada"],
      ["DELETE", room],
    ] as const)
      expect(await none(path, method), path).toEqual([
        401,
        "unauthorized",
        "this call takes an API key: Authorization: Bearer <key>",
      ]);
  });

  it("[H34] is told that a key or a token is the wrong one of the two, or no known one", async () => {
    const token = await tokenFor("ada");
    expect(await bearing("POST", "/v1/notify", `Bearer ${token}`, "{}")).toEqual([
      403,
      "forbidden",
      "this call takes an API key, and this is a user's token",
    ]);
    expect(await bearing("GET", "/v1/me/rooms", `Bearer ${env.API_KEYS}`)).toEqual([
      403,
      "forbidden",
      "this call acts for a user: send their token",
    ]);
    for (const wrong of [`Bearer ${"k".repeat(43)}`, "Bearer undefined"])
      expect(await bearing("POST", "/v1/notify", wrong, "{}")).toEqual([
        401,
        "unauthorized",
        expect.stringMatching(/no API key that counts here, and no signed JWT/),
      ]);
    expect(await bearing("POST", "/v1/notify", "Bearer ", "{}")).toEqual([
      401,
      "unauthorized",
      "the Authorization header ends after Bearer: a variable for the token or API key may be empty",
    ]);
    expect(await bearing("POST", "/v1/notify", env.API_KEYS, "{}")).toEqual([
      401,
      "unauthorized",
      "the Authorization header is not of the form Bearer <token>",
    ]);
  });

  it("[A59] with an API key on a socket is told that it takes a user's token", async () => {
    for (const path of [`${room}/connect`, "/v1/connect"]) {
      const { webSocket } = await upgrade(path, env.API_KEYS);
      if (webSocket === null) throw new Error("no socket");
      const socket = new TestSocket(webSocket);
      expect(await socket.closed).toEqual({ code: 4401, reason: "unauthorized" });
      expect(await socket.closeWords).toBe("an API key opens no socket: send a user's token");
    }
  });

  it("[A60] without the permission learns what they have, and from which claim or setting", async () => {
    const words = async (token: string, method = "GET", path = room) =>
      (await bearing(method, path, `Bearer ${token}`))[2];
    expect(await words(await withoutRooms())).toBe(
      "you may not read this room: the token has no rooms claim, and DEFAULT_ROOM_ACCESS is none",
    );
    expect(await words(await tokenFor("ada", { rooms: { other: "write" } }))).toBe(
      "you may not read this room: the rooms claim of the token gives none here",
    );
    const reader = await tokenFor("ada", { rooms: { "*": "read" } });
    expect(await words(reader, "POST", `${room}/messages`)).toBe(
      "you may not write in this room: the rooms claim of the token gives read here",
    );
    expect(await words(await tokenFor("ada"), "GET", `${room}/bans`)).toBe(
      "you may not moderate this room: the rooms claim of the token gives write here",
    );
    const settings = { JWT_ROOMS_CLAIM: "app.rooms" };
    const headers = { Authorization: `Bearer ${await tokenFor("ada", { claims: { app: { rooms: {} } } })}` };
    expect((await refusal(callWith(settings, room, { headers })))[2]).toContain("the app.rooms claim");
  });

  it("[A60] learns it on sockets too: when it opens, and of a command", async () => {
    const { webSocket } = await upgrade(`${room}/connect`, await tokenFor("ada", { rooms: {} }));
    if (webSocket === null) throw new Error("no socket");
    expect(await new TestSocket(webSocket).closeWords).toBe(
      "you may not read this room: the rooms claim of the token gives none here",
    );
    const session = await openSession(uniqueName("ada"), { rooms: { "*": "none" } });
    expect(await session.ask({ type: "join", id: "j", room: "first" })).toMatchObject({
      ...{ code: "forbidden", path: ["room"] },
      message: "you may not read this room: the rooms claim of the token gives none here",
    });
    const reader = new TestSocket(
      (await upgrade(`${room}/connect`, await tokenFor("ada", { rooms: { "*": "read" } }))).webSocket ??
        expect.fail(),
    );
    await reader.next("caughtUp");
    expect(await reader.ask({ type: "send", id: "s", data: 1 })).toMatchObject({
      message: "you may not write in this room: your permission here is read",
    });
  });
});

describe("a path", () => {
  const found = async (method: string, path: string) => refusal(callAs(await tokenFor("ada"), method, path));

  it.each([
    ["GET", "/v1/notify", "this path takes POST, not GET"],
    ["GET", "/v1/rooms/a/kick", "this path takes POST, not GET"],
    ["PUT", "/v1/rooms/a/messages", "this path takes GET, POST, not PUT"],
    ["POST", "/v1/rooms/a", "this path takes GET, PATCH, DELETE, not POST"],
    ["OPTIONS", "/v1/rooms/a", "this path takes GET, PATCH, DELETE, not OPTIONS"],
    ["POST", "/v1/me/preferences", "this path takes GET, PUT, not POST"],
    ["POST", "/health", "this path takes GET, not POST"],
  ])("[H35] that has no %s names the methods that it has: %s", async (method, path, message) => {
    expect(await found(method, path)).toEqual([404, "not_found", message]);
  });

  it("[H35] of another method says so in Allow too", async () => {
    const response = await call("/v1/notify");
    expect(response.headers.get("Allow")).toBe("POST");
    expect((await call("/v1/nothing")).headers.get("Allow")).toBeNull();
  });

  it.each([
    ["/v1/notify/", "there is nothing at this path: leave out the / at its end"],
    ["/v1/rooms/a/messages/", "there is nothing at this path: leave out the / at its end"],
    [
      "/v1/room/a",
      /: after \/v1 comes asyncapi.json, broadcast, commands, connect, me, metrics, notify, openapi.json, poll, push, rooms, .* or users$/,
    ],
    [
      "/v1/rooms/a/b/messages",
      /: after \/v1\/rooms\/:room comes bans, commands, connect, events, export, import, kick, members, /,
    ],
    [
      "/v1/rooms/a/message",
      /: after \/v1\/rooms\/:room comes bans, .*messages, poll, receipts, scheduled or signals$/,
    ],
    ["/v1/me", /: after \/v1\/me comes notifications, preferences, push or rooms$/],
    ["/v1", /: after \/v1 comes asyncapi.json, broadcast, /],
    ["/v2/notify", "there is nothing at this path: calls begin with /v1/"],
    ["/notify", "there is nothing at this path: calls begin with /v1/"],
    ["//v1/notify", "there is nothing at this path: calls begin with /v1/"],
  ])("[H35] that is none says what was meant: %s", async (path, words) => {
    const message = typeof words === "string" ? words : expect.stringMatching(words);
    expect(await found("POST", path)).toEqual([404, "not_found", message]);
  });

  it("[H35] outside of BASE_PATH says that there is one", async () => {
    const response = callWith({ BASE_PATH: "/chat" }, "/v1/notify", { method: "POST" });
    expect((await refusal(response))[2]).toBe("there is nothing at this path: it lies outside of BASE_PATH");
  });

  it("[H35] of a page of another origin that is none is found to be none, in place of a failed preflight", async () => {
    const headers = { Origin: ORIGIN, "Access-Control-Request-Method": "PATCH" };
    const methodsOf = async (path: string) =>
      (await call(path, { method: "OPTIONS", headers })).headers.get("Access-Control-Allow-Methods");
    expect(await methodsOf("/v1/room/a")).toBe("GET, POST, PUT, PATCH, DELETE");
    expect(await methodsOf("/v1/notify")).toBe("POST");
  });

  it("[H36] of no dev token says where there are some", async () => {
    const ask = async (DEV_TOKENS: string, url: string, headers: Record<string, string> = {}) =>
      (
        await refusal(
          callWith({ DEV_TOKENS }, url, { headers: { "CF-Connecting-IP": "127.0.0.1", ...headers } }),
        )
      )[2];
    const path = "/dev/token?user=ada";
    expect(await ask("off", `http://localhost${path}`)).toMatch(/^there are no dev tokens here: .*back end/);
    expect(await ask("on", `http://rooms.example${path}`)).toMatch(/^a dev token is for .*localhost/);
    expect(await ask("on", `http://localhost${path}`, { "X-Forwarded-For": "1.2.3.4" })).toMatch(/proxy/);
    expect(await ask("share", `http://rooms.example${path}`)).toMatch(
      /address, .*without a dot, .*\.local, \.lan, \.internal or \.home\.arpa/,
    );
    expect(await ask("on", `http://localhost${path}`, { Origin: "https://app.example" })).toMatch(
      /^a dev token is for pages of this machine/,
    );
  });
});

describe("a body", () => {
  const post = async (body: string | null) =>
    refusal(
      call(`${room}/messages`, {
        method: "POST",
        headers: { Authorization: `Bearer ${await tokenFor("ada")}` },
        body,
      }),
    );

  it.each([
    [null, "the body is missing: send a JSON object"],
    ["", "the body is missing: send a JSON object"],
    [" \n", "the body is missing: send a JSON object"],
    ['{"data":1,}', "the body is not JSON: see character 11"],
    ["{'data':1}", "the body is not JSON: see character 2"],
    ["data=1", "the body is not JSON: send a JSON object"],
    ['{"data":"a', "the body is not JSON: see character 11"],
    ['{"data":', "the body is not JSON: it ends too early"],
    ["[1]", "the body must be a JSON object"],
    ['"x"', "the body must be a JSON object"],
    ["null", "the body must be a JSON object"],
  ])("[H37] %j is refused with what is wrong, and where", async (body, message) => {
    expect(await post(body)).toEqual([400, "bad_request", message]);
  });
});

describe("a body with several faults", () => {
  const named = async (method: string, path: string, bearer: string, body: object) => {
    const { code, path: field } = await errorOf(await callAs(bearer, method, path, body));
    return code === "bad_request" && field;
  };
  /** Each value does not fit, and each field is wrong beside all that follow it. In the order of the reference. */
  const faults: [string, string, "key" | "token", object, Record<string, unknown>][] = [
    [
      ...(["POST", "/v1/notify", "key", { user: "ada", title: "t", message: "m" }] as const),
      { user: 5, title: 5, message: 5, topic: "a b", link: "x", expiresAt: 1, priority: "x", id: "" },
    ],
    [
      ...(["PUT", "/v1/me/preferences", "token", {}] as const),
      {
        ...{ mutedTopics: 5, mutedRooms: 5 },
        ...{ quietHours: { from: "22:00", to: "22:00", timeZone: "Europe/Berlin" }, push: 5 },
      },
    ],
    [
      ...(["POST", "/v1/me/push", "token", { endpoint: "https://fcm.googleapis.com/x" }] as const),
      { endpoint: "https://evil.example/", expirationTime: "x", keys: { p256dh: "x", auth: 5 } },
    ],
    [
      ...(["POST", `${room}/messages`, "token", { data: 1 }] as const),
      { event: "a b", replyTo: 0, mentions: 5, id: "", retryOf: 5, from: 5 },
    ],
    [
      ...(["POST", "/v1/broadcast", "key", { rooms: ["a"], event: "e", data: 1 }] as const),
      { rooms: [], event: "a b", id: "", ephemeral: 5, from: 5, misspelt: 1 },
    ],
  ];

  it.each(faults)(
    "[H38] names the first in the order of the reference: %s %s",
    async (method, path, who, right, wrong) => {
      const bearer = who === "key" ? env.API_KEYS : await tokenFor("ada");
      const fields = Object.entries(wrong);
      for (const [at, [field]] of fields.entries()) {
        // What stands first in the text of the body does not count.
        const body = {
          ...Object.fromEntries(fields.slice(at).reverse()),
          ...{ ...right, ...Object.fromEntries(fields.slice(at)) },
        };
        expect([field, await named(method, path, bearer, body)]).toEqual([
          field,
          expect.arrayContaining([field]),
        ]);
      }
    },
  );

  it("[H38] names the first of nested ones too", async () => {
    const keys = { p256dh: "x", auth: "x" };
    const body = { endpoint: "https://fcm.googleapis.com/x", keys };
    const token = await tokenFor("ada");
    expect(await named("POST", "/v1/me/push", token, body)).toEqual(["keys", "p256dh"]);
    expect(await named("POST", "/v1/me/push", token, { ...body, endpoint: "x" })).toEqual(["endpoint"]);
  });
});

/** What is logged from here on, in lines of `event`. */
function listen(event: string) {
  const lines: Record<string, unknown>[] = [];
  const spy = vi.spyOn(console, "warn").mockImplementation((line) => lines.push(JSON.parse(String(line))));
  onTestFinished(() => spy.mockRestore());
  return () => lines.filter((line) => line.event === event);
}

describe("a socket", () => {
  it.each([
    [
      "at a path that is none",
      30_000,
      "/v1/room/lobby",
      /^there is nothing at this path: sockets open at \/v1\/rooms\/:room\/connect/,
    ],
    ["at the page", 32_000, "/", /^there is nothing at this path: sockets open at/],
    ["at a call", 34_000, `${room}/messages`, /^there is nothing at this path: sockets open at/],
    ["at a path with a slash", 36_000, `${room}/connect/`, /^there is nothing at this path: sockets open at/],
  ])("[A61] %s is closed with the reason, which is logged", async (_, ms, path, words) => {
    advanceClock(ms);
    const logged = listen("refused");
    const { webSocket } = await upgrade(path, await tokenFor("ada"));
    if (webSocket === null) throw new Error("no socket");
    const socket = new TestSocket(webSocket);
    expect(await socket.closed).toEqual({ code: 4500, reason: "not_found" });
    expect(await socket.closeWords).toMatch(words);
    expect(logged()).toMatchObject([
      { kind: "connection", code: "not_found", reason: expect.stringMatching(words) },
    ]);
  });

  it("[A61] is refused with a logged reason before its path is read too", async () => {
    advanceClock(40_000);
    const logged = listen("refused");
    const refused = await upgrade("/v1/rooms/100%/connect", await tokenFor("ada"));
    expect(await new TestSocket(refused.webSocket ?? expect.fail()).closeWords).toMatch(/a %/);
    const headers = { Upgrade: "websocket", "Sec-WebSocket-Protocol": "edge-rooms.v1" };
    const broken = await callWith({ JWT_SECRET: "short" }, `${room}/connect`, { headers });
    expect(await new TestSocket(broken.webSocket ?? expect.fail()).closeWords).toMatch(/see \/health/);
    expect(logged().map(({ code }) => code)).toEqual(["bad_request", "internal"]);
  });

  it("[A61] without our subprotocol gets the reason over HTTP", async () => {
    const response = await call("/v1/room/lobby", { headers: { Upgrade: "websocket" } });
    expect(await refusal(response)).toEqual([404, "not_found", expect.stringContaining("sockets open at")]);
  });

  it("[A61] that was asked for without an upgrade is told what is missing", async () => {
    expect((await refusal(callAs(await tokenFor("ada"), "GET", `${room}/connect`)))[2]).toBe(
      "this path takes WebSocket connections: the header Upgrade: websocket is missing",
    );
  });
});

describe("a page of another origin", () => {
  it("[A62] that is refused is in the log, as its browser shows no reason", async () => {
    advanceClock(50_000);
    const logged = listen("refused");
    const headers = { Origin: "https://evil.example", "Access-Control-Request-Method": "GET" };
    for (let n = 0; n < 3; n++) await call(room, { method: "OPTIONS", headers });
    expect(logged()).toMatchObject([
      { kind: "call", method: "OPTIONS", reason: expect.stringContaining('"https://evil.example"') },
    ]);
  });
});
