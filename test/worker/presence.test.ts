import { describe, expect, it } from "vitest";
import { shownGone, shownTo, statesShown } from "./support/members-shown.ts";
import { advanceClock, sleepRoom, stopClock } from "./support/objects.ts";
import type { TestSocket } from "./support/test-socket.ts";
import { callAs, join, tokenFor, uniqueName } from "./support/worker.ts";

const MEMBER_EVENTS = ["memberJoined", "memberUpdated", "memberLeft", "members"];
const news = (socket: TestSocket) => socket.received.filter(({ type }) => MEMBER_EVENTS.includes(type));

async function membersOf(room: string): Promise<{ members: unknown[]; occupancy: unknown }> {
  const response = await callAs(await tokenFor("observer"), "GET", `/v1/rooms/${room}/members`);
  return response.json();
}

describe("members", () => {
  it("[P2] with several connections are one member; joined and left come once, and not to the joiner", async () => {
    const room = uniqueName("one");
    const bo = await join(room, "bo");
    const first = await join(room, "ada", { name: "Ada" });
    const second = await join(room, "ada", { name: "Ada" });
    await Promise.all([bo.settled(), first.settled(), second.settled()]);
    expect(await second.next("connected")).toMatchObject({
      members: [{ id: "bo" }, { id: "ada" }],
      occupancy: { members: 2, connections: 3 },
    });
    first.close(1000);
    expect(await first.closed).toMatchObject({ code: 1000 });
    await bo.settled();
    expect(news(bo)).toMatchObject([{ type: "memberJoined", member: { id: "ada", name: "Ada" } }]);
    second.close(1000);
    expect(await bo.next("memberLeft")).toEqual({ type: "memberLeft", user: "ada", at: expect.any(Number) });
    expect(news(bo)).toHaveLength(2);
    expect([...news(first), ...news(second)]).toEqual([]);
  });

  it("[P2] who join at once see each other once", async () => {
    const room = uniqueName("at_once");
    const users = ["ada", "bo", "cy", "di"];
    const sockets = await Promise.all(users.map((user) => join(room, user)));
    await Promise.all(sockets.map((socket) => socket.settled()));
    for (const [at, socket] of sockets.entries()) {
      const { members } = await socket.next("connected");
      const listed = Array.isArray(members) ? members.map(({ id }) => id) : [];
      const joined = socket.ofType("memberJoined").map(({ member }) => Reflect.get(Object(member), "id"));
      expect([...listed, ...joined].sort()).toEqual(users);
      expect(listed).toContain(users[at]);
    }
  });

  it("[P2] with another name on another device are announced again", async () => {
    const room = uniqueName("renamed");
    const bo = await join(room, "bo");
    await join(room, "ada", { name: "Ada" });
    await join(room, "ada", { name: "Ada L." });
    expect(await bo.next("memberUpdated")).toMatchObject({ member: { id: "ada", name: "Ada L." } });
  });
});

describe("leaving", () => {
  it.each([1000, undefined])("[P3][P10] with %s removes the member at once", async (code) => {
    const room = uniqueName("left");
    const bo = await join(room, "bo");
    const ada = await join(room, "ada");
    ada.close(code);
    await bo.next("memberLeft", ({ user }) => user === "ada");
    expect(await membersOf(room)).toMatchObject({ members: [{ id: "bo" }], occupancy: { connections: 1 } });
  });

  it.each([4000, 1001])("[P3][P10] with %s keeps the member for 5 s", async (code) => {
    const room = uniqueName("lost");
    const bo = await join(room, "bo");
    const ada = await join(room, "ada");
    const now = stopClock();
    ada.close(code);
    await ada.closed;
    await bo.settled();
    expect(await membersOf(room)).toMatchObject({
      members: [{ id: "bo" }, { id: "ada" }],
      occupancy: { members: 2, connections: 1 },
    });
    stopClock(now + 4_999);
    await bo.settled();
    expect(bo.ofType("memberLeft")).toEqual([]);
    stopClock(now + 5_000);
    await bo.settled();
    expect(bo.ofType("memberLeft")).toMatchObject([{ user: "ada" }]);
    expect(await membersOf(room)).toMatchObject({ members: [{ id: "bo" }] });
  });

  it("[P3] is announced after 5 s although nothing else wakes the room", async () => {
    const room = uniqueName("timer");
    const bo = await join(room, "bo");
    const ada = await join(room, "ada");
    const lostAt = Date.now();
    ada.close(4000);
    await bo.next("memberLeft", ({ user }) => user === "ada");
    expect(Date.now() - lostAt).toBeGreaterThanOrEqual(4_900);
  });

  it("[P3][P15] and returning within 5 s shows no change, and status and data are still set", async () => {
    const room = uniqueName("reload");
    const bo = await join(room, "bo");
    const ada = await join(room, "ada");
    await ada.ask({ type: "presence", id: "p", status: "busy", data: { desk: 4 } });
    await bo.next("memberUpdated");
    ada.close(4000);
    await ada.closed;
    const back = await join(room, "ada");
    expect(await back.next("connected")).toMatchObject({
      members: [{ id: "bo" }, { id: "ada", status: "busy", data: { desk: 4 } }],
    });
    await back.ask({ type: "presence", id: "p", status: "busy", data: { desk: 4 } });
    advanceClock(6_000);
    await bo.settled();
    expect(news(bo).map(({ type }) => type)).toEqual(["memberJoined", "memberUpdated"]);
  });

  it("[P3] with several connections depends on the last of them", async () => {
    const room = uniqueName("two");
    const bo = await join(room, "bo");
    const one = await join(room, "ada");
    const two = await join(room, "ada");
    one.close(4000);
    await one.closed;
    two.close(1000);
    await bo.next("memberLeft", ({ user }) => user === "ada");
    expect(news(bo).map(({ type }) => type)).toEqual(["memberJoined", "memberLeft"]);
  });
});

