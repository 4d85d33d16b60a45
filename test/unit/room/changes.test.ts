import { describe, expect, it } from "vitest";
import { SERVER } from "../../../src/access/identity.ts";
import { MAX_DIFFERENT_EMOJIS, MAX_REACTIONS } from "../../../src/protocol/index.ts";
import type { ChangeInput } from "../../../src/room/changes.ts";
import { type Person, RoomForTest } from "../../support/room-for-test.ts";

const edit = (seq: number, data: unknown = "new", id = `e${seq}`) => ({ type: "edit", id, seq, data });
const remove = (seq: number, id = `d${seq}`) => ({ type: "delete", id, seq });
const react = (seq: number, emoji = "👍", op = "add", id = `r${seq}`) => ({
  type: "react",
  id,
  seq,
  emoji,
  op,
});

function roomWith(settings: ConstructorParameters<typeof RoomForTest>[0] = {}) {
  const test = new RoomForTest(settings);
  const [ada, bo] = [test.join("ada"), test.join("bo")];
  const mo = test.join("mo", { permission: "moderate" });
  const all = [ada, bo, mo];
  return { test, ada, bo, mo, quiet: () => all.map(({ socket }) => socket.take()) };
}

const byServer = (test: RoomForTest, change: ChangeInput) =>
  test.call(SERVER, (turn) => test.room.changes.apply(SERVER, change, turn));

describe("an edit", () => {
  it("[E1][E9] replaces data, keeps the rest, and is delivered to all before its ok", () => {
    const { test, ada, bo } = roomWith();
    ada.send("m", { text: "old" }, { mentions: ["bo"], replyTo: undefined });
    test.now += 5;
    const at = test.now;
    ada.socket.take();
    ada.say(edit(1, { text: "new" }));
    test.flush();
    const message = {
      ...{ type: "message", seq: 1, id: "m", event: "chat", from: { id: "ada", name: "ada" }, at: at - 5 },
      ...{ mentions: ["bo"], data: { text: "new" }, editedAt: at, changed: 2 },
    };
    const updated = { type: "messageUpdated", seq: 2, at, message, by: "ada" };
    expect(ada.socket.take()).toEqual([updated, { type: "ok", id: "e1", seq: 2 }]);
    expect(bo.socket.events.at(-1)).toEqual(updated);
    expect(test.join("cy").socket.ofType("message")).toEqual([message]);
  });

  it("[E1] is allowed for one's own message, or for all with moderate; edits of others are in the log of moderation", () => {
    const { test, ada, bo, mo } = roomWith();
    ada.send("m");
    expect(bo.ask(edit(1))).toMatchObject({ code: "forbidden" });
    expect(ada.ask(edit(1))).toMatchObject({ type: "ok", seq: 2 });
    expect(test.audited).toEqual([]);
    expect(mo.ask(edit(1))).toMatchObject({ type: "ok", seq: 3 });
    expect(byServer(test, { type: "edit", seq: 1, data: "1" })).toEqual({ ok: true, value: { seq: 4 } });
    expect(test.audited).toEqual([
      { act: "edit", by: "mo", user: "ada", seq: 1 },
      { act: "edit", by: null, user: "ada", seq: 1 },
    ]);
  });

  it("[E1] of what server code sent in a user's name is allowed for that user", () => {
    const { test, ada, bo } = roomWith();
    const input = { id: "m", data: "1", from: { id: "ada" } };
    test.call(SERVER, (turn) => test.room.publisher.publish(SERVER, input, turn));
    test.call(SERVER, (turn) => test.room.publisher.publish(SERVER, { id: "n", data: "1" }, turn));
    expect(bo.ask(edit(1))).toMatchObject({ code: "forbidden" });
    expect(ada.ask(edit(1))).toMatchObject({ type: "ok" });
    expect(ada.ask(edit(2))).toMatchObject({ code: "forbidden" });
  });

  it("[E1][S9] has the limits of a message, and needs the same permission", () => {
    const { test, ada } = roomWith({ messageBytes: 10 });
    ada.send("m");
    expect(ada.ask(edit(1, "123456789"))).toMatchObject({ code: "too_large", path: ["data"] });
    expect(ada.ask(edit(1, "12345678"))).toMatchObject({ type: "ok" });
    const reader = test.join("ada", { permission: "read" });
    for (const change of [edit(1), remove(1), react(1)]) {
      expect(reader.ask(change)).toMatchObject({ code: "forbidden" });
    }
    const nobody = test.join(null);
    for (const change of [edit(1), remove(1), react(1)]) {
      expect(nobody.ask(change)).toMatchObject({ code: "forbidden" });
    }
    expect(test.log.head).toBe(2);
  });
});

