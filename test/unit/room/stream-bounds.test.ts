// What members, clocks and crashes may do to answers that stream, and what the room bears.

import { safeParse } from "valibot";
import { describe, expect, it } from "vitest";
import { type Actor, SERVER } from "../../../src/access/identity.ts";
import { type Outcome, SETTINGS_RESULT } from "../../../src/protocol/index.ts";
import { MESSAGES_LOOK } from "../../../src/room/looks.ts";
import { readContent } from "../../../src/room/streams/open-stream.ts";
import type { Turn } from "../../../src/room/turn.ts";
import { validator } from "../../../src/validation/validator.ts";
import { type Person, RoomForTest } from "../../support/room-for-test.ts";

type Fields = Readonly<Record<string, unknown>>;

function roomWith(settings: ConstructorParameters<typeof RoomForTest>[0] = {}) {
  const test = new RoomForTest(settings);
  const [ada, bo] = [test.join("ada"), test.join("bo")];
  return { test, ada, bo };
}

let opened = 0;
function open(person: Person, data: unknown = {}, more: Fields = {}): number {
  const answer = person.ask({ type: "send", id: `open${opened++}`, data, stream: true, ...more });
  return Number(answer?.seq);
}

const append = (seq: number, n: number, text = `${n} `, more: Fields = {}) => ({
  ...{ type: "append", seq, n, text },
  ...more,
});

const finish = (person: Person, seq: number, more: Fields = {}) =>
  person.ask({ type: "finish", id: "f", seq, status: "complete", ...more });

/** Opens messages with so much text each, as the rate allows. */
function openBig(test: RoomForTest, person: Person, count: number, length: number): number[] {
  const seqs = Array.from({ length: count }, () => open(person));
  for (let n = 1; n <= length / 250_000; n++) {
    for (const seq of seqs) {
      test.later(5_000);
      for (const other of seqs) person.say(append(other, 0));
      person.say(append(seq, n, "x".repeat(250_000)));
      test.flush();
    }
  }
  return seqs;
}

/** Calls of one flush, in this order. */
function inOneFlush(test: RoomForTest, ...calls: readonly ((turn: Turn) => Outcome<unknown>)[]): unknown[] {
  const outcomes: unknown[] = [];
  for (const run of calls)
    test.room.enqueue({
      ...{ kind: "call", actor: SERVER, cost: 0 },
      run: (turn) => outcomes.push(run(turn)),
      refused: (refusal) => outcomes.push(refusal),
    });
  test.flush();
  return outcomes;
}

const userActor = (id: string, test: RoomForTest): Actor => ({
  identity: { kind: "user", user: { id, name: id }, expiresAt: test.now + 3_600_000, issuedAt: 0 },
  permission: "write",
});

describe("names and numbers in data", () => {
  it("[Y30] are those of data itself, whatever JavaScript calls so", () => {
    const { test, ada } = roomWith();
    for (const field of ["constructor", "toString", "__proto__"]) {
      const seq = open(ada, {}, { field });
      ada.say(append(seq, 1, "x"));
      finish(ada, seq);
      expect(test.log.find(seq)?.data).toBe(`{"${field}":"x"}`);
    }
    const seq = open(ada);
    ada.say(
      `{"type":"append","seq":${seq},"n":1,"text":"x\\ud83d","patch":{"__proto__":{"a":1},"constructor":2}}`,
    );
    ada.say(`{"type":"append","seq":${seq},"n":2,"text":"\\ude00"}`);
    test.flush();
    test.later(2_000);
    test.restart("crash");
    const again = test.join("ada");
    again.say(`{"type":"append","id":"q","seq":${seq},"n":3,"patch":{"b":1e400}}`, append(seq, 3, "y"));
    finish(again, seq);
    expect(test.log.find(seq)?.data).toBe(`{"text":"x😀y","__proto__":{"a":1},"constructor":2}`);
    expect(again.socket.ofType("error")).toMatchObject([{ id: "q", code: "bad_request" }]);
  });

  it("[Y30] are refused where they are nested too deeply, before anything is stored", () => {
    const deep = "[".repeat(100_000) + "]".repeat(100_000);
    expect(readContent(`{"a":${deep}}`)).toMatchObject({ refusal: { code: "bad_request", path: ["data"] } });
  });
});

