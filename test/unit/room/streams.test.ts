import { describe, expect, it } from "vitest";
import { SERVER } from "../../../src/access/identity.ts";
import { type Person, RoomForTest } from "../../support/room-for-test.ts";

type Fields = Readonly<Record<string, unknown>>;

function roomWith(settings: ConstructorParameters<typeof RoomForTest>[0] = {}) {
  const test = new RoomForTest(settings);
  const [ada, bo] = [test.join("ada"), test.join("bo")];
  return { test, ada, bo };
}

/** Opens a message, and returns its `seq`. */
function open(person: Person, data: unknown = {}, more: Fields = {}): number {
  const id = `open${Math.random()}`;
  const answer = person.ask({ type: "send", id, data, stream: true, ...more });
  return Number(answer?.seq);
}

const append = (seq: number, n: number, text = `${n} `, more: Fields = {}) => ({
  ...{ type: "append", seq, n, text },
  ...more,
});

/** What the row of the message holds. */
const stored = (test: RoomForTest, seq: number) => {
  const target = test.log.find(seq);
  return { ...target?.meta, data: JSON.parse(target?.data ?? "null") };
};

/** What one connection was sent of a message, in short. */
const heard = ({ socket }: Person) =>
  socket.take().flatMap(({ type, n, text, data, patch }) => {
    if (type === "append") return [[n, text, ...(patch === undefined ? [] : [patch])]];
    return type === "stream" ? [[n, data]] : [];
  });

/** Appends, flushes, and lets the pace pass. */
function appended(test: RoomForTest, person: Person, ...appends: readonly Fields[]): void {
  person.say(...appends);
  test.flush();
  test.later(40);
}

describe("a message that streams", () => {
  it("[Y1] is one message: opened, appended to, finished by a change with a seq of its own", () => {
    const { test, ada, bo } = roomWith();
    const seq = open(ada, { text: "", model: "toy" });
    appended(test, ada, append(seq, 1, "Hel"), append(seq, 2, "lo"));
    expect(ada.ask({ type: "finish", id: "f", seq, status: "complete" })).toEqual({
      ...{ type: "ok", id: "f", seq: 2 },
    });
    const body = {
      type: "message",
      seq: 1,
      event: "chat",
      from: { id: "ada", name: "ada" },
      at: test.now - 40,
    };
    const events = bo.socket.events.filter(({ type }) => type !== "connected" && type !== "caughtUp");
    expect(events).toMatchObject([
      { ...body, stream: "open", data: { text: "", model: "toy" } },
      { type: "append", seq: 1, n: 2, text: "Hello" },
      {
        ...{ type: "messageUpdated", seq: 2, by: "ada" },
        message: { ...body, stream: "complete", changed: 2, data: { text: "Hello", model: "toy" } },
      },
    ]);
    const { message } = Object(events[2]);
    for (const field of ["n", "field", "producer", "editedAt"]) expect(message).not.toHaveProperty(field);
    expect(test.log.head).toBe(2);
  });

  it("[Y2] takes an object with a text, or none, in the named field; anything else is bad_request", () => {
    const { ada } = roomWith();
    const wrong = [null, "text", [], { text: 1 }, { text: null }];
    for (const data of wrong) {
      expect(ada.ask({ type: "send", id: "s", data, stream: true })).toMatchObject({
        ...{ code: "bad_request", path: ["data"] },
      });
    }
    const seq = open(ada, { answer: "so: ", text: 1 }, { field: "answer" });
    ada.say(append(seq, 1, "yes"));
    ada.ask({ type: "finish", id: "f", seq, status: "complete" });
    expect(ada.socket.events.at(-2)).toMatchObject({ message: { data: { answer: "so: yes", text: 1 } } });
    expect(ada.socket.ofType("message")[0]).toMatchObject({ field: "answer", stream: "open" });
  });

  it("[Y3] sets the fields of a patch beside the text, and removes those that are null", () => {
    const { test, ada, bo } = roomWith();
    const seq = open(ada, { text: "", a: 1, b: 2 });
    bo.socket.take();
    ada.say(
      append(seq, 1, "x", { patch: { a: { deep: [1] }, c: 3 } }),
      append(seq, 2, "y", { patch: { b: null, c: 4 } }),
    );
    test.flush();
    expect(heard(bo)).toEqual([[2, "xy", { a: { deep: [1] }, c: 4, b: null }]]);
    ada.ask({ type: "finish", id: "f", seq, status: "failed" });
    expect(stored(test, seq)).toMatchObject({
      stream: "failed",
      data: { text: "xy", a: { deep: [1] }, c: 4 },
    });
    expect(stored(test, seq).data).not.toHaveProperty("b");
    const next = open(ada);
    expect(ada.ask({ ...append(next, 1, "", { patch: { text: "no" } }), id: "p" })).toMatchObject({
      ...{ code: "bad_request", path: ["patch"], seq: next },
    });
  });

  it("[Y4] is finished with other data in place of what was gathered", () => {
    const { test, ada } = roomWith();
    const seq = open(ada);
    appended(test, ada, append(seq, 1));
    ada.ask({ type: "finish", id: "f", seq, status: "cancelled", data: null });
    expect(stored(test, seq)).toMatchObject({ stream: "cancelled", data: null });
  });
});

