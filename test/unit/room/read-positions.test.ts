import { describe, expect, it } from "vitest";
import { SERVER } from "../../../src/access/identity.ts";
import { NONE_REVOKED } from "../../../src/object/revocation.ts";
import { accept, LISTED_MEMBERS } from "../../../src/protocol/index.ts";
import { AttachedPositions } from "../../../src/room/people/attached-positions.ts";
import {
  READ_ALONE_AFTER_MS,
  READ_TOGETHER,
  ReadSheets,
  SHEET_USERS,
} from "../../../src/room/people/read-sheets.ts";
import { ReceiptStore } from "../../../src/room/people/receipt-store.ts";
import { Receipts } from "../../../src/room/people/receipts.ts";
import { RoomExport } from "../../../src/room/portable/room-export.ts";
import { eraseBatch } from "../../../src/room/portable/user-erasure.ts";
import { type Person, RoomForTest } from "../../support/room-for-test.ts";

const read = (seq?: number, id = "r") => ({ type: "read", id, ...(seq !== undefined && { seq }) });

/** As over HTTP, of a user who may have no socket. */
const call = (test: RoomForTest, user: string, seq: number) =>
  test.call(SERVER, ({ now }) => {
    test.room.receipts.read(user, seq, now);
    return accept(test.room.receipts.of(user));
  });

function roomWith(messages: number) {
  const test = new RoomForTest({ historyLimit: 3_000 });
  const ada = test.join("ada");
  for (let i = 1; i <= messages; i++) ada.say({ type: "send", id: `m${i}`, data: i });
  test.flush();
  return { test, ada, bo: test.join("bo") };
}

const readers = (test: RoomForTest, count: number): Person[] =>
  Array.from({ length: count }, (_, at) => test.join(`u${at}`, { expiresAt: Number.MAX_SAFE_INTEGER }));

/** What the rows say. */
function stored(test: RoomForTest): Record<string, number> {
  const seqs: Record<string, number> = {};
  for (const { user, seq } of test.database.sql.exec<{ user: string; seq: number }>("SELECT * FROM receipts"))
    seqs[user] = seq;
  for (const { positions } of test.database.sql.exec<{ positions: string }>("SELECT * FROM read_sheets"))
    for (const [user, seq] of JSON.parse(positions)) seqs[user] = seq;
  return seqs;
}

/** Lets the room do what is due by itself for this time, as its timer does; returns how often that was. */
function pass(test: RoomForTest, ms: number): number {
  const until = test.now + ms;
  for (let flushes = 0; ; flushes++) {
    const { dueAt } = test;
    if (dueAt === null || dueAt > until) {
      test.now = until;
      return flushes;
    }
    if (flushes > 1_000) throw new Error("it is due without end");
    expect(dueAt - test.now).toBeLessThanOrEqual(5_000);
    test.now = Math.max(test.now, dueAt);
    test.flush();
  }
}