describe("the size of an open message", () => {
  it("[Y31] counts what data has now: a field that is set again counts once", () => {
    const { test, ada } = roomWith();
    const seq = open(ada);
    for (let n = 1; n <= 60; n++) {
      test.later(2_000);
      const patch = { tool: "x".repeat(30_000) };
      expect(ada.ask({ ...append(seq, n, "", { patch }), id: "a" })).toMatchObject({ type: "ok" });
    }
  });

  it("[Y32] is part of a page over HTTP, which has at most 1 MiB", () => {
    const { test, ada } = roomWith({ messageBytes: 262_144 });
    const seqs = openBig(test, ada, 3, 750_000);
    const query = { before: undefined, limit: 50, topics: null };
    const newest = MESSAGES_LOOK.look(test.room, SERVER.identity, query, test.now);
    expect(newest).toMatchObject({ more: true, seq: seqs[2] });
    expect(newest.events).toHaveLength(1);
    const older = MESSAGES_LOOK.look(test.room, SERVER.identity, { ...query, before: newest.seq }, test.now);
    expect(older.events.map((event) => JSON.parse(event))).toMatchObject([
      { seq: seqs[1], n: 3, data: { text: "x".repeat(750_000) } },
    ]);
  });

  it("[Y33] is sent to a newcomer at most 1 MiB at once, the rest as it reads, and nothing is appended before", () => {
    const { test, ada } = roomWith({ messageBytes: 262_144 });
    const seqs = openBig(test, ada, 4, 750_000);
    const streams = ({ socket }: Person) => socket.ofType("stream").map(({ seq }) => seq);
    const cy = test.join("cy");
    expect(streams(cy)).toEqual([seqs[0]]);
    cy.socket.unsent = 750_000;
    test.later(250);
    for (const seq of seqs) ada.say(append(seq, 4, "!"));
    test.flush();
    expect(cy.socket.ofType("append")).toMatchObject([{ seq: seqs[0] }]);
    cy.socket.unsent = 0;
    for (let look = 0; look < 5; look++) test.later(250);
    // The first one twice, as it was behind with it.
    expect(streams(cy)).toEqual([seqs[0], ...seqs]);
    const text = `${"x".repeat(750_000)}!`;
    expect(cy.socket.ofType("stream").at(-1)).toMatchObject({ n: 4, data: { text } });
    ada.say(append(seqs[3] ?? 0, 5, "?"));
    test.flush();
    expect(cy.socket.ofType("append")).toMatchObject([{ seq: seqs[0] }, { seq: seqs[3], n: 5 }]);
  });

  it("[Y33] of all that lack it together is sent in 2 MiB a flush", () => {
    const { test, ada } = roomWith({ messageBytes: 262_144 });
    openBig(test, ada, 1, 750_000);
    const readers = Array.from({ length: 10 }, (_, at) => test.join(`r${at}`));
    for (const { socket } of readers) socket.unsent = 300_000;
    test.later(250);
    ada.send("m");
    for (const { socket } of readers) socket.take();
    for (const { socket } of readers) socket.unsent = 0;
    const told = () => readers.filter(({ socket }) => socket.ofType("stream").length === 1).length;
    test.later(250);
    expect(told()).toBe(3);
    for (let look = 0; look < 3; look++) test.later(250);
    expect(told()).toBe(10);
  });
});

describe("a stream in the way of something else", () => {
  it("[Y34] does not fill what is kept for a connection whose permission is asked for: it gets the whole", () => {
    const { test, ada } = roomWith();
    const cy = test.join("cy", { permissionUntil: test.now + 1_000 });
    const seq = open(ada);
    test.later(1_500);
    for (let n = 1; n <= 600; n++) {
      ada.say(append(seq, n, "x"));
      test.later(40);
    }
    const held = test.room.permits;
    held.answered("cy", {
      ok: true,
      value: { ...userActor("cy", test), permissionUntil: test.now + 60_000 },
    });
    test.flush();
    expect(cy.socket.closed).toBe(undefined);
    const [last] = cy.socket.ofType("stream").slice(-1);
    expect(last).toMatchObject({ n: 600, data: { text: "x".repeat(600) } });
    ada.say(append(seq, 601, "y"));
    test.later(40);
    expect(cy.socket.events.at(-1)).toMatchObject({ type: "append", n: 601, text: "y" });
  });

  it("[Y35] goes on when the clock is set back", () => {
    const { test, ada, bo } = roomWith();
    const seq = open(ada);
    ada.say(append(seq, 1));
    test.flush();
    test.later(-3_600_000);
    ada.say(append(seq, 2));
    test.later(40);
    expect(bo.socket.ofType("append")).toMatchObject([{ n: 1 }, { n: 2 }]);
    for (let n = 3; n < 10; n++) {
      ada.say(append(seq, n));
      test.later(1_000);
    }
    expect(test.log.find(seq)?.meta.n).toBeGreaterThan(2);
  });

  it("[Y36] is gone with a purge, and a message that has its seq in the same flush is another one", () => {
    const { test, ada } = roomWith();
    open(ada, { text: "secret" });
    const purge = (turn: Turn) => test.room.moderation.purge(SERVER, turn);
    const send = (stream?: true) => (turn: Turn) =>
      test.room.publisher.publish(SERVER, { id: "s", data: "{}", stream }, turn);
    const actor = userActor("cy", test);
    const react = (turn: Turn) =>
      test.room.changes.apply(actor, { type: "react", seq: 1, emoji: "👍", op: "add" }, turn);
    inOneFlush(test, purge, send(), react);
    expect(test.log.find(1)).toMatchObject({ data: "{}", meta: { reactions: { "👍": ["cy"] } } });
    inOneFlush(test, purge, send(true));
    expect(test.room.streams.seqs).toEqual([1]);
  });
});