describe("the count of a producer", () => {
  it("[Y5] makes a repeat harmless, and refuses a gap once with the expected n", () => {
    const { test, ada, bo } = roomWith();
    const seq = open(ada);
    ada.say(
      append(seq, 1, "a"),
      append(seq, 1, "other"),
      append(seq, 3),
      append(seq, 4),
      append(seq, 2, "b"),
      append(seq, 4),
    );
    test.flush();
    expect(ada.socket.ofType("error")).toMatchObject([
      { code: "gap", n: 2, seq },
      { code: "gap", n: 3, seq },
    ]);
    expect(ada.ask({ ...append(seq, 9), id: "g" })).toMatchObject({ id: "g", code: "gap", n: 3 });
    expect(heard(bo)).toEqual([[2, "ab"]]);
  });

  it("[Y6] is answered with an id: n and saved with ack, nothing more without; a keep-alive repeats the last n", () => {
    const { test, ada } = roomWith();
    const seq = open(ada);
    const ok = { type: "ok", paceMs: 44 };
    expect(ada.ask({ ...append(seq, 0), id: "0", ack: true })).toEqual({ ...ok, id: "0", n: 0, saved: 0 });
    expect(ada.ask({ ...append(seq, 1), id: "1", ack: true })).toEqual({ ...ok, id: "1", n: 1, saved: 0 });
    expect(ada.ask({ ...append(seq, 2), id: "2" })).toEqual({ type: "ok", id: "2" });
    test.later(2_000);
    expect(ada.ask({ ...append(seq, 2), id: "3", ack: true })).toEqual({ ...ok, id: "3", n: 2, saved: 2 });
  });

  it("[Y7] lets a takeover in: the older producer is refused, also after a crash", () => {
    const { test, ada, bo } = roomWith();
    const seq = open(ada);
    appended(test, ada, append(seq, 1, "a"));
    expect(bo.ask({ type: "takeover", id: "t", seq })).toMatchObject({ code: "forbidden" });
    const other = test.join("ada");
    expect(other.ask({ type: "takeover", id: "t", seq })).toEqual({ type: "ok", id: "t", n: 1, producer: 2 });
    expect(ada.ask({ ...append(seq, 2), id: "x" })).toMatchObject({ code: "taken_over" });
    test.restart("crash");
    const late = test.join("ada");
    expect(late.ask({ ...append(seq, 2), id: "x" })).toMatchObject({ code: "taken_over" });
    expect(late.ask({ type: "finish", id: "f", seq, status: "complete" })).toMatchObject({
      code: "taken_over",
    });
    expect(late.ask({ ...append(seq, 2, "b", { producer: 2 }), id: "y", ack: true })).toMatchObject({
      n: 2,
      saved: 1,
    });
  });

  it("[Y8] is for its author and server code; a message of server code takes appends of server code only", () => {
    const { test, ada, bo } = roomWith();
    const seq = open(ada);
    for (const command of [
      append(seq, 1),
      { type: "finish", seq, status: "failed" },
      { type: "takeover", seq },
    ])
      expect(bo.ask({ ...command, id: "x" })).toMatchObject({ code: "forbidden" });
    const reader = test.join("cy", { permission: "read" });
    for (const command of [append(seq, 1), { type: "stop", seq }])
      expect(reader.ask({ ...command, id: "x" })).toMatchObject({ code: "forbidden" });
    const { producing, publisher } = test.room;
    expect(test.call(SERVER, (turn) => producing.takeOver(SERVER, seq, turn))).toMatchObject({
      value: { producer: 2 },
    });
    const input = { id: "s", data: "{}", from: { id: "ada" }, stream: true } as const;
    const byServer = test.call(SERVER, (turn) => publisher.publish(SERVER, input, turn));
    const answer = byServer.ok ? byServer.value.seq : 0;
    expect(ada.ask({ ...append(answer, 1), id: "x" })).toMatchObject({ code: "forbidden" });
  });

  it("[Y9] ends with the message: not_open when it is finished, not_found when it is deleted or there is none", () => {
    const { test, ada } = roomWith();
    const [done, gone] = [open(ada), open(ada)];
    const finish = { type: "finish", id: "f", seq: done, status: "complete" };
    expect(ada.ask(finish)).toMatchObject({ seq: 3 });
    expect(ada.ask(finish)).toEqual({ type: "ok", id: "f", seq: 0 });
    expect(ada.ask({ ...finish, status: "failed" })).toMatchObject({ code: "not_open" });
    expect(ada.ask({ ...append(done, 1), id: "a" })).toMatchObject({ code: "not_open", seq: done });
    ada.ask({ type: "delete", id: "d", seq: gone });
    expect(stored(test, gone)).not.toHaveProperty("stream");
    for (const seq of [gone, 99])
      expect(ada.ask({ ...append(seq, 1), id: "a" })).toMatchObject({ code: "not_found" });
    expect(test.room.streams.size).toBe(0);
  });
});