describe("a delete", () => {
  it("[E2][E10] erases data, mentions, reactions and the edit from storage, and leaves the rest", () => {
    const { test, ada, bo } = roomWith();
    ada.send("m", "the secret", { mentions: ["bo"] });
    bo.ask(react(1));
    ada.ask(edit(1, "another secret"));
    expect(ada.ask(remove(1))).toEqual({ type: "ok", id: "d1", seq: 4 });
    expect(bo.socket.events.at(-1)).toEqual({
      type: "messageDeleted",
      seq: 4,
      at: test.now,
      target: 1,
      by: "ada",
    });
    const rows = JSON.stringify([...test.database.sql.exec("SELECT * FROM log")]);
    expect(rows).not.toMatch(/secret|mentions|reactions|👍/);
    expect(test.log.find(1)?.meta).toEqual({
      ...{ type: "message", seq: 1, id: "m", event: "chat", from: { id: "ada", name: "ada" }, at: test.now },
      ...{ deletedAt: test.now, changed: 4 },
    });
  });

  it("[E2] repeated is ok with 0 for everyone who may delete it, and is delivered to no one", () => {
    const { test, ada, bo, mo, quiet } = roomWith();
    ada.send("m");
    expect(bo.ask(remove(1))).toMatchObject({ code: "forbidden" });
    ada.ask(remove(1));
    quiet();
    expect(ada.ask(remove(1))).toEqual({ type: "ok", id: "d1", seq: 0 });
    expect(mo.ask(remove(1))).toEqual({ type: "ok", id: "d1", seq: 0 });
    expect(bo.ask(remove(1))).toMatchObject({ code: "forbidden" });
    expect(byServer(test, { type: "delete", seq: 1 })).toEqual({ ok: true, value: { seq: 0 } });
    expect(test.audited).toEqual([]);
    expect(test.log.head).toBe(2);
    expect(bo.socket.ofType("messageDeleted")).toEqual([]);
  });

  it("[E2][S8] leaves a message that can be replied to, and whose id is still a repeat", () => {
    const { ada } = roomWith();
    ada.send("m");
    ada.ask(remove(1));
    expect(ada.ask({ type: "send", id: "n", data: 1, replyTo: 1 })).toMatchObject({ seq: 3 });
    expect(ada.ask({ type: "send", id: "m", data: 1 })).toMatchObject({ seq: 1, duplicate: true });
  });
});

