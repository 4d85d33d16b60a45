import { env } from "cloudflare:workers";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { RoomObject, UserObject } from "../../src/index.ts";
import { configureRoom, configureUser, roomExists, userExists } from "./support/objects.ts";
import { TestSocket } from "./support/test-socket.ts";
import {
  call,
  callAs,
  errorOf,
  join,
  openRoom,
  openSession,
  tokenFor,
  uniqueName,
  upgrade,
} from "./support/worker.ts";

const FOREIGN = { Origin: "https://evil.example" };

/** What a client that offered our subprotocol receives when its upgrade is refused. */
async function closingOf(response: Response) {
  if (response.webSocket === null) throw new Error(`no socket: ${response.status}`);
  return new TestSocket(response.webSocket).closed;
}

describe("checks before any object is called", () => {
  it("[A5] a refused socket creates no room", async () => {
    const room = uniqueName("untouched");
    const path = `/v1/rooms/${room}/connect`;
    await upgrade(path, "nonsense");
    await upgrade(path, null);
    await upgrade(path, await tokenFor("ada"), FOREIGN);
    await upgrade(path, await tokenFor("ada", { rooms: {} }));
    await upgrade(path, await tokenFor("ada", { expiresInS: -1 }));
    await upgrade(`${path}?history=many`, await tokenFor("ada"));
    await upgrade(path, env.API_KEYS);
    expect(await roomExists(room)).toBe(false);
    await join(room, "ada");
    expect(await roomExists(room)).toBe(true);
  });

  it("[A5] a refused session creates no user", async () => {
    const user = uniqueName("untouched");
    await upgrade("/v1/connect", await tokenFor(user), FOREIGN);
    await upgrade("/v1/connect", await tokenFor(user, { expiresInS: -1 }));
    await upgrade("/v1/connect?topics=*", await tokenFor(user));
    expect(await userExists(user)).toBe(false);
    await openSession(user);
    expect(await userExists(user)).toBe(true);
  });

  it("[A5][H10] a refused call creates no room", async () => {
    const room = uniqueName("untouched");
    const none = await tokenFor("ada", { rooms: { "*": "none" } });
    const read = await tokenFor("ada", { rooms: { "*": "read" } });
    const path = `/v1/rooms/${room}`;
    const statuses = [
      (await call(path)).status,
      (await callAs("nonsense", "GET", path)).status,
      (await callAs(none, "GET", path)).status,
      (await callAs(none, "GET", `${path}/members`)).status,
      (await callAs(none, "GET", `${path}/events`)).status,
      (await callAs(read, "POST", `${path}/messages`, { data: 1 })).status,
      (await callAs(read, "POST", `${path}/signals`, { event: "x" })).status,
      (await call(path, { headers: { ...FOREIGN, Authorization: `Bearer ${read}` } })).status,
      (await callAs(read, "GET", `${path}/messages?limit=0`)).status,
    ];
    expect(statuses).toEqual([401, 401, 403, 403, 403, 403, 403, 403, 400]);
    expect(await roomExists(room)).toBe(false);
  });
});

describe("a refused upgrade", () => {
  const cases: [string, () => Promise<[string, string | null, Record<string, string>?]>, number, string][] = [
    ["no token", async () => ["", null], 401, "unauthorized"],
    ["an invalid token", async () => ["", "nonsense"], 401, "unauthorized"],
    ["a past token", async () => ["", await tokenFor("ada", { expiresInS: -1 })], 401, "token_expired"],
    ["no permission", async () => ["", await tokenFor("ada", { rooms: {} })], 403, "forbidden"],
    ["a foreign page", async () => ["", await tokenFor("ada"), FOREIGN], 403, "forbidden"],
    ["a bad parameter", async () => ["?presence=on", await tokenFor("ada")], 400, "bad_request"],
  ];

  it.each(cases)(
    "[A7] for %s is a close or an HTTP response, whichever the client can see",
    async (_, make, status, code) => {
      const [query, token, headers = {}] = await make();
      const path = `/v1/rooms/${uniqueName("refused")}/connect${query}`;
      const seen = await upgrade(path, token, headers);
      expect([seen.status, seen.headers.get("Sec-WebSocket-Protocol")]).toEqual([101, "edge-rooms.v1"]);
      expect(await closingOf(seen)).toEqual({ code: 4000 + status, reason: code });
      const bare = await call(path, {
        headers: {
          Upgrade: "websocket",
          ...(token !== null && { Authorization: `Bearer ${token}` }),
          ...headers,
        },
      });
      expect(bare.webSocket).toBeNull();
      expect([bare.status, (await errorOf(bare)).code]).toEqual([status, code]);
    },
  );

  it("[A7] of a full room states in both ways how long to wait", async () => {
    const room = uniqueName("full");
    await configureRoom(room, { MAX_CONNECTIONS_PER_ROOM: 1 });
    await join(room, "ada");
    const path = `/v1/rooms/${room}/connect`;
    const seen = await upgrade(path, await tokenFor("bo"));
    expect(await closingOf(seen)).toEqual({ code: 4503, reason: "room_full 5000" });
    const bare = await call(path, {
      headers: { Upgrade: "websocket", Authorization: `Bearer ${await tokenFor("bo")}` },
    });
    expect([bare.status, bare.headers.get("Retry-After")]).toEqual([503, "5"]);
  });

  it("[A7] of a session works the same way; the selected subprotocol never contains the token", async () => {
    expect(await closingOf(await upgrade("/v1/connect", null))).toEqual({
      code: 4401,
      reason: "unauthorized",
    });
    const accepted = await upgrade("/v1/connect", await tokenFor(uniqueName("ada")));
    expect(accepted.headers.get("Sec-WebSocket-Protocol")).toBe("edge-rooms.v1");
  });

  it("[A7] a call of a connect path without an upgrade is refused with bad_request", async () => {
    const response = await callAs(await tokenFor("ada"), "GET", "/v1/connect");
    expect([response.status, (await errorOf(response)).code]).toEqual([400, "bad_request"]);
  });
});

