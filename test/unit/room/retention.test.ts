// Retention by age: the oldest messages go when their time is over, and nobody is told.

import { describe, expect, it } from "vitest";
import { type Actor, SERVER } from "../../../src/access/identity.ts";
import type { SettingsPatch } from "../../../src/room/people/room-settings.ts";
import { RoomForTest, type RoomTestSettings } from "../../support/room-for-test.ts";

const HOUR_S = 3_600;
const HOUR_MS = 3_600_000;
/** 2 % of an hour are 72 s. */
const LAG_MS = 72_000;

const configure = (test: RoomForTest, patch: SettingsPatch, actor: Actor = SERVER) =>
  test.call(actor, (turn) => test.room.moderation.configure(actor, patch, turn));
const rowsOf = (test: RoomForTest) =>
  Array.from(test.database.sql.exec<{ seq: number }>("SELECT seq FROM log ORDER BY seq"), ({ seq }) => seq);
const wakeAt = (test: RoomForTest) => test.room.life(test.now).wakeAt;

/** The token outlives the test. */
const lasting = (test: RoomForTest) => ({ expiresAt: test.now + 1_000 * HOUR_MS });

const start = (settings: RoomTestSettings = {}) => {
  const test = new RoomForTest({ historySeconds: HOUR_S, historyLimit: 5_000, ...settings });
  return { test, ada: test.join("ada", lasting(test)) };
};

