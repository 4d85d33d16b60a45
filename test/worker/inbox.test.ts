import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { advanceClock, configureUser } from "./support/objects.ts";
import type { TestSocket } from "./support/test-socket.ts";
import { callAs, callAsServer, openSession, tokenFor, uniqueName, userObject } from "./support/worker.ts";

interface Result {
  readonly user: string;
  readonly seq: number;
  readonly delivered: number;
}

async function notify(user: string, fields: object = {}): Promise<Result> {
  const body = { user, title: "Build", message: "done", ...fields };
  const response = await callAsServer("POST", "/v1/notify", body);
  const { results } = await response.json<{ results: Result[] }>();
  const [result] = results;
  if (result === undefined) throw new Error("no result");
  return result;
}

async function notifyTimes(user: string, count: number): Promise<void> {
  for (let n = 1; n <= count; n++) await notify(user, { id: `n${n}` });
}

const listed = (socket: TestSocket) => socket.ofType("notification").map(({ seq }) => seq);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);
const restart = (user: string) => evictDurableObject(userObject(user), { webSockets: "close" });
const mark = (session: TestSocket, fields: object) =>
  session.ask({ type: "mark", id: crypto.randomUUID(), ...fields });

async function overHttp(
  user: string,
  query = "",
): Promise<{ unread: number; notifications: { id: string }[] }> {
  const response = await callAs(await tokenFor(user), "GET", `/v1/me/notifications${query}`);
  return response.json();
}

describe("a notification", () => {
  it("[U1] is stored and delivered to all sessions of the user at once", async () => {
    const user = uniqueName("u");
    const phone = await openSession(user);
    const laptop = await openSession(user);
    const other = await openSession(uniqueName("other"));
    const fields = { priority: "high", topic: "builds", link: "/b/1", data: { a: [1] }, id: "b-1" };
    expect(await notify(user, fields)).toEqual({ user, seq: 1, delivered: 2 });
    const expected = {
      type: "notification",
      seq: 1,
      title: "Build",
      message: "done",
      ...fields,
      at: expect.any(Number),
      state: "unseen",
      unread: 1,
    };
    for (const device of [phone, laptop]) expect(await device.next("notification")).toEqual(expected);
    const later = await openSession(user);
    expect(later.ofType("notification")).toEqual([{ ...expected, replay: true }]);
    const { unread, ...stored } = expected;
    expect(await overHttp(user)).toEqual({ unread, notifications: [stored] });
    await other.settled();
    expect(listed(other)).toEqual([]);
  });

  it("[U1] is stored for a user without a session, with only the required fields", async () => {
    const user = uniqueName("u");
    expect(await notify(user, { title: "", message: "" })).toEqual({ user, seq: 1, delivered: 0 });
    const session = await openSession(user);
    expect(session.ofType("notification")).toMatchObject([{ seq: 1, priority: "medium", data: null }]);
    expect(session.ofType("notification")[0]).not.toHaveProperty("topic");
  });

  it("[U2] with a known id is stored once and answered as duplicate, also after a restart", async () => {
    const user = uniqueName("u");
    const session = await openSession(user);
    await notify(user, { id: "x" });
    expect(await notify(user, { id: "x", title: "other" })).toEqual({
      user,
      seq: 1,
      delivered: 0,
      duplicate: true,
    });
    await session.settled();
    expect(session.ofType("notification")).toHaveLength(1);
    await restart(user);
    expect(await notify(user, { id: "x" })).toMatchObject({ seq: 1, duplicate: true });
    expect(await notify(user, { id: "y" })).toMatchObject({ seq: 2 });
    expect((await overHttp(user)).notifications).toHaveLength(2);
  });
});

