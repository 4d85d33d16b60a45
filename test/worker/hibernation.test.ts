import { evictDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { socketsOf } from "./support/at-relays.ts";
import { advanceClock, configureRoom, crashRoom, patchAttachments, sleepRoom } from "./support/objects.ts";
import type { TestSocket } from "./support/test-socket.ts";
import {
  callAsServer,
  fill,
  join,
  openRoom,
  openSession,
  tokenFor,
  uniqueName,
  userObject,
} from "./support/worker.ts";

const seqs = (socket: TestSocket) => socket.ofType("message").map(({ seq }) => seq);
const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, at) => from + at);

describe("reconnect", () => {
  it("[D1] after hibernation replays exactly what was missed, once", async () => {
    const room = uniqueName("sleep");
    const ada = await join(room, "ada");
    const bo = await join(room, "bo");
    const { epoch } = await bo.next("connected");
    await fill(ada, 5);
    await bo.settled();
    bo.close(1000);
    await bo.closed;
    await fill(ada, 3);
    await sleepRoom(room);
    await fill(ada, 4);
    await sleepRoom(room);
    const back = await join(room, "bo", { query: `?since=${epoch}.${seqs(bo).at(-1)}` });
    expect(await back.next("connected")).toMatchObject({ recovery: "complete", epoch, head: 12 });
    await fill(ada, 2);
    await back.settled();
    expect([...seqs(bo), ...seqs(back)]).toEqual(range(1, 14));
    expect(seqs(ada)).toEqual(range(1, 14));
  });

  it("[D2] after an eviction that closed the sockets replays exactly what was missed, once", async () => {
    const room = uniqueName("crash");
    const ada = await join(room, "ada");
    const bo = await join(room, "bo");
    const { epoch } = await bo.next("connected");
    await fill(ada, 5);
    await bo.settled();
    await crashRoom(room);
    expect(await bo.closed).toMatchObject({ code: 1006 });
    const writer = await join(room, "ada", { query: "?history=0" });
    await fill(writer, 5);
    await crashRoom(room);
    const back = await join(room, "bo", { query: `?since=${epoch}.${seqs(bo).at(-1)}` });
    expect(await back.next("connected")).toMatchObject({ recovery: "complete", epoch, head: 10 });
    expect([...seqs(bo), ...seqs(back)]).toEqual(range(1, 10));
  });

  it("[D2] of a whole room at once misses nothing", async () => {
    const room = uniqueName("all_back");
    const users = ["ada", "bo", "cy", "di"];
    const before = await Promise.all(users.map((user) => join(room, user)));
    await Promise.all(before.map((socket, at) => fill(socket, 3 + at)));
    await Promise.all(before.map((socket) => socket.settled()));
    const epoch = (await before[0]?.next("connected"))?.epoch;
    await crashRoom(room);
    const back = await Promise.all(users.map((user) => openRoom(room, user, { query: `?since=${epoch}.9` })));
    await Promise.all(back.map((socket) => fill(socket, 1)));
    await Promise.all(back.map((socket) => socket.settled()));
    for (const socket of back) {
      expect(seqs(socket)).toEqual(range(10, 22));
      expect(socket.received[0]).toMatchObject({ type: "connected", recovery: "complete" });
    }
  });
});

