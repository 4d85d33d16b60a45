// An operator finds every refusal by its reason: each error code, on each way that a client has, is a line of the log.

import { describe, expect, it, onTestFinished, vi } from "vitest";
import { closeCode, type ErrorCode } from "../../src/protocol/index.ts";
import { advanceClock, configureRoom, configureUser, failWrites } from "./support/objects.ts";
import { TestSocket } from "./support/test-socket.ts";
import {
  call,
  callAs,
  callAsServer,
  callWith,
  join,
  openSession,
  roomObject,
  type TokenOptions,
  tokenFor,
  uniqueName,
  upgrade,
  userObject,
} from "./support/worker.ts";

type Line = Readonly<Record<string, unknown>>;

let aheadMs = 0;

/** The lines from now on. The clock moves on, so that none is left out for an earlier one. */
function listen(): Line[] {
  aheadMs += 2_000;
  advanceClock(aheadMs);
  const lines: Line[] = [];
  for (const level of ["info", "warn", "error"] as const) {
    const spy = vi.spyOn(console, level).mockImplementation((line) => lines.push(JSON.parse(String(line))));
    onTestFinished(() => spy.mockRestore());
  }
  return lines;
}

const refused = (lines: readonly Line[]) => lines.filter(({ event }) => event === "refused");

const SECRET = "what-nobody-may-read";
const expired = { claims: { iat: 1_000, exp: 2_000 } };
const foreign = { secret: "another-secret-that-is-long-enough-too" };
const readOnly = { rooms: { "*": "read" } };
const none = { rooms: {} };
const overloaded = Object.assign(new Error("busy"), { overloaded: true });
const failing = (error: Error) => ({ getByName: () => ({ fetch: async () => Promise.reject(error) }) });

const as = async (user: string, options: TokenOptions, path: string, init: RequestInit = {}) => ({
  path,
  init: { ...init, headers: { Authorization: `Bearer ${await tokenFor(user, options)}` } },
});

interface Case {
  readonly code: ErrorCode;
  readonly options?: TokenOptions;
  /** `undefined`: without a token. */
  readonly user?: string;
  readonly path?: (room: string) => string;
  readonly init?: RequestInit;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly before?: (room: string) => Promise<unknown>;
}

const kick = (banSeconds: number) => (room: string) =>
  callAsServer("POST", `/v1/rooms/${room}/kick`, { user: "ada", banSeconds });
const messages = (room: string) => `/v1/rooms/${room}/messages`;
const body = (value: object) => ({ method: "POST", body: JSON.stringify(value) });
const limited = { RATE_LIMITER: { limit: async () => ({ success: false }) } };

describe("a refused call", () => {
  const broken = {
    ROOMS: {
      getByName: () => ({ messages: async () => Promise.reject(new Error(SECRET)), publish: () => {} }),
    },
  };
  const busy = { ROOMS: { getByName: () => ({ messages: async () => Promise.reject(overloaded) }) } };
  it.each<Case>([
    { code: "bad_request", user: "ada", init: body({ data: SECRET, id: 1 }) },
    { code: "unauthorized" },
    { code: "unauthorized", options: foreign, user: "ada" },
    { code: "token_expired", options: expired, user: "ada" },
    { code: "forbidden", options: readOnly, user: "ada", init: body({ data: SECRET }) },
    { code: "banned", user: "ada", before: kick(60) },
    { code: "not_found", user: "ada", path: (room) => `${messages(room)}/7/x` },
    { code: "stale_retry", user: "ada", init: body({ data: SECRET, retryOf: "other.1" }) },
    { code: "too_large", user: "ada", init: body({ data: SECRET.repeat(100) }) },
    { code: "rate_limited", user: "ada", settings: limited },
    { code: "internal", user: "ada", settings: broken },
    { code: "overloaded", user: "ada", settings: busy },
    {
      ...{ code: "room_full", user: "ada", path: (room) => `/v1/rooms/${room}/events` },
      before: async (room) => {
        await configureRoom(room, { MAX_CONNECTIONS_PER_ROOM: 1 });
        await join(room, "bo");
      },
    },
  ])("[O21][O26] with $code is in the log", async ({ code, user, options = {}, ...given }) => {
    const room = uniqueName("refused");
    await given.before?.(room);
    const { path, init } =
      user === undefined
        ? { path: messages(room), init: {} }
        : await as(user, options, (given.path ?? messages)(room), given.init);
    const lines = listen();
    const response = await callWith(given.settings ?? {}, path, init);
    const { error } = await response.json<{ error: { code: string; message: string } }>();
    expect(error.code).toBe(code);
    const isKnown = user !== undefined && !["unauthorized", "token_expired"].includes(code);
    expect(refused(lines)).toEqual([
      {
        ...{ level: "warn", event: "refused", kind: "call", code, reason: error.message },
        ...{ room, path, method: init.method ?? "GET" },
        ...(isKnown && code !== "not_found" && { user }),
        ...("path" in error && { at: expect.any(String) }),
        leftOut: refused(lines)[0]?.leftOut,
      },
    ]);
    expect(JSON.stringify(refused(lines))).not.toMatch(new RegExp(`${SECRET}|eyJ|127\\.0`));
  });

  it("[O21] in one room of a broadcast names that room, and the key that called", async () => {
    const lines = listen();
    const room = uniqueName("refused");
    await callAsServer("POST", "/v1/broadcast", { rooms: [room], event: "a", data: SECRET.repeat(100) });
    expect(refused(lines)).toMatchObject([
      { kind: "call", code: "too_large", room, user: null, path: "/v1/broadcast" },
    ]);
  });

  it("[O22] whose path the caller chose is cut, and made printable", async () => {
    const lines = listen();
    await call(`/v1/\u202e${"x".repeat(1_000)}`);
    expect(String(refused(lines)[0]?.path)).toMatch(/^[!-~]{200}$/);
  });
});

