// Values that JSON, HTTP or a settings form can carry and that we cannot store are refused, never stored as another
// value.

import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import { roomExists, storedMessages, storedText } from "./support/objects.ts";
import {
  call,
  callAsServer,
  errorOf,
  join,
  openSession,
  roomObject,
  tokenFor,
  uniqueName,
} from "./support/worker.ts";

const asServer = (method: string, path: string, body: BodyInit) =>
  call(path, { method, headers: { Authorization: `Bearer ${env.API_KEYS}` }, body });

describe("a number that a double does not hold", () => {
  it.each([
    ["1e400", ["data"]],
    ["-1e309", ["data"]],
    [`[null,{"a":[0,${"9".repeat(400)}]}]`, ["data", 1, "a", 1]],
    ['{"null":null,"__proto__":{"b":1E+400}}', ["data", "__proto__", "b"]],
    [`{"${"n".repeat(200)}":1e400}`, ["data"]],
    [`${"[".repeat(40)}1e400${"]".repeat(40)}`, ["data", ...Array(31).fill(0)]],
  ])("[H17] %s is bad_request on a socket, with its path", async (data, path) => {
    const room = uniqueName("numbers");
    const ada = await join(room, "ada");
    await ada.ask({ type: "send", id: "m", data: 1 });
    for (const command of [
      '"type":"send"',
      '"type":"edit","seq":1',
      '"type":"signal","event":"e"',
      '"type":"presence"',
    ]) {
      ada.send(`{${command},"id":"x","data":${data}}`);
      expect(await ada.next("error"), command).toMatchObject({ id: "x", code: "bad_request", path });
    }
    expect(await storedMessages(room)).toBe(1);
  });

  it("[H17] is bad_request on a session, alone and in a batch of several rooms", async () => {
    const room = uniqueName("numbers");
    const session = await openSession(uniqueName("ada"));
    session.send({ type: "join", id: "j", room });
    await session.next("caughtUp", (event) => event.room === room);
    const send = `{"type":"send","id":"x","room":"${room}","data":{"n":1e400}}`;
    for (const frame of [
      send,
      `{"type":"batch","commands":[${send}]}`,
      '{"type":"presence","id":"x","data":{"n":1e400}}',
    ]) {
      session.send(frame);
      const error = await session.next("error");
      expect(error, frame).toMatchObject({ id: "x", code: "bad_request", path: ["data", "n"] });
    }
    expect(await storedMessages(room)).toBe(0);
  });

  it("[H17] is bad_request over HTTP, wherever JSON may stand", async () => {
    const room = uniqueName("numbers");
    await (await join(room, "ada")).ask({ type: "send", id: "m", data: 1 });
    const calls: [string, string, string][] = [
      ["POST", `/v1/rooms/${room}/messages`, '{"data":[1e400]}'],
      ["PATCH", `/v1/rooms/${room}/messages/1`, '{"data":[1e400]}'],
      ["POST", `/v1/rooms/${room}/signals`, '{"event":"e","data":[1e400]}'],
      ["POST", "/v1/users/ada/signals", '{"event":"e","data":[1e400]}'],
      ["POST", "/v1/notify", '{"user":"ada","title":"t","message":"m","data":[1e400]}'],
      ["POST", "/v1/broadcast", `{"rooms":["${room}"],"event":"e","data":[1e400]}`],
    ];
    for (const [method, path, body] of calls) {
      const response = await asServer(method, path, body);
      expect([path, response.status]).toEqual([path, 400]);
      expect(await errorOf(response), path).toMatchObject({ code: "bad_request", path: ["data", 0] });
    }
  });

  it("[H17] is refused, but null and very small numbers are accepted", async () => {
    const ada = await join(uniqueName("numbers"), "ada");
    for (const data of ['{"a":null,"b":"null","c":[1e308,1e-400]}', '"1e400"', "null"]) {
      ada.send(`{"type":"send","id":"x${data.length}","data":${data}}`);
      expect((await ada.next("message")).data).toEqual(JSON.parse(data));
    }
  });
});