describe("what readers of a stream hear", () => {
  it("[Y10] comes at once first, then at least 40 ms apart, joined; with many readers up to 100 ms", () => {
    const { test, ada, bo } = roomWith();
    const seq = open(ada);
    bo.socket.take();
    ada.say(append(seq, 1));
    test.flush();
    expect(heard(bo)).toEqual([[1, "1 "]]);
    ada.say(append(seq, 2));
    test.later(10);
    ada.say(append(seq, 3));
    test.later(10);
    expect(heard(bo)).toEqual([]);
    expect(test.dueAt).toBe(test.now + 20);
    test.later(20);
    expect(heard(bo)).toEqual([[3, "2 3 "]]);
    let n = 3;
    for (const [more, everyMs] of [
      [98, 65],
      [100, 100],
    ] as const) {
      for (let at = 0; at < more; at++) test.connect(`u${more}.${at}`);
      test.later(100);
      ada.say(append(seq, n + 1));
      test.flush();
      ada.say(append(seq, n + 2));
      n += 2;
      expect(test.room.waitsUntil).toBe(test.now + everyMs);
      test.flush();
      expect(test.dueAt).toBe(test.now + everyMs);
    }
    ada.say({ ...append(seq, 999), id: "now" });
    expect(test.room.waitsUntil).toBe(null);
  });

  it("[Y11] is the whole for a newcomer, in the frame that ends the replay, and then only what follows", () => {
    const { test, ada } = roomWith();
    const seq = open(ada, { text: "> " });
    appended(test, ada, append(seq, 1), append(seq, 2));
    ada.say(append(seq, 3));
    const cy = test.join("cy");
    expect(JSON.parse(cy.socket.frames.at(-1) ?? "")).toMatchObject({
      ...{
        type: "batch",
        events: [{ type: "caughtUp" }, { type: "stream", seq, n: 3, data: { text: "> 1 2 3 " } }],
      },
    });
    cy.socket.take();
    ada.say(append(seq, 4));
    const dan = test.join("dan");
    test.later(40);
    expect(heard(cy)).toEqual([[4, "4 "]]);
    const both = heard(dan);
    expect(both).toEqual([
      [3, { text: "> 1 2 3 " }],
      [4, "4 "],
    ]);
  });

  it("[Y12] is only the rest for a client that has a part: have", () => {
    const { test, ada, bo } = roomWith();
    const seq = open(ada);
    const since = `${test.log.epoch}.${seq}`;
    appended(test, ada, append(seq, 1), append(seq, 2, "", { patch: { a: 1 } }), append(seq, 3));
    const joined = (have: string, cursor: string | undefined = since) =>
      heard(test.join("bo", { have, ...(cursor !== undefined && { since: cursor }) }));
    expect(joined(`${seq}:1`)).toEqual([[3, "3 ", { a: 1 }]]);
    expect(joined(`9:1,${seq}:2`)).toEqual([[3, "3 "]]);
    expect(joined(`${seq}:3`)).toEqual([]);
    const whole = [[3, { text: "1 3 ", a: 1 }]];
    for (const have of [`${seq}:4`, `${seq}`, "", `${seq}:x`]) expect(joined(have)).toEqual(whole);
    // What a client holds of another log, or without a cursor, is nothing.
    expect(joined(`${seq}:1`, "other.1")).toEqual(whole);
    bo.leave("lost");
  });

  it("[Y13] is the whole where a client may have text of another life", () => {
    const { test, ada } = roomWith();
    const seq = open(ada);
    const since = `${test.log.epoch}.${seq}`;
    appended(test, ada, append(seq, 1), append(seq, 2));
    test.later(2_000);
    appended(test, ada, append(seq, 3, "lost"));
    test.restart("crash");
    const again = test.join("ada");
    appended(test, again, append(seq, 3, "new"), append(seq, 4));
    const joined = (n: number) => heard(test.join("bo", { since, have: `${seq}:${n}` }));
    expect(joined(2)).toEqual([[4, "new4 "]]);
    expect(joined(3)).toEqual([[4, { text: "1 2 new4 " }]]);
  });

  it("[Y14] follows a page with an open message, and the last page of a long replay", () => {
    const { test, ada, bo } = roomWith({ messageBytes: 262_144 });
    const seq = open(ada);
    appended(test, ada, append(seq, 1));
    for (let at = 0; at < 6; at++) ada.send(`m${at}`, "x".repeat(250_000));
    bo.socket.take();
    bo.say({ type: "history", id: "h", before: 3 });
    test.flush();
    expect(bo.socket.take().map(({ type }) => type)).toEqual(["ok", "stream"]);
    bo.say({ type: "history", id: "h", limit: 2 });
    test.flush();
    expect(heard(bo)).toEqual([]);
    const cy = test.join("cy", { since: `${test.log.epoch}.0` });
    appended(test, ada, append(seq, 2));
    expect(heard(cy)).toEqual([]);
    for (let after = 0; cy.state.stage.at === "paging" && after < 9; after++) {
      cy.say({ type: "history", id: `p${after}`, after: cy.state.stage.after });
      test.flush();
    }
    expect(heard(cy)).toEqual([[2, { text: "1 2 " }]]);
  });

  it("[Y15] obeys topics, and is nothing for a single call", () => {
    const { test, ada } = roomWith();
    const seq = open(ada, {}, { event: "agent.answer" });
    const [other, agent] = [test.join("bo", { topics: ["task"] }), test.join("cy", { topics: ["agent"] })];
    appended(test, ada, append(seq, 1));
    expect(heard(other)).toEqual([]);
    expect(heard(agent)).toEqual([
      [0, { text: "" }],
      [1, "1 "],
    ]);
  });

  it("[Y16] is one whole message when a reader that was behind has read", () => {
    const { test, ada, bo } = roomWith();
    const seq = open(ada);
    bo.socket.unsent = 300_000;
    // It is looked at four times a second.
    for (let n = 1; n < 9; n++) appended(test, ada, append(seq, n, "x"));
    bo.socket.take();
    for (let n = 9; n < 12; n++) appended(test, ada, append(seq, n, "x"));
    expect(heard(bo)).toEqual([]);
    expect(test.dueAt).toBe(test.now + 250);
    bo.socket.unsent = 0;
    test.later(250);
    expect(heard(bo)).toEqual([[11, { text: "x".repeat(11) }]]);
    appended(test, ada, append(seq, 12, "y"));
    expect(heard(bo)).toEqual([[12, "y"]]);
  });
});