describe("a refused connection", () => {
  it.each<Case>([
    { code: "bad_request", user: "ada", path: (room) => `/v1/rooms/${room}/connect?frame=1` },
    { code: "unauthorized" },
    { code: "token_expired", options: expired, user: "ada" },
    { code: "forbidden", options: none, user: "ada" },
    { code: "banned", user: "ada", before: kick(60) },
    { code: "not_found", user: "ada", path: (room) => `/v1/rooms/${room}/connects` },
    { code: "rate_limited", user: "ada", settings: limited },
    { code: "internal", user: "ada", settings: { ROOMS: failing(new Error(SECRET)) } },
    { code: "overloaded", user: "ada", settings: { ROOMS: failing(overloaded) } },
    {
      ...{ code: "room_full", user: "ada" },
      before: async (room) => {
        await configureRoom(room, { MAX_CONNECTIONS_PER_ROOM: 1 });
        await join(room, "bo");
      },
    },
  ])("[O21] with $code is in the log", async ({ code, user, options = {}, settings = {}, ...given }) => {
    const room = uniqueName("refused");
    await given.before?.(room);
    const token = user === undefined ? null : await tokenFor(user, options);
    const path = (given.path ?? ((name) => `/v1/rooms/${name}/connect`))(room);
    const lines = listen();
    const protocol = token === null ? "edge-rooms.v1" : `edge-rooms.v1, token.${token}`;
    const headers = { Upgrade: "websocket", "Sec-WebSocket-Protocol": protocol };
    const { webSocket } = await callWith(settings, path, { headers });
    const socket = new TestSocket(webSocket ?? expect.fail());
    expect(await socket.closed).toMatchObject({ reason: expect.stringContaining(code) });
    const isKnown = !["unauthorized", "token_expired", "not_found"].includes(code);
    expect(refused(lines)).toMatchObject([
      {
        ...{ level: "warn", kind: "connection", code, room, ...(isKnown && { user }) },
        reason: expect.stringContaining(await socket.closeWords),
      },
    ]);
  });

  it("[O21] of a session is in the log, and one over calls that has ended too", async () => {
    const lines = listen();
    await upgrade("/v1/connect", await tokenFor("ada", expired));
    const { path, init } = await as("ada", {}, `/v1/rooms/${uniqueName("refused")}/poll`, {
      method: "POST",
      body: JSON.stringify({ connection: "c_gone" }),
    });
    await call(path, init);
    await call(path.replace("poll", "commands"), { ...init, body: '{"connection":"c_gone","number":1}' });
    expect(refused(lines)).toMatchObject([
      { kind: "connection", code: "token_expired", path: "/v1/connect" },
      { kind: "connection", code: "timeout", user: "ada" },
      { kind: "call", code: "not_found", user: "ada", reason: "this connection has ended" },
    ]);
  });
});

