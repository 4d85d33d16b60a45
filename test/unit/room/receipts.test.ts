import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../client/testing/seeded-random.ts";
import { LISTED_MEMBERS, MAX_UNREAD } from "../../../src/protocol/index.ts";
import { ReceiptStore } from "../../../src/room/people/receipt-store.ts";
import { type Person, RoomForTest } from "../../support/room-for-test.ts";
import { SeededRandom } from "../../support/seeded-random.ts";

const read = (seq?: number, id = "r") => ({ type: "read", id, ...(seq !== undefined && { seq }) });

function roomWith(count: number, settings: ConstructorParameters<typeof RoomForTest>[0] = {}) {
  const test = new RoomForTest({ historyLimit: 3_000, ...settings });
  const ada = test.join("ada");
  for (let i = 1; i <= count; i++) ada.say({ type: "send", id: `m${i}`, data: i });
  test.flush();
  return { test, ada, bo: test.join("bo") };
}

const receipts = ({ socket }: Person) => socket.ofType("receipt").map(({ user, seq }) => [user, seq]);
/** Lets the room do what is due by itself for this time, as its timer does; returns how often that was. */
function pass(test: RoomForTest, ms: number): number {
  const until = test.now + ms;
  for (let flushes = 0; ; flushes++) {
    const dueAt = test.dueAt;
    if (dueAt === null || dueAt > until) {
      test.now = until;
      return flushes;
    }
    if (flushes > 1_000) throw new Error("it is due without end");
    test.now = Math.max(test.now, dueAt);
    test.flush();
  }
}

describe("read", () => {
  it("[R1] never moves back; 0 only asks, more than head counts as head, and so does no value", () => {
    const { test, bo } = roomWith(9);
    expect(bo.ask(read(0))).toEqual({ type: "ok", id: "r", seq: 0, unread: 9 });
    expect(bo.ask(read(4))).toMatchObject({ seq: 4, unread: 5 });
    expect(bo.ask(read(2))).toMatchObject({ seq: 4, unread: 5 });
    expect(bo.ask(read(0))).toMatchObject({ seq: 4, unread: 5 });
    expect(bo.ask(read(1_000))).toMatchObject({ seq: 9, unread: 0 });
    test.join("ada").send("next");
    expect(bo.ask(read())).toMatchObject({ seq: 10, unread: 0 });
  });

  it("[R1] does not count one's own messages, deleted ones, changes, or removed ones", () => {
    const { test, ada, bo } = roomWith(6, { historyLimit: 10 });
    bo.send("own");
    ada.ask({ type: "delete", id: "d", seq: 2 });
    ada.ask({ type: "edit", id: "e", seq: 3, data: 1 });
    expect(bo.ask(read(0))).toMatchObject({ seq: 0, unread: 5 });
    expect(bo.ask(read(1))).toMatchObject({ unread: 4 });
    expect(ada.ask(read(0))).toMatchObject({ unread: 1 });
    for (let n = 0; n < 5; n++) bo.send(`b${n}`);
    expect(test.log.floor).toBe(2);
    expect(bo.ask(read(0))).toMatchObject({ seq: 1, unread: 4 });
  });

  it("[R1] counts to 1,000 and no further, also over the end of the ring", () => {
    const { ada, bo } = roomWith(1_500, { historyLimit: 1_200 });
    expect(bo.ask(read(0))).toMatchObject({ unread: MAX_UNREAD });
    for (let n = 1; n <= 300; n++) ada.say({ type: "delete", id: `d${n}`, seq: 700 + n });
    expect(bo.ask(read(900))).toMatchObject({ unread: 500 });
    expect(bo.ask(read(499))).toMatchObject({ seq: 900 });
    expect(ada.ask(read(0))).toMatchObject({ unread: 0 });
  });

  it("[R1] is as of its answer, including what the same flush delivered before", () => {
    const { test, ada, bo } = roomWith(1);
    bo.say(read(0));
    ada.say({ type: "send", id: "n", data: 1 });
    test.flush();
    expect(bo.socket.events.slice(-2)).toMatchObject([{ type: "message" }, { type: "ok", unread: 2 }]);
  });

  it("[R4] is for users: anonymous readers and server code have no position", () => {
    const { test, bo } = roomWith(3);
    expect(test.join(null).ask(read())).toMatchObject({ code: "forbidden" });
    bo.ask(read(2));
    test.join("cy", { permission: "read" }).ask(read());
    const list = [...test.room.receipts.list()].sort((a, b) => a.seq - b.seq);
    expect(list).toMatchObject([
      { user: "bo", seq: 2, at: test.now },
      { user: "cy", seq: 3, at: test.now },
    ]);
  });

  it("[R4] is in the list before it is written", () => {
    const { test, bo } = roomWith(3);
    bo.ask(read(1));
    test.now += 10;
    bo.ask(read(2));
    expect([...test.database.sql.exec("SELECT * FROM read_sheets")]).toEqual([]);
    expect(test.room.receipts.list()).toMatchObject([{ user: "bo", seq: 2, at: test.now }]);
  });
});

