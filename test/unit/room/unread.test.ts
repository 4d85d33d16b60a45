import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../client/testing/seeded-random.ts";
import { SERVER } from "../../../src/access/identity.ts";
import { RoomForTest } from "../../support/room-for-test.ts";

describe("unread", () => {
  it("[R1] counts what was delivered before the answer, also in the same flush", () => {
    const test = new RoomForTest();
    const [ada, bo] = [test.join("ada"), test.join("bo")];
    bo.say({ type: "read", id: "r", seq: 0 });
    ada.say({ type: "send", id: "m", data: 1 });
    test.flush();
    expect(bo.seqs).toEqual([1]);
    expect(bo.socket.events.at(-1)).toEqual({ type: "ok", id: "r", seq: 0, unread: 1 });
  });

  const told = (test: RoomForTest, user: string | null) =>
    test.join(user).socket.ofType("connected")[0]?.read;

  it("[R7] is sent on connect, as `read` would answer; not to an anonymous reader", () => {
    const test = new RoomForTest();
    const [ada, bo] = [test.join("ada"), test.join("bo")];
    expect(told(test, "bo")).toEqual({ seq: 0, unread: 0 });
    for (const id of ["a", "b", "c", "d"]) ada.send(id);
    bo.send("own");
    ada.ask({ type: "delete", id: "x", seq: 3 });
    expect(told(test, "bo")).toEqual({ seq: 0, unread: 3 });
    bo.ask({ type: "read", id: "r", seq: 2 });
    expect(told(test, "bo")).toEqual({ seq: 2, unread: 1 });
    expect(told(test, "ada")).toEqual({ seq: 0, unread: 1 });
    test.restart("hibernate");
    expect(told(test, "bo")).toEqual({ seq: 2, unread: 1 });
    expect(told(test, null)).toBeUndefined();
  });

  it("[R7] is the same for each of very many who join at once, and they share what is read", () => {
    const seed = 7;
    const random = seededRandom(seed);
    const test = new RoomForTest({ historyLimit: 5_000 });
    const users = Array.from({ length: 60 }, (_, n) => `user${n}`);
    const people = users.map((user) => test.join(user));
    const most = people[0];
    for (let n = 1; n <= 4_500; n++) {
      const speaker = n > 2_000 && random() < 0.8 ? most : people[Math.floor(random() * people.length)];
      speaker?.say({ type: "send", id: `m${n}`, data: n });
      if (n % 90 === 0) test.flush();
    }
    test.flush();
    for (let n = 0; n < 50; n++) {
      const seq = 1 + Math.floor(random() * 4_400);
      test.call(SERVER, (turn) => test.room.changes.apply(SERVER, { type: "delete", seq }, turn));
    }
    for (const person of people.slice(5)) {
      person.say({ type: "read", id: "r", seq: Math.floor(random() ** 0.3 * test.log.head) });
    }
    test.flush();
    const expected = users.map((user) => test.room.receipts.of(user));
    expect(new Set(expected.map(({ unread }) => unread)).size).toBeGreaterThan(20);
    let looks = 0;
    test.database.onQuery = (query) => {
      if (query.includes("FROM log")) looks++;
    };
    const joiners = users.map((user) => test.connect(user, { history: 0 }));
    test.flush();
    expect(
      joiners.map(({ socket }) => socket.ofType("connected")[0]?.read),
      `seed ${seed}`,
    ).toEqual(expected);
    // Two of their own, 2,000 rows in parts of 64, and one that sent most of what is in them.
    expect(looks).toBeLessThanOrEqual(2 + 32 + 1);
  });
});