describe("the row of a stream", () => {
  /** Counts the rows that statements of the log write, with the entries of the index of changes. */
  function rowsOf(test: RoomForTest, run: () => void): number {
    let rows = 0;
    test.database.onQuery = (query) => {
      if (/^(INSERT INTO log|UPDATE log)/.test(query.trim())) rows += /changed = \?/.test(query) ? 2 : 1;
    };
    run();
    test.database.onQuery = () => {};
    return rows;
  }

  it("[Y17] is written at most 5 times for an answer of 2,000 tokens in a minute", () => {
    const { test, ada } = roomWith();
    const rows = rowsOf(test, () => {
      const seq = open(ada);
      for (let n = 1; n <= 2_000; n++) {
        ada.say(append(seq, n, "token "));
        test.later(30);
      }
      ada.ask({ type: "finish", id: "f", seq, status: "complete" });
      expect(stored(test, seq).data.text).toHaveLength(12_000);
    });
    expect(rows).toBe(5);
  });

  it("[Y18] is written 2 s into a pause, and after 64 KiB", () => {
    const { test, ada } = roomWith();
    const seq = open(ada);
    appended(test, ada, append(seq, 1));
    expect(test.dueAt).toBe(test.now - 40 + 2_000);
    test.later(1_960);
    expect(stored(test, seq)).toMatchObject({ n: 1, data: { text: "1 " } });
    expect(test.dueAt).toBe(null);
    for (let n = 2; n < 5; n++) ada.say(append(seq, n, "x".repeat(30_000)));
    test.flush();
    expect(stored(test, seq)).toMatchObject({ n: 4 });
  });

  it("[Y19] brings everything back after a sleep, and after a crash what was saved", () => {
    const { test, ada, bo } = roomWith();
    const seq = open(ada, { a: 1 });
    ada.send("between");
    appended(test, ada, append(seq, 1), append(seq, 2, "", { patch: { b: 2 } }));
    test.later(2_000);
    test.restart("hibernate");
    bo.socket.take();
    appended(test, ada, append(seq, 3));
    expect(heard(bo)).toEqual([[3, "3 "]]);
    test.later(2_000);
    appended(test, ada, append(seq, 4));
    test.restart("crash");
    const again = test.join("ada");
    expect(heard(again)).toEqual([[3, { text: "1 3 ", a: 1, b: 2 }]]);
    expect(again.ask({ ...append(seq, 5), id: "x" })).toMatchObject({ code: "gap", n: 4 });
    again.say(append(seq, 4), append(seq, 5));
    again.ask({ type: "finish", id: "f", seq, status: "complete" });
    expect(stored(test, seq)).toMatchObject({ stream: "complete", data: { text: "1 3 4 5 ", a: 1, b: 2 } });
  });

  it("[Y20] is written again later if that failed, and the room goes on", () => {
    const { test, ada, bo } = roomWith();
    const seq = open(ada);
    test.database.failOn = /UPDATE log SET body = \? WHERE/;
    appended(test, ada, append(seq, 1));
    test.later(1_960);
    expect(test.faults).toHaveLength(1);
    expect(test.dueAt).toBe(test.now + 5_000);
    bo.send("m");
    test.database.failOn = undefined;
    test.later(5_000);
    expect(stored(test, seq)).toMatchObject({ n: 1 });
  });

  it("[Y21] of a reaction has the text too, and readers have no less than the row", () => {
    const { test, ada, bo } = roomWith();
    const seq = open(ada);
    appended(test, ada, append(seq, 1));
    ada.say(append(seq, 2));
    test.flush();
    bo.socket.take();
    ada.say(append(seq, 3));
    bo.ask({ type: "react", id: "r", seq, emoji: "👍", op: "add" });
    expect(stored(test, seq)).toMatchObject({ n: 3, stream: "open", reactions: { "👍": ["bo"] } });
    expect(heard(bo)).toEqual([[3, "3 "]]);
    expect(ada.ask({ type: "edit", id: "e", seq, data: {} })).toMatchObject({ code: "still_open" });
    ada.ask({ type: "finish", id: "f", seq, status: "complete" });
    expect(stored(test, seq)).toMatchObject({ reactions: { "👍": ["bo"] }, data: { text: "1 2 3 " } });
    expect(ada.ask({ type: "edit", id: "e", seq, data: {} })).toMatchObject({ type: "ok" });
  });
});