describe("a refused command", () => {
  const send = { type: "send", id: "m", data: SECRET };
  const COMMANDS: [code: ErrorCode, command: { id: string; type: string } & Line, TokenOptions?][] = [
    ["bad_request", { type: "edit", id: "e" }],
    ["not_found", { type: "edit", id: "e", seq: 9, data: SECRET }],
    ["forbidden", send, readOnly],
    ["too_large", { ...send, data: SECRET.repeat(100) }],
    ["stale_retry", { ...send, retryOf: "other.1" }],
    ["unauthorized", { type: "auth", id: "a", token: SECRET }],
  ];

  it.each(COMMANDS)("[O21][O26] with %s is in the log, on a socket", async (code, command, options) => {
    const room = uniqueName("refused");
    const socket = await join(room, "ada", options);
    const { connection } = await socket.next("connected");
    const lines = listen();
    const { message } = await socket.ask(command);
    expect(refused(lines)).toMatchObject([
      { kind: "command", code, reason: message, room, user: "ada", connection },
    ]);
    expect(JSON.stringify(refused(lines))).not.toContain(SECRET);
  });

  it.each(COMMANDS)(
    "[O21][O26] with %s is in the log, in a room on a session",
    async (code, command, options) => {
      const [room, user] = [uniqueName("refused"), uniqueName("ada")];
      const socket = await openSession(user, options);
      const { connection } = await socket.next("connected");
      await socket.ask({ type: "join", id: "j", room });
      const lines = listen();
      const { message } = await socket.ask(command.type === "auth" ? command : { ...command, room });
      expect(refused(lines)).toMatchObject([
        {
          kind: "command",
          code,
          reason: message,
          user,
          connection,
          ...(code !== "unauthorized" && { room }),
        },
      ]);
      expect(JSON.stringify(refused(lines))).not.toContain(SECRET);
    },
  );

  it("[O21] is in the log on a connection over calls", async () => {
    const room = uniqueName("refused");
    const { path, init } = await as("ada", {}, `/v1/rooms/${room}/poll`, { method: "POST", body: "{}" });
    const text = await (await call(path, init)).text();
    const { connection } = JSON.parse(text.trim().split("\n").at(-1) ?? "");
    const lines = listen();
    const commands = `${JSON.stringify({ connection, number: 1 })}\n${JSON.stringify({ type: "edit", id: "e", seq: 9, data: 1 })}`;
    await call(path.replace("poll", "commands"), { ...init, body: commands });
    expect(refused(lines)).toMatchObject([
      { kind: "command", code: "not_found", command: "edit", room, connection },
    ]);
  });

  it("[O21] with rate_limited or internal is in the log", async () => {
    const room = uniqueName("refused");
    await configureRoom(room, { RATE_PER_SECOND: 0.001, RATE_BURST: 2 });
    const socket = await join(room, "ada");
    await failWrites(roomObject(room), (query) => query.includes("INSERT") || query.includes("REPLACE"));
    const lines = listen();
    for (const id of ["1", "2", "3"]) await socket.ask({ ...send, id });
    expect(refused(lines)).toMatchObject([
      { code: "internal", command: "send", room, user: "ada" },
      { code: "rate_limited", command: "send", room, user: "ada" },
    ]);
  });

  it("[O21] of an inbox, or for a room that the session has not, is in the log", async () => {
    const [room, user] = [uniqueName("refused"), uniqueName("ada")];
    await configureUser(user, { RATE_PER_SECOND: 0.001, RATE_BURST: 3 });
    const socket = await openSession(user, { rooms: { "open_*": "write" } });
    const lines = listen();
    const asked = [
      { type: "history", id: "1" },
      { type: "send", id: "2", room, data: SECRET },
      { type: "join", id: "3", room },
      { type: "ping", id: "4" },
      { type: "ping", id: "5" },
    ];
    for (const command of asked) await socket.ask(command);
    expect(refused(lines).map(({ code, room, user }) => [code, room, user])).toEqual([
      ["bad_request", undefined, user],
      ["not_found", room, user],
      ["forbidden", room, user],
      ["rate_limited", undefined, user],
    ]);
  });
});