describe("presence", () => {
  it("[P4] changes status and data; an omitted field keeps its value, null clears", async () => {
    const room = uniqueName("status");
    const bo = await join(room, "bo");
    const ada = await join(room, "ada");
    const steps = [
      [{ status: "away" }, { status: "away", data: null }],
      [{ data: { desk: 4 } }, { status: "away", data: { desk: 4 } }],
      [{ status: "busy" }, { status: "busy", data: { desk: 4 } }],
      [{ data: null }, { status: "busy", data: null }],
      [
        { status: "online", data: [1] },
        { status: "online", data: [1] },
      ],
    ];
    for (const [change, expected] of steps) {
      expect(await ada.ask({ type: "presence", id: "p", ...change })).toEqual({ type: "ok", id: "p" });
      const { member } = await bo.next("memberUpdated");
      expect(member).toEqual({ id: "ada", joinedAt: expect.any(Number), ...expected });
      expect(await ada.next("memberUpdated")).toMatchObject({ member: expected });
    }
  });

  it("[P12][P13][P14][P16] of several connections merges, also over a sleep, and ends with each that closes", async () => {
    const room = uniqueName("merged");
    const [one, two, three] = [await join(room, "ada"), await join(room, "ada"), await join(room, "ada")];
    const shown = async () => {
      await sleepRoom(room);
      const { members } = await membersOf(room);
      return members.map((member) => [
        Reflect.get(Object(member), "status"),
        Reflect.get(Object(member), "data"),
      ]);
    };
    await one.ask({ type: "presence", id: "p", status: "away", data: 1 });
    expect(await shown()).toEqual([["away", 1]]);
    await two.ask({ type: "presence", id: "p", status: "busy", data: 2 });
    expect(await shown()).toEqual([["busy", 2]]);
    await one.ask({ type: "presence", id: "p", data: 3 });
    expect(await shown()).toEqual([["busy", 3]]);
    await three.ask({ type: "presence", id: "p", status: "online" });
    expect(await shown()).toEqual([["online", 3]]);
    three.close(1000);
    await three.closed;
    one.close(1000);
    await one.closed;
    await two.settled();
    expect(await shown()).toEqual([["busy", 2]]);
    expect(statesShown(two, "ada")).toEqual([
      ["online", null],
      ["away", 1],
      ["busy", 2],
      ["busy", 3],
      ["online", 3],
      ["busy", 3],
      ["busy", 2],
    ]);
  });

  it("[P6] presence=off receives no member events, and counts as any other connection", async () => {
    const room = uniqueName("off");
    const bo = await join(room, "bo");
    const ada = await join(room, "ada", { query: "?presence=off" });
    expect(await ada.next("connected")).toMatchObject({
      members: [],
      occupancy: { members: 2, connections: 2 },
    });
    await bo.next("memberJoined", ({ member }) => Reflect.get(Object(member), "id") === "ada");
    const cy = await join(room, "cy");
    await join(room, "cy");
    await cy.ask({ type: "presence", id: "p", status: "away" });
    await bo.next("memberUpdated");
    await cy.ask({ type: "send", id: "m", data: 1 });
    await ada.settled();
    expect(ada.received.map(({ type }) => type)).toEqual(["connected", "caughtUp", "message", "pong"]);
    expect(await ada.ask({ type: "presence", id: "p", status: "busy" })).toMatchObject({ type: "ok" });
    await bo.next("memberUpdated", ({ member }) => Reflect.get(Object(member), "id") === "ada");
  });

  it("[P7] is correct after hibernation: status, data, joinedAt, counts and later leaves", async () => {
    const room = uniqueName("asleep");
    const bo = await join(room, "bo");
    const ada = await join(room, "ada", { name: "Ada" });
    const second = await join(room, "ada", { name: "Ada" });
    await ada.ask({ type: "presence", id: "p", status: "busy", data: { desk: 4 } });
    await bo.settled();
    const before = await membersOf(room);
    expect(before.members).toHaveLength(2);
    await sleepRoom(room);
    const { members, occupancy } = await membersOf(room);
    expect(occupancy).toEqual(before.occupancy);
    // The order is that of the sockets and has no meaning.
    expect(members).toHaveLength(2);
    expect(members).toEqual(expect.arrayContaining(before.members));
    await Promise.all([bo.settled(), ada.settled()]);
    expect(shownTo(bo).changes).toEqual(["memberJoined", "memberUpdated"]);
    await sleepRoom(room);
    second.close(1000);
    await second.closed;
    await bo.settled();
    expect(bo.ofType("memberLeft")).toEqual([]);
    await sleepRoom(room);
    ada.close(1000);
    await shownGone(bo, "ada");
    expect(await membersOf(room)).toMatchObject({ members: [{ id: "bo" }], occupancy: { connections: 1 } });
  });

  it("[P8] the number of connections is sent when the room next wakes, at most every 10 s", async () => {
    const room = uniqueName("counted");
    const bo = await join(room, "bo");
    await join(room, "bo");
    expect(await bo.next("occupancy")).toEqual({ type: "occupancy", members: 1, connections: 2 });
    await join(room, "bo");
    await bo.settled();
    expect(bo.ofType("occupancy")).toHaveLength(1);
    advanceClock(10_500);
    await bo.settled();
    expect(bo.ofType("occupancy").slice(1)).toEqual([{ type: "occupancy", members: 1, connections: 3 }]);
  });
});