describe("a session", () => {
  it("[U3] begins with connected, then the latest notifications, then caughtUp", async () => {
    const user = uniqueName("u");
    await notifyTimes(user, 3);
    const session = await openSession(user, { name: "Ada", query: "?history=2" });
    const connected = await session.next("connected");
    expect(connected).toEqual({
      type: "connected",
      protocol: 1,
      connection: expect.any(String),
      user: { id: user, name: "Ada" },
      expiresAt: expect.any(Number),
      unread: 3,
      epoch: expect.stringMatching(/^[a-z0-9]{1,16}$/i),
      head: 3,
      floor: 0,
      recovery: "none",
      limits: expect.any(Object),
      reconnect: { minMs: 1_000, maxMs: 30_000 },
      at: expect.any(Number),
    });
    expect(session.received.map(({ type }) => type)).toEqual([
      "connected",
      "notification",
      "notification",
      "caughtUp",
    ]);
    expect(listed(session)).toEqual([2, 3]);
  });

  it("[U3] with a cursor gets what it missed, archived or not; without one the latest that are not archived", async () => {
    const user = uniqueName("u");
    const first = await openSession(user);
    const { epoch } = await first.next("connected");
    await notifyTimes(user, 4);
    await mark(first, { ids: ["n3"], state: "archived" });
    const back = await openSession(user, { query: `?since=${epoch}.1` });
    expect(await back.next("connected")).toMatchObject({ recovery: "complete", head: 5 });
    expect(back.ofType("notification").map(({ seq, state }) => [seq, state])).toEqual([
      [2, "unseen"],
      [3, "archived"],
      [4, "unseen"],
    ]);
    expect(listed(await openSession(user))).toEqual([1, 2, 4]);
  });

  it("[U3] with a cursor below floor, above head, of another epoch or unreadable is lost", async () => {
    const user = uniqueName("u");
    await notifyTimes(user, 12);
    const { epoch, floor } = await (await openSession(user)).next("connected");
    expect(floor).toBe(2);
    for (const since of [`${epoch}.1`, `${epoch}.13`, "other.3", "unreadable"]) {
      const session = await openSession(user, { query: `?since=${since}&history=3` });
      expect(await session.next("connected"), since).toMatchObject({ recovery: "lost" });
      expect(listed(session), since).toEqual([10, 11, 12]);
    }
    const edge = await openSession(user, { query: `?since=${epoch}.2` });
    expect(await edge.next("connected")).toMatchObject({ recovery: "complete" });
    expect(listed(edge)).toEqual(range(3, 12));
  });

  it("[U3] that missed more than 1,000 continues with history, and is live only after the last page", async () => {
    const user = uniqueName("u");
    await configureUser(user, { INBOX_LIMIT: 2_000 });
    const first = await openSession(user);
    const { epoch } = await first.next("connected");
    const tell = (n: number) => notify(user, { id: `n${n}` });
    await Promise.all(range(1, 1_100).map(tell));
    const back = await openSession(user, { query: `?since=${epoch}.0` });
    expect(await back.next("connected")).toMatchObject({ recovery: "partial", head: 1_100 });
    expect(back.ofType("caughtUp")).toEqual([{ type: "caughtUp", seq: 1_000, more: true }]);
    expect(await tell(1_101)).toMatchObject({ delivered: 1 });
    const page = await back.ask({ type: "history", id: "h", after: 1_000 });
    expect(page.seq).toBe(1_101);
    expect(page.events).toHaveLength(101);
    expect(await back.next("caughtUp")).toEqual({ type: "caughtUp", seq: 1_101, floor: 0 });
    expect(await tell(1_102)).toMatchObject({ delivered: 2 });
    await back.next("notification", ({ seq }) => seq === 1_102);
    expect(listed(back)).toEqual([...range(1, 1_000), 1_102]);
    expect(await back.ask({ type: "history", id: "far", after: 5_000 })).toMatchObject({ code: "not_found" });
  });

  it("[U8] with topics gets only their notifications; all are stored and counted", async () => {
    const user = uniqueName("u");
    const all = await openSession(user);
    const builds = await openSession(user, { query: "?topics=builds" });
    const topics = ["builds", "builds.failed", "buildsx", undefined, "chat"];
    const delivered = [];
    for (const topic of topics) delivered.push((await notify(user, { topic })).delivered);
    await Promise.all([all.settled(), builds.settled()]);
    expect(delivered).toEqual([2, 2, 1, 1, 1]);
    expect(listed(all)).toEqual(range(1, 5));
    expect(builds.ofType("notification").map(({ topic, unread }) => [topic, unread])).toEqual([
      ["builds", 1],
      ["builds.failed", 2],
    ]);
    const replayed = await openSession(user, { query: "?topics=chat" });
    expect(await replayed.next("connected")).toMatchObject({ unread: 5, head: 5 });
    expect(listed(replayed)).toEqual([5]);
    expect(await replayed.ask({ type: "topics", id: "t", topics: null })).toMatchObject({
      seq: 5,
      topics: null,
    });
    await notify(user);
    expect(await replayed.next("notification", ({ seq }) => seq === 6)).toMatchObject({ unread: 6 });
  });
});