describe("a body", () => {
  const invalid: [string, number[]][] = [
    ["half of a character", [0xc3]],
    ["Latin-1", [0xe9, 0x21]],
    ["half a surrogate pair", [0xed, 0xa0, 0x80]],
    ["an overlong slash", [0xc0, 0xaf]],
  ];

  it.each(invalid)("[H18] that holds %s is not UTF-8", async (_, bytes) => {
    const room = uniqueName("utf8");
    const text = new TextEncoder();
    const body = new Blob([text.encode('{"data":"'), new Uint8Array(bytes), text.encode('"}')]);
    const response = await asServer("POST", `/v1/rooms/${room}/messages`, await body.arrayBuffer());
    expect(response.status).toBe(400);
    expect(await errorOf(response)).toMatchObject({
      code: "bad_request",
      message: expect.stringContaining("UTF-8"),
    });
    expect(await roomExists(room)).toBe(false);
  });

  it("[H18] may be split anywhere on its way", async () => {
    const bytes = new TextEncoder().encode('{"data":"é👍"}');
    const stream = new ReadableStream({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte));
        controller.close();
      },
    });
    expect((await asServer("POST", `/v1/rooms/${uniqueName("utf8")}/messages`, stream)).status).toBe(201);
  });

  it("[H18] that breaks off is bad_request", async () => {
    const stream = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"data":'));
        controller.error(new Error("lost"));
      },
    });
    const response = await asServer("POST", `/v1/rooms/${uniqueName("half")}/messages`, stream);
    expect(response.status).toBe(400);
    expect(await errorOf(response)).toMatchObject({ code: "bad_request" });
  });

  const room = uniqueName("strict");
  const misspelt: [string, string, object, (string | number)[]][] = [
    ["PATCH", `/v1/rooms/${room}`, { slowMode: 1_000 }, ["slowMode"]],
    ["PATCH", `/v1/rooms/${room}`, { slowModeMs: 0, __proto: 1 }, ["__proto"]],
    ["POST", `/v1/rooms/${room}/kick`, { user: "bo", banseconds: 9 }, ["banseconds"]],
    ["POST", "/v1/notify", { user: "bo", title: "t", message: "m", expires_at: 9 }, ["expires_at"]],
    ["POST", "/v1/broadcast", { rooms: [room], event: "e", data: 1, ephermal: true }, ["ephermal"]],
    ["POST", "/v1/tokens", { user: "bo", rooms: {}, ttl: 60 }, ["ttl"]],
  ];

  it.each(misspelt)("[H19] %s %s refuses %j", async (method, path, body, field) => {
    const response = await callAsServer(method, path, body);
    expect(response.status).toBe(400);
    expect(await errorOf(response)).toMatchObject({ code: "bad_request", path: field });
  });

  it("[H19] of preferences refuses them too, also in the quiet hours; a long field name is not repeated in the refusal", async () => {
    const token = await tokenFor("strict");
    const put = (body: object) =>
      call("/v1/me/preferences", {
        method: "PUT",
        headers: { Authorization: `Bearer ${token}` },
        body: JSON.stringify(body),
      });
    const quietHours = { from: "22:00", to: "07:00", timeZone: "UTC", days: [1] };
    expect((await errorOf(await put({ quietHours }))).path).toEqual(["quietHours", "days"]);
    expect((await errorOf(await put({ mutedTopic: [] }))).path).toEqual(["mutedTopic"]);
    const long = await errorOf(await put({ ["x".repeat(5_000)]: 1 }));
    expect(long.code).toBe("bad_request");
    expect(JSON.stringify(long).length).toBeLessThan(200);
  });
});

describe("a room that was never created", () => {
  it("[H20] has no epoch and no start, and a read does not create it", async () => {
    const room = uniqueName("nobody");
    const get = async (path: string) => (await callAsServer("GET", `/v1/rooms/${room}${path}`)).json();
    expect(await get("")).toEqual({
      room,
      head: 0,
      floor: 0,
      occupancy: { members: 0, connections: 0 },
      settings: {
        slowModeMs: 0,
        maxConnections: expect.any(Number),
        historyLimit: expect.any(Number),
        historySeconds: 0,
        maxAgentTurns: 0,
      },
    });
    expect(await get("/messages")).toEqual({ messages: [], head: 0, floor: 0, seq: 1 });
    expect(await get("/members")).toEqual({ members: [], occupancy: { members: 0, connections: 0 } });
    expect(await get("/receipts")).toEqual({ receipts: [] });
    expect(await get("/bans")).toEqual({ bans: [] });
    expect(await storedText(roomObject(room))).toBe("[]");
    const before = Date.now();
    await join(room, "ada");
    expect(await get("")).toMatchObject({ epoch: expect.any(String), createdAt: expect.any(Number) });
    const { createdAt } = await get("").then((info) => Object(info));
    expect(createdAt).toBeGreaterThanOrEqual(before - 1_000);
  });
});

describe("an instant", () => {
  it("[H21] beyond the last of a date is refused, and the last one is stored", async () => {
    const user = uniqueName("instants");
    const notify = (expiresAt: number) =>
      callAsServer("POST", "/v1/notify", { user, title: "t", message: "m", expiresAt });
    for (const expiresAt of [8.64e15 + 2, Number.MAX_SAFE_INTEGER, 1e300]) {
      const response = await notify(expiresAt);
      expect(response.status).toBe(400);
      expect((await errorOf(response)).path).toEqual(["expiresAt"]);
    }
    expect((await notify(8.64e15)).status).toBe(200);
    const session = await openSession(user);
    expect(session.ofType("notification")).toMatchObject([{ expiresAt: 8.64e15, unread: 1 }]);
  });
});
