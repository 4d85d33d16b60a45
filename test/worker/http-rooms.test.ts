import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { configureRoom } from "./support/objects.ts";
import {
  call,
  callAs,
  callAsServer,
  callWith,
  errorOf,
  fill,
  join,
  roomObject,
  tokenFor,
  uniqueName,
} from "./support/worker.ts";

const post = async (room: string, body: object, bearer?: string) =>
  callAs(bearer ?? (await tokenFor("ada", { name: "Ada" })), "POST", `/v1/rooms/${room}/messages`, body);

describe("an error", () => {
  it("[H1] is one object with the status of its code, and is not cached", async () => {
    const room = uniqueName("errors");
    const token = await tokenFor("ada", { rooms: { [room]: "read" } });
    const cases: [Response, number, string][] = [
      [await call(`/v1/rooms/${room}`), 401, "unauthorized"],
      [await callAs(token, "GET", `/v1/rooms/${room}x`), 403, "forbidden"],
      [await callAs(token, "GET", "/v1/rooms/a%20b"), 400, "bad_request"],
      [await post(room, { data: "x".repeat(1_001) }), 413, "too_large"],
      [await post(room, { data: 1, replyTo: 9 }), 404, "not_found"],
      [await post(room, { data: 1, retryOf: "other.1" }), 409, "stale_retry"],
    ];
    for (const [response, status, code] of cases) {
      expect(response.status, code).toBe(status);
      expect(response.headers.get("Content-Type"), code).toMatch(/^application\/json/);
      expect(response.headers.get("Cache-Control"), code).toBe("no-store");
      expect(response.headers.get("Retry-After"), code).toBeNull();
      const body = await response.json<Record<string, unknown>>();
      expect(Object.keys(body)).toEqual(["error"]);
      expect(body.error).toMatchObject({ code, message: expect.any(String) });
    }
  });

  it.each(["/v1", "/v1/", "/v1/nothing", "/v1/rooms/a/nothing", "/v1/rooms/a/messages/1/2/3"])(
    "[H1] an unknown path is not_found: %s",
    async (path) => {
      const response = await callAsServer("GET", path);
      expect([response.status, (await errorOf(response)).code]).toEqual([404, "not_found"]);
    },
  );

  it("[H1] with 429 or 503 carries Retry-After in seconds", async () => {
    const room = uniqueName("wait");
    await configureRoom(room, { MAX_CONNECTIONS_PER_ROOM: 1, RATE_PER_SECOND: 0.1, RATE_BURST: 1 });
    const ada = await join(room, "ada");
    await ada.ask({ type: "send", id: "m", data: 1 });
    const limited = await post(room, { data: 1 });
    expect([limited.status, limited.headers.get("Retry-After")]).toEqual([429, "10"]);
    expect((await errorOf(limited)).retryAfterMs).toBeGreaterThan(9_000);
    const full = await callAs(await tokenFor("bo"), "GET", `/v1/rooms/${room}/events`);
    expect([full.status, full.headers.get("Retry-After")]).toEqual([503, "5"]);
    expect(await errorOf(full)).toMatchObject({ code: "room_full", retryAfterMs: 5_000 });
  });

  it("[H1] of an object that is being moved is overloaded; any other fault is internal without its cause", async () => {
    const silenced = vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => silenced.mockRestore());
    const broken = (error: Error) => ({
      ROOMS: {
        getByName: () => {
          throw error;
        },
      },
    });
    const headers = { Authorization: `Bearer ${await tokenFor("ada")}` };
    const moved = Object.assign(new Error("CAUSE moved"), { retryable: true });
    const temporary = await callWith(broken(moved), "/v1/rooms/a", { headers });
    expect([temporary.status, temporary.headers.get("Retry-After")]).toEqual([503, "1"]);
    expect(await errorOf(temporary)).toMatchObject({ code: "overloaded" });
    const failed = await callWith(broken(new Error("CAUSE bug")), "/v1/rooms/a", { headers });
    expect(failed.status).toBe(500);
    const text = await failed.text();
    expect(text).toContain('"internal"');
    expect(text).not.toMatch(/CAUSE|stack|\.ts/);
  });
});

describe("GET of a room", () => {
  it("[H1] answers epoch, head and floor", async () => {
    const room = uniqueName("info");
    const ada = await join(room, "ada");
    await fill(ada, 60);
    const response = await callAs(await tokenFor("bo"), "GET", `/v1/rooms/${room}`);
    const { epoch } = await ada.next("connected");
    expect(await response.json()).toEqual({
      room,
      epoch,
      head: 60,
      floor: 10,
      occupancy: { members: 1, connections: 1 },
      settings: {
        slowModeMs: 0,
        maxConnections: 10_000,
        historyLimit: 50,
        historySeconds: 0,
        maxAgentTurns: 0,
      },
      createdAt: expect.any(Number),
    });
  });

  it("[M7] pages messages backwards, also by topics", async () => {
    const room = uniqueName("pages");
    const ada = await join(room, "ada");
    await fill(ada, 12);
    await ada.ask({ type: "send", id: "note", event: "note", data: 1 });
    const get = async (query: string) => {
      const response = await callAs(await tokenFor("bo"), "GET", `/v1/rooms/${room}/messages${query}`);
      const { messages, ...rest } = await response.json<{ messages: { seq: number }[] }>();
      return { seqs: messages.map(({ seq }) => seq), ...rest };
    };
    const { epoch } = await ada.next("connected");
    const stand = { epoch, head: 13, floor: 0 };
    expect(await get("?limit=3")).toEqual({ seqs: [11, 12, 13], ...stand, seq: 11, more: true });
    expect(await get("?before=3")).toEqual({ seqs: [1, 2], ...stand, seq: 1 });
    expect(await get("?topics=note")).toMatchObject({ seqs: [13] });
    expect(await get("?before=&limit=&topics=")).toMatchObject({
      seqs: Array.from({ length: 13 }, (_, i) => i + 1),
    });
  });
});