describe("a connection that the server closes", () => {
  const kicked = (room: string, user: string, banSeconds: number) =>
    callAsServer("POST", `/v1/rooms/${room}/kick`, { user, banSeconds });
  // Rooms of other tests in the same runtime may close theirs meanwhile.
  const closes = (lines: readonly Line[], of: unknown) =>
    lines.filter(({ event, connection }) => event === "closed_by_server" && connection === of);

  it.each<
    [code: ErrorCode, act: (room: string, user: string, connection: string, socket: TestSocket) => unknown]
  >([
    ["forbidden", (room, user) => kicked(room, user, 0)],
    ["banned", (room, user) => kicked(room, user, 60)],
    ["deleted", (room) => callAsServer("DELETE", `/v1/rooms/${room}`)],
    ["replaced", (room, user, connection) => join(room, user, { query: `?replaces=${connection}` })],
    ["token_expired", (_, user) => callAsServer("POST", `/v1/users/${user}/disconnect`)],
    ["bad_request", (_, __, ___, socket) => Array.from({ length: 20 }, () => socket.send("no JSON"))],
    [
      "rate_limited",
      (_, __, ___, socket) =>
        Array.from({ length: 100 }, () => socket.send('{"type":"edit","id":"e","seq":9,"data":1}')),
    ],
  ])("[O21][O23] with %s is in the log, also if no connection is sampled", async (code, act) => {
    const [room, user] = [uniqueName("closed"), uniqueName("ada")];
    await configureRoom(room, { LOG_SAMPLE: 0 });
    const socket = await join(room, user);
    const { connection } = await socket.next("connected");
    const lines = listen();
    await act(room, user, String(connection), socket);
    await socket.closed;
    await expect.poll(() => closes(lines, connection)).not.toEqual([]);
    expect(closes(lines, connection)).toMatchObject([
      { level: "info", code, closeCode: closeCode(code), room, user, connection },
    ]);
  });

  it("[O21] as the user's inbox does, is in the log", async () => {
    const user = uniqueName("ada");
    const socket = await openSession(user);
    const { connection } = await socket.next("connected");
    const lines = listen();
    await callAsServer("POST", `/v1/users/${user}/disconnect`);
    await socket.closed;
    expect(closes(lines, connection)).toMatchObject([{ code: "token_expired", user, connection }]);
  });
});

describe("a connection", () => {
  const ofConnection = (lines: readonly Line[], connection: unknown) =>
    lines.filter((line) => line.connection === connection).map(({ event }) => event);

  it("[O23][O24] is logged as it opens, speaks and closes, and a single wait of a call is none", async () => {
    const room = uniqueName("open");
    await configureRoom(room, { LOG_SAMPLE: 1, LOG_EVENTS: "task" });
    const lines = listen();
    const socket = await join(room, "ada");
    const { connection } = await socket.next("connected");
    await socket.ask({ type: "send", id: "m1", data: SECRET });
    socket.send({ type: "signal", event: "typing", data: SECRET });
    await socket.settled();
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { event: "task.done", data: SECRET });
    await callAs(await tokenFor("bo"), "GET", `/v1/rooms/${room}/events`);
    socket.close(1000);
    await expect.poll(() => ofConnection(lines, connection)).toHaveLength(2);
    expect(lines).toEqual([
      { level: "info", event: "connection_opened", room, user: "ada", connection },
      { level: "info", event: "command_accepted", command: "send", topic: "task.done", room, user: null },
      { level: "info", event: "connection_closed", closeCode: 1000, room, user: "ada", connection },
    ]);
    expect(JSON.stringify(lines)).not.toContain(SECRET);
  });

  it("[O23] of an inbox is logged too, and says which part of all it is", async () => {
    const user = uniqueName("ada");
    await configureUser(user, { LOG_SAMPLE: 0.5 });
    await userObject(user).standing();
    const lines = listen();
    const sockets = await Promise.all(Array.from({ length: 12 }, () => openSession(user)));
    for (const socket of sockets) socket.close(1000);
    const written = () => lines.filter(({ event }) => String(event).startsWith("connection_"));
    const closed = () => written().filter(({ event }) => event === "connection_closed");
    const opened = written().filter(({ event }) => event === "connection_opened");
    await expect.poll(closed).toHaveLength(opened.length);
    expect(opened.length).toBeLessThan(12);
    expect(new Set(closed().map(({ connection }) => connection))).toEqual(
      new Set(opened.map(({ connection }) => connection)),
    );
    for (const line of written()) expect(line).toMatchObject({ user, sample: 0.5 });
  });
});
