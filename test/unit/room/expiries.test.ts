// Messages with a time of their own, which the room deletes by itself.

import { describe, expect, it } from "vitest";
import { SERVER } from "../../../src/access/identity.ts";
import { type Person, RoomForTest } from "../../support/room-for-test.ts";

const LIFE = { expiresInSeconds: 10 };
const LIFE_MS = 10_000;

/** The table is made with the first row. */
const hasTable = (test: RoomForTest) =>
  [...test.database.sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'expiring'")].length > 0;
const rowsOf = (test: RoomForTest) =>
  hasTable(test) ? [...test.database.sql.exec("SELECT at, seq FROM expiring")] : [];
const bodyOf = (test: RoomForTest, seq: number) => test.log.find(seq);
const wakeAt = (test: RoomForTest) => test.effects.at(-1)?.life.wakeAt;
const deletedFor = ({ socket }: Person) =>
  socket.ofType("messageDeleted").map(({ target, by }) => ({ target, by }));

const start = () => {
  const test = new RoomForTest({ historyLimit: 1_000 });
  return { test, ada: test.join("ada"), bo: test.join("bo") };
};

describe("a message with expiresInSeconds", () => {
  it("[Z1] says when it expires, and is deleted then for everybody, by nobody", () => {
    const { test, ada, bo } = start();
    ada.send("m", "secret", LIFE);
    const expiresAt = test.now + LIFE_MS;
    expect(bo.socket.ofType("message")).toMatchObject([{ id: "m", expiresAt }]);
    test.later(LIFE_MS - 1);
    expect(deletedFor(bo)).toEqual([]);
    test.later(1);
    expect([deletedFor(ada), deletedFor(bo)]).toEqual([[{ target: 1, by: null }], [{ target: 1, by: null }]]);
    expect(bodyOf(test, 1)).toMatchObject({ deleted: true, data: "null" });
    expect(JSON.stringify(bodyOf(test, 1))).not.toMatch(/secret|expiresAt/);
    expect(rowsOf(test)).toEqual([]);
  });

  it("[Z1] reaches a reader that was away by the log", () => {
    const { test, ada } = start();
    ada.send("m", "secret", LIFE);
    const since = `${test.log.epoch}.${test.log.head}`;
    test.later(LIFE_MS);
    expect(test.join("cy", { since }).socket.ofType("messageDeleted")).toMatchObject([{ target: 1 }]);
  });

  it("[Z1] is deleted before anybody is shown it who comes, or changes it, at that moment", () => {
    const { test, ada } = start();
    ada.send("m", "secret", LIFE);
    test.now += LIFE_MS;
    ada.say({ type: "react", id: "r", seq: 1, emoji: "👍", op: "add" });
    const cy = test.join("cy");
    expect(cy.socket.ofType("message")).toMatchObject([{ seq: 1, data: null }]);
    expect(ada.socket.events.find(({ id }) => id === "r")).toMatchObject({ code: "not_found" });
  });

  it("[Z2] keeps its time through edits and reactions, and leaves no work when it was deleted or purged", () => {
    const { test, ada } = start();
    for (const id of ["m1", "m2", "m3"]) ada.send(id, id, LIFE);
    ada.ask({ type: "edit", id: "e", seq: 1, data: "edited" });
    ada.ask({ type: "react", id: "r", seq: 1, emoji: "👍", op: "add" });
    ada.ask({ type: "delete", id: "d", seq: 2 });
    expect(bodyOf(test, 1)?.meta.expiresAt).toBe(test.now + LIFE_MS);
    expect(rowsOf(test)).toHaveLength(2);
    test.call(SERVER, (turn) => test.room.moderation.purge(SERVER, turn));
    expect(rowsOf(test)).toEqual([]);
    const cy = test.join("cy");
    for (const id of ["n1", "n2", "n3"]) cy.send(id);
    test.later(LIFE_MS);
    expect([deletedFor(cy), wakeAt(test)]).toEqual([[], null]);
  });

  it("[Z2] leaves no work when a newer one retires it, or a smaller ring", () => {
    const test = new RoomForTest({ historyLimit: 4 });
    const ada = test.join("ada");
    for (let n = 1; n <= 4; n++) ada.send(`m${n}`, n, LIFE);
    ada.send("m5");
    expect(rowsOf(test)).toMatchObject([{ seq: 2 }, { seq: 3 }, { seq: 4 }]);
    test.call(SERVER, (turn) => test.room.moderation.configure(SERVER, { historyLimit: 2 }, turn));
    expect(rowsOf(test)).toMatchObject([{ seq: 4 }]);
    test.later(LIFE_MS);
    expect(deletedFor(ada)).toEqual([{ target: 4, by: null }]);
    expect(rowsOf(test)).toEqual([]);
  });

  it("[Z2] that streams counts from its opening, and is no longer open", () => {
    const { test, ada, bo } = start();
    ada.send("m", {}, { stream: true, ...LIFE });
    ada.say({ type: "append", seq: 1, n: 1, text: "a" });
    test.later(LIFE_MS);
    expect(deletedFor(bo)).toEqual([{ target: 1, by: null }]);
    expect(test.room.streams.size).toBe(0);
    expect(ada.ask({ type: "append", id: "a", seq: 1, n: 2, text: "b" })).toMatchObject({
      code: "not_found",
    });
  });

  it("[Z2] that streamed to its end keeps its time", () => {
    const { test, ada, bo } = start();
    ada.send("m", {}, { stream: true, ...LIFE });
    ada.ask({ type: "finish", id: "f", seq: 1, status: "done", data: { text: "all" } });
    test.later(LIFE_MS);
    expect(deletedFor(bo)).toEqual([{ target: 1, by: null }]);
  });
});

describe("the times of messages", () => {
  it("[Z3] wake a room by its alarm, at a full second, and by its timer when they are near", () => {
    const { test, ada } = start();
    test.now += 250;
    ada.send("m", 1, LIFE);
    const at = Math.ceil((test.now + LIFE_MS) / 1_000) * 1_000;
    expect([wakeAt(test), test.dueAt]).toEqual([at, null]);
    test.later(6_000);
    expect([wakeAt(test), test.dueAt]).toEqual([at, at]);
    ada.send("m2", 1, { expiresInSeconds: 1 });
    expect(wakeAt(test)).toBe(Math.ceil((test.now + 1_000) / 1_000) * 1_000);
  });

  it("[Z3] are exact after a sleep and after a crash", () => {
    for (const how of ["hibernate", "crash"] as const) {
      const { test, ada } = start();
      ada.send("m", 1, LIFE);
      ada.send("m2", 2, { expiresInSeconds: 20 });
      test.restart(how);
      test.later(LIFE_MS);
      expect([how, bodyOf(test, 1)?.deleted, bodyOf(test, 2)?.deleted]).toEqual([how, true, false]);
      expect(wakeAt(test)).toBe(test.now + LIFE_MS);
    }
  });

  it("[Z3] come 100 to a flush, and the next flush goes on at once", () => {
    const { test, ada } = start();
    for (let n = 0; n < 250; n++) ada.say({ type: "send", id: `m${n}`, data: n, ...LIFE });
    test.flush();
    expect(rowsOf(test)).toHaveLength(250);
    test.now += LIFE_MS;
    for (const left of [150, 50, 0]) {
      test.flushOnce();
      expect(rowsOf(test)).toHaveLength(left);
      expect(test.dueAt !== null && test.dueAt <= test.now).toBe(left > 0);
    }
  });

  it("[Z3] wait for a clock that was set back, and no longer", () => {
    const { test, ada } = start();
    ada.send("m", 1, LIFE);
    const at = test.now + LIFE_MS;
    test.later(-3_600_000);
    expect([wakeAt(test), bodyOf(test, 1)?.deleted]).toEqual([at, false]);
    test.later(at - test.now);
    expect(bodyOf(test, 1)?.deleted).toBe(true);
  });

  it("[Z4] that cannot be met are met 5 s later, and the room goes on", () => {
    const { test, ada } = start();
    ada.send("m", 1, LIFE);
    test.database.failOn = /UPDATE log/;
    test.later(LIFE_MS);
    expect(test.faults).toHaveLength(1);
    expect([bodyOf(test, 1)?.deleted, wakeAt(test)]).toEqual([false, test.now + 5_000]);
    test.database.failOn = undefined;
    ada.send("m2");
    expect(bodyOf(test, 1)?.deleted).toBe(false);
    test.later(5_000);
    expect([bodyOf(test, 1)?.deleted, wakeAt(test)]).toEqual([true, null]);
  });

  it("[Z4] are stored with the message or not at all", () => {
    const { test, ada } = start();
    test.database.failOn = /INSERT INTO log /;
    ada.send("m", 1, LIFE);
    expect(rowsOf(test)).toEqual([]);
    test.database.failOn = /INTO expiring/;
    ada.send("m", 1, LIFE);
    expect(test.log.head).toBe(0);
    test.database.failOn = undefined;
    ada.send("m", 1, LIFE);
    expect(test.log.head).toBe(1);
  });
});