describe("POST of a message", () => {
  it("[H2] answers 201 with seq, id and at; members receive it as a message of its author", async () => {
    const room = uniqueName("post");
    const bo = await join(room, "bo");
    const response = await post(room, { event: "note", data: { a: 1 }, id: "mine", mentions: ["bo"] });
    expect(response.status).toBe(201);
    expect(await response.json()).toEqual({ seq: 1, id: "mine", at: expect.any(Number) });
    expect(await bo.next("message")).toEqual({
      type: "message",
      seq: 1,
      id: "mine",
      event: "note",
      from: { id: "ada", name: "Ada" },
      at: expect.any(Number),
      data: { a: 1 },
      mentions: ["bo"],
    });
  });

  it("[H2] answers 200 with duplicate for a repeated id, also long after it left memory", async () => {
    const room = uniqueName("repeat");
    const first = await (await post(room, { id: "mine", data: 1 })).json<{ at: number }>();
    const repeat = async () => {
      const response = await post(room, { id: "mine", data: 2 });
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({ seq: 1, id: "mine", at: first.at, duplicate: true });
    };
    await repeat();
    await evictDurableObject(roomObject(room), { webSockets: "close" });
    await repeat();
    await fill(await join(room, "bo"), 49);
    await evictDurableObject(roomObject(room), { webSockets: "close" });
    await repeat();
    await fill(await join(room, "bo"), 1);
    await evictDurableObject(roomObject(room), { webSockets: "close" });
    expect(await (await post(room, { id: "mine", data: 3 })).json()).toMatchObject({ seq: 52 });
  });

  it("[H2] without id stores each call as a new message, under an id that the server makes", async () => {
    const room = uniqueName("anew");
    const one = await (await post(room, { data: 1 })).json<{ id: string; seq: number }>();
    const two = await (await post(room, { data: 1 })).json<{ id: string; seq: number }>();
    expect([one.seq, two.seq]).toEqual([1, 2]);
    expect(one.id).not.toBe(two.id);
    expect(one.id.length).toBeLessThanOrEqual(64);
  });

  it("[H2] many at once gives each its own seq, and the same seq to its repeats", async () => {
    const room = uniqueName("many");
    const ids = Array.from({ length: 20 }, (_, at) => `m${at}`);
    const all = await Promise.all([...ids, ...ids].map((id) => post(room, { id, data: 1 })));
    const answers = await Promise.all(all.map((response) => response.json<{ id: string; seq: number }>()));
    expect(new Set(answers.map(({ seq }) => seq)).size).toBe(20);
    expect(new Set(answers.map(({ id, seq }) => `${id} ${seq}`)).size).toBe(20);
    expect(all.filter(({ status }) => status === 201)).toHaveLength(20);
  });

  it("[H3] from requires an API key: a user cannot send in another's name", async () => {
    const room = uniqueName("from");
    const bo = await join(room, "bo");
    const from = { id: "cy", name: "Cy" };
    for (const path of ["messages", "signals"]) {
      const response = await callAs(await tokenFor("ada"), "POST", `/v1/rooms/${room}/${path}`, {
        event: "x",
        data: 1,
        from,
      });
      expect(response.status).toBe(403);
      expect(await errorOf(response)).toMatchObject({ code: "forbidden", path: ["from"] });
    }
    const except = await callAs(await tokenFor("ada"), "POST", `/v1/rooms/${room}/signals`, {
      event: "x",
      except: "bo",
    });
    expect(except.status).toBe(403);
    expect(await errorOf(except)).toMatchObject({ path: ["except"] });
    expect((await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: 1, from })).status).toBe(201);
    expect(await bo.next("message")).toMatchObject({ from });
    expect(bo.ofType("message")).toHaveLength(1);
    expect(bo.ofType("signal")).toEqual([]);
  });

  it("[H3][E21] server code has its own ids, also when it sends in a user's name", async () => {
    const room = uniqueName("ids");
    const asServer = async (body: object) =>
      (await callAsServer("POST", `/v1/rooms/${room}/messages`, body)).json();
    expect(await asServer({ id: "m", data: 1 })).toMatchObject({ seq: 1 });
    expect(await asServer({ id: "m", data: 1, from: { id: "ada" } })).toMatchObject({ seq: 2 });
    expect(await (await post(room, { id: "m", data: 1 })).json()).toMatchObject({ seq: 3 });
    expect(await asServer({ id: "m", data: 1, from: { id: "ada" } })).toMatchObject({
      seq: 2,
      duplicate: true,
    });
  });
});

describe("members", () => {
  it("[H10] require a user or an API key, also in a room that anyone may read", async () => {
    const room = uniqueName("public_members");
    await join(room, "ada", { name: "Ada" });
    await join(room, null);
    expect((await call(`/v1/rooms/${room}/members`)).status).toBe(401);
    const expected = {
      members: [{ id: "ada", name: "Ada", status: "online", data: null, joinedAt: expect.any(Number) }],
      occupancy: { members: 1, connections: 2 },
    };
    const asUser = await callAs(await tokenFor("bo", { rooms: {} }), "GET", `/v1/rooms/${room}/members`);
    expect(await asUser.json()).toEqual(expected);
    expect(await (await callAsServer("GET", `/v1/rooms/${room}/members`)).json()).toEqual(expected);
  });
});
