import { describe, expect, it } from "vitest";
import { SERVER } from "../../../src/access/identity.ts";
import { utf8Length } from "../../../src/protocol/index.ts";
import { type Person, RoomForTest } from "../../support/room-for-test.ts";

const SIZES = [4_096, 8_192, 32_768, 65_536, 262_144];
const largest = ({ socket }: Person) => Math.max(...socket.frames.map((frame) => utf8Length(frame)));

/**
 * The limit of the library that accepts least: a room with messages of 600 characters that are more bytes than units.
 */
function roomWith(count: number, chars = 300) {
  const test = new RoomForTest({ historyLimit: 2_000 });
  const ada = test.join("ada", { history: 0 });
  for (let n = 1; n <= count; n++) ada.say({ type: "send", id: `m${n}`, data: "é".repeat(chars) });
  test.flush();
  return { test, ada, since: `${test.log.epoch}.0` };
}

describe("a connection that takes small frames only", () => {
  it.each(SIZES)(
    "[F15] gets its replay, its live events and its answers in frames of %i bytes",
    (frameBytes) => {
      const { test, ada, since } = roomWith(1_200);
      const bo = test.join("bo", { since, frameBytes });
      const any = test.join("cy", { since });
      expect(bo.socket.ofType("connected")).toMatchObject([{ limits: { frameBytes } }]);
      expect(any.socket.ofType("connected")).toMatchObject([{ limits: { frameBytes: 1_048_576 } }]);
      // Not less of it at once: only the frames are small.
      expect(bo.seqs).toEqual(any.seqs);
      for (let n = 0; n < 60; n++) ada.say({ type: "send", id: `live${n}`, data: "x".repeat(500) });
      test.flush();
      for (let page = 0, after: unknown = 1_000; after !== undefined; page++) {
        const answer = bo.ask({ type: "history", id: `p${page}`, after, limit: 1_000 });
        after = answer?.more === true ? answer.seq : undefined;
        expect(page).toBeLessThan(300);
      }
      for (let n = 0; n < 60; n++) ada.say({ type: "send", id: `more${n}`, data: "x".repeat(500) });
      test.flush();
      bo.ask({ type: "history", id: "older", limit: 200 });
      for (let n = 0; n < 100; n++) bo.say({ type: "send", id: `own${n}`, data: n });
      test.flush();
      expect(largest(bo)).toBeLessThanOrEqual(frameBytes);
      // The frames are filled: there is more than one event per frame.
      expect(largest(bo)).toBeGreaterThan(frameBytes / 2);
      expect(bo.socket.ofType("ok").filter(({ id }) => String(id).startsWith("own"))).toHaveLength(100);
      const inPages = bo.socket.events.flatMap(({ events }) => (Array.isArray(events) ? events : []));
      const heard = [...bo.seqs, ...inPages.map(({ seq }) => seq)].sort((a, b) => Number(a) - Number(b));
      expect(heard).toEqual(Array.from({ length: test.log.head }, (_, at) => at + 1));
    },
  );

  it("[F15] gets a single larger message alone", () => {
    const { test, ada, since } = roomWith(3, 10_000);
    const bo = test.join("bo", { since, frameBytes: 4_096 });
    expect(bo.socket.frames.map((frame) => JSON.parse(frame).events?.length)).toEqual([
      undefined,
      1,
      1,
      1,
      undefined,
    ]);
    bo.socket.take();
    ada.send("large", "x".repeat(20_000));
    expect(bo.socket.frames.map((frame) => JSON.parse(frame).type)).toEqual(["message"]);
    const page = bo.ask({ type: "history", id: "p", after: 0, limit: 1_000 });
    expect(page).toMatchObject({ seq: 1, more: true });
  });

  it("[F15] gets the members that do not fit in `connected` in frames of their own, before the replay", () => {
    const { test } = roomWith(3);
    for (let n = 0; n < 150; n++) test.join(`user${n}`, { history: 0 });
    const bo = test.join("bo", { frameBytes: 4_096 });
    const frames = bo.socket.frames.map((frame) => JSON.parse(frame));
    expect(frames[0]).toMatchObject({
      type: "connected",
      members: [],
      moreMembers: true,
      occupancy: { members: 152 },
    });
    const lists = frames.slice(1).filter(({ type }) => type === "members");
    expect(frames.slice(1, 1 + lists.length)).toEqual(lists);
    expect(lists.length).toBeGreaterThan(2);
    expect(lists.map(({ more }) => more)).toEqual([...lists.slice(1).map(() => true), undefined]);
    expect(lists.flatMap(({ members }) => members)).toEqual(test.room.roomPresence.members);
    expect(largest(bo)).toBeLessThanOrEqual(4_096);
    const any = test.join("cy");
    expect(any.socket.ofType("connected")[0]).not.toHaveProperty("moreMembers");
    expect(any.socket.ofType("connected")[0]?.members).toHaveLength(153);
  });

  it("[F15][P5] gets them in parts also when a crowd is listed again; others get them in one frame", () => {
    const test = new RoomForTest();
    const [bo, cy] = [test.join("bo", { frameBytes: 4_096 }), test.join("cy")];
    const crowd = Array.from({ length: 205 }, (_, n) => test.connect(`user${n}`, { history: 0 }));
    test.flush();
    test.later(2_000);
    for (const { socket } of [bo, cy]) socket.take();
    for (const { connection, socket } of crowd.slice(0, 30)) {
      socket.close(1000, "");
      test.room.enqueue({ kind: "leave", connection, departure: "left" });
    }
    test.flush();
    const lists = bo.socket.ofType("members");
    expect(lists.length).toBeGreaterThan(2);
    expect(lists.at(-1)).not.toHaveProperty("more");
    expect(lists.flatMap(({ members }) => members)).toEqual(test.room.roomPresence.members);
    expect(largest(bo)).toBeLessThanOrEqual(4_096);
    expect(cy.socket.ofType("members")).toEqual([
      { type: "members", members: test.room.roomPresence.members },
    ]);
  });

  it("[F15] gets what is due before its close in small frames too", () => {
    const { test } = roomWith(1);
    const bo = test.join("bo", { frameBytes: 4_096, history: 0 });
    for (let n = 0; n < 200; n++) bo.say({ type: "presence", id: `${n} ${"x".repeat(50)}` });
    test.call(SERVER, (turn) => {
      return test.room.moderation.kick(SERVER, { user: "bo", banSeconds: 0 }, turn);
    });
    expect(bo.socket.ofType("ok")).toHaveLength(200);
    expect(bo.socket.closed).toMatchObject({ code: 4403 });
    expect(largest(bo)).toBeLessThanOrEqual(4_096);
  });

  it("[F15] gets a full list of the longest members in frames of 1 MiB if it named no limit", () => {
    const test = new RoomForTest();
    const text = (length: number) => "\u{1f600}".repeat(length / 2);
    for (let n = 0; n < 199; n++) {
      const person = test.connect(`${n} ${text(240)}`, {
        name: text(128),
        picture: `https://a.example/${"é".repeat(2_000)}`,
        history: 0,
      });
      test.flush();
      person.say({ type: "presence", id: "p", data: "x".repeat(1_000) });
    }
    test.flush();
    const bo = test.join("bo");
    expect(bo.socket.ofType("connected")).toMatchObject([{ members: [], moreMembers: true }]);
    const lists = bo.socket.ofType("members");
    expect(lists.length).toBeGreaterThan(1);
    expect(lists.flatMap(({ members }) => members)).toEqual(test.room.roomPresence.members);
    expect(test.room.roomPresence.members).toHaveLength(200);
    expect(largest(bo)).toBeLessThanOrEqual(1_048_576);
  });

  it("[F15] shares its frames with those of the same limit, and keeps the limit over a sleep", () => {
    const { test, ada } = roomWith(1);
    const [bo, cy, di] = ["bo", "cy", "di"].map((user) =>
      test.join(user, user === "di" ? {} : { frameBytes: 8_192 }),
    );
    expect([
      bo?.connection.audienceKey === cy?.connection.audienceKey,
      bo?.connection.audienceKey === di?.connection.audienceKey,
    ]).toEqual([true, false]);
    test.restart("hibernate");
    bo?.socket.take();
    for (let n = 0; n < 30; n++) ada.say({ type: "send", id: `n${n}`, data: "x".repeat(900) });
    test.flush();
    expect(bo && largest(bo)).toBeLessThanOrEqual(8_192);
    expect(bo?.socket.ofType("message")).toHaveLength(30);
  });
});