describe("marks", () => {
  it("[U4] move states forward only, and are sent to every session only if something changed", async () => {
    const user = uniqueName("u");
    const one = await openSession(user);
    const two = await openSession(user, { query: "?topics=none" });
    await notifyTimes(user, 3);
    const steps: [object, number, number][] = [
      [{ ids: ["n1"], state: "seen" }, 3, 1],
      [{ ids: ["n1", "n2"], state: "read" }, 1, 2],
      [{ ids: ["n1"], state: "seen" }, 1, 2],
      [{ ids: ["n1"], state: "unseen" }, 1, 2],
      [{ ids: ["nobody"], state: "read" }, 1, 2],
      [{ ids: [], state: "read" }, 1, 2],
      [{ upTo: 2, state: "read" }, 1, 2],
      [{ upTo: 3, state: "seen" }, 1, 3],
      [{ all: true, state: "archived" }, 0, 4],
      [{ all: true, state: "read" }, 0, 4],
      [{ upTo: 99, state: "archived" }, 0, 4],
    ];
    for (const [fields, unread, events] of steps) {
      expect(await mark(one, fields), JSON.stringify(fields)).toMatchObject({ type: "ok", unread });
      await two.settled();
      expect(one.ofType("notificationUpdated"), JSON.stringify(fields)).toHaveLength(events);
      expect(two.ofType("notificationUpdated")).toEqual(one.ofType("notificationUpdated"));
    }
    const at = expect.any(Number);
    expect(one.ofType("notificationUpdated")).toEqual([
      { type: "notificationUpdated", seq: 4, at, ids: ["n1"], state: "seen", unread: 3 },
      { type: "notificationUpdated", seq: 5, at, ids: ["n1", "n2"], state: "read", unread: 1 },
      { type: "notificationUpdated", seq: 6, at, upTo: 3, state: "seen", unread: 1 },
      { type: "notificationUpdated", seq: expect.any(Number), at, upTo: 6, state: "archived", unread: 0 },
    ]);
    expect((await overHttp(user)).notifications).toEqual([]);
  });

  it("[U4] with upTo and all leave later notifications alone", async () => {
    const user = uniqueName("u");
    const session = await openSession(user);
    await notifyTimes(user, 2);
    await mark(session, { all: true, state: "read" });
    await notify(user, { id: "later" });
    const { notifications, unread } = await overHttp(user);
    expect(notifications.map(({ id }) => id)).toEqual(["n1", "n2", "later"]);
    expect(unread).toBe(1);
    expect((await overHttp(user, "?state=read")).notifications.map(({ id }) => id)).toEqual(["n1", "n2"]);
    expect((await overHttp(user, "?state=unseen")).notifications.map(({ id }) => id)).toEqual(["later"]);
  });

  it("[U4] over HTTP do the same, and every session receives them", async () => {
    const user = uniqueName("u");
    const session = await openSession(user);
    await notifyTimes(user, 2);
    const body = { ids: ["n1"], state: "read" };
    const response = await callAs(await tokenFor(user), "POST", "/v1/me/notifications/mark", body);
    expect([response.status, await response.json()]).toEqual([200, { unread: 1 }]);
    expect(await session.next("notificationUpdated")).toMatchObject({
      ids: ["n1"],
      state: "read",
      unread: 1,
    });
  });

  it("[U5] change an unread count that is the same on all devices, over HTTP and after a restart", async () => {
    const user = uniqueName("u");
    const one = await openSession(user);
    await notifyTimes(user, 5);
    await mark(one, { ids: ["n1"], state: "seen" });
    await mark(one, { ids: ["n2"], state: "read" });
    await mark(one, { ids: ["n3"], state: "archived" });
    for (let round = 0; round < 2; round++) {
      const session = await openSession(user);
      expect(await session.next("connected")).toMatchObject({ unread: 3 });
      expect(await session.ask({ type: "notifications", id: "n" })).toMatchObject({ unread: 3 });
      expect(await overHttp(user)).toMatchObject({ unread: 3 });
      await restart(user);
    }
  });

  it("[U5] do not count what retention removed", async () => {
    const user = uniqueName("u");
    await notifyTimes(user, 15);
    expect(await overHttp(user)).toMatchObject({ unread: 10 });
  });

  it("[U7] change a replay: a notification comes once in its current state, and marks on older ones come as updates", async () => {
    const user = uniqueName("u");
    const session = await openSession(user);
    const { epoch } = await session.next("connected");
    await notifyTimes(user, 3);
    await mark(session, { ids: ["n1"], state: "seen" });
    await mark(session, { ids: ["n1", "n3"], state: "read" });
    await notify(user, { id: "n6" });
    await mark(session, { upTo: 2, state: "archived" });
    await restart(user);
    const back = await openSession(user, { query: `?since=${epoch}.2` });
    expect(await back.next("connected")).toMatchObject({ recovery: "complete", head: 7 });
    const replay = back.received.filter(({ replay }) => replay === true);
    expect(
      replay.map(({ type, seq, id, ids, upTo, state }) => [type, seq, id ?? ids ?? upTo, state]),
    ).toEqual([
      ["notification", 3, "n3", "read"],
      ["notificationUpdated", 5, ["n1"], "read"],
      ["notification", 6, "n6", "unseen"],
      ["notificationUpdated", 7, 2, "archived"],
    ]);
    expect(replay.every(({ unread }) => unread === 1)).toBe(true);
    expect(back.ofType("caughtUp")).toEqual([{ type: "caughtUp", seq: 7 }]);
  });
});

