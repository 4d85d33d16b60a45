// The headers of every answer: it is for its caller alone, and its type is fixed.

import { beforeAll, describe, expect, it, vi } from "vitest";
import { HTTP_ROUTES, OTHER_ROUTES } from "../../src/protocol/index.ts";
import { call, callAs, callAsServer, callWith, tokenFor, uniqueName } from "./support/worker.ts";

const room = `/v1/rooms/${uniqueName("private")}`;
const key = (method: string, path: string, body?: unknown) => () => callAsServer(method, path, body);
const user = (method: string, path: string, body?: unknown) => async () =>
  callAs(await tokenFor("ada"), method, path, body);
const upgrading = { Upgrade: "websocket" };
const fromHere = { headers: { "CF-Connecting-IP": "127.0.0.1" } };

const answers: [string, () => Promise<Response>, number][] = [
  ["a message stored", key("POST", `${room}/messages`, { data: 1 }), 201],
  ["history", user("GET", `${room}/messages`), 200],
  ["a room", user("GET", room), 200],
  ["members", user("GET", `${room}/members`), 200],
  ["receipts", user("GET", `${room}/receipts`), 200],
  ["a poll", user("GET", `${room}/events`), 200],
  ["a poll that waits", user("GET", `${room}/events?wait=0`), 200],
  ["notifications", user("GET", "/v1/me/notifications"), 200],
  ["preferences", user("GET", "/v1/me/preferences"), 200],
  ["followed rooms", user("GET", "/v1/me/rooms"), 200],
  ["a user", key("GET", "/v1/users/ada"), 200],
  ["the key of pushes", user("GET", "/v1/push/key"), 200],
  ["a token", key("POST", "/v1/tokens", { user: "ada", rooms: {} }), 200],
  ["bans", key("GET", `${room}/bans`), 200],
  [
    "a preflight",
    () =>
      call(room, {
        method: "OPTIONS",
        headers: { Origin: "https://app.example.com", "Access-Control-Request-Method": "GET" },
      }),
    204,
  ],
  ["no token", () => call(room), 401],
  ["a bad token", () => callAs("bad", "GET", room), 401],
  ["a wrong origin", () => call(room, { headers: { Origin: "https://evil.example" } }), 403],
  ["a bad body", key("POST", `${room}/messages`, {}), 400],
  ["an unknown path of the API", () => call("/v1/nothing"), 404],
  ["an unknown path", () => call("/nothing.js"), 404],
  ["a refused upgrade", () => call(`${room}/connect`, { headers: upgrading }), 401],
  ["a refused upgrade of a session", () => call("/v1/connect", { headers: upgrading }), 401],
  ["a connect that is no upgrade", user("GET", `${room}/connect`), 400],
  ["/health", () => call("/health"), 200],
  ["wrong settings in /health", () => callWith({ HISTORY_LIMIT: "x" }, "/health"), 500],
  ["wrong settings", () => callWith({ HISTORY_LIMIT: "x" }, room), 500],
  ["a dev token", () => callWith({ DEV_TOKENS: "on" }, "http://localhost/dev/token?user=ada", fromHere), 200],
  ["no dev token", () => call("/dev/token?user=ada"), 404],
];

/** It may be kept, and is asked about each time. */
const ASKED_ABOUT = "public, max-age=0, must-revalidate";
const FOR_A_SECOND = "public, max-age=1, must-revalidate";
/** Each path that takes GET, of a room that everybody may read. */
const paths = Object.keys({ ...HTTP_ROUTES, ...OTHER_ROUTES })
  .filter((route) => route.startsWith("GET "))
  .map((route) => route.slice(4).replace(":room", uniqueName("public_said")).replace(/:\w+/g, "1"));
const documents = ["/v1/openapi.json", "/v1/asyncapi.json"];
const pages = [
  "/",
  "//",
  "/index.html",
  "/admin",
  "/admin/",
  "/docs",
  "/docs/",
  "/favicon.svg",
  "/edge-rooms.js",
];

describe("an answer", () => {
  // Wrong settings are logged as well.
  beforeAll(() => {
    vi.spyOn(console, "error").mockImplementation(() => {});
  });

  it.each(answers)("[H31] is not cached, and its type is not guessed: %s", async (_, ask, status) => {
    const response = await ask();
    await response.body?.cancel();
    expect([
      response.status,
      ...["Cache-Control", "X-Content-Type-Options"].map((name) => response.headers.get(name)),
    ]).toEqual([...[status, "no-store", "nosniff"]]);
  });

  it("[H31] says of each path what caches may do, also of redirects and to those without a token", async () => {
    const said = async (response: Response) => {
      await response.body?.cancel();
      return response.headers.get("Cache-Control") ?? `nothing, with status ${response.status}`;
    };
    const init: RequestInit = { redirect: "manual" };
    for (const path of [...paths, ...documents, ...pages]) {
      const isPage = pages.includes(path);
      const others = isPage
        ? [ASKED_ABOUT, "no-store"]
        : [documents.includes(path) ? ASKED_ABOUT : "no-store"];
      const byAll = path.endsWith("/events") ? [FOR_A_SECOND] : others;
      for (const method of ["GET", "HEAD"])
        expect(byAll, `${method} ${path}`).toContain(await said(await call(path, { ...init, method })));
      expect(others, path).toContain(await said(await callAsServer("GET", path)));
    }
    const ranged = { headers: { Range: "bytes=0-9" } };
    for (const path of pages)
      expect([ASKED_ABOUT, "no-store"], path).toContain(await said(await call(path, { ...init, ...ranged })));
    const known = (await call("/favicon.svg")).headers.get("ETag") ?? "";
    const unchanged = await call("/favicon.svg", { headers: { "If-None-Match": known } });
    expect([unchanged.status, await said(unchanged)]).toEqual([304, ASKED_ABOUT]);
    for (const path of ["/below", "/below/index.html", "/below//"])
      expect(await said(await callWith({ BASE_PATH: "/below" }, path, init)), path).toBe("no-store");
  });
});
