// The headers of every answer: it is for its caller alone, and its type is fixed.

import { beforeAll, describe, expect, it, vi } from "vitest";
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
});
