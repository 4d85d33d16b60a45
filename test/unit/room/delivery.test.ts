import { describe, expect, it } from "vitest";
import { matchesTopics } from "../../../src/protocol/index.ts";
import { RoomForTest } from "../../support/room-for-test.ts";

const send = (id: string, more: object = {}) => ({ type: "send", id, data: id, ...more });
const signal = (event: string, more: object = {}) => ({ type: "signal", event, ...more });

function threePeople() {
  const test = new RoomForTest();
  const people = [test.join("ada"), test.join("bo"), test.join("cy")] as const;
  for (const person of people) person.socket.take();
  return { test, people };
}

describe("a delivered message", () => {
  it("[S3] comes before the ok of its sender", () => {
    const { test, people } = threePeople();
    const [ada] = people;
    ada.say(send("1"), send("2"));
    test.flush();
    expect(ada.socket.take().map(({ type, seq }) => [type, seq])).toEqual([
      ["message", 1],
      ["message", 2],
      ["ok", 1],
      ["ok", 2],
    ]);
  });

  it("[S4] with echo:false is replaced by the ok, before any later event", () => {
    const { test, people } = threePeople();
    const [ada, bo, cy] = people;
    bo.say(send("b1"));
    ada.say(send("a1", { echo: false }));
    cy.say(send("c1"));
    test.flush();
    expect(ada.socket.take().map(({ type, seq }) => [type, seq])).toEqual([
      ["message", 1],
      ["ok", 2],
      ["message", 3],
    ]);
    expect(bo.seqs).toEqual([1, 2, 3]);
    expect(test.join("ada").seqs).toEqual([1, 2, 3]);
  });

  it("[S4] that is a repeat has no place in the order, and is answered", () => {
    const { people } = threePeople();
    const [ada, bo] = people;
    ada.send("1");
    ada.socket.take();
    ada.send("1", 1, { echo: false });
    expect(ada.socket.take()).toMatchObject([{ type: "ok", seq: 1, duplicate: true }]);
    expect(bo.seqs).toEqual([1]);
  });

  it("[S2] is the same frame for all that receive the same", () => {
    const { test, people } = threePeople();
    const [ada, bo, cy] = people;
    ada.say(send("1"), send("2"));
    test.flush();
    expect(bo.socket.frames).toHaveLength(1);
    expect(bo.socket.frames).toEqual(cy.socket.frames);
  });
});

describe("signals", () => {
  it("[P1] go to all other connections, to one user's connections, or to all but one user's", () => {
    const { test, people } = threePeople();
    const [ada, bo, cy] = people;
    const second = test.join("ada");
    for (const { socket } of [...people, second]) socket.take();
    ada.say(
      signal("typing", { data: { isTyping: true } }),
      signal("poke", { to: "bo" }),
      signal("void", { to: "zed" }),
    );
    test.flush();
    const heard = (person: typeof ada) => person.socket.take().map(({ event }) => event);
    expect([ada, second, bo, cy].map(heard)).toEqual([[], ["typing"], ["typing", "poke"], ["typing"]]);
    ada.say(signal("self", { to: "ada" }));
    test.flush();
    expect([ada, second, bo].map(heard)).toEqual([[], ["self"], []]);
  });

  it("[P1] carry the id of the sender only, and are not replayed", () => {
    const { test, people } = threePeople();
    people[0].say(signal("typing"));
    test.flush();
    expect(people[1].socket.take()).toEqual([
      { type: "signal", event: "typing", from: { id: "ada" }, data: null, at: test.now },
    ]);
    expect(test.log.head).toBe(0);
    expect(test.join("dan").socket.ofType("signal")).toEqual([]);
  });

  it("[S10] need permission to write, and users cannot use a reserved event", () => {
    const test = new RoomForTest({ serverEvents: ["task"] });
    const reader = test.join("ada", { permission: "read" });
    const writer = test.join("bo", { permission: "moderate" });
    reader.socket.take();
    reader.say(send("1"), signal("typing"));
    writer.say(
      send("2", { event: "task.created" }),
      signal("task:moved", { id: "s" }),
      send("3", { event: "tasks" }),
    );
    test.flush();
    expect(reader.socket.take()).toMatchObject([
      { type: "message", event: "tasks" },
      { type: "error", id: "1", code: "forbidden" },
      { type: "error", code: "forbidden" },
    ]);
    expect(writer.socket.ofType("error")).toMatchObject([
      { id: "2", code: "forbidden", path: ["event"] },
      { id: "s", code: "forbidden" },
    ]);
    expect(test.log.head).toBe(1);
  });

  it("[A11] cannot be sent by anonymous readers, who have no presence and are no members", () => {
    const test = new RoomForTest();
    const nobody = test.join(null, { permission: "read" });
    const ada = test.join("ada");
    expect(ada.socket.ofType("connected")).toMatchObject([
      { members: [{ id: "ada" }], occupancy: { members: 1, connections: 2 } },
    ]);
    nobody.socket.take();
    nobody.say(send("1"), { type: "presence", id: "2" }, signal("x", { id: "3" }), {
      type: "history",
      id: "4",
    });
    nobody.say({ type: "topics", id: "5", topics: null }, { type: "ping", id: "6" });
    test.flush();
    expect(nobody.socket.take().map(({ id, type }) => [id, type])).toEqual([
      ["1", "error"],
      ["2", "error"],
      ["3", "error"],
      ["4", "ok"],
      ["5", "ok"],
      ["6", "pong"],
    ]);
  });
});

