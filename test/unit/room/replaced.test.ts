import { describe, expect, it } from "vitest";
import { RoomForTest } from "../../support/room-for-test.ts";

/** Ada's connection is lost without a word while an edit is under way; she comes back and edits anew. */
function afterReturn(replaces: (id: string) => string | undefined, user: string | null = "ada") {
  const test = new RoomForTest();
  const bo = test.join("bo");
  const old = test.join(user);
  const id = replaces(old.state.id);
  if (user !== null) old.send("m1", "first");
  bo.socket.take();
  const next = test.join(user, { since: `${test.log.epoch}.0`, ...(id !== undefined && { replaces: id }) });
  return { test, bo, old, next };
}

const text = (test: RoomForTest, seq: number) => test.log.find(seq)?.data;

describe("a connection that its client gave up", () => {
  it("[E12] says nothing that takes effect any more: its late bytes overwrite nothing newer", () => {
    const { test, old, next } = afterReturn((id) => id);
    expect(next.ask({ type: "edit", id: "e", seq: 1, data: "newer" })).toMatchObject({ type: "ok" });
    expect(next.ask({ type: "react", id: "r", seq: 1, emoji: "👍", op: "add" })).toMatchObject({
      type: "ok",
    });
    old.say({ type: "edit", id: "late", seq: 1, data: "older" });
    old.say({ type: "react", id: "late2", seq: 1, emoji: "👍", op: "remove" });
    test.flush();
    expect([text(test, 1), test.log.head]).toEqual(['"newer"', 3]);
    expect(old.socket.closed).toEqual({ code: 4409, reason: "replaced" });
  });

  it("[E12] without `replaces` they do, which is why a client names it", () => {
    const { test, old, next } = afterReturn(() => undefined);
    next.ask({ type: "edit", id: "e", seq: 1, data: "newer" });
    old.say({ type: "edit", id: "late", seq: 1, data: "older" });
    test.flush();
    expect(text(test, 1)).toBe('"older"');
  });

  it("[E12] what it had said before its successor came takes effect in order", () => {
    const test = new RoomForTest();
    const old = test.join("ada");
    old.send("m1", "first");
    old.say({ type: "edit", id: "e1", seq: 1, data: "before" });
    const next = test.connect("ada", { since: `${test.log.epoch}.0`, replaces: old.state.id });
    next.say({ type: "edit", id: "e2", seq: 1, data: "after" });
    old.say({ type: "edit", id: "late", seq: 1, data: "late" });
    test.flush();
    expect([text(test, 1), test.log.head]).toEqual(['"after"', 3]);
    // The replay tells of it, so that its client knows what became of it.
    expect(next.socket.ofType("message")).toMatchObject([{ seq: 1, data: "before" }]);
  });

  it("[E12][P3] shows nothing to others: it is the same member, with one connection", () => {
    const { test, bo } = afterReturn((id) => id);
    test.later(20_000);
    expect(bo.socket.take().map(({ type }) => type)).toEqual([]);
    expect(test.room.roomPresence.occupancy).toEqual({ members: 2, connections: 2 });
  });

  it("[E12][A8] gives its place to its successor", () => {
    const test = new RoomForTest({ maxConnectionsPerUser: 1 });
    const old = test.join("ada");
    const { actor } = old.state;
    expect(test.room.refuses(actor, test.now)).toMatchObject({ code: "room_full" });
    expect(test.room.mayGiveUp(old.state.id, actor.identity)).toBe(true);
    test.room.giveUp(old.state.id, actor.identity);
    test.flush();
    expect(test.room.refuses(actor, test.now)).toBe(undefined);
  });

  it("[E13] of an anonymous reader lives on, as nobody can tell whose it is", () => {
    const { test, old } = afterReturn((id) => id, null);
    expect(old.socket.closed).toBe(undefined);
    expect(test.room.roomPresence.occupancy).toEqual({ members: 1, connections: 3 });
  });

  it("[E13] one of somebody else, or one that is not there, is left alone", () => {
    const test = new RoomForTest();
    const [bo, nobody] = [test.join("bo"), test.join(null)];
    for (const replaces of [bo.state.id, nobody.state.id, "c_unknown", "", "__proto__"]) {
      expect(test.join("ada", { replaces }).socket.ofType("caughtUp")).toHaveLength(1);
    }
    test.join(null, { replaces: bo.state.id });
    expect([bo.socket.closed, nobody.socket.closed]).toEqual([undefined, undefined]);
  });

  it("[E12] one that still waits for its first frames gets none", () => {
    const test = new RoomForTest();
    const old = test.connect("ada");
    const next = test.join("ada", { replaces: old.state.id });
    expect([old.socket.frames, next.socket.ofType("caughtUp").length]).toEqual([[], 1]);
    expect(test.room.roomPresence.occupancy).toEqual({ members: 1, connections: 1 });
  });
});
