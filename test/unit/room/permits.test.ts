// Permissions that the deployer's back end gives for a while and takes away.

import { describe, expect, it } from "vitest";
import type { Permission } from "../../../src/protocol/index.ts";
import { type ConnectOptions, type Person, RoomForTest } from "../../support/room-for-test.ts";

const KNOWN_MS = 1_000;

/** A room in which ada's permission is cached for 1 s; bo's token has a `rooms` claim. */
function roomOfBoth(options: ConnectOptions = {}) {
  const test = new RoomForTest();
  const bo = test.join("bo");
  const ada = test.join("ada", { permissionUntil: test.now + KNOWN_MS, ...options });
  for (const { socket } of [ada, bo]) socket.take();
  return { test, ada, bo };
}

/** The users about whom the room would ask now. */
/** The users about whom the flushes since the last call asked. */
const asked = (test: RoomForTest) =>
  test.effects.splice(0).flatMap(({ questions }) => questions.map(({ user }) => user.id));

function answer(test: RoomForTest, permission: Permission | "no answer", user = "ada"): void {
  const identity = { kind: "user", user: { id: user }, expiresAt: 0, issuedAt: 0 } as const;
  test.room.permits.answered(
    user,
    permission === "no answer"
      ? { ok: false, refusal: { code: "overloaded", message: "" } }
      : { ok: true, value: { identity, permission, permissionUntil: test.now + KNOWN_MS } },
  );
  test.flush();
}

/** What came since the last call, apart from the number of connections. */
const types = ({ socket }: Person) =>
  socket
    .take()
    .filter(({ type }) => type !== "occupancy")
    .map(({ type, seq, id }) => seq ?? id ?? type);

describe("an expired permission", () => {
  it("[A46] is asked for before anything more is delivered, and then what was sent comes once, in order", () => {
    const { test, ada, bo } = roomOfBoth();
    bo.send("m1");
    expect(types(ada)).toEqual([1]);
    test.later(KNOWN_MS);
    bo.send("m2");
    bo.say({ type: "signal", event: "typing", data: 1 });
    test.flush();
    test.join("cy");
    expect([types(ada), asked(test), asked(test)]).toEqual([[], ["ada"], []]);
    answer(test, "read");
    bo.send("m3");
    expect(types(ada)).toEqual([2, "signal", "memberJoined", 3]);
    expect(ada.ask({ type: "send", id: "s", data: 1 })).toMatchObject({ code: "forbidden" });
  });

  it("[A46] closes with 4403 if the answer is none, at once, on all connections of the user, and nothing is delivered", () => {
    const { test, ada, bo } = roomOfBoth();
    const idle = test.join("ada", { topics: [], presence: false, permissionUntil: test.now + KNOWN_MS });
    idle.socket.take();
    test.later(KNOWN_MS);
    bo.socket.take();
    ada.say({ type: "send", id: "s", data: "too late" });
    bo.send("m1");
    expect(asked(test)).toEqual(["ada"]);
    answer(test, "none");
    for (const one of [ada, idle]) {
      expect(one.socket.closed).toEqual({
        code: 4403,
        reason: "forbidden: AUTHORIZE_URL no longer lets you read this room",
      });
      expect(types(one)).toEqual([]);
    }
    expect(types(bo)).toEqual([1, 1, "memberLeft"]);
    expect([test.log.head, test.room.hasWork]).toEqual([1, false]);
  });

  it("[A47] lets commands wait in order, also a leave and what is behind it in a batch", () => {
    const { test, ada, bo } = roomOfBoth();
    test.later(KNOWN_MS);
    ada.send("a1");
    bo.send("b1");
    ada.say({ type: "send", id: "a2", data: 2 }, { type: "read", id: "r" });
    ada.leave("left");
    expect([asked(test), test.log.head, test.room.hasWork]).toEqual([["ada"], 1, false]);
    answer(test, "write");
    expect(bo.socket.ofType("message").map(({ id }) => id)).toEqual(["b1", "a1", "a2"]);
    expect(test.room.roomPresence.occupancy.members).toBe(1);
  });

  it("[A47] delays what was requested before it expired: a page of history, and first frames", () => {
    const { test, ada, bo } = roomOfBoth();
    bo.send("m1");
    ada.socket.take();
    ada.say({ type: "send", id: "s", data: 1 });
    test.now += KNOWN_MS;
    const late = test.connect("cy", { permissionUntil: test.now });
    ada.say({ type: "history", id: "h" });
    test.flush();
    expect([types(ada), types(late), test.log.head]).toEqual([[], [], 1]);
    expect(asked(test)).toEqual(["ada", "cy"]);
    expect(test.room.hasWork).toBe(false);
    answer(test, "write", "cy");
    expect(late.socket.take()[0]).toMatchObject({ type: "connected" });
    answer(test, "write");
    expect(ada.socket.take().map(({ type, id }) => [type, id])).toEqual([
      ["memberJoined", undefined],
      ["message", "s"],
      ["ok", "s"],
      ["ok", "h"],
    ]);
  });

  it("[A47] can be renewed by an `auth` too, and what waited comes before its answer", () => {
    const { test, ada, bo } = roomOfBoth();
    test.later(KNOWN_MS);
    bo.send("m1");
    const { identity } = ada.connection;
    const value = { identity, permission: "read", permissionUntil: test.now + KNOWN_MS } as const;
    test.room.enqueue({ kind: "auth", connection: ada.connection, id: "a", outcome: { ok: true, value } });
    bo.say({ type: "send", id: "m2", data: 2 });
    test.flush();
    expect(types(ada)).toEqual([1, 2, "a"]);
    // The answer to the open question has no effect any more.
    asked(test);
    answer(test, "none");
    expect(ada.socket.closed).toBeUndefined();
  });

  it("[A47] of a replaced connection: its waiting commands take no effect", () => {
    const { test, ada } = roomOfBoth();
    ada.send("m1");
    test.later(KNOWN_MS);
    ada.say({ type: "edit", id: "e1", seq: 1, data: "older" });
    test.flush();
    ada.say({ type: "edit", id: "e2", seq: 1, data: "older still" });
    const next = test.join("ada", { replaces: ada.state.id });
    next.ask({ type: "edit", id: "e3", seq: 1, data: "newer" });
    asked(test);
    answer(test, "write");
    expect(test.log.find(1)?.data).toBe('"newer"');
    expect(test.room.roomPresence.occupancy.connections).toBe(2);
  });

  it("[A46] remains expired over a sleep, and over a clock that is set back", () => {
    const { test, ada, bo } = roomOfBoth();
    test.restart("hibernate");
    test.later(KNOWN_MS);
    bo.send("m1");
    expect([types(ada), asked(test)]).toEqual([[], ["ada"]]);
    test.now -= 3_600_000;
    bo.send("m2");
    expect(types(ada)).toEqual([]);
    answer(test, "read");
    expect(types(ada)).toEqual([1, 2]);
  });
});

