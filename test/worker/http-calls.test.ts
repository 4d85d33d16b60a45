import { env } from "cloudflare:workers";
import { decodeJwt } from "jose";
import { describe, expect, it } from "vitest";
import { configureRoom, failWrites, userExists } from "./support/objects.ts";
import {
  call,
  callAs,
  callAsServer,
  callWith,
  errorOf,
  join,
  openRoom,
  openSession,
  roomObject,
  tokenFor,
  uniqueName,
  userObject,
} from "./support/worker.ts";

interface Results {
  readonly results: Record<string, unknown>[];
}

const resultsOf = async (path: string, body: object) => {
  const response = await callAsServer("POST", path, body);
  return (await response.json<Results>()).results;
};

describe("broadcast", () => {
  it("[H5] answers one result per room, in order; each room delivers it, and a repeated id is stored once", async () => {
    const rooms = [uniqueName("b"), uniqueName("b"), uniqueName("b")];
    const sockets = await Promise.all(rooms.map((room) => join(room, "ada")));
    const body = { rooms, event: "task.done", data: { n: 1 }, id: "once", from: { id: "bot" } };
    expect(await resultsOf("/v1/broadcast", body)).toEqual(rooms.map((room) => ({ room, seq: 1 })));
    expect(await resultsOf("/v1/broadcast", body)).toEqual(rooms.map((room) => ({ room, seq: 1 })));
    for (const socket of sockets) {
      await socket.settled();
      expect(socket.ofType("message")).toMatchObject([
        { seq: 1, id: "once", event: "task.done", from: { id: "bot" }, data: { n: 1 } },
      ]);
    }
  });

  it("[H5] is not affected in other rooms by one that fails", async () => {
    const [fine, small, broken] = [uniqueName("fine"), uniqueName("small"), uniqueName("broken")];
    await configureRoom(small, { MAX_MESSAGE_BYTES: 5 });
    await join(broken, "ada");
    await failWrites(roomObject(broken), (query) => query.startsWith("INSERT"));
    const results = await resultsOf("/v1/broadcast", {
      rooms: [small, broken, fine],
      event: "news",
      data: "hello world",
    });
    expect(results).toMatchObject([
      { room: small, error: { code: "too_large" } },
      { room: broken, error: { code: "internal" } },
      { room: fine, seq: 1 },
    ]);
    expect(JSON.stringify(results)).not.toContain("DETAIL");
  });

  it("[H5] with ephemeral is a signal in each room, and stores nothing", async () => {
    const room = uniqueName("b");
    const ada = await join(room, "ada");
    const body = { rooms: [room, room], event: "tick", data: 1, ephemeral: true };
    expect(await resultsOf("/v1/broadcast", body)).toEqual([{ room }]);
    expect(await ada.next("signal")).toMatchObject({ event: "tick", from: null, data: 1 });
    await ada.settled();
    expect([ada.ofType("signal").length, ada.ofType("message").length]).toEqual([1, 0]);
  });

  it("[O73] with except a signal is not sent to that user, and what is stored is refused", async () => {
    const room = uniqueName("b");
    const [ada, bo] = [await join(room, "ada"), await join(room, "bo")];
    const body = { rooms: [room], event: "tick", data: 1, except: "ada" };
    expect(await resultsOf("/v1/broadcast", { ...body, ephemeral: true })).toEqual([{ room }]);
    expect(await bo.next("signal")).toMatchObject({ event: "tick", data: 1 });
    await ada.settled();
    expect(ada.ofType("signal")).toEqual([]);
    const response = await callAsServer("POST", "/v1/broadcast", body);
    expect([response.status, await errorOf(response)]).toMatchObject([
      400,
      { path: ["except"], message: expect.stringContaining("ephemeral") },
    ]);
  });

  it("[H5][H7] requires an API key and 1 to 100 rooms", async () => {
    const body = { rooms: ["a"], event: "x", data: 1 };
    expect((await callAs(await tokenFor("ada"), "POST", "/v1/broadcast", body)).status).toBe(403);
    expect((await call("/v1/broadcast", { method: "POST", body: JSON.stringify(body) })).status).toBe(401);
    const bad: [object, unknown][] = [
      [{ ...body, rooms: [] }, ["rooms"]],
      [{ ...body, rooms: Array.from({ length: 101 }, (_, at) => `r${at}`) }, ["rooms"]],
      [{ ...body, rooms: ["a", "b c"] }, ["rooms", 1]],
      [{ ...body, event: undefined }, ["event"]],
      [{ rooms: ["a"], event: "x" }, ["data"]],
      [{ ...body, from: { id: "a\n" } }, ["from", "id"]],
      [{ ...body, ephemeral: 1 }, ["ephemeral"]],
    ];
    for (const [validationRefusal, path] of bad) {
      const response = await callAsServer("POST", "/v1/broadcast", validationRefusal);
      expect(response.status).toBe(400);
      expect((await errorOf(response)).path).toEqual(path);
    }
  });
});

