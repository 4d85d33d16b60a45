import { describe, expect, it } from "vitest";
import { RoomForTest } from "../../support/room-for-test.ts";

const send = (id: string, more: object = {}) => ({ type: "send", id, data: id, ...more });

describe("a repeated send", () => {
  it("[S5] is answered with the first seq and at, whatever else it carries", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    const first = ada.ask(send("1"));
    test.now += 1_000;
    ada.socket.take();
    const again = ada.ask(send("1", { data: "other", event: "other", replyTo: 1 }));
    expect(again).toEqual({ ...first, duplicate: true });
    expect(ada.socket.ofType("message")).toEqual([]);
    expect(test.log.head).toBe(1);
  });

  it("[S5] is a repeat of the same author only", () => {
    const test = new RoomForTest();
    test.join("ada").send("1");
    expect(test.join("bo").ask(send("1"))).toMatchObject({ seq: 2 });
  });

  it("[S5] of a refused command is none", () => {
    const test = new RoomForTest({ messageBytes: 10 });
    const ada = test.join("ada");
    expect(ada.ask(send("1", { data: "far too long a text" }))).toMatchObject({ code: "too_large" });
    const accepted = ada.ask(send("1"));
    expect(accepted).toMatchObject({ type: "ok", seq: 1 });
    expect(accepted).not.toHaveProperty("duplicate");
  });

  it.each(["hibernate", "crash"] as const)("[S7] is stored once, also after a restart (%s)", (how) => {
    const test = new RoomForTest();
    let ada = test.join("ada");
    const knew = `${test.log.epoch}.${test.log.head}`;
    ada.send("1");
    test.restart(how);
    if (how === "crash") ada = test.join("ada");
    expect(ada.ask(send("1", { retryOf: knew }))).toMatchObject({ type: "ok", seq: 1, duplicate: true });
    expect(test.log.head).toBe(1);
  });

  it("[S6] that never arrived is stored now, if the log reaches back", () => {
    const test = new RoomForTest();
    test.join("ada").send("1");
    test.restart("crash");
    const accepted = test.join("ada").ask(send("2", { retryOf: `${test.log.epoch}.0` }));
    expect(accepted).toMatchObject({ type: "ok", seq: 2 });
    expect(accepted).not.toHaveProperty("duplicate");
  });

  it("[S6] is refused if the log no longer reaches back, and nothing is stored", () => {
    const test = new RoomForTest({ historyLimit: 10 });
    const ada = test.join("ada");
    for (let i = 0; i < 30; i++) ada.say(send(`m${i}`));
    test.flush();
    test.restart("crash");
    const bo = test.join("bo");
    for (const retryOf of [`${test.log.epoch}.5`, "other.25", "nonsense", `${test.log.epoch}.31`]) {
      expect([retryOf, bo.ask(send("new", { retryOf }))]).toMatchObject([retryOf, { code: "stale_retry" }]);
    }
    expect(test.log.head).toBe(30);
  });

  it("[S6] that never arrived is stored though the log has passed its cursor, as long as the room remembers", () => {
    const test = new RoomForTest({ historyLimit: 10 });
    const ada = test.join("ada");
    ada.send("m1");
    const retryOf = `${test.log.epoch}.1`;
    for (let i = 2; i <= 1_001; i++) ada.say(send(`m${i}`));
    test.flush();
    expect(test.log.floor).toBe(991);
    expect(ada.ask(send("m2", { retryOf }))).toMatchObject({ seq: 2, duplicate: true });
    expect(ada.ask(send("new", { retryOf }))).toMatchObject({ type: "ok", seq: 1_002 });
    // The first of what came after the cursor is forgotten by that.
    expect(ada.ask(send("newer", { retryOf }))).toMatchObject({ code: "stale_retry" });
    test.restart("hibernate");
    expect(ada.ask(send("new", { retryOf: `${test.log.epoch}.2` }))).toMatchObject({ seq: 1_002 });
    expect(ada.ask(send("newer", { retryOf: `${test.log.epoch}.2` }))).toMatchObject({ code: "stale_retry" });
  });

  it("[S6] is found although its cursor is too old, if the log holds it", () => {
    const test = new RoomForTest({ historyLimit: 10 });
    let ada = test.join("ada");
    for (let i = 1; i <= 30; i++) ada.say(send(`m${i}`));
    test.flush();
    test.restart("crash");
    ada = test.join("ada");
    expect(ada.ask(send("m25", { retryOf: `${test.log.epoch}.1` }))).toMatchObject({
      seq: 25,
      duplicate: true,
    });
    expect(ada.ask(send("m20", { retryOf: `${test.log.epoch}.1` }))).toMatchObject({ code: "stale_retry" });
  });

  it("[S6] without retryOf is recognised among the last 1,000", () => {
    const test = new RoomForTest({ historyLimit: 5_000 });
    const ada = test.join("ada");
    for (let i = 1; i <= 1_001; i++) ada.say(send(`m${i}`));
    test.flush();
    expect(ada.ask(send("m2"))).toMatchObject({ seq: 2, duplicate: true });
    expect(ada.ask(send("m1"))).toMatchObject({ seq: 1_002 });
  });

  it("[S6] is found if it was stored between two reads of the log", () => {
    const test = new RoomForTest({ historyLimit: 5_000 });
    let ada = test.join("ada");
    for (let i = 1; i <= 3_000; i++) ada.say(send(`m${i}`));
    test.flush();
    test.restart("crash");
    ada = test.join("ada");
    const retryOf = (seq: number) => ({ retryOf: `${test.log.epoch}.${seq}` });
    expect(ada.ask(send("m2900", retryOf(2_800)))).toMatchObject({ seq: 2_900, duplicate: true });
    for (let i = 3_001; i <= 4_500; i++) ada.say(send(`m${i}`));
    test.flush();
    for (const seq of [2_801, 3_000, 3_001, 4_500]) {
      expect(ada.ask(send(`m${seq}`, retryOf(seq - 1)))).toMatchObject({ seq, duplicate: true });
    }
    expect(ada.ask(send("m100", retryOf(50)))).toMatchObject({ seq: 100, duplicate: true });
    expect(test.log.head).toBe(4_500);
  });
});

