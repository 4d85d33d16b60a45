// What server code sends in a user's name, and what others change in a message, is distinguishable from what the user
// sent.

import { describe, expect, it } from "vitest";
import { SERVER } from "../../../src/access/identity.ts";
import type { MessageInput } from "../../../src/room/publisher.ts";
import { type Person, RoomForTest } from "../../support/room-for-test.ts";

const edit = (seq: number, data: unknown, id = `e${seq}`) => ({ type: "edit", id, seq, data });

const sayAsServer = (test: RoomForTest, input: Omit<MessageInput, "data">) =>
  test.call(SERVER, (turn) => test.room.publisher.publish(SERVER, { data: '"server"', ...input }, turn));

const editAsServer = (test: RoomForTest, seq: number) =>
  test.call(SERVER, (turn) => test.room.changes.apply(SERVER, { type: "edit", seq, data: "1" }, turn));

/** As a new client receives it. */
const message = (test: RoomForTest, seq: number) =>
  test
    .join("cy")
    .socket.ofType("message")
    .find((one) => one.seq === seq);

describe("an edit", () => {
  it("[E20] by another user names the editor, until the author edits it again", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    const mo = test.join("mo", { permission: "moderate" });
    ada.send("m");
    ada.ask(edit(1, "mine"));
    expect(message(test, 1)).not.toHaveProperty("editedBy");
    mo.ask(edit(1, "not hers"));
    expect(ada.socket.events.at(-1)).toMatchObject({
      ...{ type: "messageUpdated", by: "mo" },
      message: { from: { id: "ada" }, data: "not hers", editedAt: test.now, editedBy: "mo" },
    });
    expect(message(test, 1)).toMatchObject({ from: { id: "ada" }, editedBy: "mo" });
    ada.ask({ type: "react", id: "r", seq: 1, emoji: "👍", op: "add" });
    expect(message(test, 1)).toMatchObject({ editedBy: "mo" });
    editAsServer(test, 1);
    expect(message(test, 1)).toMatchObject({ editedBy: null });
    ada.ask(edit(1, "mine again"));
    expect(message(test, 1)).toMatchObject({ data: "mine again", editedAt: test.now });
    expect(message(test, 1)).not.toHaveProperty("editedBy");
  });

  it("[E20] of what server code sent names every other user as editor, in whatever name it was sent", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    const mo = test.join("mo", { permission: "moderate" });
    sayAsServer(test, { id: "own" });
    sayAsServer(test, { id: "for", from: { id: "ada" } });
    for (const seq of [1, 2]) editAsServer(test, seq);
    for (const seq of [1, 2]) expect(message(test, seq)).not.toHaveProperty("editedBy");
    mo.ask(edit(1, "x"));
    ada.ask(edit(2, "x"));
    expect(message(test, 1)).toMatchObject({ from: null, editedBy: "mo" });
    expect(message(test, 2)).toMatchObject({ from: { id: "ada" }, byServer: true, editedBy: "ada" });
  });

  it("[E20][E10] leaves no trace of its editor in a deleted message", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    const mo = test.join("mo", { permission: "moderate" });
    ada.send("m");
    mo.ask(edit(1, "x"));
    ada.ask({ type: "delete", id: "d", seq: 1 });
    expect(message(test, 1)).toMatchObject({ data: null, deletedAt: test.now });
    expect(message(test, 1)).not.toHaveProperty("editedBy");
    const [row] = test.database.sql.exec<{ body: string }>("SELECT body FROM log");
    expect(row?.body).not.toContain("mo");
  });
});

describe("a message of server code in a user's name", () => {
  it("[E21] carries byServer; one by the user, or by server code in its own name, does not", () => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    sayAsServer(test, { id: "a", from: { id: "ada", name: "Ada" } });
    sayAsServer(test, { id: "b" });
    ada.send("c");
    expect(ada.socket.ofType("message")).toMatchObject([
      { id: "a", from: { id: "ada", name: "Ada" }, byServer: true },
      { id: "b", from: null },
      { id: "c", from: { id: "ada" } },
    ]);
    for (const seq of [2, 3]) expect(message(test, seq)).not.toHaveProperty("byServer");
  });

  const ways: [string, { readonly keyed?: boolean; readonly retryOf?: string }, "crash" | undefined][] = [
    ["in memory", {}, undefined],
    ["given over HTTP", { keyed: true }, undefined],
    ["given over HTTP, after a crash", { keyed: true }, "crash"],
    ["a retry, after a crash", { retryOf: "e1.0" }, "crash"],
  ];

  it.each(ways)("[E21] is stored although the user took its id first: %s", (_, more, restart) => {
    const test = new RoomForTest();
    const ada = test.join("ada");
    const own = () => ada.state.actor;
    const sayAsAda = (id: string) =>
      test.call(own(), (turn) => test.room.publisher.publish(own(), { id, data: '"ada"', ...more }, turn));
    // Includes ids that look like the separator of the two.
    for (const id of ["paid", "\npaid", "ada\npaid", "\nada\npaid"]) {
      expect(sayAsAda(id)).toEqual({ ok: true, value: { seq: test.log.head, at: test.now } });
    }
    if (restart !== undefined) test.restart(restart);
    expect(sayAsServer(test, { id: "paid", from: { id: "ada" }, ...more })).toEqual({
      ok: true,
      value: { seq: 5, at: test.now },
    });
    expect(message(test, 5)).toMatchObject({ data: "server", byServer: true });
    // Each still recognises its own repeat.
    if (restart !== undefined) test.restart(restart);
    expect(sayAsServer(test, { id: "paid", from: { id: "ada" }, ...more })).toMatchObject({
      value: { seq: 5, duplicate: true },
    });
    expect(sayAsAda("paid")).toMatchObject({ value: { seq: 1, duplicate: true } });
    expect(test.log.head).toBe(5);
    expect(test.faults).toEqual([]);
  });

  it("[E21] takes no id that the user, another user or server code itself could use", () => {
    const test = new RoomForTest();
    const [ada, bo] = [test.join("ada"), test.join("bo")];
    sayAsServer(test, { id: "x", from: { id: "ada" }, keyed: true });
    sayAsServer(test, { id: "x", from: { id: "bo" }, keyed: true });
    sayAsServer(test, { id: "x", keyed: true });
    ada.send("x");
    bo.send("x");
    expect(ada.seqs).toEqual([1, 2, 3, 4, 5]);
  });

  it("[E22] is not replaced, if it is a signal, by that user's own of the same flush", () => {
    const test = new RoomForTest();
    const [ada, bo] = [test.join("ada"), test.join("bo")];
    const signal = (by: Person | null, data: string) => {
      const actor = by === null ? SERVER : by.state.actor;
      const input = { event: "order.paid", data, ...(by === null && { from: { id: "ada" } }) };
      test.room.enqueue({
        ...{ kind: "call", actor, cost: 1, refused: () => {} },
        run: (turn) => test.room.publisher.signal(actor, input, turn, null),
      });
    };
    signal(null, "1");
    signal(ada, "2");
    signal(ada, "3");
    test.flush();
    expect(bo.socket.ofType("signal").map(({ data }) => data)).toEqual([1, 3]);
  });
});