describe("room_full", () => {
  const FULL = { code: 4503, reason: "room_full 5000" };

  it("[A8] refuses connections beyond MAX_CONNECTIONS_PER_ROOM until one closes", async () => {
    const room = uniqueName("size");
    await configureRoom(room, { MAX_CONNECTIONS_PER_ROOM: 2 });
    const ada = await join(room, "ada");
    const bo = await join(room, "bo");
    expect(await (await openRoom(room, "cy")).closed).toEqual(FULL);
    ada.close(1000);
    await bo.next("memberLeft");
    expect(await (await join(room, "cy")).next("connected")).toMatchObject({
      occupancy: { members: 2, connections: 2 },
    });
  });

  it("[A8] refuses connections of one user beyond MAX_CONNECTIONS_PER_USER, also when they open at once; others are not affected", async () => {
    const room = uniqueName("per_user");
    await configureRoom(room, { MAX_CONNECTIONS_PER_USER: 2 });
    const three = await Promise.all([openRoom(room, "ada"), openRoom(room, "ada"), openRoom(room, "ada")]);
    const outcomes = await Promise.all(
      three.map((socket) => Promise.race([socket.closed, socket.next("caughtUp").then(() => "in")])),
    );
    expect(outcomes.filter((outcome) => outcome === "in")).toHaveLength(2);
    expect(outcomes).toContainEqual(FULL);
    await join(room, "bo");
  });

  it("[A8] refuses anonymous connections beyond half of the limit", async () => {
    const room = uniqueName("public_half");
    await configureRoom(room, { MAX_CONNECTIONS_PER_ROOM: 4 });
    for (const address of ["192.0.2.1", "192.0.2.2"]) await join(room, null, { address });
    expect(await (await openRoom(room, null, { address: "192.0.2.3" })).closed).toEqual(FULL);
    await join(room, "ada");
    await join(room, "bo");
    expect(await (await openRoom(room, "cy")).closed).toEqual(FULL);
  });

  it("[A8] limits the sessions of a user", async () => {
    const user = uniqueName("sessions");
    await configureUser(user, { MAX_CONNECTIONS_PER_USER: 1 });
    await openSession(user);
    const second = await upgrade("/v1/connect", await tokenFor(user));
    expect(await closingOf(second)).toEqual(FULL);
  });
});

describe("an API key", () => {
  it("[A10] may do everything over HTTP: read, write, send in a user's name, list members", async () => {
    const path = `/v1/rooms/${uniqueName("key")}`;
    const statuses = await Promise.all([
      callAs(env.API_KEYS, "GET", path),
      callAs(env.API_KEYS, "POST", `${path}/messages`, { event: "task.done", data: 1, from: { id: "ada" } }),
      callAs(env.API_KEYS, "POST", `${path}/signals`, { event: "task", except: "ada" }),
      callAs(env.API_KEYS, "GET", `${path}/members`),
      callAs(env.API_KEYS, "GET", `${path}/events`),
    ]);
    expect(statuses.map(({ status }) => status)).toEqual([200, 201, 202, 200, 200]);
  });

  it("[A10] opens no socket, wherever the key is sent", async () => {
    for (const path of [`/v1/rooms/${uniqueName("key")}/connect`, "/v1/connect"]) {
      const bare = await call(path, {
        headers: { Upgrade: "websocket", Authorization: `Bearer ${env.API_KEYS}` },
      });
      expect([bare.status, (await errorOf(bare)).code]).toEqual([401, "unauthorized"]);
      expect(await closingOf(await upgrade(path, env.API_KEYS))).toMatchObject({ code: 4401 });
    }
  });

  it("[A10] is compared as a whole: a part of it, or it with a suffix, is an invalid token", async () => {
    const path = `/v1/rooms/${uniqueName("key")}`;
    for (const key of [env.API_KEYS.slice(0, -1), `${env.API_KEYS}x`, env.API_KEYS.toUpperCase()]) {
      expect((await callAs(key, "GET", path)).status).toBe(401);
    }
  });

  it("[A10] does not act as a user", async () => {
    expect((await callAs(env.API_KEYS, "GET", "/v1/me/notifications")).status).toBe(403);
  });
});

