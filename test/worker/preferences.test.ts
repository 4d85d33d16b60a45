import { describe, expect, it } from "vitest";
import { crash, userExists } from "./support/objects.ts";
import type { TestSocket } from "./support/test-socket.ts";
import {
  call,
  callAs,
  callAsServer,
  errorOf,
  openSession,
  tokenFor,
  uniqueName,
  userObject,
} from "./support/worker.ts";

const PATH = "/v1/me/preferences";
const DEFAULTS = { mutedTopics: [], mutedRooms: [], quietHours: null, push: true };
const night = { from: "22:00", to: "07:00", timeZone: "Europe/Berlin" };

const put = async (user: string, body: unknown) => callAs(await tokenFor(user), "PUT", PATH, body);
const get = async (user: string) => (await callAs(await tokenFor(user), "GET", PATH)).json();

async function notify(user: string, fields: object): Promise<{ seq: number; delivered: number }> {
  const response = await callAsServer("POST", "/v1/notify", { user, title: "t", message: "m", ...fields });
  const { results } = await response.json<{ results: { seq: number; delivered: number }[] }>();
  return results[0] ?? { seq: 0, delivered: 0 };
}

const ids = (socket: TestSocket) => socket.ofType("notification").map(({ id }) => id);

describe("preferences", () => {
  it("[U14] are answered in full; an omitted field keeps its value, also after a restart", async () => {
    const user = uniqueName("u");
    expect(await get(user)).toEqual(DEFAULTS);
    expect(await userExists(user)).toBe(true);
    const answer = await put(user, { mutedTopics: ["task", "task"], quietHours: night });
    expect([answer.status, await answer.json()]).toEqual([
      200,
      { ...DEFAULTS, mutedTopics: ["task"], quietHours: night },
    ]);
    await put(user, { push: false, mutedRooms: ["lobby"] });
    await crash(userObject(user));
    const all = { mutedTopics: ["task"], mutedRooms: ["lobby"], quietHours: night, push: false };
    expect(await get(user)).toEqual(all);
    expect(await (await put(user, {})).json()).toEqual(all);
    expect(await (await put(user, { quietHours: null })).json()).toEqual({ ...all, quietHours: null });
  });

  const many = (count: number) => Array.from({ length: count }, (_, at) => `n${at}`);
  const refused: [string, unknown, unknown][] = [
    ["a topic with a space", { mutedTopics: ["a b"] }, ["mutedTopics", 0]],
    ["101 topics", { mutedTopics: many(101) }, ["mutedTopics"]],
    ["no room's name", { mutedRooms: ["ok", "_no"] }, ["mutedRooms", 1]],
    ["501 rooms", { mutedRooms: many(501) }, ["mutedRooms"]],
    ["null for a list", { mutedTopics: null }, ["mutedTopics"]],
    ["an hour that is none", { quietHours: { ...night, from: "24:00" } }, ["quietHours", "from"]],
    ["a place that is none", { quietHours: { ...night, timeZone: "Mars/Base" } }, ["quietHours", "timeZone"]],
    ["no place", { quietHours: { from: "22:00", to: "07:00" } }, ["quietHours", "timeZone"]],
    ["no time between", { quietHours: { ...night, to: "22:00" } }, ["quietHours"]],
    ["push that is neither", { push: "no" }, ["push"]],
  ];

  it.each(refused)("[U14] are refused with %s, and nothing changes", async (_, body, path) => {
    const user = uniqueName("u");
    const response = await put(user, { push: false, ...(body as object) });
    expect([response.status, await errorOf(response)]).toEqual([
      400,
      expect.objectContaining({ code: "bad_request", path }),
    ]);
    expect(await get(user)).toEqual(DEFAULTS);
  });

  it("[U14] accept 100 topics and 500 rooms, and require a user's token", async () => {
    const user = uniqueName("u");
    expect((await put(user, { mutedTopics: many(100), mutedRooms: many(500) })).status).toBe(200);
    expect((await call(PATH)).status).toBe(401);
    expect((await callAsServer("PUT", PATH, {})).status).toBe(403);
  });
});