describe("a position that a socket keeps", () => {
  it("[R40] costs no row and no timer, and is written in the flush in which the socket leaves", () => {
    const { test, bo } = roomWith(300);
    const before = test.database.changes;
    for (let seq = 1; seq <= 200; seq++) {
      bo.ask(read(seq));
      pass(test, 500);
    }
    expect([test.database.changes - before, test.dueAt]).toEqual([0, null]);
    bo.leave("left");
    expect([test.database.changes - before, stored(test)]).toEqual([1, { bo: 200 }]);
    expect(test.dueAt).toBe(null);
  });

  it("[R40] survives a sleep, and is written when the socket is lost meanwhile", () => {
    const { test, bo } = roomWith(9);
    bo.ask(read(3));
    test.restart("hibernate");
    expect(test.room.receipts.list()).toMatchObject([{ user: "bo", seq: 3 }]);
    expect(bo.ask(read(0))).toMatchObject({ seq: 3, unread: 6 });
    expect(stored(test)).toEqual({});
    test.restart("hibernate");
    bo.leave("lost");
    expect(stored(test)).toEqual({ bo: 3 });
    test.restart("crash");
    expect(test.join("bo").ask(read(0))).toMatchObject({ seq: 3 });
  });

  it("[R40] goes over to another socket of the user, and the greatest counts after a sleep", () => {
    const { test, bo } = roomWith(9);
    const other = test.join("bo");
    other.ask(read(3));
    bo.ask(read(5));
    test.restart("hibernate");
    expect(other.ask(read(0))).toMatchObject({ seq: 5 });
    bo.leave("left");
    expect(stored(test)).toEqual({});
    test.restart("hibernate");
    expect(other.ask(read(0))).toMatchObject({ seq: 5 });
    other.leave("left");
    expect(stored(test)).toEqual({ bo: 5 });
  });

  it("[R40][S14] that cannot be kept is refused and does not move", () => {
    const { test, ada, bo } = roomWith(9);
    const { save } = bo.socket;
    bo.socket.save = () => {
      throw new Error("the attachment is full");
    };
    expect(bo.ask(read(3))).toMatchObject({ code: "internal" });
    bo.socket.save = save;
    expect(ada.socket.ofType("receipt")).toEqual([]);
    expect(bo.ask(read(0))).toMatchObject({ seq: 0, unread: 9 });
    bo.leave("left");
    expect(stored(test)).toEqual({});
  });

  it("[R40][S14] is written if the other socket cannot take it over", () => {
    const { test, bo } = roomWith(9);
    const other = test.join("bo");
    bo.ask(read(5));
    other.socket.save = () => {
      throw new Error("the attachment is full");
    };
    bo.leave("left");
    expect([stored(test), test.faults]).toEqual([{ bo: 5 }, []]);
    expect(test.room.connections.size).toBe(2);
  });

  it("[K62][R40] is one row for each 256 users if a crowd leaves at once", () => {
    const { test } = roomWith(9);
    const people = Array.from({ length: 600 }, (_, at) => test.connect(`u${at}`));
    test.flush();
    for (const person of people) person.say(read(4));
    test.flush();
    const before = test.database.changes;
    for (const { connection } of people) test.room.enqueue({ kind: "leave", connection, departure: "left" });
    test.flush();
    expect(test.database.changes - before).toBe(3);
    expect(Object.keys(stored(test))).toHaveLength(600);
  });

  it("[R41] is written with others once it is a minute old, all in one row, by a flush that comes anyway", () => {
    const { test, ada } = roomWith(9);
    const people = readers(test, READ_TOGETHER.users);
    for (const person of people) person.ask(read(4));
    const before = test.database.changes;
    test.later(READ_TOGETHER.afterMs - 1);
    expect(test.dueAt).toBe(null);
    ada.ask(read(0));
    expect(test.database.changes - before).toBe(0);
    test.later(1);
    expect(test.database.changes - before).toBe(1);
    test.restart("crash");
    for (let at = 0; at < READ_TOGETHER.users; at++) expect(test.room.receipts.seqOf(`u${at}`)).toBe(4);
  });

  it("[R41] is written after three minutes if few wait with it", () => {
    const { test, ada, bo } = roomWith(9);
    bo.ask(read(4));
    for (let ms = 0; ms < READ_ALONE_AFTER_MS - 60_000; ms += 60_000) test.later(60_000);
    expect(stored(test)).toEqual({});
    test.later(60_000);
    expect(stored(test)).toEqual({ bo: 4 });
    // Also if the object slept in between: it is as old as it is.
    ada.ask(read(4));
    test.now += READ_ALONE_AFTER_MS;
    test.restart("hibernate");
    test.flush();
    expect(stored(test)).toEqual({ ada: 4, bo: 4 });
  });

  it("[R41] takes all that wait with the first user who leaves", () => {
    const { test, bo } = roomWith(9);
    const people = readers(test, 5);
    const before = test.database.changes;
    for (const person of [bo, ...people]) person.ask(read(4));
    for (const person of [bo, ...people]) person.leave("left");
    expect(Object.keys(stored(test))).toHaveLength(6);
    expect(test.database.changes - before).toBe(1);
  });

  it("[R8] is written although the clock was set back", () => {
    const { test, ada, bo } = roomWith(9);
    bo.ask(read(1));
    test.later(1_000);
    test.later(-3_600_000);
    expect(stored(test)).toEqual({ bo: 1 });
    bo.ask(read(4));
    expect(ada.socket.ofType("receipt").at(-1)).toMatchObject({ seq: 4 });
    test.restart("hibernate");
    test.now -= 3_600_000;
    test.flush();
    expect(stored(test)).toEqual({ bo: 4 });
  });
});