it("[Y27] a server of the first release answers settings without maxAgentTurns, and a client takes them", () => {
  const settings = { slowModeMs: 0, maxConnections: 10, historyLimit: 10 };
  expect(safeParse(validator(SETTINGS_RESULT), { settings }).success).toBe(true);
});

describe("a reader that is behind", () => {
  it("[Y33] is closed when it reads nothing for 30 s, as the room stays awake for it", () => {
    const { test, ada, bo } = roomWith();
    const cy = test.join("cy");
    const seq = open(ada);
    for (let second = 0; second < 50; second++) {
      ada.say(append(seq, second + 1));
      bo.socket.unsent = 400_000;
      cy.socket.unsent = 900_000 - second * 10_000;
      test.later(1_000);
      if (second === 25) expect(bo.socket.closed).toBe(undefined);
    }
    expect(bo.socket.closed).toMatchObject({ reason: expect.stringContaining("slow_consumer") });
    expect(cy.socket.closed).toBe(undefined);
  });

  it("[Y33] is left alone where nothing streams", () => {
    const { test, ada, bo } = roomWith();
    finish(ada, open(ada));
    bo.socket.unsent = 400_000;
    for (let second = 0; second < 40; second++) {
      ada.send(`m${second}`);
      test.later(1_000);
    }
    expect(bo.socket.closed).toBe(undefined);
    expect([test.room.connections.lookAt(test.now), bo.connection.isBehind]).toEqual([null, false]);
  });
});

describe("what appends cost", () => {
  /** Sends appends as the runtime hands frames over. */
  function flood({ test, ada }: { test: RoomForTest; ada: Person }, frames: readonly Fields[]): void {
    for (const fields of frames) {
      const frame = JSON.stringify(fields);
      if (!test.room.closeIfFlooding(ada.connection, frame)) ada.say(frame);
    }
    test.flush();
  }
  const many = (count: number, make: (at: number) => Fields) =>
    Array.from({ length: count }, (_, at) => make(at));
  const LIMITS = { ratePerSecond: 10, rateBurst: 30 };

  it("[Y37] is no flood: 1,500 at once, which a producer sends again after a crash", () => {
    const room = roomWith(LIMITS);
    const seq = open(room.ada);
    flood(
      room,
      many(1_500, (at) => append(seq, at + 1, "token ")),
    );
    expect(room.ada.socket.closed).toBe(undefined);
    expect(room.test.room.streams.find(seq)?.n).toBe(1_500);
  });

  it("[Y37] closes the connection that sends repeats, or appends behind a gap, without end", () => {
    for (const n of [0, 9]) {
      const room = roomWith(LIMITS);
      const seq = open(room.ada);
      for (let flush = 0; flush < 120; flush++)
        flood(
          room,
          many(1_000, () => append(seq, n)),
        );
      expect(room.ada.socket.closed).toMatchObject({ code: 4429 });
    }
  });

  it("[Y38] is the price of a change at the end, for the user who wrote it, and none for server code", () => {
    const { test } = roomWith();
    const spent = new Map<string, number>();
    test.room.spending.add = (user, units) => void spent.set(user, (spent.get(user) ?? 0) + units);
    const input = { id: "s", data: "{}", from: { id: "zed" }, stream: true } as const;
    inOneFlush(test, (turn) => test.room.publisher.publish(SERVER, input, turn));
    const { head: seq } = test.log;
    inOneFlush(test, (turn) => {
      const appended = test.room.producing.append(SERVER, { seq, n: 1, text: "x" }, turn);
      return appended === "dropped" ? { ok: true, value: appended } : appended;
    });
    test.later(60_000);
    expect(test.log.find(seq)?.meta.stream).toBe("interrupted");
    expect([...spent]).toEqual([]);
    const cy = test.join("cy");
    const own = open(cy);
    spent.clear();
    finish(cy, own, { data: "x".repeat(40_960) });
    expect(spent.get("cy")).toBeCloseTo(12, 0);
    spent.clear();
    open(cy);
    spent.clear();
    test.later(60_000);
    expect(spent.get("cy")).toBeCloseTo(2, 0);
  });

  it("[Y38] is bytes of the rate for data of a finish: after a big one the next has to wait", () => {
    const { test, ada } = roomWith();
    const [first, second, third] = [open(ada), open(ada), open(ada)];
    const data = "x".repeat(1_000_000);
    expect(finish(ada, first, { data })).toMatchObject({ type: "ok" });
    expect(finish(ada, second, { data })).toMatchObject({ code: "rate_limited" });
    expect(finish(ada, third)).toMatchObject({ type: "ok" });
    test.later(12_000);
    expect(finish(ada, second, { data })).toMatchObject({ type: "ok" });
  });
});