describe("notify", () => {
  it("[H5] answers one result per user in the order given; users is a set", async () => {
    const [ada, bo] = [uniqueName("ada"), uniqueName("bo")];
    const session = await openSession(bo);
    const results = await resultsOf("/v1/notify", { users: [bo, ada, bo], title: "t", message: "m" });
    expect(results).toEqual([
      { user: bo, seq: 1, delivered: 1 },
      { user: ada, seq: 1, delivered: 0 },
    ]);
    await session.settled();
    expect(session.ofType("notification")).toHaveLength(1);
  });

  it("[H5] is not affected for other users by one that fails, and the same id completes what is missing", async () => {
    const [ada, bo] = [uniqueName("ada"), uniqueName("bo")];
    await openSession(ada);
    const heal = await failWrites(userObject(ada), (query) => query.includes("INTO notification "));
    const body = { users: [ada, bo], title: "t", message: "m", id: "once" };
    const results = await resultsOf("/v1/notify", body);
    expect(results).toMatchObject([
      { user: ada, error: { code: "internal" } },
      { user: bo, seq: 1 },
    ]);
    expect(JSON.stringify(results)).not.toContain("DETAIL");
    heal();
    expect(await resultsOf("/v1/notify", body)).toMatchObject([
      { user: ada, seq: 1 },
      { user: bo, seq: 1, duplicate: true },
    ]);
  });

  it("[A28] accepts an expiry up to the last instant of a date, and lists it unchanged", async () => {
    const user = uniqueName("ada");
    const expiresAt = 8.64e15;
    await callAsServer("POST", "/v1/notify", { user, title: "t", message: "m", expiresAt });
    const listed = await callAs(await tokenFor(user), "GET", "/v1/me/notifications");
    expect(await listed.json()).toMatchObject({ unread: 1, notifications: [{ expiresAt }] });
  });

  it("[H5][H7] is refused as a whole for one bad id, names the field and notifies no one", async () => {
    const user = uniqueName("ada");
    const response = await callAsServer("POST", "/v1/notify", {
      users: [user, "b\tc"],
      title: "t",
      message: "m",
    });
    expect(response.status).toBe(400);
    expect(await errorOf(response)).toMatchObject({ code: "bad_request", path: ["users", 1] });
    expect(await userExists(user)).toBe(false);
  });

  const base = { user: "ada", title: "t", message: "m" };
  const misfits: [string, object, unknown][] = [
    ["no title", { title: undefined }, ["title"]],
    ["a title of 201", { title: "t".repeat(201) }, ["title"]],
    ["a message of 4,001", { message: "m".repeat(4_001) }, ["message"]],
    ["an unknown priority", { priority: "huge" }, ["priority"]],
    ["a topic that is none", { topic: "a b" }, ["topic"]],
    ["a javascript link", { link: "javascript:alert(1)" }, ["link"]],
    ["a link to another host", { link: "//evil.example" }, ["link"]],
    ["a link with a backslash", { link: "/\\evil.example" }, ["link"]],
    ["a link of 2,049", { link: `/${"l".repeat(2_048)}` }, ["link"]],
    ["an id of 201", { id: "i".repeat(201) }, ["id"]],
    ["an empty id", { id: "" }, ["id"]],
    ["a past expiry", { expiresAt: 1 }, ["expiresAt"]],
    ["an expiry beyond what a date holds", { expiresAt: 8.64e15 + 1 }, ["expiresAt"]],
    ["half a millisecond", { expiresAt: 9e12 + 0.5 }, ["expiresAt"]],
    ["both user and users", { users: ["bo"] }, undefined],
    ["neither", { user: undefined }, undefined],
    ["no users", { user: undefined, users: [] }, ["users"]],
    ["null for a user", { user: null }, ["user"]],
  ];

  it.each(misfits)("[H7] %s is bad_request", async (_, fields, path) => {
    const response = await callAsServer("POST", "/v1/notify", { ...base, ...fields });
    expect(response.status).toBe(400);
    const error = await errorOf(response);
    expect([error.code, error.path]).toEqual(["bad_request", path]);
  });

  it("[H7] data over MAX_MESSAGE_BYTES is 413", async () => {
    const response = await callAsServer("POST", "/v1/notify", { ...base, data: "x".repeat(1_000) });
    expect(response.status).toBe(413);
    expect(await errorOf(response)).toMatchObject({ code: "too_large", path: ["data"] });
  });

  it("[H7] refuses data that is nested too deeply with bad_request", async () => {
    const response = await callWith({}, "/v1/notify", {
      method: "POST",
      headers: { Authorization: `Bearer ${env.API_KEYS}` },
      body: `{"user":"ada","title":"t","message":"m","data":${"[".repeat(100_000)}${"]".repeat(100_000)}}`,
    });
    expect(response.status).toBe(413);
  });

  it("[H5] requires an API key", async () => {
    expect((await callAs(await tokenFor("ada"), "POST", "/v1/notify", base)).status).toBe(403);
    expect((await call("/v1/notify", { method: "POST", body: "{}" })).status).toBe(401);
  });
});

