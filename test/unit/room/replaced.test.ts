import { describe, expect, it } from "vitest";
import { RoomForTest } from "../../support/room-for-test.ts";

/** Ada's connection vanishes while an edit is in flight; she reconnects and edits again. */
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

describe("a replaced connection", () => {
  it("[E12] has no effect any more: its late frames overwrite nothing newer", () => {
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

  it("[E12] would have an effect without `replaces`, which is why a client names it", () => {
    const { test, old, next } = afterReturn(() => undefined);
    next.ask({ type: "edit", id: "e", seq: 1, data: "newer" });
    old.say({ type: "edit", id: "late", seq: 1, data: "older" });
    test.flush();
    expect(text(test, 1)).toBe('"older"');
  });

  it("[E12] has an effect with what came before its successor, in order", () => {
    const test = new RoomForTest();
    const old = test.join("ada");
    old.send("m1", "first");
    old.say({ type: "edit", id: "e1", seq: 1, data: "before" });
    const next = test.connect("ada", { since: `${test.log.epoch}.0`, replaces: old.state.id });
    next.say({ type: "edit", id: "e2", seq: 1, data: "after" });
    old.say({ type: "edit", id: "late", seq: 1, data: "late" });
    test.flush();
    expect([text(test, 1), test.log.head]).toEqual(['"after"', 3]);
    // The replay contains it, so that its client learns the result.
    expect(next.socket.ofType("message")).toMatchObject([{ seq: 1, data: "before" }]);
  });

  it("[E12][P3] is not visible to others: the member is the same, with one connection", () => {
    const { test, bo } = afterReturn((id) => id);
    test.later(20_000);
    expect(bo.socket.take().map(({ type }) => type)).toEqual([]);
    expect(test.room.roomPresence.occupancy).toEqual({ members: 2, connections: 2 });
  });

  it("[E12][A8] gives its place to its successor", () => {
    const test = new RoomForTest({ maxConnectionsPerUser: 1 });
    const old = test.join("ada");
    const { actor } = old.state;
    expect(test.room.openingRefusal(actor, test.now)).toMatchObject({ code: "room_full" });
    expect(test.room.mayGiveUp(old.state.id, actor.identity)).toBe(true);
    test.room.giveUp(old.state.id, actor.identity);
    test.flush();
    expect(test.room.openingRefusal(actor, test.now)).toBe(undefined);
  });

  it("[E13] of an anonymous reader is not closed, as its owner is unknown", () => {
    const { test, old } = afterReturn((id) => id, null);
    expect(old.socket.closed).toBe(undefined);
    expect(test.room.roomPresence.occupancy).toEqual({ members: 1, connections: 3 });
  });

  it("[E13] of another user, or one that does not exist, is left alone", () => {
    const test = new RoomForTest();
    const [bo, nobody] = [test.join("bo"), test.join(null)];
    for (const replaces of [bo.state.id, nobody.state.id, "c_unknown", "", "__proto__"]) {
      expect(test.join("ada", { replaces }).socket.ofType("caughtUp")).toHaveLength(1);
    }
    test.join(null, { replaces: bo.state.id });
    expect([bo.socket.closed, nobody.socket.closed]).toEqual([undefined, undefined]);
  });

  it("[E12] that still waits for its first frames gets none", () => {
    const test = new RoomForTest();
    const old = test.connect("ada");
    const next = test.join("ada", { replaces: old.state.id });
    expect([old.socket.frames, next.socket.ofType("caughtUp").length]).toEqual([[], 1]);
    expect(test.room.roomPresence.occupancy).toEqual({ members: 1, connections: 1 });
  });
});
