import { describe, expect, it } from "vitest";
import type { RoomsCommand } from "../../../src/user/session-commands.ts";
import { UserForTest } from "../../support/user-for-test.ts";

const HOUR_MS = 3_600_000;

describe("a notification", () => {
  it("[U13] may be pushed if it is new and not muted", () => {
    const test = new UserForTest();
    expect(test.notify("a")).toEqual({ answer: { seq: 1, delivered: 0 }, mayPush: true });
    expect(test.notify("a")).toEqual({ answer: { seq: 1, delivered: 0, duplicate: true }, mayPush: false });
    test.user.preferences.change({ mutedTopics: ["news"] });
    const muted = {
      id: "b",
      title: "b",
      message: "",
      priority: "medium",
      data: "null",
      topic: "news",
    } as const;
    expect(test.user.notify(muted, test.now)).toEqual({ answer: { seq: 2, delivered: 0 }, mayPush: false });
  });
});

describe("what is counted of a user", () => {
  it("[O27] is each notification and signal, and the frames that sessions were sent of them", () => {
    const test = new UserForTest();
    test.notify("a");
    const sockets = [test.open().socket, test.open().socket];
    for (const { frames } of sockets) frames.length = 0;
    test.notify("b");
    test.user.signal("typing", "1", test.now);
    expect(
      test.traffic.map(({ published, frames }) => [Object.fromEntries(published), frames]),
    ).toMatchObject([
      [{ "": { notifications: 1 } }, 0],
      [{ "": { notifications: 1 } }, 2],
      [{ typing: { signals: 1 } }, 2],
    ]);
    const sent = sockets.flatMap(({ frames }) => frames);
    const bytes = test.traffic.reduce((sum, traffic) => sum + traffic.bytes, 0);
    expect(bytes).toBe(sent.reduce((sum, { length }) => sum + length, 0));
  });

  it("[O21] has the type of a command that is refused, also of one that is malformed", () => {
    const test = new UserForTest({ rateBurst: 1 });
    const { session } = test.open();
    const refusal = { code: "bad_request", message: "no" } as const;
    test.user.receive(session, { kind: "refused", refusal, command: "mark" }, test.now);
    test.user.charge(test.now);
    const join = { type: "join", id: "j", room: "r" } as const;
    test.user.passesToRooms(session, join, test.now);
    expect(test.journal.filter(({ kind }) => kind === "refused")).toMatchObject([
      { command: "mark", user: "ada" },
      { command: "join", refusal: { code: "rate_limited" } },
    ]);
  });
});

describe("a command for the rooms of a session", () => {
  const join = { type: "join", id: "j", room: "r" } as const;
  const presence = { type: "presence", id: "p" } as const;
  const leave = { type: "leave", id: "l", room: "r" } as const;
  const frame = { type: "roomFrame", room: "r", frame: "{}", ids: [] } as const;
  const rooms = Object.fromEntries(["a", "b", "c"].map((room) => [room, { join: room, told: null }]));

  it.each<[string, RoomsCommand, number]>([
    ["a join costs one", join, 1],
    ["a presence costs one for each room", presence, 3],
    ["a leave is free", leave, 0],
    ["a frame is counted by its room", frame, 0],
  ])("[M5] %s", (_, command, cost) => {
    const test = new UserForTest({ rateBurst: 3 });
    const { session, socket } = test.open({ rooms });
    const passes = () => test.user.passesToRooms(session, command, test.now);
    const passed = Array.from({ length: 4 }, passes).filter(Boolean).length;
    expect(passed).toBe(cost === 0 ? 4 : 3 / cost);
    expect(socket.ofType("error")).toHaveLength(4 - passed);
  });

  it("[M9] is not passed on after the token has expired", () => {
    const test = new UserForTest();
    const { session, socket } = test.open();
    test.now += HOUR_MS;
    expect(test.user.passesToRooms(session, join, test.now)).toBe(false);
    expect(socket.closed).toMatchObject({ code: 4401 });
  });
});

describe("the budget of a day", () => {
  it("[K16] closes the user's connections when it is used up, and then opens and creates nothing", () => {
    const test = new UserForTest({ userBudget: 100 });
    const { socket } = test.open();
    expect(test.user.reportSpending(99, test.now)).toBe(0);
    expect(test.user.mayCreateRoom(test.now)).toMatchObject({ ok: true });
    expect(socket.closed).toMatchObject({ code: 4429 });
    const refusal = { code: "rate_limited" };
    expect(test.user.mayCreateRoom(test.now)).toMatchObject({ ok: false, refusal });
    expect(test.user.registerRoom("r", null, test.now)).toMatchObject({ ok: false, refusal });
    expect(test.user.admissionRefusal(test.identity(), undefined, test.now)).toMatchObject(refusal);
    const heldUntil = test.user.reportSpending(1, test.now);
    expect(heldUntil % 86_400_000).toBe(0);
    expect(test.user.mayCreateRoom(heldUntil)).toMatchObject({ ok: true });
  });

  it("[K16] counts the opening of a room, which the user follows from then on", () => {
    const test = new UserForTest({ userBudget: 29 });
    expect(test.user.registerRoom("r", null, test.now)).toMatchObject({ ok: true });
    expect(test.user.followed.list()).toEqual(["r"]);
    expect(test.user.reportSpending(0.5, test.now)).toBe(0);
    expect(test.user.reportSpending(0.5, test.now)).toBeGreaterThan(test.now);
  });
});

describe("an auth", () => {
  it("[M8] is charged for the questions about its rooms", () => {
    const test = new UserForTest({ rateBurst: 3 });
    const { session, socket } = test.open();
    const renew = (questions: number) =>
      test.user.authenticated(session, "a", { ok: true, value: test.identity() }, questions, test.now);
    expect(renew(0)).toBe(true);
    expect(renew(2)).toBe(true);
    expect(renew(2)).toBe(false);
    expect(socket.ofType("error")).toMatchObject([{ id: "a", code: "rate_limited" }]);
  });
});