describe("a body", () => {
  const path = () => `/v1/rooms/${uniqueName("body")}/messages`;
  const send = async (body: BodyInit | null) =>
    call(path(), { method: "POST", headers: { Authorization: `Bearer ${await tokenFor("ada")}` }, body });

  it("[H7] is at most 1 MiB, whatever its length header says", async () => {
    const large = `{"data":1${" ".repeat(1_048_576)}}`;
    for (const body of [large, new Blob([large]).stream()]) {
      const response = await send(body);
      expect(response.status).toBe(413);
      expect(await errorOf(response)).toMatchObject({ code: "too_large" });
    }
    expect((await send('{"data":1}'.padEnd(1_048_576))).status).toBe(201);
  });

  it.each(["", "hello", "{", '{"data":1', "data=1", '{"data":1}}', null])(
    "[H7] %j is not JSON",
    async (body) => {
      const response = await send(body);
      expect(response.status).toBe(400);
      expect(await errorOf(response)).toMatchObject({ code: "bad_request" });
    },
  );

  const misfits: [string, unknown][] = [
    ["{}", ["data"]],
    ["null", undefined],
    ['"text"', undefined],
    ['{"data":1,"event":"a b"}', ["event"]],
    ['{"data":1,"id":""}', ["id"]],
    ['{"data":1,"id":5}', ["id"]],
    ['{"data":1,"replyTo":0}', ["replyTo"]],
    ['{"data":1,"mentions":["a\\n"]}', ["mentions", 0]],
    ['{"data":1,"retryOf":1}', ["retryOf"]],
    ['{"data":1,"from":{"name":"x"}}', ["from", "id"]],
    ['{"data":1,"id":null}', ["id"]],
  ];

  it.each(misfits)(
    "[H7] %s is refused with the name of the field that does not fit",
    async (body, fields) => {
      const response = await send(body);
      expect(response.status).toBe(400);
      expect((await errorOf(response)).path).toEqual(fields);
    },
  );

  it("[H7] may have unknown fields, which are ignored; data is stored unchanged", async () => {
    const room = uniqueName("own");
    const ada = await join(room, "ada");
    const response = await call(`/v1/rooms/${room}/messages`, {
      method: "POST",
      headers: { Authorization: `Bearer ${await tokenFor("ada")}`, "Content-Type": "text/plain" },
      body: '{"data":{"__proto__":{"a":1},"then":2,"toJSON":"x","s":"\\ud800 é"},"later":1,"keyed":true,"type":"x"}',
    });
    expect(response.status).toBe(201);
    await ada.next("message");
    expect(ada.texts.at(-1)).toContain('"data":{"__proto__":{"a":1},"then":2,"toJSON":"x","s":"\\ud800 é"}');
  });
});

