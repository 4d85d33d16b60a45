import { describe, expect, it } from "vitest";
import { anonymous, SERVER } from "../../../src/access/identity.ts";
import { Allowances, priceOf } from "../../../src/room/people/allowances.ts";
import { type Person, RoomForTest } from "../../support/room-for-test.ts";

const RATE = { ratePerSecond: 10, rateBurst: 30 };
const ADDRESS = "192.0.2.1";

/** A room with `messages` messages and one member who stays. */
function roomWith(messages: number) {
  const test = new RoomForTest({ ...RATE, historyLimit: 10_000 });
  for (let n = 1; n <= messages; n++) {
    test.call(SERVER, (turn) => test.room.publisher.publish(SERVER, { id: `${n}`, data: `${n}` }, turn));
  }
  return { test, ada: test.join("ada", { history: 0 }) };
}

let asked = 0;
/** How many of this many pages are answered if they are requested at once. */
function pagesOf(test: RoomForTest, readers: readonly Person[], each: number, more: object = {}): number {
  for (let n = 0; n < each; n++) {
    for (const reader of readers)
      reader.say({ type: "history", id: `${++asked}`, before: asked + 1, ...more });
  }
  test.flush();
  return readers.reduce((sum, { socket }) => sum + socket.ofType("ok").length, 0);
}

describe("clients without a token", () => {
  it("[M22] share one rate limit per address, however many sockets they open; other addresses have their own", () => {
    const { test, ada } = roomWith(100);
    const readers = Array.from({ length: 5 }, () => test.join(null, { history: 0 }));
    expect(pagesOf(test, readers, 10)).toBe(30);
    const other = test.join(null, { history: 0, address: "192.0.2.2" });
    expect(pagesOf(test, [other], 10)).toBe(10);
    test.now += 1_000;
    for (const { socket } of readers) socket.take();
    expect(pagesOf(test, readers, 10)).toBe(10);
    ada.send("still");
    expect(ada.socket.ofType("ok")).toHaveLength(1);
  });

  it("[M23] get pages that read at most 250 rows, and that say if there is more", () => {
    const { test, ada } = roomWith(1_000);
    const ask = (person: Person) =>
      person.ask({ type: "history", id: `${++asked}`, before: 1_001, limit: 200 });
    const stranger = test.join(null, { history: 0, topics: ["zzz"] });
    expect(ask(stranger)).toMatchObject({ type: "ok", messages: [], seq: 751, more: true });
    ada.ask({ type: "topics", id: "t", topics: ["zzz"] });
    expect(ask(ada)).toMatchObject({ type: "ok", messages: [], seq: 1 });
  });

  it("[M22] share one rate limit per room, also twenty users, whatever their addresses", () => {
    const allowances = new Allowances({ perSecond: 10, burst: 30 });
    let taken = 0;
    for (let n = 0; n < 3_000; n++) {
      if (allowances.take(anonymous(`192.0.2.${n}`), 1, 0) === undefined) taken++;
    }
    expect(taken).toBe(20 * 30);
    expect(allowances.refusalFor(anonymous("new"), 1, 0)).toMatchObject({
      code: "overloaded",
      retryAfterMs: 5,
    });
    const user = { kind: "user", user: { id: "ada" }, expiresAt: 9, issuedAt: 0 } as const;
    expect(allowances.take(user, 30, 0)).toBeUndefined();
  });

  it("[M22] are charged for a connect before anything is read for it", () => {
    const { test } = roomWith(0);
    const identity = anonymous(ADDRESS);
    const actor = { identity, permission: "read" } as const;
    for (let n = 0; n < 30; n++) expect(test.room.chargeConnect(actor, test.now)).toBeUndefined();
    expect(test.room.chargeConnect(actor, test.now)).toMatchObject({
      code: "rate_limited",
      retryAfterMs: 100,
    });
  });

  it("[M23] owe what their first frames read, and get none while they owe", () => {
    const { test } = roomWith(1_500);
    const since = `${test.log.epoch}.0`;
    const readers = Array.from({ length: 9 }, () => test.connect(null, { since, topics: ["zzz"] }));
    test.flush();
    // Each replay read 1,500 rows: 15 rate tokens, one of them paid.
    const greeted = readers.filter(({ socket }) => socket.ofType("connected").length > 0);
    expect(greeted).toHaveLength(3);
    const refused = readers.filter(({ socket }) => socket.closed !== undefined);
    expect(refused).toHaveLength(6);
    expect(refused[0]?.socket.closed).toMatchObject({ code: 4429 });
  });
});