describe("a missing answer", () => {
  it("[A48] is asked for again a little later, and closes with 4503 after 30 s", () => {
    const { test, ada, bo } = roomOfBoth();
    test.later(KNOWN_MS);
    bo.send("m1");
    const times: number[] = [];
    const begun = test.now;
    while (ada.socket.closed === undefined) {
      if (asked(test).length > 0) {
        times.push(test.now - begun);
        answer(test, "no answer");
      }
      const dueAt = test.dueAt;
      if (ada.socket.closed !== undefined) break;
      expect(dueAt).toBeLessThanOrEqual(test.now + 5_000);
      test.now = dueAt ?? Number.NaN;
      test.flush();
    }
    expect(times).toEqual(Array.from({ length: 11 }, (_, n) => n * 3_000));
    expect(ada.socket.closed).toEqual({ code: 4503, reason: "overloaded 5000" });
    test.later(5_000);
    expect([types(ada), test.dueAt]).toEqual([[], null]);
  });

  it("[A48] keeps no more than a connection could read; then the client returns with its cursor", () => {
    const { test, ada, bo } = roomOfBoth();
    test.later(KNOWN_MS);
    for (let n = 0; n < 40; n++) bo.send(`m${n}`, "x".repeat(30_000));
    expect(ada.socket.closed).toEqual({ code: 4503, reason: "overloaded 5000" });
    expect(types(ada)).toEqual([]);
  });
});

describe("the questions of a room", () => {
  it("[A49] run one at a time per user and 50 at once, and not for silent users", () => {
    const test = new RoomForTest();
    const permissionUntil = test.now + KNOWN_MS;
    const people = Array.from({ length: 120 }, (_, n) => test.connect(`u${n >> 1}`, { permissionUntil }));
    const idle = test.connect("idle", { permissionUntil, topics: [], presence: false });
    const bo = test.join("bo");
    test.later(KNOWN_MS);
    expect(asked(test)).toEqual([]);
    bo.send("m1");
    const first = asked(test);
    expect([first.length, new Set(first).size, asked(test)]).toEqual([50, 50, []]);
    answer(test, "read", first[0]);
    const next = asked(test);
    expect([next.length, first.includes(next[0] ?? "")]).toEqual([1, false]);
    for (const user of [...first.slice(1), ...next]) answer(test, "read", user);
    for (const user of asked(test)) answer(test, "read", user);
    expect(people.map(({ seqs }) => seqs)).toEqual(people.map(() => [1]));
    expect(idle.socket.closed).toBeUndefined();
    // The sweep asks about them too.
    test.room.connections.askAnew(test.now);
    test.flush();
    expect(asked(test)).toEqual(["idle"]);
  });

  it("[A49] are not asked about a user who has gone", () => {
    const { test, ada, bo } = roomOfBoth();
    test.later(KNOWN_MS);
    test.room.connections.askAnew(test.now, [ada.connection]);
    ada.leave("lost");
    bo.send("m1");
    expect(asked(test)).toEqual([]);
  });
});