describe("topics", () => {
  it("[T1] cover one or more first segments", () => {
    const covered = ["task", "task.created", "task:created", "task.a.b"];
    for (const event of covered) expect([event, matchesTopics(["task"], event)]).toEqual([event, true]);
    for (const event of ["tasks", "task_created", "tas", "a.task"])
      expect(matchesTopics(["task"], event)).toBe(false);
    expect(matchesTopics(["task.a"], "task.a.b")).toBe(true);
    expect(matchesTopics(["task.a"], "task.ab")).toBe(false);
    expect(matchesTopics([], "task")).toBe(false);
    expect(matchesTopics(null, "task")).toBe(true);
  });

  it("[T2] filter messages, signals, replays and history in the same way", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    const bo = test.join("bo", { topics: ["task"] });
    ada.say(send("1"), send("2", { event: "task.moved" }), signal("typing"), signal("task.drag"));
    test.flush();
    expect(bo.seqs).toEqual([2]);
    expect(bo.socket.ofType("signal").map(({ event }) => event)).toEqual(["task.drag"]);
    expect(bo.ask({ type: "history", id: "h" })).toMatchObject({ messages: [{ seq: 2 }] });
    expect(bo.ask({ type: "history", id: "e", after: 0 })).toMatchObject({ events: [{ seq: 2 }], seq: 2 });
    expect(test.join("cy", { topics: ["task"], since: `${test.log.epoch}.0` }).seqs).toEqual([2]);
    expect(test.join("dan", { topics: [] }).seqs).toEqual([]);
  });

  it("[T3] let filtered connections receive now and then how far the log is", () => {
    const test = new RoomForTest({ historyLimit: 100 });
    const ada = test.join("ada");
    const bo = test.join("bo", { topics: ["task"] });
    bo.socket.take();
    ada.socket.take();
    for (let i = 1; i <= 9; i++) ada.send(`${i}`);
    expect(bo.socket.take()).toEqual([]);
    ada.send("10");
    expect(bo.socket.take()).toEqual([{ type: "caughtUp", seq: 10 }]);
    for (let i = 11; i <= 35; i++) ada.say(send(`${i}`));
    test.flush();
    expect(bo.socket.take()).toEqual([{ type: "caughtUp", seq: 35 }]);
    expect(ada.socket.ofType("caughtUp")).toEqual([]);
  });

  it("[T4][M1] change with their ok, in the order of the connection's commands", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    const bo = test.join("bo");
    bo.socket.take();
    ada.say(send("1"));
    bo.say({ type: "topics", id: "t", topics: ["task"] }, send("b1"), send("b2", { event: "task" }));
    ada.say(send("2"));
    test.flush();
    ada.send("3");
    expect(bo.socket.take().map(({ type, id, seq }) => [type, id, seq])).toEqual([
      ["message", "1", 1],
      ["message", "2", 2],
      ["ok", "t", 2],
      ["message", "b2", 4],
      ["ok", "b1", 3],
      ["ok", "b2", 4],
    ]);
  });
});