describe("a position that nobody keeps", () => {
  it("[R3][R42] is written with its flush, and at most every 5 s, however often it is reported", () => {
    const { test } = roomWith(300);
    const before = test.database.changes;
    call(test, "cy", 1);
    expect(stored(test)).toEqual({ cy: 1 });
    for (let seq = 2; seq <= 100; seq++) {
      call(test, "cy", seq);
      pass(test, 100);
    }
    expect(test.database.changes - before).toBeLessThanOrEqual(3);
    pass(test, 5_000);
    expect([stored(test), test.dueAt]).toEqual([{ cy: 100 }, null]);
  });

  it("[R3][R42] is one row with those of hundreds of users", () => {
    const { test } = roomWith(20);
    const before = test.database.changes;
    test.call(SERVER, ({ now }) => {
      for (let at = 0; at < 300; at++) test.room.receipts.read(`u${at}`, 5, now);
      return accept(null);
    });
    expect(test.database.changes - before).toBe(Math.ceil(300 / SHEET_USERS));
    expect(Object.keys(stored(test))).toHaveLength(300);
  });

  it("[R42] is that of a session, whose state is a row", () => {
    const { test, bo } = roomWith(9);
    bo.socket.savesForFree = false;
    bo.ask(read(3));
    expect(stored(test)).toEqual({ bo: 3 });
    expect(bo.state.read).toBe(undefined);
    test.restart("crash");
    expect(test.room.receipts.seqOf("bo")).toBe(3);
  });

  it("[R3][X4] is tried again if it cannot be written, but not without a pause", () => {
    const { test } = roomWith(9);
    test.database.failOn = /INTO read_sheets/;
    for (let at = 0; at < 20; at++) call(test, `u${at}`, 2);
    expect(pass(test, 60_000)).toBeLessThan(40);
    expect(test.faults.length).toBeGreaterThan(0);
    expect(test.room.receipts.list()).toHaveLength(20);
    test.database.failOn = undefined;
    pass(test, 10_000);
    expect(Object.values(stored(test))).toEqual(Array(20).fill(2));
    expect(test.dueAt).toBe(null);
  });

  it("[R42] is written although it cannot be written who has become known", () => {
    const { test } = roomWith(9);
    test.room.moderation.recordRevocation("di", NONE_REVOKED, { now: test.now }, "with the next flush");
    test.database.failOn = /INTO users/;
    test.connect("di");
    call(test, "cy", 3);
    expect([stored(test), test.faults.length]).toEqual([{ cy: 3 }, 1]);
  });

  it("[R3][X4] in a crowd uses no timer beyond 5 s either, and all are written in the end", () => {
    const { test } = roomWith(9);
    for (let at = 0; at < LISTED_MEMBERS; at++)
      test.connect(`u${at}`, { expiresAt: Number.MAX_SAFE_INTEGER });
    test.flush();
    call(test, "cy", 3);
    call(test, "cy", 8);
    expect(pass(test, 60_000)).toBeLessThan(10);
    expect(stored(test)).toEqual({ cy: 8 });
  });
});

describe("what a crash takes", () => {
  it("[R43] is nothing of users who left, and of those who are here what is not written yet", () => {
    const { test, ada, bo } = roomWith(9);
    ada.ask(read(5));
    bo.ask(read(3));
    bo.leave("left");
    ada.ask(read(7));
    test.restart("crash");
    expect(test.room.receipts.seqOf("bo")).toBe(3);
    expect(test.room.receipts.seqOf("ada")).toBe(5);
  });
});