describe("an id of a message over HTTP", () => {
  const keyed = (test: RoomForTest, id: string, more: object = {}) => {
    const draft = { id, event: "chat", data: "1", keyed: true, ...more };
    const voice = { from: null, byServer: true };
    return test.log.findRepeat(draft, voice) ?? test.log.storeMessage(draft, voice, test.now);
  };

  it("[H2] is recognised as long as the log holds it, also with a later retryOf", () => {
    const test = new RoomForTest({ historyLimit: 10 });
    keyed(test, "x");
    for (let i = 0; i < 5; i++) test.join("ada").send(`m${i}`);
    test.restart("crash");
    const retryOf = `${test.log.epoch}.6`;
    expect(keyed(test, "x", { retryOf })).toMatchObject({ value: { seq: 1, duplicate: true } });
    expect(test.join("bo").seqs).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it("[H2][S15] is free again when its message was removed, and not before, however much is changed", () => {
    const test = new RoomForTest({ historyLimit: 10 });
    keyed(test, "x");
    const ada = test.join("ada");
    ada.send("m");
    for (let i = 3; i <= 40; i++) ada.ask({ type: "edit", id: `e${i}`, seq: 2, data: i });
    test.restart("crash");
    expect(test.log).toMatchObject({ head: 40, floor: 0 });
    expect(keyed(test, "x")).toMatchObject({ value: { seq: 1, duplicate: true } });
    const back = test.join("ada");
    for (let i = 0; i < 9; i++) back.send(`n${i}`);
    expect(test.log).toMatchObject({ head: 49, floor: 1 });
    expect(keyed(test, "x")).toMatchObject({ ok: true, value: { result: { seq: 50 } } });
    expect(keyed(test, "x")).toMatchObject({ value: { seq: 50, duplicate: true } });
  });
});

describe("a stored message", () => {
  it("[S8] has a replyTo that is a message, or at or below floor", () => {
    const test = new RoomForTest({ historyLimit: 10 });
    const ada = test.join("ada");
    for (let i = 1; i <= 15; i++) ada.say(send(`m${i}`));
    test.flush();
    expect(ada.ask(send("a", { replyTo: 15 }))).toMatchObject({ type: "ok" });
    expect(ada.socket.ofType("message").at(-1)).toMatchObject({ replyTo: 15 });
    expect(ada.ask(send("b", { replyTo: 3 }))).toMatchObject({ type: "ok" });
    expect(ada.ask(send("c", { replyTo: 99 }))).toMatchObject({ code: "not_found", path: ["replyTo"] });
    expect(test.log.head).toBe(17);
  });

  it("[S12] is found as head wherever the log stands, and no seq is given twice", () => {
    for (const historyLimit of [7, 256, 300, 1_000]) {
      const test = new RoomForTest({ historyLimit });
      for (const count of [1, 6, 1, 248, 1, 255, 257, 3]) {
        const { head } = test.log;
        const ada = test.join("ada");
        for (let i = 0; i < count; i++) ada.say(send(`${head}-${i}`));
        test.flush();
        test.restart("crash");
        expect([historyLimit, test.log.head]).toEqual([historyLimit, head + count]);
      }
    }
  });

  it("[S14] is never one whose write failed: it is delivered to no one, and the room continues", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    const bo = test.join("bo");
    bo.socket.take();
    test.database.failOn = /INSERT INTO log /;
    expect(ada.ask(send("1"))).toMatchObject({ type: "error", code: "internal" });
    expect(JSON.stringify(ada.socket.events)).not.toContain("disk");
    expect(test.faults).toHaveLength(1);
    expect(bo.socket.take()).toEqual([]);
    test.database.failOn = undefined;
    const accepted = ada.ask(send("1"));
    expect(accepted).toMatchObject({ type: "ok", seq: 1 });
    expect(accepted).not.toHaveProperty("duplicate");
    expect(bo.seqs).toEqual([1]);
  });
});
