// What the registry knows of rooms and users, and how it comes to know it.

import { createExecutionContext, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { createApp } from "../../src/http/app.ts";
import { RegistryObject, RoomObject } from "../../src/index.ts";
import type { RoomsResult, StatsResult, UsersResult } from "../../src/protocol/index.ts";
import { Registry } from "../../src/registry/runtime/registry.ts";
import { advanceClock, crash, sleep } from "./support/objects.ts";
import {
  call,
  callAsServer,
  errorOf,
  join,
  openSession,
  roomHas,
  roomObject,
  uniqueName,
  userObject,
} from "./support/worker.ts";

const MINUTE_MS = 60_000;
const NOBODY = { members: 0, connections: 0, anonymous: 0, sessions: 0 };

async function read<T>(path: string): Promise<T> {
  const response = await callAsServer("GET", path);
  expect(response.status).toBe(200);
  return response.json<T>();
}

const roomsOf = async (room: string, more = "") =>
  (await read<RoomsResult>(`/v1/rooms?prefix=${room}${more}`)).rooms;
const usersOf = async (user: string, more = "") =>
  (await read<UsersResult>(`/v1/users?prefix=${user}${more}`)).users;
const stats = () => read<StatsResult>("/v1/stats");

/** Faults that a test makes are logged. */
const silenced = () => {
  const spy = vi.spyOn(console, "error").mockImplementation(() => {});
  onTestFinished(() => spy.mockRestore());
};

/** Nothing waits for a report, so a test asks until it has come. */
const reported = (room: string, expected: object) =>
  expect.poll(async () => (await roomsOf(room))[0]).toMatchObject(expected);

describe("a room", () => {
  it("[O1] is listed as soon as it is occupied, with what is in it", async () => {
    const room = uniqueName("occupied");
    const before = Date.now();
    const ada = await join(room, "ada");
    await reported(room, { room, members: 1, connections: 1, anonymous: 0, sessions: 0, head: 0 });
    expect((await roomsOf(room, "&active=true"))[0]?.since).toBeGreaterThanOrEqual(before);
    await ada.ask({ type: "send", id: "1", data: 1 });
    advanceClock(MINUTE_MS);
    expect(await roomsOf(room)).toMatchObject([{ members: 1, head: 1, messages: 1 }]);
  });

  it("[O1] that server code writes to is listed, and all that follows is counted", async () => {
    const room = uniqueName("written");
    for (const data of [1, 2, 3]) await callAsServer("POST", `/v1/rooms/${room}/messages`, { data });
    await reported(room, { ...NOBODY, messages: 1 });
    advanceClock(MINUTE_MS);
    expect(await roomsOf(room)).toMatchObject([{ ...NOBODY, messages: 3 }]);
    expect(await roomsOf(room, "&active=true")).toEqual([]);
    // A purge takes away what is stored, not what was stored.
    await callAsServer("DELETE", `/v1/rooms/${room}`);
    await callAsServer("POST", `/v1/rooms/${room}/messages`, { data: 4 });
    // Right behind an answer it waits for its alarm.
    expect(await roomsOf(room)).toMatchObject([{ messages: 3 }]);
    advanceClock(2 * MINUTE_MS);
    expect(await runDurableObjectAlarm(roomObject(room))).toBe(true);
    await reported(room, { head: 1, messages: 4 });
  });

  it("[O2] whose object crashed is not occupied a minute later, without a report", async () => {
    // What other tests left is not occupied any more.
    advanceClock(2 * MINUTE_MS);
    const room = uniqueName("crashed");
    const ada = await join(room, "ada");
    await ada.ask({ type: "send", id: "1", data: 1 });
    await reported(room, { connections: 1 });
    const before = await stats();
    await crash(roomObject(room));
    advanceClock(3 * MINUTE_MS);
    const after = await stats();
    // Those of other tests end too.
    expect(after.rooms.known).toBe(before.rooms.known);
    expect(after.rooms.occupied).toBeLessThan(before.rooms.occupied);
    expect(after.connections).toBeLessThan(before.connections);
    expect(after.unconfirmed).toBe(0);
    expect(await roomsOf(room, "&active=true")).toEqual([]);
    expect(await roomsOf(room)).toMatchObject([{ ...NOBODY, messages: 1 }]);
  });

  it("[O2] that sleeps with its sockets stays occupied", async () => {
    const room = uniqueName("asleep");
    await join(room, "ada");
    await reported(room, { connections: 1 });
    await sleep(roomObject(room));
    advanceClock(MINUTE_MS);
    expect(await roomsOf(room, "&active=true")).toMatchObject([{ members: 1, connections: 1 }]);
  });

  it("[O3] that nobody stored anything in is known while somebody listens", async () => {
    const room = uniqueName("public_");
    const reader = await join(room, null);
    await reported(room, { ...NOBODY, connections: 1, anonymous: 1 });
    reader.close();
    advanceClock(MINUTE_MS);
    await expect.poll(() => roomsOf(room)).toEqual([]);
  });

  it("[O4] that fills right after it was reported empty is listed by its alarm, also if it sleeps till then", async () => {
    const room = uniqueName("refilled");
    const ada = await join(room, "ada");
    await ada.ask({ type: "send", id: "1", data: 1 });
    await reported(room, { connections: 1 });
    advanceClock(MINUTE_MS / 2);
    ada.close();
    await ada.closed;
    await reported(room, { connections: 0 });
    await join(room, "bo");
    expect(await roomsOf(room, "&active=true")).toEqual([]);
    const alarmAt = () =>
      runInDurableObject<RoomObject, number | null>(roomObject(room), (_, { storage }) => storage.getAlarm());
    await expect.poll(alarmAt).toBeLessThanOrEqual(Date.now() + MINUTE_MS / 2);
    await sleep(roomObject(room));
    advanceClock(MINUTE_MS);
    expect(await runDurableObjectAlarm(roomObject(room))).toBe(true);
    await expect.poll(() => roomsOf(room, "&active=true")).toMatchObject([{ members: 1, connections: 1 }]);
  });

  it("[O7] whose report fails is listed by its alarm", async () => {
    silenced();
    const failing = vi.spyOn(RegistryObject.prototype, "reportRoom").mockImplementation(() => {
      throw new Error("the shard of the tests restarts");
    });
    const room = uniqueName("unheard");
    await join(room, "ada");
    const alarmAt = () =>
      runInDurableObject<RoomObject, number | null>(roomObject(room), (_, { storage }) => storage.getAlarm());
    await expect.poll(alarmAt).toBeLessThanOrEqual(Date.now() + MINUTE_MS);
    failing.mockRestore();
    expect(await roomsOf(room)).toEqual([]);
    await sleep(roomObject(room));
    advanceClock(MINUTE_MS);
    await runDurableObjectAlarm(roomObject(room));
    await reported(room, { connections: 1 });
  });

  it("[O3] that could not say that it forgets itself does so a quarter of an hour later", async () => {
    silenced();
    const room = uniqueName("forgotten");
    const ada = await join(room, "ada");
    await reported(room, { connections: 1 });
    ada.close();
    await ada.closed;
    await roomHas(room, 0);
    advanceClock(2 * 60 * MINUTE_MS);
    const failing = vi.spyOn(RegistryObject.prototype, "reportRoom").mockImplementation(() => {
      throw new Error("the shard of the tests restarts");
    });
    const forget = () => runDurableObjectAlarm(roomObject(room));
    expect(await forget()).toBe(true);
    failing.mockRestore();
    expect(await roomsOf(room)).toHaveLength(1);
    expect(await forget()).toBe(true);
    expect(await roomsOf(room)).toEqual([]);
  });

  it("[O2] is occupied by those who poll and by rooms on sessions, not by server code that reads its events", async () => {
    const [read, polled, shared] = [uniqueName("read"), uniqueName("public_"), uniqueName("shared")];
    await callAsServer("POST", `/v1/rooms/${read}/messages`, { data: 1 });
    await callAsServer("GET", `/v1/rooms/${read}/events?wait=1`);
    await reported(read, NOBODY);
    expect(await roomsOf(read, "&active=true")).toEqual([]);
    await call(`/v1/rooms/${polled}/poll`, { method: "POST", body: JSON.stringify({ wait: 10 }) });
    await reported(polled, { members: 0, connections: 1, anonymous: 1 });
    const session = await openSession(uniqueName("ada"));
    session.send({ type: "join", id: "1", room: shared });
    await reported(shared, { members: 1, connections: 1, sessions: 1 });
    session.close();
    await session.closed;
    advanceClock(MINUTE_MS);
    await expect.poll(() => roomsOf(shared, "&active=true")).toEqual([]);
  });

  it("[O2] whose members were on sessions is not occupied a minute after a crash of everything", async () => {
    const [room, user] = [uniqueName("shared_crash"), uniqueName("ada")];
    const session = await openSession(user);
    session.send({ type: "join", id: "1", room });
    await reported(room, { members: 1, sessions: 1 });
    // The room stores who joined on a session; their object does not know any more that it had them.
    await crash(userObject(user));
    await crash(roomObject(room));
    advanceClock(MINUTE_MS);
    expect(await roomsOf(room, "&active=true")).toEqual([]);
  });

  it("[K20] reports once, however many come and go within 30 s", async () => {
    const reports = vi.spyOn(RegistryObject.prototype, "reportRoom");
    const room = uniqueName("busy");
    const ada = await join(room, "ada");
    for (let n = 0; n < 5; n++) {
      const bo = await join(room, "bo");
      bo.close();
      await bo.closed;
    }
    await ada.ask({ type: "send", id: "1", data: 1 });
    await reported(room, { connections: 1 });
    expect(reports.mock.calls.filter(([name]) => name === room)).toHaveLength(1);
    reports.mockRestore();
  });
});

describe("a user", () => {
  it("[O1] is listed with a session, and after a crash not as online", async () => {
    const user = uniqueName("ada");
    await openSession(user);
    await expect.poll(() => usersOf(user)).toMatchObject([{ user, notifications: 0 }]);
    advanceClock(MINUTE_MS);
    expect(await usersOf(user, "&active=true")).toMatchObject([{ user, sessions: 1 }]);
    await crash(userObject(user));
    advanceClock(2 * MINUTE_MS);
    expect(await usersOf(user, "&active=true")).toEqual([]);
    expect(await usersOf(user)).toMatchObject([{ sessions: 0 }]);
  });

  it("[O1] is listed with the first notification, and all are counted", async () => {
    const user = uniqueName("notified");
    for (const title of ["1", "2"]) await callAsServer("POST", "/v1/notify", { user, title, message: "" });
    await expect.poll(() => usersOf(user)).toMatchObject([{ sessions: 0 }]);
    advanceClock(MINUTE_MS);
    expect(await usersOf(user)).toMatchObject([{ sessions: 0, notifications: 2 }]);
  });
});

describe("an answer", () => {
  it("[O9] is there without a part of the registry that fails, and says so; a list is refused", async () => {
    silenced();
    const sums = vi.spyOn(RegistryObject.prototype, "sums").mockRejectedValueOnce(new Error("DETAIL"));
    expect(await stats()).toMatchObject({ missing: 1 });
    sums.mockRestore();
    expect(await stats()).toMatchObject({ missing: 0 });
    const names = vi.spyOn(RegistryObject.prototype, "namesOf").mockImplementationOnce(() => {
      throw new Error("DETAIL");
    });
    const response = await callAsServer("GET", "/v1/rooms");
    names.mockRestore();
    expect(response.status).toBe(500);
    expect(JSON.stringify(await errorOf(response))).not.toContain("DETAIL");
  });

  it("[O9] shows a room that fails as it was, and counts it as unconfirmed", async () => {
    silenced();
    const room = uniqueName("failing");
    await join(room, "ada");
    await reported(room, { connections: 1 });
    advanceClock(MINUTE_MS);
    const failing = vi.spyOn(RoomObject.prototype, "reportNow").mockRejectedValue(new Error("it fails"));
    const page = await read<RoomsResult>(`/v1/rooms?prefix=${room}`);
    failing.mockRestore();
    expect(page).toMatchObject({ rooms: [{ room, connections: 1 }], unconfirmed: 1 });
    expect(await read(`/v1/rooms?prefix=${room}`)).toMatchObject({ unconfirmed: 0 });
  });
});

describe("the lists", () => {
  it("[H59] have pages, in the order of names, over all shards", async () => {
    const prefix = uniqueName("page");
    const names = Array.from({ length: 7 }, (_, n) => `${prefix}-${n}`);
    for (const name of names) await callAsServer("POST", `/v1/rooms/${name}/messages`, { data: 1 });
    await expect.poll(async () => (await roomsOf(prefix)).length).toBe(7);
    const found: string[] = [];
    let after: string | undefined = "";
    while (after !== undefined) {
      const page: RoomsResult = await read(`/v1/rooms?prefix=${prefix}&limit=3&after=${after}`);
      expect(page.rooms.length).toBeLessThanOrEqual(3);
      found.push(...page.rooms.map(({ room }) => room));
      after = page.next;
    }
    expect(found).toEqual(names);
  });

  it.each([
    ["/v1/rooms?limit=0", "limit"],
    ["/v1/rooms?limit=201", "limit"],
    ["/v1/rooms?active=yes", "active"],
    ["/v1/rooms?prefix=a%20b", "prefix"],
    ["/v1/rooms?prefix=_", "prefix"],
    ["/v1/users?after=%0A", "after"],
    [`/v1/users?prefix=${"a".repeat(1_000)}`, "prefix"],
  ])("[H59] refuse a parameter that does not fit: %s", async (path, name) => {
    const response = await callAsServer("GET", path);
    expect(response.status).toBe(400);
    expect(await errorOf(response)).toMatchObject({ code: "bad_request", path: [name] });
  });

  it.each([".hidden", " blank", "a%b", "a_b"])("[H61] take any beginning of a user id: %s", async (id) => {
    const user = `${id}${uniqueName("")}`;
    await callAsServer("POST", "/v1/notify", { user, title: "1", message: "" });
    const begins = encodeURIComponent(id.slice(0, id.startsWith("a") ? 2 : 1));
    const listed = async () =>
      (await read<UsersResult>(`/v1/users?prefix=${begins}&limit=200`)).users.map(({ user }) => user);
    await expect.poll(listed).toContain(user);
  });

  it("[O10] and the statistics are asked for in the jurisdiction of the deployment", async () => {
    const places: string[] = [];
    const namespace = new Proxy(env.REGISTRY, {
      get(target, key) {
        if (key !== "jurisdiction") throw new Error(`${String(key)} is asked outside of a jurisdiction`);
        return (place: string) => {
          places.push(place);
          return target;
        };
      },
    });
    const registry = new Registry(namespace, { jurisdiction: "eu" });
    await registry.sums();
    await registry.listUsers({ prefix: "", after: "", limit: 1, active: false });
    expect(new Set(places)).toEqual(new Set(["eu"]));
  });

  it.each(["/v1/stats", "/v1/rooms", "/v1/users"])(
    "[H60] are not there without the binding: %s",
    async (path) => {
      const { REGISTRY: _, ...without } = env;
      const request = new Request(`https://rooms.test${path}`, {
        headers: { Authorization: `Bearer ${env.API_KEYS}` },
      });
      const response = await createApp().fetch(request, without, createExecutionContext());
      expect(response.status).toBe(404);
      expect(await errorOf(response)).toMatchObject({ message: expect.stringContaining("REGISTRY") });
    },
  );
});
