import { describe, expect, it, vi } from "vitest";
import { type Person, RoomForTest } from "../../support/room-for-test.ts";

const MIB = 1_048_576;
const FLUSH_BYTES = 2 * MIB;
const UNREAD_BYTES = 16 * MIB;

/** A room whose log has so many messages of 10,000 characters. */
function largeRoom(count: number) {
  const test = new RoomForTest({ historyLimit: 10_000 });
  const ada = test.join("ada", { history: 0 });
  for (let n = 1; n <= count; n++) ada.say({ type: "send", id: `m${n}`, data: "x".repeat(10_000) });
  test.flush();
  ada.socket.take();
  return { test, ada, cursor: (seq: number) => `${test.log.epoch}.${seq}` };
}

const bytesOf = (people: readonly Person[]) =>
  people.flatMap(({ socket }) => socket.frames).reduce((sum, { length }) => sum + length, 0);
const isGreeted = ({ socket }: Person) => socket.frames.length > 0;

/** Pages on until it is live; answers what it heard of the log. */
function readAll(test: RoomForTest, person: Person): unknown[] {
  for (let page = 1; ; page++) {
    const { events } = person.socket;
    const last = events.findLast(({ type, id }) => type === "caughtUp" || id === `p${page - 1}`);
    if (last?.more !== true) break;
    person.say({ type: "history", id: `p${page}`, after: last.seq, limit: 1_000 });
    test.flush();
  }
  return person.socket.events.flatMap((event) => {
    const inPage = Array.isArray(event.events) ? event.events : [event];
    return inPage.filter(({ type }) => type === "message").map(({ seq }) => seq);
  });
}

describe("many who come back at once", () => {
  it("[F12] are greeted a few MiB at a time, in their order, and miss nothing", () => {
    const { test, ada, cursor } = largeRoom(400);
    const people = Array.from({ length: 200 }, (_, at) => test.connect(`user${at}`, { since: cursor(at) }));
    const sentAtOnce: number[] = [];
    for (let flush = 0; test.room.hasWork; flush++) {
      const before = bytesOf(people);
      ada.say({ type: "send", id: `live${flush}`, data: flush });
      test.room.flush(test.now);
      sentAtOnce.push(bytesOf(people) - before);
      // The first ones first, and nobody hears anything before its `connected`.
      expect(people.findLastIndex(isGreeted)).toBe(people.filter(isGreeted).length - 1);
      expect(
        people.filter(isGreeted).every(({ socket }) => socket.frames[0]?.startsWith('{"type":"connected"')),
      ).toBe(true);
      expect(flush).toBeLessThan(200);
    }
    expect(sentAtOnce.length).toBeGreaterThan(2);
    expect(Math.max(...sentAtOnce)).toBeLessThan(FLUSH_BYTES + MIB);
    expect(people.every(isGreeted)).toBe(true);
    const { head } = test.log;
    for (const [since, person] of [...people.entries()].slice(-3)) {
      expect(readAll(test, person)).toEqual(Array.from({ length: head - since }, (_, at) => since + at + 1));
    }
    expect(test.room.attendance.occupancy).toEqual({ members: 201, connections: 201 });
  });

  it("[F12] their later pages are bounded too, and what was said behind one waits for it", () => {
    const { test, cursor } = largeRoom(400);
    const people = Array.from({ length: 30 }, (_, at) => test.join(`user${at}`, { since: cursor(at) }));
    for (const person of people) {
      const [caughtUp] = person.socket.ofType("caughtUp");
      person.socket.take();
      person.say(
        { type: "history", id: "page", after: caughtUp?.seq, limit: 1_000 },
        { type: "send", id: "own", data: 1 },
      );
    }
    test.room.flush(test.now);
    expect(bytesOf(people)).toBeLessThan(FLUSH_BYTES + MIB);
    test.flush();
    for (const { socket } of people) {
      const answers = socket.events.filter(({ type }) => type === "ok").map(({ id }) => id);
      expect(answers).toEqual(["page", "own"]);
    }
  });

  it("[F12] those who page do not hold up those who come, nor the other way round", () => {
    const { test, cursor } = largeRoom(400);
    const ask = (person: Person, at: number) =>
      person.say({ type: "history", id: `again${at}`, after: 5 * at, limit: 1_000 });
    const readers = Array.from({ length: 80 }, (_, at) => test.join(`reader${at}`, { since: cursor(390) }));
    for (const [at, reader] of readers.entries()) ask(reader, at);
    const joiners = Array.from({ length: 80 }, (_, at) => test.connect(`user${at}`, { since: cursor(at) }));
    test.room.flush(test.now);
    const answered = readers.filter(({ socket }) => socket.ofType("ok").length > 0);
    expect(answered.length).toBeGreaterThan(20);
    expect(joiners.filter(isGreeted).length).toBeGreaterThan(20);
  });

  it("[F12] who leaves while it waits is told to have left, and nobody waits for its page", () => {
    const { test, ada, cursor } = largeRoom(400);
    test.connect("first", { since: cursor(0) }).socket.unsent = 2 * UNREAD_BYTES;
    test.flush();
    const bo = test.connect("bo", { since: cursor(0) });
    test.room.flush(test.now);
    expect([ada.socket.ofType("memberJoined").map(({ member }) => member), isGreeted(bo)]).toMatchObject([
      [{ id: "first" }, { id: "bo" }],
      false,
    ]);
    bo.socket.close(1000, "");
    test.room.enqueue({ kind: "leave", connection: bo.connection, departure: "left" });
    test.room.flush(test.now);
    expect(ada.socket.ofType("memberLeft")).toMatchObject([{ user: "bo" }]);
    expect([test.room.size, test.room.hasWork, test.room.attendance.occupancy.connections]).toEqual([
      2,
      false,
      2,
    ]);
  });

  it("[F14] a page that is the same for several of them is built once", () => {
    const { test, cursor } = largeRoom(300);
    const built = vi.spyOn(test.log, "eventsAfter");
    const people = Array.from({ length: 15 }, (_, at) => test.connect(`user${at}`, { since: cursor(290) }));
    test.room.flush(test.now);
    expect(built).toHaveBeenCalledTimes(1);
    expect(people.every(isGreeted)).toBe(true);
    for (const person of people) {
      person.say({ type: "history", id: "page", after: 20, limit: 10 });
    }
    test.room.flush(test.now);
    expect(built).toHaveBeenCalledTimes(2);
    expect(people.map(({ socket }) => socket.ofType("ok").length)).toEqual(people.map(() => 1));
  });

  it("[F12] fewer of them get larger pages, and one alone a whole one", () => {
    const { test, cursor } = largeRoom(400);
    const first = test.join("first", { since: cursor(0) });
    expect(bytesOf([first])).toBeGreaterThan(0.95 * MIB);
    const ten = Array.from({ length: 10 }, (_, at) => test.connect(`user${at}`, { since: cursor(at) }));
    test.room.flush(test.now);
    expect(ten.every(isGreeted)).toBe(true);
    expect(Math.max(...ten.map((person) => bytesOf([person])))).toBeGreaterThan(150_000);
  });
});