describe("retention by age", () => {
  it("[Z30] removes messages within 2 % of the period, those of the meantime with them, and tells nobody", () => {
    const { test, ada } = start();
    const first = test.now;
    ada.send("m1");
    test.later(60_000);
    ada.send("m2");
    test.later(60_000);
    ada.send("m3");
    const heard = ada.socket.events.length;
    expect(wakeAt(test)).toBe(first + HOUR_MS + LAG_MS);
    test.later(first + HOUR_MS + LAG_MS - 1 - test.now);
    expect(rowsOf(test)).toEqual([1, 2, 3]);
    test.later(1);
    expect([rowsOf(test), test.log.floor, test.log.head, test.log.messages]).toEqual([[3], 2, 3, 3]);
    expect(wakeAt(test)).toBe(first + 120_000 + HOUR_MS + LAG_MS);
    expect(ada.socket.events.length).toBe(heard);
    expect(test.join("bo", { since: `${test.log.epoch}.1` }).socket.ofType("connected")).toMatchObject([
      { recovery: "lost", floor: 2 },
    ]);
  });

  it("[Z30] lags by a minute where the period is short", () => {
    const { test, ada } = start({ historySeconds: 1 });
    ada.send("m");
    expect(wakeAt(test)).toBe(test.now + 61_000);
  });

  it("[Z31] leaves head, number of messages and ids when it removed everything, also over a restart", () => {
    const { test, ada } = start();
    const { epoch } = test.log;
    for (const id of ["m1", "m2"]) ada.send(id);
    ada.ask({ type: "react", id: "r", seq: 1, emoji: "👍", op: "add" });
    const retryOf = `${epoch}.0`;
    test.later(HOUR_MS + LAG_MS);
    expect([rowsOf(test), wakeAt(test)]).toEqual([[], null]);
    for (const how of ["hibernate", "crash"] as const) {
      test.restart(how);
      expect(test.log).toMatchObject({ epoch, head: 3, floor: 3, messages: 2 });
      const back = test.join("ada", { since: `${epoch}.3` });
      expect(back.socket.ofType("connected")).toMatchObject([{ recovery: "complete" }]);
      expect(back.ask({ type: "send", id: "m2", data: 1, retryOf })).toMatchObject({ code: "stale_retry" });
    }
    const bo = test.join("bo");
    bo.send("m4");
    expect([rowsOf(test), test.log.messages, bo.seqs]).toEqual([[4], 3, [4]]);
  });

  it("[Z31] keeps the head when the row with the last change goes", () => {
    const { test, ada } = start();
    ada.send("m1");
    test.later(200_000);
    ada.send("m2");
    ada.ask({ type: "edit", id: "e", seq: 1, data: "edited" });
    test.later(HOUR_MS - 100_000);
    expect(rowsOf(test)).toEqual([2]);
    test.restart("crash");
    expect(test.log).toMatchObject({ head: 3, floor: 1 });
  });

  it("[Z31] looks with the first flush after a wake", () => {
    const { test, ada } = start();
    ada.send("m1");
    test.restart("hibernate");
    test.now += 2 * HOUR_MS;
    ada.say({ type: "send", id: "m2", data: 2 });
    test.flush();
    expect([rowsOf(test), wakeAt(test)]).toEqual([[2], test.now + HOUR_MS + LAG_MS]);
  });

  it("[Z31] goes on at once where there is more than one flush removes", () => {
    const { test, ada } = start();
    for (let n = 0; n < 2_500; n++) ada.say({ type: "send", id: `m${n}`, data: n });
    test.flush();
    test.now += HOUR_MS + LAG_MS;
    for (const left of [1_500, 500, 0]) {
      test.flushOnce();
      expect([rowsOf(test).length, test.dueAt !== null && test.dueAt <= test.now]).toEqual([left, left > 0]);
    }
  });

  it("[Z32] ends an open message that goes, and takes the times of those that expire", () => {
    const { test, ada } = start({ streamTimeoutMs: 10 * HOUR_MS });
    const bo = test.join("bo", lasting(test));
    ada.send("s", { text: "a" }, { stream: true });
    ada.send("m", 1, { expiresInSeconds: 5 * HOUR_S });
    test.later(HOUR_MS + LAG_MS);
    expect(bo.socket.ofType("messageUpdated")).toMatchObject([
      { message: { seq: 1, stream: "interrupted" }, by: null },
    ]);
    expect([rowsOf(test), test.room.streams.size, wakeAt(test)]).toEqual([[], 0, null]);
    expect([...test.database.sql.exec("SELECT * FROM expiring")]).toEqual([]);
    expect(ada.ask({ type: "append", id: "a", seq: 1, n: 1, text: "b" })).toMatchObject({
      code: "not_found",
    });
  });

  it("[Z33] of one room is set by server code alone, is shown, and applies at once", () => {
    const { test, ada } = start({ historySeconds: 0 });
    ada.send("m1");
    test.later(2 * HOUR_MS);
    ada.send("m2");
    expect(wakeAt(test)).toBe(null);
    const mod = { identity: ada.state.actor.identity, permission: "moderate" } as const;
    expect(configure(test, { historySeconds: 5 }, mod)).toMatchObject({
      refusal: { code: "forbidden", path: ["historySeconds"] },
    });
    expect(configure(test, { historySeconds: HOUR_S })).toMatchObject({ value: { historySeconds: HOUR_S } });
    expect(rowsOf(test)).toEqual([2]);
    test.restart("crash");
    expect(test.room.settings.own).toMatchObject({ historySeconds: HOUR_S });
    configure(test, { historySeconds: 0 });
    test.later(10 * HOUR_MS);
    expect([rowsOf(test), wakeAt(test)]).toEqual([[2], null]);
    configure(test, { historySeconds: 60 });
    expect(rowsOf(test)).toEqual([]);
  });

  it("[Z33] stays right with another limit of messages, before and after", () => {
    const { test, ada } = start();
    for (let n = 1; n <= 5; n++) {
      ada.send(`m${n}`);
      test.later(20 * 60_000);
    }
    expect(rowsOf(test)).toEqual([3, 4, 5]);
    configure(test, { historyLimit: 2 });
    ada.send("m6");
    expect([rowsOf(test), test.log.floor]).toEqual([[5, 6], 4]);
    test.later(HOUR_MS + LAG_MS);
    expect([rowsOf(test), test.log.floor]).toEqual([[], 6]);
    configure(test, { historyLimit: 5 });
    expect(test.log).toMatchObject({ head: 6, floor: 6 });
    for (let n = 7; n <= 13; n++) ada.send(`m${n}`);
    expect([rowsOf(test), test.log.floor]).toEqual([[9, 10, 11, 12, 13], 8]);
  });

  it("[Z34] removes nothing early by a clock that was set back, and nothing later than by a period", () => {
    const { test, ada } = start();
    ada.send("ahead");
    test.later(-10 * HOUR_MS);
    ada.send("m");
    test.later(HOUR_MS + LAG_MS - 1);
    expect(rowsOf(test)).toEqual([1, 2]);
    test.later(1);
    // The one before it says that it is of a time to come.
    expect(rowsOf(test)).toEqual([1, 2]);
    test.later(10 * HOUR_MS);
    expect(rowsOf(test)).toEqual([]);
  });

  it("[Z34] tries again a minute later what fails, and the room goes on", () => {
    const { test, ada } = start();
    ada.send("m1");
    test.database.failOn = /DELETE FROM log/;
    test.later(HOUR_MS + LAG_MS);
    expect([test.faults.length, rowsOf(test), wakeAt(test)]).toEqual([1, [1], test.now + 60_000]);
    ada.send("m2");
    test.database.failOn = undefined;
    test.later(60_000);
    expect([test.faults.length, rowsOf(test), test.log.floor]).toEqual([1, [2], 1]);
  });
});