describe("a muted notification", () => {
  it("[U13] is stored and listed, but not sent, replayed or counted", async () => {
    const user = uniqueName("u");
    const session = await openSession(user);
    const { epoch } = await session.next("connected");
    await put(user, { mutedTopics: ["task"] });
    expect(await notify(user, { id: "a", topic: "chat" })).toMatchObject({ seq: 1, delivered: 1 });
    expect(await notify(user, { id: "b", topic: "task.created", priority: "urgent" })).toMatchObject({
      seq: 2,
      delivered: 0,
    });
    expect(await notify(user, { id: "b", topic: "task.created" })).toMatchObject({ seq: 2, duplicate: true });
    expect(await notify(user, { id: "c" })).toMatchObject({ seq: 3, delivered: 1 });
    expect(await session.next("notification", ({ id }) => id === "c")).toMatchObject({ seq: 3, unread: 2 });
    expect(ids(session)).toEqual(["a", "c"]);

    const listed = { unread: 2, notifications: [{ id: "a" }, { id: "b", muted: true }, { id: "c" }] };
    const response = await callAs(await tokenFor(user), "GET", "/v1/me/notifications");
    const page = await response.json<{ notifications: object[] }>();
    expect(page).toMatchObject(listed);
    expect(page.notifications[0]).not.toHaveProperty("muted");
    expect(await session.ask({ type: "notifications", id: "n" })).toMatchObject(listed);

    for (const query of ["", `?since=${epoch}.0`]) {
      const late = await openSession(user, { query });
      expect(await late.next("connected")).toMatchObject({ unread: 2, head: 3 });
      expect(ids(late)).toEqual(["a", "c"]);
      expect(late.ofType("caughtUp")).toEqual([{ type: "caughtUp", seq: 3 }]);
    }
  });

  it("[U13] is one that was muted when it arrived: later muting and unmuting do not change it", async () => {
    const user = uniqueName("u");
    await notify(user, { id: "before", topic: "task" });
    await put(user, { mutedTopics: ["task"] });
    await notify(user, { id: "meanwhile", topic: "task" });
    await put(user, { mutedTopics: [] });
    await notify(user, { id: "after", topic: "task" });
    const session = await openSession(user);
    expect(await session.next("connected")).toMatchObject({ unread: 2 });
    expect(ids(session)).toEqual(["before", "after"]);
  });

  it("[U13] of a room is one about that room; over HTTP server code cannot set the room", async () => {
    const user = uniqueName("u");
    const session = await openSession(user);
    await put(user, { mutedRooms: ["lobby"] });
    const mention = { title: "t", message: "m", priority: "medium", data: "null" } as const;
    const stub = userObject(user);
    expect(await stub.notify({ ...mention, id: "1", room: "lobby" })).toMatchObject({ delivered: 0 });
    expect(await stub.notify({ ...mention, id: "2", room: "hall" })).toMatchObject({ delivered: 1 });
    const said = { user, title: "t", message: "m", id: "3", room: "lobby" };
    expect((await callAsServer("POST", "/v1/notify", said)).status).toBe(400);
    expect(await session.next("notification")).toMatchObject({ id: "2", unread: 1 });
    await session.settled();
    expect(session.texts.join()).not.toContain("lobby");
  });

  it("[U13] changes state with marks, and the total stays", async () => {
    const user = uniqueName("u");
    const session = await openSession(user);
    await put(user, { mutedTopics: ["task"] });
    await notify(user, { id: "a" });
    await notify(user, { id: "b", topic: "task" });
    expect(await session.ask({ type: "mark", id: "m", ids: ["b"], state: "read" })).toMatchObject({
      unread: 1,
    });
    expect(await session.ask({ type: "mark", id: "n", all: true, state: "read" })).toMatchObject({
      unread: 0,
    });
  });

  it("[U13] leaves no cursor behind: now and then a session is sent how far the inbox is", async () => {
    const user = uniqueName("u");
    const session = await openSession(user);
    await put(user, { mutedTopics: ["task"] });
    // Retention keeps 10 here.
    for (let n = 1; n <= 12; n++) await notify(user, { id: `n${n}`, topic: "task" });
    await session.settled();
    expect(session.ofType("caughtUp").at(-1)).toEqual({ type: "caughtUp", seq: 12 });
  });
});