describe("a reaction", () => {
  it("[E3] counts once per user and emoji, in the order they came", () => {
    const { test, ada, bo } = roomWith();
    ada.send("m");
    expect(ada.ask(react(1))).toMatchObject({ seq: 2 });
    expect(ada.ask(react(1))).toMatchObject({ type: "ok", seq: 0 });
    expect(bo.ask(react(1))).toMatchObject({ seq: 3 });
    expect(bo.ask(react(1, "🎉"))).toMatchObject({ seq: 4 });
    expect(ada.ask(react(1, "🎉", "remove"))).toMatchObject({ type: "ok", seq: 0 });
    expect(test.log.find(1)?.meta.reactions).toEqual({ "👍": ["ada", "bo"], "🎉": ["bo"] });
    expect(ada.ask(react(1, "👍", "remove"))).toMatchObject({ seq: 5 });
    expect(bo.socket.events.at(-1)).toEqual({
      ...{ type: "reaction", seq: 5, at: test.now, target: 1, emoji: "👍", user: "ada", op: "remove" },
    });
    bo.ask(react(1, "👍", "remove"));
    bo.ask(react(1, "🎉", "remove"));
    expect(test.log.find(1)?.meta).not.toHaveProperty("reactions");
  });

  it("[E3] is limited to 20 different emojis and 500 in all", () => {
    const { test, ada, bo } = roomWith();
    ada.send("m");
    const emojis = Array.from({ length: MAX_DIFFERENT_EMOJIS }, (_, index) =>
      String.fromCodePoint(0x1f600 + index),
    );
    for (const [at, emoji] of emojis.entries())
      expect(test.join(`u${at - (at % 3)}`).ask(react(1, emoji))).toMatchObject({ type: "ok" });
    expect(bo.ask(react(1, "👍"))).toMatchObject({ code: "too_large", path: ["emoji"] });
    expect(bo.ask(react(1, emojis[3]))).toMatchObject({ type: "ok" });
    for (let n = 100 + MAX_DIFFERENT_EMOJIS + 1; n < 100 + MAX_REACTIONS; n++) {
      const actor = test.connect(`u${n}`).state.actor;
      const change = { type: "react", seq: 1, emoji: emojis[0] ?? "", op: "add" } as const;
      const outcome = test.call(actor, (turn) => test.room.changes.apply(actor, change, turn));
      expect(outcome).toMatchObject({ ok: true, value: {} });
    }
    expect(bo.ask(react(1, emojis[0]))).toMatchObject({ code: "too_large" });
    expect(bo.ask(react(1, emojis[3], "remove"))).toMatchObject({ type: "ok" });
    expect(bo.ask(react(1, emojis[0]))).toMatchObject({ type: "ok" });
  });

  it("[E15] is limited to three different emojis per user and message", () => {
    const { test, ada, bo } = roomWith();
    ada.send("m");
    ada.send("n");
    for (const emoji of ["1️⃣", "2️⃣", "3️⃣"]) expect(ada.ask(react(1, emoji))).toMatchObject({ type: "ok" });
    const { head } = test.log;
    expect(ada.ask(react(1, "4️⃣"))).toMatchObject({ code: "too_large", path: ["emoji"] });
    expect(test.log.head).toBe(head);
    // The same one again changes nothing; others, and other messages, have their own limit.
    expect(ada.ask(react(1, "2️⃣"))).toMatchObject({ type: "ok", seq: 0 });
    expect(bo.ask(react(1, "4️⃣"))).toMatchObject({ type: "ok" });
    expect(ada.ask(react(1, "4️⃣"))).toMatchObject({ code: "too_large" });
    expect(ada.ask(react(2, "4️⃣"))).toMatchObject({ type: "ok" });
    ada.ask(react(1, "1️⃣", "remove"));
    expect(ada.ask(react(1, "4️⃣"))).toMatchObject({ type: "ok" });
  });

  it("[E3] is for users: server code has none", () => {
    const { test, ada } = roomWith();
    ada.send("m");
    const outcome = byServer(test, { type: "react", seq: 1, emoji: "👍", op: "add" });
    expect(outcome).toMatchObject({ ok: false, refusal: { code: "forbidden" } });
  });
});

