import { describe, expect, it, vi } from "vitest";
import { type ConnectOptions, type Person, RoomForTest } from "../../support/room-for-test.ts";

const MIB = 1_048_576;
const FLUSH_BYTES = 2 * MIB;
const UNREAD_BYTES = 16 * MIB;

/** A room whose log has this many messages of 10,000 characters. */
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

/** Pages until the connection is live; returns what it received of the log. */
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

describe("many clients that return at once", () => {
  it("[F12] are greeted a few MiB at a time, in order, and miss nothing", () => {
    const { test, ada, cursor } = largeRoom(400);
    const people = Array.from({ length: 200 }, (_, at) => test.connect(`user${at}`, { since: cursor(at) }));
    const sentAtOnce: number[] = [];
    for (let flush = 0; test.room.hasWork; flush++) {
      const before = bytesOf(people);
      ada.say({ type: "send", id: `live${flush}`, data: flush });
      test.flushOnce();
      sentAtOnce.push(bytesOf(people) - before);
      // The first ones come first, and none receives anything before its `connected`.
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
    expect(test.room.roomPresence.occupancy).toEqual({ members: 201, connections: 201 });
  });

  it("[F12] get later pages within the same limit, and commands behind a page wait for it", () => {
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
    test.flushOnce();
    expect(bytesOf(people)).toBeLessThan(FLUSH_BYTES + MIB);
    test.flush();
    for (const { socket } of people) {
      const answers = socket.events.filter(({ type }) => type === "ok").map(({ id }) => id);
      expect(answers).toEqual(["page", "own"]);
    }
  });

  it("[F12] page without delaying those who connect, and the reverse", () => {
    const { test, cursor } = largeRoom(400);
    const ask = (person: Person, at: number) =>
      person.say({ type: "history", id: `again${at}`, after: 5 * at, limit: 1_000 });
    const readers = Array.from({ length: 80 }, (_, at) => test.join(`reader${at}`, { since: cursor(390) }));
    for (const [at, reader] of readers.entries()) ask(reader, at);
    const joiners = Array.from({ length: 80 }, (_, at) => test.connect(`user${at}`, { since: cursor(at) }));
    test.flushOnce();
    const answered = readers.filter(({ socket }) => socket.ofType("ok").length > 0);
    expect(answered.length).toBeGreaterThan(20);
    expect(joiners.filter(isGreeted).length).toBeGreaterThan(20);
  });

  it("[F12] are announced as gone if they leave while they wait, and none waits for their pages", () => {
    const { test, ada, cursor } = largeRoom(400);
    test.connect("first", { since: cursor(0) }).socket.unsent = 2 * UNREAD_BYTES;
    test.flush();
    const bo = test.connect("bo", { since: cursor(0) });
    test.flushOnce();
    expect([ada.socket.ofType("memberJoined").map(({ member }) => member), isGreeted(bo)]).toMatchObject([
      [{ id: "first" }, { id: "bo" }],
      false,
    ]);
    bo.socket.close(1000, "");
    test.room.enqueue({ kind: "leave", connection: bo.connection, departure: "left" });
    test.flushOnce();
    expect(ada.socket.ofType("memberLeft")).toMatchObject([{ user: "bo" }]);
    expect([
      test.room.connections.size,
      test.room.hasWork,
      test.room.roomPresence.occupancy.connections,
    ]).toEqual([2, false, 2]);
  });

  it("[F14] share a page that is the same for several of them", () => {
    const { test, cursor } = largeRoom(300);
    const built = vi.spyOn(test.log, "eventsAfter");
    const people = Array.from({ length: 15 }, (_, at) => test.connect(`user${at}`, { since: cursor(290) }));
    test.flushOnce();
    expect(built).toHaveBeenCalledTimes(1);
    expect(people.every(isGreeted)).toBe(true);
    for (const person of people) {
      person.say({ type: "history", id: "page", after: 20, limit: 10 });
    }
    test.flushOnce();
    expect(built).toHaveBeenCalledTimes(2);
    expect(people.map(({ socket }) => socket.ofType("ok").length)).toEqual(people.map(() => 1));
  });

  it("[F12] get larger pages if they are fewer, and one alone gets a whole one", () => {
    const { test, cursor } = largeRoom(400);
    const first = test.join("first", { since: cursor(0) });
    expect(bytesOf([first])).toBeGreaterThan(0.95 * MIB);
    const ten = Array.from({ length: 10 }, (_, at) => test.connect(`user${at}`, { since: cursor(at) }));
    test.flushOnce();
    expect(ten.every(isGreeted)).toBe(true);
    expect(Math.max(...ten.map((person) => bytesOf([person])))).toBeGreaterThan(150_000);
  });
});

describe("connections that do not read what was sent", () => {
  function heldUp() {
    const { test, ada, cursor } = largeRoom(400);
    const deaf = Array.from({ length: 15 }, (_, at) => {
      const person = test.connect(`deaf${at}`, { since: cursor(0) });
      person.socket.unsent = 1.1 * MIB;
      test.flush();
      return person;
    });
    const bo = test.connect("bo", { since: cursor(0) });
    test.flushOnce();
    return { test, ada, deaf, bo };
  }

  it("[F13] delay pages, and nothing else, until they have read", () => {
    const { test, ada, deaf, bo } = heldUp();
    expect([isGreeted(bo), test.room.isHeldUp]).toEqual([false, true]);
    ada.say({ type: "send", id: "live", data: 1 });
    test.flushOnce();
    expect(ada.socket.ofType("message").at(-1)).toMatchObject({ id: "live" });
    expect(isGreeted(bo)).toBe(false);
    for (const { socket } of deaf.slice(0, 8)) socket.unsent = 0;
    test.flushOnce();
    expect([isGreeted(bo), test.room.isHeldUp]).toEqual([true, false]);
  });

  it("[F13] are closed if they read less than 128 KiB in 10 s", () => {
    const { test, deaf, bo } = heldUp();
    test.now += 9_000;
    for (const { socket } of deaf.slice(0, 1)) socket.unsent -= 131_072;
    for (const { socket } of deaf.slice(1)) socket.unsent -= 20_000;
    test.flushOnce();
    expect(deaf.filter(({ socket }) => socket.closed)).toEqual([]);
    test.now += 2_000;
    test.flushOnce();
    test.flushOnce();
    expect(deaf.map(({ socket }) => socket.closed?.reason)).toEqual([
      undefined,
      ...Array.from({ length: 14 }, () => "slow_consumer"),
    ]);
    expect(isGreeted(bo)).toBe(true);
  });

  it("[F13] cannot delay others by reading a byte now and then", () => {
    const { test, deaf, bo } = heldUp();
    let waitedMs = 0;
    for (let round = 1; !isGreeted(bo); round++) {
      test.now += 1_000;
      waitedMs += 1_000;
      // Many connections of one user, each of which reads as little as it can.
      for (const { socket } of deaf) if (socket.unsent > 0) socket.unsent -= 1;
      test.flushOnce();
      expect(round).toBeLessThan(20);
    }
    expect(waitedMs).toBeLessThan(12_000);
  });

  it("[F13] may always have a little unread in a busy room, which is no unread page", () => {
    const { test, deaf, bo } = heldUp();
    const [reader] = deaf;
    if (reader !== undefined) reader.socket.unsent = 2_000;
    for (let second = 0; second < 12; second++) {
      test.now += 1_000;
      for (const { socket } of deaf.slice(1)) socket.unsent = Math.max(1.05 * MIB, socket.unsent - 20_000);
      test.flushOnce();
    }
    expect(isGreeted(bo)).toBe(true);
    expect(reader?.socket.closed).toBe(undefined);
  });

  it("[F13] are left alone if no other connection waits", () => {
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
    test.flushOnce();
    expect(bo.socket.ofType("ok")).toEqual([]);
    bo.socket.unsent = 0;
    test.flush();
    expect(bo.socket.ofType("ok")).toHaveLength(1);
  });

  it("[F16] cause no flush at once for their own waiting page, which ends with the connection after 10 s", () => {
    const { test, cursor } = largeRoom(400);
    const bo = test.join("bo", { since: cursor(0) });
    const cy = test.join("cy", { history: 0 });
    for (const { socket } of [bo, cy]) socket.unsent = 2 * MIB;
    for (const person of [bo, cy]) person.say({ type: "history", id: "page", after: 100, limit: 1_000 });
    const flush = () => {
      test.flushOnce();
      return [test.room.hasWork, test.room.isHeldUp];
    };
    expect(flush()).toEqual([true, true]);
    for (let second = 1; second < 10; second++) {
      test.now += 1_000;
      bo.socket.unsent -= 15_000;
      expect(flush()).toEqual([true, true]);
    }
    expect([bo.socket.closed, cy.socket.closed]).toEqual([undefined, undefined]);
    test.now += 1_000;
    flush();
    expect([bo.socket.closed, cy.socket.closed]).toEqual([
      undefined,
      { code: 4503, reason: "slow_consumer" },
    ]);
    bo.socket.unsent = MIB / 2;
    expect(flush()).toEqual([false, false]);
    expect(bo.socket.ofType("ok")).toHaveLength(1);
  });
});

describe("clients without a cursor, or with a lost one", () => {
  it("[F17] get all of the latest messages, however many return at once", () => {
    const { test, cursor } = largeRoom(400);
    for (let at = 0; at < 300; at++) test.connect(`user${at}`, { since: cursor(at) });
    const newcomer = test.connect("newcomer");
    const lost = test.connect("lost", { since: "other.7", history: 60 });
    test.flush();
    expect([newcomer.seqs.length, lost.seqs.length]).toEqual([50, 60]);
    expect(newcomer.seqs.at(-1)).toBe(400);
  });

  it("[F17][F14] share them: they are built once for all of a flush", () => {
    const { test } = largeRoom(100);
    const built = vi.spyOn(test.log, "messagesBefore");
    const people = Array.from({ length: 3 }, (_, at) => test.connect(`user${at}`));
    test.flushOnce();
    expect(built).toHaveBeenCalledTimes(1);
    expect(people.map(({ seqs }) => seqs.length)).toEqual([50, 50, 50]);
  });
});

describe("a client that waits for its first frames", () => {
  function waiting(options: ConnectOptions) {
    const { test, ada, cursor } = largeRoom(400);
    for (let at = 0; at < 15; at++) {
      test.connect(`deaf${at}`, { since: cursor(0) }).socket.unsent = 1.1 * MIB;
      test.flush();
    }
    return { test, ada, bo: test.connect("bo", { since: cursor(0), ...options }) };
  }

  it("[F18] is not greeted if its token has expired meanwhile", () => {
    const start = new RoomForTest().now;
    const { test, bo } = waiting({ expiresAt: start + 2_000 });
    test.flushOnce();
    expect(isGreeted(bo)).toBe(false);
    test.now += 2_000;
    test.flush();
    expect([bo.socket.frames, bo.socket.closed]).toEqual([[], { code: 4401, reason: "token_expired" }]);
    expect(test.room.connections.size).toBe(16);
  });

  it("[F18] is swept like the others if it has stopped its heartbeat", () => {
    const { test, bo } = waiting({});
    bo.socket.pingedAt = test.now;
    test.flushOnce();
    test.room.connections.sweep(test.now + 76_000);
    expect(bo.socket.closed).toMatchObject({ code: 4408 });
    expect(test.room.roomPresence.connectionsOf("bo").size).toBe(0);
  });
});