describe("an anonymous connection", () => {
  it("[A11] may use history, topics and ping", async () => {
    const nobody = await join(uniqueName("public_read"), null);
    expect(await nobody.ask({ type: "history", id: "h" })).toMatchObject({ type: "ok", messages: [] });
    expect(await nobody.ask({ type: "topics", id: "t", topics: ["a"] })).toMatchObject({ topics: ["a"] });
    expect(await nobody.ask({ type: "ping", id: "p" })).toMatchObject({ type: "pong" });
  });

  it("[A11] is refused everything else with forbidden, and no one else notices", async () => {
    const room = uniqueName("public_mute");
    const ada = await join(room, "ada");
    const nobody = await join(room, null);
    const commands = [
      { type: "send", id: "1", data: 1 },
      { type: "signal", id: "2", event: "typing" },
      { type: "presence", id: "3", status: "away" },
      { type: "auth", id: "4", token: await tokenFor("bo") },
    ];
    for (const command of commands)
      expect(await nobody.ask(command)).toMatchObject({ type: "error", code: "forbidden" });
    await ada.settled();
    expect(ada.received.filter(({ type }) => ["message", "signal", "memberUpdated"].includes(type))).toEqual(
      [],
    );
  });

  it("[A11] is no member, receives messages but no member events, and counts as a connection", async () => {
    const room = uniqueName("public_hear");
    const nobody = await join(room, null);
    const ada = await join(room, "ada");
    expect(await nobody.next("connected")).toMatchObject({
      user: null,
      expiresAt: null,
      members: [],
      occupancy: { members: 0, connections: 1 },
    });
    expect(await ada.next("connected")).toMatchObject({
      members: [{ id: "ada" }],
      occupancy: { members: 1, connections: 2 },
    });
    ada.send({ type: "send", id: "m", data: 1 });
    await nobody.next("message");
    expect(nobody.received.map(({ type }) => type)).toEqual(["connected", "caughtUp", "message"]);
  });

  it("[A11] cannot open a session", async () => {
    expect((await call("/v1/connect", { headers: { Upgrade: "websocket" } })).status).toBe(401);
  });
});

describe("the identity of a connection", () => {
  it("[A14] comes to the object from the Worker only: nothing of the client's request reaches the object", async () => {
    const toRoom = vi.spyOn(RoomObject.prototype, "fetch");
    const toUser = vi.spyOn(UserObject.prototype, "fetch");
    onTestFinished(() => {
      vi.restoreAllMocks();
    });
    const token = await tokenFor("ada");
    const forged = btoa(JSON.stringify({ actor: { identity: { kind: "server" }, permission: "moderate" } }));
    const headers = { "Edge-Rooms-Identity": forged, Cookie: "a=b", "X-User": "root", "User-Agent": "me" };
    const room = uniqueName("forged");
    const query = `?token=${token}&identity=${forged}`;
    const opened = await upgrade(`/v1/rooms/${room}/connect${query}`, token, headers);
    if (opened.webSocket === null) throw new Error("no socket");
    expect(await new TestSocket(opened.webSocket).next("connected")).toMatchObject({
      user: { id: "ada" },
      permission: "write",
    });
    await upgrade(`/v1/connect${query}`, token, headers);
    const requests = [...toRoom.mock.calls, ...toUser.mock.calls].map(([request]) => request);
    expect(requests).toHaveLength(2);
    for (const request of requests) {
      expect([...request.headers.keys()].sort()).toEqual(["edge-rooms-identity", "upgrade"]);
      expect(request.headers.get("Edge-Rooms-Identity")).not.toBe(forged);
      expect(request.url).toBe("https://object.invalid/");
      expect(JSON.stringify([...request.headers])).not.toContain(token);
    }
  });
});