describe("a page", () => {
  it("[M23] costs a rate token for each number of rows or bytes, at least one", () => {
    const user = { kind: "user", user: { id: "ada" }, expiresAt: 9, issuedAt: 0 } as const;
    const nobody = anonymous(ADDRESS);
    const price = (rows: number, bytes = 0) => [user, nobody].map((who) => priceOf(who, { rows, bytes }));
    expect(price(0)).toEqual([1, 1]);
    expect(price(50)).toEqual([1, 1]);
    expect(price(200)).toEqual([1, 2]);
    expect(price(1_000, 1_000_000)).toEqual([1, 16]);
    expect(price(2_000)).toEqual([2, 20]);
    expect(priceOf({ kind: "server" }, { rows: 2_000, bytes: 0 })).toBe(0);
  });

  it("[M23] that read more than it contained is owed, and the next one is refused unread", () => {
    const { test } = roomWith(3_000);
    const reader = test.join(null, { history: 0, topics: ["zzz"] });
    const other = test.join(null, { history: 0, topics: ["zzz"] });
    let rows = 0;
    test.database.onQuery = (query) => {
      if (query.includes("FROM log")) rows++;
    };
    // 3 rate tokens each; ten are paid, and what is owed refuses the others of the same flush.
    const before = { before: 2_900 };
    expect(pagesOf(test, [reader, other], 10, before)).toBe(10);
    const refused = [...reader.socket.ofType("error"), ...other.socket.ofType("error")];
    expect(refused).toHaveLength(10);
    expect(refused[0]).toMatchObject({ code: "rate_limited", retryAfterMs: expect.any(Number) });
    const read = rows;
    reader.ask({ type: "history", id: "again", before: 2_800 });
    expect(rows).toBe(read);
  });

  it("[M23] that was smaller than requested costs what it was", () => {
    const { test } = roomWith(10);
    const reader = test.join(null, { history: 0 });
    for (let n = 0; n < 20; n++) {
      expect(reader.ask({ type: "history", id: `${n}`, after: 0 })).toMatchObject({ type: "ok" });
    }
  });
});

describe("a ping that reaches the object", () => {
  it("[M24] costs a rate token, and counts as a heartbeat even if it is refused", () => {
    const test = new RoomForTest({ ratePerSecond: 1, rateBurst: 1 });
    const ada = test.join("ada");
    ada.say({ type: "ping", id: "1" }, { type: "ping", id: "2" });
    test.flush();
    expect(ada.socket.ofType("pong")).toMatchObject([{ id: "1" }]);
    expect(ada.socket.ofType("error")).toMatchObject([{ id: "2", code: "rate_limited" }]);
    test.now += 50_000;
    ada.say({ type: "ping", id: "3" }, { type: "ping", id: "4" });
    test.flush();
    expect(ada.connection.pingedAt).toBe(test.now);
  });
});

describe("an ordinary client", () => {
  it("[M25] is never refused: its first frames, pages while it scrolls, 10,000 missed messages", () => {
    const { test } = roomWith(10_000);
    const ada = test.join("bo", { history: 50 });
    for (let n = 0; n < 10; n++) {
      const before = 9_950 - n * 50;
      expect(ada.ask({ type: "history", id: `${n}`, before })).toMatchObject({ type: "ok" });
    }
    const back = test.join("cy", { since: `${test.log.epoch}.1` });
    let [after, more] = [1_001, true];
    for (let page = 0; more; page++) {
      const answer = back.ask({ type: "history", id: `p${page}`, after, limit: 1_000 });
      expect(answer).toMatchObject({ type: "ok" });
      after = Number(answer?.seq);
      more = answer?.more === true;
    }
    expect(after).toBe(10_000);
  });
});

describe("the places of a room", () => {
  it("[M26] for anonymous readers: one address has at most half of them, and at most MAX_CONNECTIONS_PER_ADDRESS", () => {
    const open = (
      settings: { maxConnections: number; maxConnectionsPerAddress?: number },
      address: string,
    ) => {
      const test = new RoomForTest(settings);
      const actor = { identity: anonymous(address), permission: "read" } as const;
      let opened = 0;
      for (; test.room.openingRefusal(actor, test.now) === undefined; opened++)
        test.connect(null, { address });
      const other = { identity: anonymous("198.51.100.1"), permission: "read" } as const;
      return [opened, test.room.openingRefusal(other, test.now)];
    };
    expect(open({ maxConnections: 100 }, ADDRESS)).toEqual([25, undefined]);
    expect(open({ maxConnections: 100, maxConnectionsPerAddress: 3 }, ADDRESS)).toEqual([3, undefined]);
  });
});