describe("receipts", () => {
  it("[R2] are sent at most once per second, the last of each user", () => {
    const { test, ada, bo } = roomWith(9);
    bo.ask(read(1));
    expect(receipts(ada)).toEqual([["bo", 1]]);
    for (let seq = 2; seq <= 5; seq++) bo.ask(read(seq));
    ada.ask(read(7));
    expect(receipts(ada)).toEqual([["bo", 1]]);
    expect(pass(test, 999)).toBe(0);
    expect(pass(test, 1)).toBe(1);
    expect(receipts(ada)).toEqual([
      ["bo", 1],
      ["bo", 5],
      ["ada", 7],
    ]);
    expect(receipts(bo)).toEqual(receipts(ada));
    expect(JSON.stringify(ada.socket.ofType("receipt"))).not.toMatch(/null|-?Infinity/);
  });

  it("[R2] are sent to users, whatever they filter, and to no anonymous reader", () => {
    const { test, bo } = roomWith(2);
    const [quiet, filtered, nobody] = [
      test.join("cy", { presence: false }),
      test.join("di", { topics: [] }),
      test.join(null),
    ];
    bo.ask(read());
    expect([quiet, filtered, nobody].map((person) => receipts(person).length)).toEqual([1, 1, 0]);
  });

  it("[R2] are sent to no one in a room that counts its members, nor afterwards", () => {
    const { test, bo } = roomWith(2);
    const crowd = Array.from({ length: LISTED_MEMBERS }, (_, at) => test.connect(`u${at}`));
    test.flush();
    bo.ask(read(1));
    expect(receipts(bo)).toEqual([]);
    for (const person of crowd) person.leave("left");
    pass(test, 20_000);
    expect(receipts(bo)).toEqual([]);
    bo.ask(read(2));
    expect(receipts(bo)).toEqual([["bo", 2]]);
  });

  it("[R2] are not sent if no position moved", () => {
    const { bo } = roomWith(2);
    for (const seq of [0, 1, 1, 0]) bo.ask(read(seq));
    expect(receipts(bo)).toEqual([["bo", 1]]);
  });
});

describe("the list of who read last", () => {
  /** The list that follows directly from the rules. */
  const truth = (readAt: ReadonlyMap<string, number>) =>
    new Set(
      [...readAt]
        .sort(([, a], [, b]) => b - a)
        .slice(0, 1_000)
        .map(([user]) => user),
    );

  it.each([1, 2, 3])("[R5] is right in whatever order 3,000 users read (seed %i)", (seed) => {
    const { test } = roomWith(1);
    const random = new SeededRandom(seededRandom(seed));
    const store = new ReceiptStore(test.database);
    const readAt = new Map<string, number>();
    for (let at = 1; at <= 12_000; at++) {
      // Some read all the time, some now and then, and for a while only a few.
      const crowd = at % 4_000 < 1_000 ? 40 : 3_000;
      const user = `u${random.upTo(random.upTo(2) === 1 ? crowd : 60)}`;
      store.put({ user, seq: at, at });
      readAt.set(user, at);
      if (at % 1_500 !== 0) continue;
      const latest = store.latest();
      expect(latest.length).toBeLessThanOrEqual(2_000);
      const listed = latest.sort((a, b) => b.at - a.at).slice(0, 1_000);
      expect(new Set(listed.map((receipt) => receipt.user))).toEqual(truth(readAt));
    }
    expect(new ReceiptStore(test.database).latest().sort((a, b) => b.at - a.at)[0]?.at).toBe(12_000);
  });

  it("[R5] writes no index entry for a user who is in it", () => {
    const { test } = roomWith(1);
    const store = new ReceiptStore(test.database);
    for (let n = 0; n < 900; n++) store.put({ user: `u${n}`, seq: 1, at: n });
    test.database.failOn = /entry = excluded|INSERT/;
    for (let n = 0; n < 900; n++) store.put({ user: `u${n}`, seq: 2, at: 1_000 + n });
  });
});
