import { describe, expect, it } from "vitest";
import { type Person, RoomForTest } from "../../support/room-for-test.ts";

const kinds = (person: Person) => person.socket.take().map(({ type }) => type);
const connected = (person: Person) => person.socket.ofType("connected").at(0);

/** Counts connections between two `occupancy` events, as a client does. */
const countedAlong = (person: Person) =>
  person.socket.events.reduce((count, event) => {
    if (event.type === "memberJoined") return count + 1;
    if (event.type === "memberLeft") return count - 1;
    if (event.type === "connected") return (event.occupancy as { connections: number }).connections; // its shape
    return event.type === "occupancy" ? Number(event.connections) : count;
  }, 0);

function crowd(test: RoomForTest, count: number): Person[] {
  const people = Array.from({ length: count }, (_, i) => test.connect(`user${i}`));
  test.flush();
  return people;
}

describe("members", () => {
  it("[P2][F2] with several connections are one each, and the joiner is in its own list", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    const first = test.join("bo");
    expect(connected(first)).toMatchObject({ members: [{ id: "ada" }, { id: "bo" }] });
    expect(first.socket.ofType("memberJoined")).toEqual([]);
    const second = test.join("bo");
    expect(connected(second)).toMatchObject({ occupancy: { members: 2, connections: 3 } });
    expect(ada.socket.ofType("memberJoined")).toMatchObject([
      { member: { id: "bo", status: "online", data: null } },
    ]);
    first.leave("left");
    expect(ada.socket.ofType("memberLeft")).toEqual([]);
    second.leave("left");
    expect(ada.socket.ofType("memberLeft")).toMatchObject([{ user: "bo" }]);
  });

  it("[P3] that are lost stay for 5 s, and a return in that time shows no change", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    const bo = test.join("bo");
    ada.socket.take();
    bo.leave("lost");
    test.later(4_999);
    const back = test.join("bo");
    test.later(10_000);
    expect(kinds(ada)).not.toContain("memberLeft");
    back.leave("lost");
    expect(test.dueAt).toBe(test.now + 5_000);
    test.later(5_000);
    expect(ada.socket.take()).toMatchObject([{ type: "memberLeft", user: "bo" }]);
    expect(test.dueAt).toBeNull();
  });

  it("[P4] keep an omitted field of presence; null clears it", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    const bo = test.join("bo");
    bo.ask({ type: "presence", id: "1", status: "away", data: { at: "desk" } });
    bo.ask({ type: "presence", id: "2", status: "busy" });
    bo.ask({ type: "presence", id: "3", data: null });
    const seen = ada.socket.ofType("memberUpdated").map(({ member }) => member);
    expect(seen).toMatchObject([
      { id: "bo", status: "away", data: { at: "desk" } },
      { id: "bo", status: "busy", data: { at: "desk" } },
      { id: "bo", status: "busy", data: null },
    ]);
    expect(bo.ask({ type: "presence", id: "4", data: "x".repeat(1_024) })).toMatchObject({
      code: "too_large",
    });
  });

  it("[P12] have the best status of their connections; one without a status does not count, and a repeat is not sent", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    const tabs = [test.join("bo"), test.join("bo"), test.join("bo")];
    const say = (tab: number, status: string) => {
      ada.socket.take();
      tabs[tab]?.ask({ type: "presence", id: "1", status });
      return ada.socket.take().map(({ member }) => Reflect.get(Object(member), "status"));
    };
    expect(say(0, "away")).toEqual(["away"]);
    expect(say(1, "away")).toEqual([]);
    expect(say(1, "busy")).toEqual(["busy"]);
    expect(say(0, "away")).toEqual([]);
    expect(say(2, "online")).toEqual(["online"]);
    expect(say(2, "away")).toEqual(["busy"]);
  });

  it("[P13] have the data of the connection that set it last among those that remain", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    const [one, two] = [test.join("bo"), test.join("bo")];
    const shown = () => Reflect.get(Object(ada.socket.ofType("memberUpdated").at(-1)?.member), "data");
    one.ask({ type: "presence", id: "1", data: "one" });
    two.ask({ type: "presence", id: "1", data: "two" });
    one.ask({ type: "presence", id: "2", status: "busy" });
    expect(shown()).toBe("two");
    two.ask({ type: "presence", id: "2", data: null });
    expect(shown()).toBeNull();
    two.leave("left");
    expect(shown()).toBe("one");
    one.leave("left");
    expect(kinds(ada).at(-1)).toBe("memberLeft");
  });

  it("[P14] keep for 5 s what a lost connection set, also beside others", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    const [one, two] = [test.join("bo"), test.join("bo")];
    one.ask({ type: "presence", id: "1", status: "busy", data: 1 });
    ada.socket.take();
    one.leave("lost");
    expect(test.dueAt).toBe(test.now + 5_000);
    test.later(4_999);
    expect(kinds(ada)).toEqual([]);
    test.later(1);
    expect(ada.socket.take()).toMatchObject([
      { type: "memberUpdated", member: { id: "bo", status: "online", data: null } },
    ]);
    expect(test.dueAt).toBeNull();
    // A connection that set nothing leaves no trace.
    test.join("bo").leave("lost");
    expect([test.dueAt, kinds(ada)]).toEqual([null, []]);
    two.leave("left");
    expect(kinds(ada)).toEqual(["memberLeft"]);
  });

  it("[P15] that return and set the same presence show no change, and do not count as the last to set it", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    const [one, two] = [test.join("bo"), test.join("bo")];
    const own = { type: "presence", id: "1", status: "busy", data: "one" };
    one.ask(own);
    two.ask({ ...own, data: "two" });
    ada.socket.take();
    one.leave("lost");
    test.later(2_000);
    const back = test.join("bo");
    back.ask(own);
    test.later(10_000);
    expect(kinds(ada)).toEqual([]);
    two.leave("left");
    expect(ada.socket.take()[0]).toMatchObject({ member: { status: "busy", data: "one" } });
    // It may set another one at once.
    back.leave("lost");
    test.join("bo").ask({ type: "presence", id: "2", status: "away" });
    expect(ada.socket.take()).toMatchObject([{ member: { status: "away", data: null } }]);
  });

  it("[P15] replace what was lost with their first presence only on a connection that came after the loss", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    const [one, two] = [test.join("bo"), test.join("bo")];
    one.ask({ type: "presence", id: "1", status: "busy", data: "one" });
    ada.socket.take();
    one.leave("lost");
    // It was there all the time, and has not set anything yet.
    two.ask({ type: "presence", id: "2", status: "away" });
    expect(ada.socket.take()).toEqual([]);
    const back = test.join("bo");
    back.ask({ type: "presence", id: "3", status: "busy", data: "one" });
    test.later(10_000);
    expect(ada.socket.ofType("memberUpdated")).toEqual([]);
    back.leave("left");
    expect(ada.socket.take()[0]).toMatchObject({ member: { status: "away", data: null } });
  });

  it("[P14] stay no longer than 5 s if the clock was set back", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    test.join("bo").leave("lost");
    ada.socket.take();
    test.later(-3_600_000);
    expect(kinds(ada)).toContain("memberLeft");
  });

  it("[P16] have the same last data after a sleep", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    const [one, two] = [test.join("bo"), test.join("bo")];
    for (const [tab, data] of [
      [two, 2],
      [one, 1],
      [two, 3],
    ] as const)
      tab.ask({ type: "presence", id: "1", data });
    test.restart("hibernate");
    expect(connected(test.join("cy"))).toMatchObject({ members: [{}, { id: "bo", data: 3 }, {}] });
    one.ask({ type: "presence", id: "2", data: 4 });
    test.restart("hibernate");
    ada.socket.take();
    one.leave("left");
    expect(ada.socket.take()[0]).toMatchObject({ type: "memberUpdated", member: { data: 3 } });
  });

  it("[P6] are not sent to presence=off, which counts as a connection", () => {
    const test = new RoomForTest();
    const quiet = test.join("ada", { presence: false });
    expect(connected(quiet)).toMatchObject({ members: [], occupancy: { members: 1, connections: 1 } });
    quiet.socket.take();
    const bo = test.join("bo");
    expect(connected(bo)).toMatchObject({ members: [{ id: "ada" }, { id: "bo" }] });
    bo.leave("left");
    expect(quiet.socket.take()).toEqual([]);
  });

  it("[P7][D4] are still here after hibernation, as they were", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    const bo = test.join("bo", { topics: ["task"] });
    const joinedAt = connected(bo)?.at;
    bo.ask({ type: "presence", id: "1", status: "busy", data: 7 });
    test.later(60_000);
    test.restart("hibernate");
    const cy = test.join("cy");
    expect(connected(cy)).toMatchObject({
      members: [{ id: "ada" }, { id: "bo", status: "busy", data: 7, joinedAt }, { id: "cy" }],
      occupancy: { members: 3, connections: 3 },
    });
    expect(ada.socket.ofType("memberJoined").map(({ member }) => member)).toMatchObject([
      { id: "bo" },
      { id: "cy" },
    ]);
    ada.send("1");
    expect(bo.seqs).toEqual([]);
    expect(cy.seqs).toEqual([1]);
  });

  it("[P8] have a connection count that a client keeps right, however members were lost", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    test.join("ada");
    test.join("ada");
    const bo = test.join("bo");
    test.later(20_000);
    bo.leave("lost");
    const late = test.join("cy");
    for (let i = 0; i < 3; i++) {
      test.now += 10_000;
      ada.send(`${i}`);
    }
    expect([ada, late].map(countedAlong)).toEqual([4, 4]);
  });

  it("[P8] are announced after a sleep if they were not before it", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    test.join("bo");
    test.later(20_000);
    test.join("bo");
    const late = test.join("bo");
    late.leave("left");
    test.restart("hibernate");
    ada.socket.take();
    test.flush();
    expect(ada.socket.take()).toEqual([{ type: "occupancy", members: 2, connections: 3 }]);
  });

  it("[P8] a room that wakes without connections knows what its clients hold", () => {
    const test = new RoomForTest();
    test.restart("crash");
    const ada = test.join("ada");
    ada.socket.take();
    test.join("ada");
    expect(ada.socket.take()).toEqual([{ type: "occupancy", members: 1, connections: 2 }]);
  });

  it("[P8] have a second connection announced with the next wake, at most every 10 s", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    test.join("bo");
    test.later(20_000);
    ada.socket.take();
    test.join("bo");
    expect(ada.socket.take()).toEqual([{ type: "occupancy", members: 2, connections: 3 }]);
    test.join("bo");
    expect(ada.socket.take()).toEqual([]);
    test.now += 10_000;
    ada.send("1");
    expect(ada.socket.ofType("occupancy")).toEqual([{ type: "occupancy", members: 2, connections: 4 }]);
  });
});