describe("a large room", () => {
  /** Opens `count` members at once; the room answers all of them in a few flushes. */
  const crowd = (room: string, from: number, count: number) =>
    Promise.all(
      Array.from({ length: count }, (_, at) => join(room, `u${from + at}`, { query: "?history=0" })),
    );

  const countsOf = (socket: TestSocket) =>
    ["memberJoined", "members"].map((type) => socket.ofType(type).length);

  const leave = (socket: TestSocket) => {
    socket.close(1000);
    return socket.closed;
  };

  it("[P5] of over 200 members sends occupancy instead of member events; at nine tenths it sends members once", async () => {
    const room = uniqueName("crowd");
    const watcher = await join(room, "watcher");
    const members = await crowd(room, 0, 199);
    await watcher.settled();
    expect(shownTo(watcher).users).toHaveLength(200);
    const [joined, lists] = countsOf(watcher);
    const [last] = await crowd(room, 199, 1);
    advanceClock(1_500);
    await watcher.settled();
    expect(countsOf(watcher)).toEqual([joined, lists]);
    expect(watcher.ofType("occupancy").at(-1)).toEqual({ type: "occupancy", members: 201, connections: 201 });
    expect(await last?.next("connected")).toMatchObject({ members: [], occupancy: { members: 201 } });
    const announced = watcher.ofType("occupancy").length;
    await Promise.all(members.slice(0, 10).map(leave));
    await watcher.settled();
    expect(watcher.ofType("occupancy").length - announced).toBeLessThanOrEqual(1);
    expect(watcher.ofType("memberLeft")).toEqual([]);
    expect(countsOf(watcher)).toEqual([joined, lists]);

    await Promise.all(members.slice(10, 21).map(leave));
    await watcher.next("members", ({ members: list }) => Array.isArray(list) && list.length === 180);
    members[21]?.close(1000);
    await watcher.next("memberLeft", ({ user }) => user === "u21");
    expect(countsOf(watcher)).toEqual([joined, Number(lists) + 1]);
  });
});