describe("the end of a stream", () => {
  it("[Y22] comes after 60 s of silence as interrupted, with the text, by the alarm", () => {
    const { test, ada, bo } = roomWith();
    const seq = open(ada);
    appended(test, ada, append(seq, 1));
    expect(test.effects.at(-1)?.life.wakeAt).toBe(test.now - 40 + 60_000);
    ada.leave("lost");
    test.later(50_000);
    const again = test.join("ada");
    again.say(append(seq, 1));
    test.flush();
    expect(test.effects.at(-1)?.life.wakeAt).toBe(test.now + 60_000);
    test.later(59_999);
    expect(stored(test, seq).stream).toBe("open");
    test.later(1);
    expect(stored(test, seq)).toMatchObject({ stream: "interrupted", data: { text: "1 " } });
    expect(bo.socket.ofType("messageUpdated")).toMatchObject([
      { by: null, message: { stream: "interrupted" } },
    ]);
    expect(test.effects.at(-1)?.life.wakeAt).toBe(null);
  });

  it("[Y22] comes 60 s after the start for one that a crash left open, also if nobody is there", () => {
    const { test, ada } = roomWith();
    const seq = open(ada);
    test.restart("crash");
    test.flush();
    expect(test.effects.at(-1)?.life.wakeAt).toBe(test.now + 60_000);
    test.later(60_000);
    expect(stored(test, seq).stream).toBe("interrupted");
  });

  it("[Y23] is asked for by stop, which only the producer hears, and its next ok says", () => {
    const { test, ada, bo } = roomWith();
    const other = test.join("ada");
    const seq = open(ada);
    for (const person of [ada, bo, other]) person.socket.take();
    expect(bo.ask({ type: "stop", id: "s", seq })).toEqual({ type: "ok", id: "s" });
    expect(ada.socket.take()).toEqual([{ type: "stop", seq, by: "bo" }]);
    expect(other.socket.take()).toEqual([]);
    expect(bo.socket.ofType("stop")).toEqual([]);
    expect(stored(test, seq).stream).toBe("open");
    expect(ada.ask({ ...append(seq, 1), id: "a", ack: true })).toMatchObject({ n: 1, stop: "bo" });
    ada.leave("lost");
    bo.ask({ type: "stop", id: "s", seq });
    expect(other.socket.ofType("stop")).toEqual([{ type: "stop", seq, by: "bo" }]);
    expect(bo.ask({ type: "stop", id: "s", seq: 99 })).toMatchObject({ code: "not_found" });
  });

  it("[Y24] notifies those who were mentioned, and the opening does not", () => {
    const { test, ada } = roomWith();
    const mentioned = () => test.effects.flatMap(({ mentions }) => mentions.map(({ user }) => user));
    const seq = open(ada, {}, { mentions: ["zoe"] });
    expect(mentioned()).toEqual([]);
    ada.ask({ type: "finish", id: "f", seq, status: "complete" });
    expect(mentioned()).toEqual(["zoe"]);
    open(ada, {}, { mentions: ["yan"] });
    test.later(60_000);
    expect(mentioned()).toEqual(["zoe", "yan"]);
  });
});