describe("a large room", () => {
  it("[P5] counts its members above 200, at most once per second, and lists them again at 180", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    const people = crowd(test, 199);
    expect(ada.socket.ofType("memberJoined")).toHaveLength(199);
    test.later(60_000);
    ada.socket.take();
    const last = test.join("last");
    expect(ada.socket.take()).toEqual([{ type: "occupancy", members: 201, connections: 201 }]);
    expect(connected(last)).toMatchObject({ members: [], occupancy: { members: 201 } });
    test.join("more");
    expect(ada.socket.take()).toEqual([]);
    expect(test.dueAt).toBe(test.now + 1_000);
    test.later(1_000);
    expect(ada.socket.take()).toEqual([{ type: "occupancy", members: 202, connections: 202 }]);
    for (const person of people.slice(0, 21)) person.leave("left");
    test.later(1_000);
    expect(kinds(ada)).toEqual(["occupancy"]);
    people[21]?.leave("left");
    const news = ada.socket.take();
    expect(news).toMatchObject([{ type: "members" }, { type: "occupancy", members: 180, connections: 180 }]);
    expect(news[0]?.members).toHaveLength(180);
    people[22]?.leave("left");
    expect(kinds(ada)).toEqual(["memberLeft"]);
  });

  it("[P5] sends each member one frame when many join, not one per joiner", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    ada.socket.take();
    const people = crowd(test, 1_000);
    expect(ada.socket.frames).toHaveLength(1);
    expect(people.every(({ socket }) => socket.frames.length === 2)).toBe(true);
  });

  it("[F8] spreads reconnects: 2 ms per connection", () => {
    const test = new RoomForTest();
    crowd(test, 999);
    expect(connected(test.join("ada"))).toMatchObject({ reconnect: { minMs: 2_000, maxMs: 30_000 } });
    expect(connected(new RoomForTest().join("ada"))).toMatchObject({ reconnect: { minMs: 1_000 } });
  });
});