describe("a refused change", () => {
  const refused = ({ test, ada, quiet }: ReturnType<typeof roomWith>, seq: number) => {
    quiet();
    const before = [test.log.head, test.database.changes];
    for (const change of [edit(seq), react(seq), remove(seq)]) {
      expect(ada.ask(change)).toMatchObject({ type: "error", code: "not_found", path: ["seq"] });
    }
    expect([test.log.head, test.database.changes]).toEqual(before);
    expect(quiet().slice(1)).toEqual([[], []]);
  };

  it("[E5] is one to an unknown message, to a change, or to a removed message", () => {
    const world = roomWith({ historyLimit: 3 });
    world.ada.send("m");
    refused(world, 2);
    world.ada.ask(edit(1));
    refused(world, 2);
    world.ada.send("n");
    world.ada.send("o");
    expect(world.test.log.floor).toBe(0);
    expect(world.ada.ask(edit(1))).toMatchObject({ seq: 5 });
    world.ada.send("p");
    expect(world.test.log.floor).toBe(2);
    refused(world, 1);
  });

  it("[E5] is one to a deleted message, except another deletion", () => {
    const { ada, mo, test } = roomWith();
    ada.send("m");
    ada.ask(remove(1));
    for (const who of [ada, mo]) {
      expect(who.ask(edit(1))).toMatchObject({ code: "not_found" });
      expect(who.ask(react(1))).toMatchObject({ code: "not_found" });
      expect(who.ask(react(1, "👍", "remove"))).toMatchObject({ code: "not_found" });
    }
    expect(test.log.head).toBe(2);
  });

  it("[E5][S14] is one that could not be written: it is delivered to no one, and its seq is free", () => {
    const { test, ada, bo, quiet } = roomWith();
    ada.send("m");
    quiet();
    test.database.failOn = /^UPDATE log/;
    for (const change of [edit(1), react(1), remove(1)])
      expect(ada.ask(change)).toMatchObject({ code: "internal" });
    test.database.failOn = undefined;
    expect(bo.socket.take()).toEqual([]);
    expect(test.log.find(1)).toMatchObject({ data: '"m"', deleted: false });
    expect(ada.ask(edit(1))).toMatchObject({ seq: 2 });
  });

  it("[E8] is one by a user to an event of server code; they may delete it and react to it", () => {
    const { test, ada, mo } = roomWith({ serverEvents: ["task"] });
    const input = { id: "m", event: "task.done", data: "1", from: { id: "ada" } };
    test.call(SERVER, (turn) => test.room.publisher.publish(SERVER, input, turn));
    for (const who of [ada, mo]) expect(who.ask(edit(1))).toMatchObject({ code: "forbidden" });
    expect(byServer(test, { type: "edit", seq: 1, data: "2" })).toMatchObject({ ok: true });
    expect(mo.ask(react(1))).toMatchObject({ seq: 3 });
    expect(ada.ask(remove(1))).toMatchObject({ seq: 4 });
  });
});

describe("the seq of a change", () => {
  it.each(["crash", "hibernate"] as const)(
    "[E7][S12] is the next one, and is not given again after a %s",
    (how) => {
      const { test, ada } = roomWith();
      const again = (): Person => {
        test.restart(how);
        return how === "crash" ? test.join("ada") : ada;
      };
      ada.send("m");
      expect(ada.ask(edit(1))).toMatchObject({ seq: 2 });
      expect(again().ask(react(1))).toMatchObject({ seq: 3 });
      expect(again().ask({ type: "send", id: "n", data: 1 })).toMatchObject({ seq: 4 });
      expect(again().ask(remove(1))).toMatchObject({ seq: 5 });
      expect(again().ask(remove(4))).toMatchObject({ seq: 6 });
    },
  );

  it("[E7][S11] takes no row: one row per message, however often it changes", () => {
    const { test, ada } = roomWith({ historyLimit: 10 });
    for (let n = 1; n <= 30; n++) ada.send(`m${n}`);
    const before = test.database.changes;
    const { head } = test.log;
    ada.ask(edit(head));
    ada.ask(react(head));
    ada.ask(remove(head));
    ada.send("next");
    expect(test.database.changes - before).toBe(4);
    expect([...test.database.sql.exec("SELECT COUNT(*) AS rows FROM log")]).toEqual([{ rows: 10 }]);
  });

  it("[E9][T2] comes to filtered connections with changes to matching messages only", () => {
    const { test, ada } = roomWith();
    const [chat, task] = [test.join("cy", { topics: ["chat"] }), test.join("cy", { topics: ["task"] })];
    ada.send("m");
    ada.send("n", 1, { event: "task.created" });
    for (const change of [edit(1), edit(2), react(1), react(2), remove(1), remove(2)]) ada.ask(change);
    const sequenced = new Set(["message", "messageUpdated", "reaction", "messageDeleted"]);
    const heard = ({ socket }: Person) =>
      socket.events.filter(({ type }) => sequenced.has(type)).map(({ seq }) => seq);
    expect(heard(chat)).toEqual([1, 3, 5, 7]);
    expect(heard(task)).toEqual([2, 4, 6, 8]);
  });
});