describe("POST /v1/tokens", () => {
  const make = (body: object) => callAsServer("POST", "/v1/tokens", body);

  it("[H8] creates a token that opens the rooms that it names, with their permissions, and no other", async () => {
    const room = uniqueName("tokens");
    const before = Date.now();
    const response = await make({
      user: "ada",
      name: "Ada",
      rooms: { [room]: "write", "read_*": "read" },
      ttlSeconds: 60,
    });
    const { token, expiresAt } = await response.json<{ token: string; expiresAt: number }>();
    expect(expiresAt - before).toBeGreaterThan(58_000);
    expect(expiresAt - Date.now()).toBeLessThanOrEqual(60_000);
    const open = (name: string) =>
      call(`/v1/rooms/${name}`, { headers: { Authorization: `Bearer ${token}` } });
    expect((await open(room)).status).toBe(200);
    expect((await open(uniqueName("read_"))).status).toBe(200);
    expect((await open(uniqueName("other"))).status).toBe(403);
    const posted = await callAs(token, "POST", `/v1/rooms/${room}/messages`, { data: 1 });
    expect(posted.status).toBe(201);
    const bo = await openRoom(room, "bo");
    expect(await bo.next("message")).toMatchObject({ from: { id: "ada", name: "Ada" } });
  });

  it("[H8] uses issuer, audience and claims of the deployment", async () => {
    const settings = {
      JWT_ISSUER: "me",
      JWT_AUDIENCE: "rooms",
      JWT_USER_CLAIM: "uid",
      JWT_ROOMS_CLAIM: "spaces",
    };
    const response = await callWith(settings, "/v1/tokens", {
      method: "POST",
      headers: { Authorization: `Bearer ${env.API_KEYS}` },
      body: JSON.stringify({ user: "ada", rooms: { "*": "read" } }),
    });
    const { token } = await response.json<{ token: string }>();
    const headers = { Authorization: `Bearer ${token}` };
    expect((await callWith(settings, `/v1/rooms/${uniqueName("t")}`, { headers })).status).toBe(200);
    expect((await callWith({}, `/v1/rooms/${uniqueName("t")}`, { headers })).status).toBe(401);
  });

  it("[O71] without rooms it has no claim, so the settings of the deployment decide", async () => {
    const { token } = await (await make({ user: "ada" })).json<{ token: string }>();
    expect(decodeJwt(token)).not.toHaveProperty("rooms");
    const headers = { Authorization: `Bearer ${token}` };
    const path = `/v1/rooms/${uniqueName("t")}`;
    const statusWith = async (access: string) =>
      (await callWith({ DEFAULT_ROOM_ACCESS: access }, path, { headers })).status;
    expect([await statusWith("none"), await statusWith("read")]).toEqual([403, 200]);
  });

  it("[H8] works only in HS256 deployments, and only with an API key", async () => {
    const body = { user: "ada", rooms: {} };
    expect((await callAs(await tokenFor("ada"), "POST", "/v1/tokens", body)).status).toBe(403);
    const jwks = {
      JWT_SECRET: undefined,
      JWT_JWKS_URL: "https://issuer.example/keys",
      JWT_ISSUER: "me",
      JWT_AUDIENCE: "*",
    };
    const response = await callWith(jwks, "/v1/tokens", {
      method: "POST",
      headers: { Authorization: `Bearer ${env.API_KEYS}` },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(400);
  });

  const misfits: [object, unknown][] = [
    [{ user: "a\n", rooms: {} }, ["user"]],
    [{ user: "ada", rooms: ["read"] }, ["rooms"]],
    [{ user: "ada", rooms: null }, ["rooms"]],
    [{ user: "ada", rooms: { a: "admin" } }, ["rooms", "a"]],
    [{ user: "ada", rooms: {}, ttlSeconds: 59 }, ["ttlSeconds"]],
    [{ user: "ada", rooms: {}, ttlSeconds: 2_592_001 }, ["ttlSeconds"]],
    [{ user: "ada", rooms: {}, ttlSeconds: 60.5 }, ["ttlSeconds"]],
    [{ user: "ada", rooms: {}, name: "n".repeat(129) }, ["name"]],
  ];

  it.each(misfits)("[H7][H8] %j is bad_request", async (body, path) => {
    const response = await make(body);
    expect(response.status).toBe(400);
    expect((await errorOf(response)).path).toEqual(path);
  });

  it("[H8] refuses to create a token that would be too long for any request", async () => {
    const rooms = Object.fromEntries(
      Array.from({ length: 400 }, (_, at) => [`${"r".repeat(20)}${at}`, "read"]),
    );
    const response = await make({ user: "ada", rooms });
    expect(response.status).toBe(413);
    expect(await errorOf(response)).toMatchObject({ code: "too_large", path: ["rooms"] });
  });
});