describe("the life of an open message", () => {
  it("[Y39] goes on with a flush of its own after a start, which sets the alarm", () => {
    const { test, ada } = roomWith();
    open(ada);
    test.restart("crash");
    expect(test.room.hasWork).toBe(true);
    expect(test.flushOnce().life.wakeAt).toBe(test.now + 60_000);
    expect(test.room.hasWork).toBe(false);
  });

  it("[Y39] is noted for the operator where a silent producer ended it, and so is each refusal, with its reason", () => {
    const { test, ada } = roomWith();
    const seq = open(ada);
    test.effects.length = 0;
    ada.say(append(seq, 2));
    test.flush();
    test.later(60_000);
    expect(test.effects.flatMap(({ journal }) => journal)).toMatchObject([
      { kind: "refused", command: "append", refusal: { code: "gap" }, user: "ada" },
      { kind: "interrupted", seq, topic: "chat", user: "ada" },
    ]);
  });

  it("[Y28] ends before a newer message takes its place in the log, so that no reader waits for more", () => {
    const { test, ada, bo } = roomWith({ historyLimit: 2 });
    const seq = open(ada, {}, { mentions: ["zoe"] });
    ada.say(append(seq, 1, "so far"));
    ada.send("a");
    expect(bo.socket.ofType("messageUpdated")).toEqual([]);
    ada.send("b");
    expect(bo.socket.events.slice(-2)).toMatchObject([
      { type: "messageUpdated", message: { seq, stream: "interrupted", data: { text: "so far" } }, by: null },
      { type: "message", id: "b" },
    ]);
    expect(test.effects.flatMap(({ mentions }) => mentions)).toMatchObject([{ user: "zoe" }]);
    expect(ada.ask({ ...append(seq, 2), id: "x" })).toMatchObject({ code: "not_found" });
  });

  it("[Y7] takes appends under the number of its producer only, not under one that is still to be given", () => {
    const { ada } = roomWith();
    const seq = open(ada);
    for (const command of [append(seq, 1), { type: "finish", seq, status: "complete" }])
      expect(ada.ask({ ...command, id: "x", producer: 9 })).toMatchObject({ code: "taken_over" });
  });

  it("[Y20] loses and doubles nothing where no row can be written: opened, taken over, finished and ended once it can", () => {
    const { test, ada, bo } = roomWith();
    const seq = open(ada);
    ada.say(append(seq, 1));
    test.flush();
    test.database.failOn = /INTO log|UPDATE log/;
    const opening = { type: "send", id: "second", data: {}, stream: true };
    expect(ada.ask(opening)).toMatchObject({ code: "internal" });
    expect(ada.ask({ type: "takeover", id: "t", seq })).toMatchObject({ code: "internal" });
    expect(finish(ada, seq, { producer: 2 })).toMatchObject({ code: "internal" });
    let flushes = 0;
    for (const until = test.now + 70_000; test.now < until; flushes++)
      test.later(Math.max(1, Math.min(5_000, (test.dueAt ?? Number.POSITIVE_INFINITY) - test.now)));
    expect(flushes).toBeLessThan(30);
    expect(test.room.streams.seqs).toEqual([seq]);
    test.database.failOn = undefined;
    expect(ada.ask(opening)).toMatchObject({ type: "ok", seq: 2 });
    test.later(5_000);
    expect(test.log.find(seq)).toMatchObject({
      data: '{"text":"1 "}',
      meta: { stream: "interrupted", changed: 3 },
    });
    expect(bo.socket.ofType("messageUpdated")).toHaveLength(1);
  });

  it("[Y39] ends with its end: nothing is appended after an interruption", () => {
    const { test, ada, bo } = roomWith({ streamEveryMs: 10_000, streamTimeoutMs: 5_000 });
    const seq = open(ada);
    for (const n of [1, 2]) {
      ada.say(append(seq, n));
      test.flush();
    }
    bo.socket.take();
    test.later(10_000);
    expect(bo.socket.events.map(({ type }) => type)).toEqual(["messageUpdated"]);
  });
});