describe("positions", () => {
  it("[R45] are gone with their log, in rows and attachments", () => {
    const { test, bo } = roomWith(9);
    bo.ask(read(8));
    call(test, "cy", 3);
    test.call(SERVER, (turn) => test.room.moderation.purge(SERVER, turn));
    expect([test.room.receipts.list(), stored(test), test.dueAt]).toEqual([[], {}, null]);
    test.join("ada").send("n");
    expect(test.join("bo").ask(read(0))).toMatchObject({ seq: 0, unread: 1 });
    test.restart("hibernate");
    expect(test.room.receipts.list()).toEqual([]);
  });

  it("[R45] of an erased user are gone, in rows and attachments, and those of others stay", () => {
    const { test, bo } = roomWith(9);
    bo.ask(read(8));
    call(test, "cy", 3);
    call(test, "di", 4);
    const { room } = test;
    for (const user of ["bo", "cy"])
      test.call(SERVER, (turn) => accept(eraseBatch(room, { user, until: test.now }, 0, turn)));
    pass(test, 10_000);
    for (const how of ["hibernate", "crash"] as const) {
      test.restart(how);
      expect(test.room.receipts.list()).toMatchObject([{ user: "di", seq: 4 }]);
    }
    expect(stored(test)).toEqual({ di: 4 });
  });

  it("[R44] of those on sheets come last in an export, in the order in which they read, each user once", () => {
    const { test, bo } = roomWith(9);
    const store = new ReceiptStore(test.database);
    for (const user of ["bo", "cy"]) store.put({ user, seq: 4, at: test.now - 60_000 });
    test.restart("hibernate");
    bo.ask(read(6));
    test.now += 1;
    call(test, "di", 5);
    const { room } = test;
    const exported = new RoomExport({ ...room, scheduled: () => [] });
    let lines = "";
    for (let next = exported.next(test.now); next !== undefined; next = exported.next(test.now))
      lines += next;
    const users = lines.split("\n").filter((line) => line.includes('"type":"receipt"'));
    expect(users.map((line) => JSON.parse(line))).toMatchObject([
      { user: "cy", seq: 4 },
      { user: "bo", seq: 6 },
      { user: "di", seq: 5 },
    ]);
  });

  it("[R44] stand in an export although others took the place of their users while it was made", () => {
    const { test } = roomWith(9);
    const { room, database } = test;
    const store = new ReceiptStore(database);
    for (let at = 0; at < 600; at++) store.put({ user: `old${at}`, seq: 4, at });
    const receipts = new Receipts({
      ...{ log: room.log, spending: room.spending, store },
      sheets: new ReadSheets(database.sql, (entry) => store.put(entry), 1),
      attached: new AttachedPositions(room.roomPresence),
    });
    receipts.read("old5", 7, test.now);
    const exported = new RoomExport({ ...room, receipts, scheduled: () => [] });
    let lines = "";
    for (let next = exported.next(test.now); next !== undefined; next = exported.next(test.now)) {
      lines += next;
      if (!next.includes("old499")) continue;
      for (let at = 0; at < SHEET_USERS; at++) receipts.read(`u${at}`, 1, test.now + 1);
      expect(receipts.isLatest("old5")).toBe(false);
    }
    const found = lines.split("\n").filter((line) => line.includes('"old5"'));
    expect(found.map((line) => JSON.parse(line))).toMatchObject([{ user: "old5", seq: 7 }]);
  });

  it("[R45] are gone also from a socket whose close is heard after a purge or an erasure woke the room", () => {
    const acts = {
      purge: (test: RoomForTest) => test.call(SERVER, (turn) => test.room.moderation.purge(SERVER, turn)),
      erasure: (test: RoomForTest) =>
        test.call(SERVER, (turn) => accept(eraseBatch(test.room, { user: "bo", until: test.now }, 0, turn))),
    };
    for (const act of Object.values(acts)) {
      const { test, ada, bo } = roomWith(9);
      bo.ask(read(8));
      // The runtime does not list a socket whose close is under way.
      test.restart("hibernate", undefined, [ada]);
      act(test);
      const cy = test.join("cy");
      for (let n = 0; n < 9; n++) cy.send(`n${n}`);
      test.room.connections.restore([bo.wake()]);
      bo.leave("lost");
      expect([test.room.receipts.list(), stored(test)]).toEqual([[], {}]);
      expect(test.join("bo").ask(read(0))).toMatchObject({ seq: 0 });
    }
  });

  it("[R45] that an older release wrote, a row each, count until their users read on", () => {
    const { test, bo } = roomWith(9);
    const store = new ReceiptStore(test.database);
    for (const user of ["bo", "cy"]) store.put({ user, seq: 4, at: test.now - 60_000 });
    test.restart("hibernate");
    expect(bo.ask(read(2))).toMatchObject({ seq: 4 });
    expect(bo.ask(read(6))).toMatchObject({ seq: 6 });
    expect(test.room.receipts.list()).toMatchObject([
      { user: "bo", seq: 6 },
      { user: "cy", seq: 4 },
    ]);
    bo.leave("left");
    test.restart("crash");
    expect([test.room.receipts.seqOf("bo"), test.room.receipts.seqOf("cy")]).toEqual([6, 4]);
  });

  it("[R44] of more users than there are sheets for stand in rows of their own, and are found", () => {
    const { test } = roomWith(9);
    const store = new ReceiptStore(test.database);
    const make = () => new ReadSheets(test.database.sql, (entry) => store.put(entry), 2);
    let sheets = make();
    const seqOf = (user: string) => (sheets.find(user) ?? store.find(user))?.seq;
    const count = 3 * SHEET_USERS + 10;
    for (let at = 0; at < count; at++) sheets.put(`u${at}`, { seq: 1, at }, "alone");
    // The first one reads again, and takes the place of others.
    sheets.put("u0", { seq: 2, at: count }, "alone");
    sheets.writeDue(test.now);
    for (const again of [false, true]) {
      if (again) sheets = make();
      expect(sheets.entries().length).toBeLessThanOrEqual(2 * SHEET_USERS);
      for (let at = 1; at < count; at++) expect(seqOf(`u${at}`)).toBe(1);
      expect(sheets.find("u0")).toEqual({ seq: 2, at: count });
      expect(new Set(sheets.entries().map(({ user }) => user)).size).toBe(sheets.entries().length);
    }
    const rows = [...test.database.sql.exec<{ sheet: number }>("SELECT sheet FROM read_sheets")];
    expect(rows).toHaveLength(2);
  });

  it("[R44] that a socket kept while the room slept do not go back when their users give others their place", () => {
    const { test, bo } = roomWith(9);
    bo.ask(read(8));
    test.restart("hibernate");
    const { room, database } = test;
    const store = new ReceiptStore(database);
    const receipts = new Receipts({
      ...{ log: room.log, spending: room.spending, store },
      sheets: new ReadSheets(database.sql, (entry) => store.put(entry), 1),
      attached: new AttachedPositions(room.roomPresence),
    });
    receipts.restore([bo.connection]);
    for (let at = 0; at < SHEET_USERS; at++) receipts.read(`u${at}`, 1, test.now + 1);
    expect(store.find("bo")).toMatchObject({ seq: 8 });
    receipts.read("bo", 3, test.now + 2);
    expect(receipts.seqOf("bo")).toBe(8);
  });

  it("[R44] of a user are in one place after a crash, whatever was written before it", () => {
    const { test } = roomWith(9);
    const retired: string[] = [];
    const sheets = () => new ReadSheets(test.database.sql, ({ user }) => retired.push(user), 1);
    const before = sheets();
    for (let at = 0; at < SHEET_USERS; at++) before.put(`u${at}`, { seq: 1, at }, "alone");
    before.writeDue(test.now);
    // Makes place, and crashes before the newcomer is written.
    before.put("new", { seq: 1, at: 9_999 }, "kept");
    const after = sheets();
    expect(retired).toHaveLength(SHEET_USERS);
    for (const user of retired) expect(after.find(user)).toBe(undefined);
  });
});