describe("the list", () => {
  it("[U3][U5] is paged backwards, on the socket and over HTTP", async () => {
    const user = uniqueName("u");
    await notifyTimes(user, 10);
    const session = await openSession(user, { query: "?history=0" });
    expect(listed(session)).toEqual([]);
    const page = await session.ask({ type: "notifications", id: "p", limit: 4 });
    expect(page).toMatchObject({
      notifications: [7, 8, 9, 10].map((seq) => ({ seq })),
      more: true,
      unread: 10,
    });
    const rest = await session.ask({ type: "notifications", id: "q", before: 7 });
    expect(rest).toMatchObject({ notifications: range(1, 6).map((seq) => ({ seq })) });
    expect(rest).not.toHaveProperty("more");
    expect((await overHttp(user, "?before=3&limit=1")).notifications).toMatchObject([{ id: "n2" }]);
  });
});

describe("retention and expiry", () => {
  it("[U6] keep the last INBOX_LIMIT notifications; floor is the highest removed seq", async () => {
    const user = uniqueName("u");
    const session = await openSession(user);
    await notifyTimes(user, 5);
    await mark(session, { ids: ["n5"], state: "seen" });
    for (let n = 7; n <= 18; n++) await notify(user, { id: `n${n}` });
    for (let round = 0; round < 2; round++) {
      const newcomer = await openSession(user);
      expect(await newcomer.next("connected")).toMatchObject({ head: 18, floor: 8 });
      expect(listed(newcomer)).toEqual(range(9, 18));
      await restart(user);
    }
    await notify(user, { id: "n5" });
    expect((await overHttp(user)).notifications.map(({ id }) => id).at(-1)).toBe("n5");
  });

  it("[U6] keep what a new INBOX_LIMIT allows, and floor never falls", async () => {
    const user = uniqueName("u");
    await notifyTimes(user, 12);
    const again = async (limit: number) => {
      await restart(user);
      await configureUser(user, { INBOX_LIMIT: limit });
      const session = await openSession(user);
      return [(await session.next("connected")).floor, listed(session)];
    };
    expect(await again(20)).toEqual([2, range(3, 12)]);
    expect(await again(4)).toEqual([8, range(9, 12)]);
    expect(await again(20)).toEqual([8, range(9, 12)]);
  });

  it("[U9] hide what has expired from lists, replays and counts", async () => {
    const user = uniqueName("u");
    const session = await openSession(user);
    const { epoch } = await session.next("connected");
    await notify(user, { id: "brief", expiresAt: Date.now() + 20_000 });
    await notify(user, { id: "lasting" });
    expect(await session.next("notification", ({ id }) => id === "lasting")).toMatchObject({ unread: 2 });
    expect((await overHttp(user)).unread).toBe(2);
    advanceClock(20_000);
    expect(await overHttp(user)).toMatchObject({ unread: 1, notifications: [{ id: "lasting" }] });
    for (const query of ["", `?since=${epoch}.0`]) {
      const back = await openSession(user, { query });
      expect(await back.next("connected")).toMatchObject({ unread: 1 });
      expect(listed(back)).toEqual([2]);
    }
    await mark(session, { ids: ["brief"], state: "read" });
    expect(session.ofType("notificationUpdated")).toEqual([]);
  });
});