describe("a socket whose object slept", () => {
  it("[D4] receives sends before and after the sleep as one stream", async () => {
    const room = uniqueName("stream");
    const ada = await join(room, "ada");
    const bo = await join(room, "bo");
    for (let n = 1; n <= 4; n++) {
      await (n % 2 === 0 ? bo : ada).ask({ type: "send", id: `m${n}`, data: n });
      await sleepRoom(room);
    }
    await Promise.all([ada.settled(), bo.settled()]);
    expect([seqs(ada), seqs(bo)]).toEqual([range(1, 4), range(1, 4)]);
    expect(ada.ofType("connected")).toHaveLength(1);
  });

  it("[D4] keeps its topics, from the connect or a later command", async () => {
    const room = uniqueName("topics");
    const ada = await join(room, "ada");
    const one = await join(room, "bo", { query: "?topics=note" });
    const two = await join(room, "bo");
    await two.ask({ type: "topics", id: "t", topics: ["note", "chat.x"] });
    await sleepRoom(room);
    for (const event of ["note", "chat", "chat.x", "note.y"])
      await ada.ask({ type: "send", id: event, event, data: 1 });
    await Promise.all([one.settled(), two.settled()]);
    expect(one.ofType("message").map(({ event }) => event)).toEqual(["note", "note.y"]);
    expect(two.ofType("message").map(({ event }) => event)).toEqual(["note", "chat.x", "note.y"]);
  });

  it("[D4] keeps its user, its permission and what auth changed", async () => {
    const room = uniqueName("permission");
    const reader = await join(room, "ada", { rooms: { "*": "read" } });
    const writer = await join(room, "bo", { name: "Bo" });
    await sleepRoom(room);
    expect(await reader.ask({ type: "send", id: "m", data: 1 })).toMatchObject({ code: "forbidden" });
    await writer.ask({ type: "send", id: "m", data: 1 });
    expect(await reader.next("message")).toMatchObject({ from: { id: "bo", name: "Bo" } });
    await reader.ask({ type: "auth", id: "a", token: await tokenFor("ada") });
    await sleepRoom(room);
    expect(await reader.ask({ type: "send", id: "n", data: 1 })).toMatchObject({ type: "ok", seq: 2 });
  });

  it("[D4] keeps presence=off, and none without presence", async () => {
    const room = uniqueName("public_off");
    const off = await join(room, "bo", { query: "?presence=off" });
    const nobody = await join(room, null);
    await sleepRoom(room);
    const ada = await join(room, "ada");
    expect(await ada.next("connected")).toMatchObject({ occupancy: { members: 2, connections: 3 } });
    await ada.ask({ type: "presence", id: "p", status: "away" });
    await Promise.all([off.settled(), nobody.settled()]);
    for (const socket of [off, nobody])
      expect(socket.received.map(({ type }) => type)).toEqual(["connected", "caughtUp", "pong"]);
    expect(await nobody.ask({ type: "send", id: "m", data: 1 })).toMatchObject({ code: "forbidden" });
  });

  it("[D4][M9] keeps its expiry", async () => {
    const room = uniqueName("expiry");
    const ada = await join(room, "ada", { expiresInS: 20 });
    const bo = await join(room, "bo");
    await sleepRoom(room);
    advanceClock(20_000);
    await fill(bo, 1);
    expect(await ada.closed).toEqual({ code: 4401, reason: "token_expired" });
    expect(seqs(ada)).toEqual([]);
  });

  it("[D4][F5] keeps the position in a long replay", async () => {
    const room = uniqueName("paging");
    const settings = { HISTORY_LIMIT: 5_000, RATE_BURST: 10_000 };
    await configureRoom(room, settings);
    const ada = await join(room, "ada");
    const { epoch } = await ada.next("connected");
    await fill(ada, 1_100);
    const bo = await openRoom(room, "bo", { query: `?since=${epoch}.0` });
    await bo.next("caughtUp");
    await sleepRoom(room);
    await configureRoom(room, settings);
    await fill(ada, 1);
    expect(seqs(bo)).toEqual(range(1, 1_000));
    expect(await bo.ask({ type: "history", id: "h", after: 1_000 })).toMatchObject({ seq: 1_101, floor: 0 });
    expect(await bo.next("caughtUp")).toEqual({ type: "caughtUp", seq: 1_101, floor: 0 });
  });

  it("[D4] keeps an attachment of bounded size with any name and the longest list of topics", async () => {
    const room = uniqueName("big");
    const topics = Array.from({ length: 20 }, (_, at) => `${"t".repeat(60)}${at}`);
    const ada = await join(room, "a".repeat(128), {
      name: "😀".repeat(64),
      claims: { picture: `https://p.example/${"é".repeat(1_000)}` },
    });
    await ada.ask({ type: "topics", id: "t", topics });
    const data = "é".repeat(511);
    expect(await ada.ask({ type: "presence", id: "p", data })).toMatchObject({ type: "ok" });
    await sleepRoom(room);
    const bo = await join(room, "bo");
    expect(await bo.next("connected")).toMatchObject({
      members: expect.arrayContaining([expect.objectContaining({ name: "😀".repeat(64), data })]),
    });
  });

  it("[D4] of another version of the server is closed so that the client reconnects", async () => {
    const room = uniqueName("version");
    const old = await join(room, "ada");
    await sleepRoom(room);
    await patchAttachments(socketsOf(room), (state) => ({ ...state, version: 99 }));
    await join(room, "bo");
    expect(await old.closed).toMatchObject({ code: 4500, reason: "internal" });
  });

  it("[D4] keeps topics, expiry and marks if it is a session", async () => {
    const user = uniqueName("asleep");
    const notify = (topic: string) =>
      callAsServer("POST", "/v1/notify", { user, title: topic, message: "", topic });
    const all = await openSession(user);
    const builds = await openSession(user);
    await builds.ask({ type: "topics", id: "t", topics: ["build"] });
    const brief = await openSession(user, { expiresInS: 20 });
    await notify("build");
    await evictDurableObject(userObject(user), { webSockets: "hibernate" });
    await notify("chat");
    await notify("build.done");
    await evictDurableObject(userObject(user), { webSockets: "hibernate" });
    await all.ask({ type: "mark", id: "m", all: true, state: "read" });
    expect(await builds.next("notificationUpdated")).toMatchObject({ upTo: 3, unread: 0 });
    expect(all.ofType("notification").map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(builds.ofType("notification").map(({ seq }) => seq)).toEqual([1, 3]);
    await evictDurableObject(userObject(user), { webSockets: "hibernate" });
    advanceClock(20_000);
    await notify("late");
    expect(await brief.closed).toEqual({ code: 4401, reason: "token_expired" });
    expect(brief.ofType("notification")).toHaveLength(3);
  });
});