describe("the bounds of streams", () => {
  it("[Y25] are 16 open ones in a room, 4 of a user, and 1 MiB of data each", () => {
    const { test, ada } = roomWith({ messageBytes: 262_144 });
    for (let at = 0; at < 4; at++) expect(open(ada)).toBe(at + 1);
    expect(ada.ask({ type: "send", id: "s", data: {}, stream: true })).toMatchObject({ code: "overloaded" });
    for (let at = 4; at < 16; at++) expect(open(test.join(`u${Math.floor(at / 4)}`))).toBe(at + 1);
    expect(ada.ask({ type: "send", id: "s", data: {}, stream: true })).toMatchObject({ code: "overloaded" });
    ada.ask({ type: "finish", id: "f", seq: 1, status: "complete" });
    const seq = open(ada);
    for (let n = 1; n <= 5; n++) {
      test.later(60_000 - 1);
      for (const other of test.room.streams.seqs) ada.say(append(other, 0));
      const answer = ada.ask({ ...append(seq, n, "x".repeat(230_000)), id: "a" });
      expect(answer).toMatchObject(n < 5 ? { type: "ok" } : { code: "too_large" });
    }
    const ending = { seq, status: "complete", data: JSON.stringify("x".repeat(1_048_576)) } as const;
    const finished = test.call(SERVER, (turn) => test.room.producing.finish(SERVER, ending, turn));
    expect(finished).toMatchObject({ refusal: { code: "too_large", path: ["data"] } });
  });

  it("[Y26] are bytes for a user: 64 KiB a second, 256 KiB at once, and no rate tokens", () => {
    const { test, ada } = roomWith({ ratePerSecond: 1, rateBurst: 3 });
    const seq = open(ada);
    for (let n = 1; n <= 1_000; n++) ada.say(append(seq, n, "x"));
    test.flush();
    expect(ada.socket.ofType("error")).toEqual([]);
    for (let n = 1_001; n < 1_010; n++) ada.say(append(seq, n, "x".repeat(30_000)));
    test.flush();
    expect(ada.socket.ofType("error")).toMatchObject([
      { code: "rate_limited", retryAfterMs: expect.any(Number), seq },
      { code: "gap", n: 1_005, seq },
    ]);
    test.later(1_000);
    expect(ada.ask({ ...append(seq, 1_005, "x".repeat(30_000)), id: "a" })).toMatchObject({ type: "ok" });
    expect(ada.ask({ ...append(seq, 1_006, "x".repeat(40_000)), id: "a" })).toMatchObject({
      code: "too_large",
    });
  });

  it("[Y27] are the answers of agents that follow each other, as the room's maxAgentTurns says", () => {
    const { test, ada, bo } = roomWith({ maxAgentTurns: 2 });
    const answer = () => {
      const seq = open(ada);
      if (seq > 0) ada.ask({ type: "finish", id: "f", seq, status: "complete" });
      return seq > 0;
    };
    expect([answer(), answer(), answer()]).toEqual([true, true, false]);
    test.restart("hibernate");
    test.call(SERVER, (turn) => test.room.publisher.publish(SERVER, { id: "n", data: "1" }, turn));
    expect(answer()).toBe(false);
    expect(ada.ask({ type: "send", id: "x", data: {}, stream: true })).toMatchObject({ code: "forbidden" });
    bo.send("go on");
    expect(answer()).toBe(true);
  });

  it("[Y28] are those of retention and purges: a message that is gone takes no more appends", () => {
    const { test, ada } = roomWith({ historyLimit: 2 });
    const seq = open(ada);
    appended(test, ada, append(seq, 1));
    for (const id of ["a", "b"]) ada.send(id);
    expect(ada.ask({ ...append(seq, 2), id: "x" })).toMatchObject({ code: "not_found" });
    test.later(60_000);
    expect(test.room.streams.size).toBe(0);
    const next = open(ada);
    test.call(SERVER, (turn) => test.room.moderation.purge(SERVER, turn));
    const again = test.join("ada");
    expect(again.ask({ ...append(next, 1), id: "x" })).toMatchObject({ code: "not_found" });
    expect(heard(again)).toEqual([]);
    expect(test.faults).toEqual([]);
  });

  it("[Y29] leave unread as it is: a message counts once, at its opening", () => {
    const { test, ada, bo } = roomWith();
    const unread = () => bo.ask({ type: "read", id: "r", seq: 0 })?.unread;
    const seq = open(ada);
    expect(unread()).toBe(1);
    appended(test, ada, append(seq, 1));
    ada.ask({ type: "finish", id: "f", seq, status: "complete" });
    expect(unread()).toBe(1);
  });
});