describe("connections that do not read what they were sent", () => {
  function heldUp() {
    const { test, ada, cursor } = largeRoom(400);
    const deaf = Array.from({ length: 15 }, (_, at) => {
      const person = test.connect(`deaf${at}`, { since: cursor(0) });
      person.socket.unsent = 1.1 * MIB;
      test.flush();
      return person;
    });
    const bo = test.connect("bo", { since: cursor(0) });
    test.room.flush(test.now);
    return { test, ada, deaf, bo };
  }

  it("[F13] hold up pages, and nothing else, until they have read", () => {
    const { test, ada, deaf, bo } = heldUp();
    expect([isGreeted(bo), test.room.isHeldUp]).toEqual([false, true]);
    ada.say({ type: "send", id: "live", data: 1 });
    test.room.flush(test.now);
    expect(ada.socket.ofType("message").at(-1)).toMatchObject({ id: "live" });
    expect(isGreeted(bo)).toBe(false);
    for (const { socket } of deaf.slice(0, 8)) socket.unsent = 0;
    test.room.flush(test.now);
    expect([isGreeted(bo), test.room.isHeldUp]).toEqual([true, false]);
  });

  it("[F13] are closed where they read nothing for 10 s; who reads at all is not", () => {
    const { test, deaf, bo } = heldUp();
    test.now += 9_000;
    for (const { socket } of deaf.slice(0, 4)) socket.unsent -= 1_000;
    test.room.flush(test.now);
    expect(deaf.filter(({ socket }) => socket.closed)).toEqual([]);
    test.now += 2_000;
    test.room.flush(test.now);
    test.room.flush(test.now);
    expect(deaf.map(({ socket }) => socket.closed?.reason)).toEqual([
      ...Array.from({ length: 4 }, () => undefined),
      ...Array.from({ length: 11 }, () => "slow_consumer"),
    ]);
    expect(isGreeted(bo)).toBe(true);
  });

  it("[F13] are left alone where nobody waits", () => {
    const { test, deaf, bo } = heldUp();
    bo.leave("left");
    test.later(60_000);
    expect(deaf.filter(({ socket }) => socket.closed)).toEqual([]);
  });

  it("[F13] get no further page themselves", () => {
    const { test, cursor } = largeRoom(400);
    const bo = test.join("bo", { since: cursor(0) });
    bo.socket.take();
    bo.socket.unsent = 1.5 * MIB;
    bo.say({ type: "history", id: "page", after: 100, limit: 1_000 });
    test.room.flush(test.now);
    expect(bo.socket.ofType("ok")).toEqual([]);
    bo.socket.unsent = 0;
    test.flush();
    expect(bo.socket.ofType("ok")).toHaveLength(1);
  });
});
