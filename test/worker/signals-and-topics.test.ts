import { describe, expect, it } from "vitest";
import type { TestSocket } from "./support/test-socket.ts";
import { callAsServer, fill, join, uniqueName } from "./support/worker.ts";

const events = (socket: TestSocket, type: string) => socket.ofType(type).map(({ event }) => event);
const flushed = (...sockets: TestSocket[]) => Promise.all(sockets.map((socket) => socket.settled()));

describe("signals", () => {
  it("[P1] go to every other connection, also of the same user, and never back", async () => {
    const room = uniqueName("signal");
    const ada = await join(room, "ada", { name: "Ada" });
    const second = await join(room, "ada");
    const bo = await join(room, "bo");
    ada.send({ type: "signal", event: "typing", data: { isTyping: true } });
    await ada.settled();
    await flushed(second, bo);
    expect(ada.ofType("signal")).toEqual([]);
    for (const other of [second, bo]) {
      expect(other.ofType("signal")).toEqual([
        {
          type: "signal",
          event: "typing",
          from: { id: "ada" },
          data: { isTyping: true },
          at: expect.any(Number),
        },
      ]);
    }
  });

  it("[P1] with to go only to that user's connections; a user without any is no error", async () => {
    const room = uniqueName("to");
    const ada = await join(room, "ada");
    const adas = await join(room, "ada");
    const bo = await join(room, "bo");
    const bos = await join(room, "bo");
    const cy = await join(room, "cy");
    ada.send({ type: "signal", event: "one", to: "bo" });
    ada.send({ type: "signal", event: "two", to: "ada" });
    ada.send({ type: "signal", event: "three", to: "nobody" });
    await ada.settled();
    await flushed(adas, bo, bos, cy);
    expect([ada, adas, bo, bos, cy].map((socket) => events(socket, "signal"))).toEqual([
      [],
      ["two"],
      ["one"],
      ["one"],
      [],
    ]);
    expect(ada.ofType("error")).toEqual([]);
  });

  it("[P1] go only to connections whose topics match", async () => {
    const room = uniqueName("matching");
    const ada = await join(room, "ada");
    const task = await join(room, "bo", { query: "?topics=task,note" });
    await ada.ask({ type: "ping", id: "p" });
    for (const event of ["typing", "tasks", "note.moved", "note"]) ada.send({ type: "signal", event });
    await ada.settled();
    await task.settled();
    expect(events(task, "signal")).toEqual(["note.moved", "note"]);
  });

  it("[P1] are never replayed, and take no seq", async () => {
    const room = uniqueName("volatile");
    const ada = await join(room, "ada");
    const { epoch } = await ada.next("connected");
    ada.send({ type: "signal", event: "x" });
    await fill(ada, 1);
    const late = await join(room, "bo", { query: `?since=${epoch}.0` });
    expect(late.received.map(({ type }) => type)).toEqual(["connected", "message", "caughtUp"]);
    expect(late.ofType("message")).toMatchObject([{ seq: 1 }]);
  });

  it("[P1][H3] of server code come from null or the given user, and reach all but one user's connections", async () => {
    const room = uniqueName("server");
    const ada = await join(room, "ada");
    const bo = await join(room, "bo");
    const signal = (body: object) => callAsServer("POST", `/v1/rooms/${room}/signals`, body);
    expect((await signal({ event: "task" })).status).toBe(202);
    await signal({ event: "a", from: { id: "ada", name: "Ada" }, data: 1, except: "ada" });
    await signal({ event: "b", to: "bo" });
    await flushed(ada, bo);
    expect(ada.ofType("signal")).toMatchObject([{ event: "task", from: null, data: null }]);
    expect(bo.ofType("signal").map(({ event, from, data }) => ({ event, from, data }))).toEqual([
      { event: "task", from: null, data: null },
      { event: "a", from: { id: "ada" }, data: 1 },
      { event: "b", from: null, data: null },
    ]);
  });
});

describe("topics", () => {
  const EVENTS = ["note", "note.created", "note:x", "notes", "note_x", "chat", "a.note"];

  it("[T1][T2] a filtered connection receives matching messages only; [] nothing, and all others everything", async () => {
    const room = uniqueName("filter");
    const all = await join(room, "ada");
    const note = await join(room, "bo", { query: "?topics=note" });
    const longer = await join(room, "bo", { query: "?topics=note.created,chat" });
    const none = await join(room, "bo");
    await none.ask({ type: "topics", id: "t", topics: [] });
    for (const event of EVENTS) await all.ask({ type: "send", id: event, event, data: 1 });
    await flushed(note, longer, none);
    expect(events(all, "message")).toEqual(EVENTS);
    expect(events(note, "message")).toEqual(["note", "note.created", "note:x"]);
    expect(events(longer, "message")).toEqual(["note.created", "chat"]);
    expect(events(none, "message")).toEqual([]);
  });

  it("[T2] member events and answers come whatever the filter is", async () => {
    const room = uniqueName("filter");
    const bo = await join(room, "bo", { query: "?topics=note" });
    await join(room, "ada");
    await bo.next("memberJoined");
    expect(await bo.ask({ type: "send", id: "m", data: 1 })).toMatchObject({ type: "ok", seq: 1 });
    expect(bo.ofType("message")).toEqual([]);
  });

  it("[T2] history and replays obey the filter, and the cursor is one of the whole log", async () => {
    const room = uniqueName("filter");
    const ada = await join(room, "ada");
    const { epoch } = await ada.next("connected");
    for (const event of EVENTS) await ada.ask({ type: "send", id: event, event, data: 1 });
    const replayed = await join(room, "bo", { query: `?since=${epoch}.1&topics=note` });
    expect(replayed.ofType("message").map(({ seq }) => seq)).toEqual([2, 3]);
    expect(replayed.ofType("caughtUp")).toEqual([{ type: "caughtUp", seq: 7 }]);
    const newcomer = await join(room, "bo", { query: "?topics=note&history=2" });
    expect(newcomer.ofType("message").map(({ seq }) => seq)).toEqual([2, 3]);
    const page = await newcomer.ask({ type: "history", id: "h", limit: 2 });
    expect(page).toMatchObject({ messages: [{ seq: 2 }, { seq: 3 }], more: true });
    expect(await newcomer.ask({ type: "history", id: "e", after: 0 })).toMatchObject({
      events: [{ seq: 1 }, { seq: 2 }, { seq: 3 }],
      seq: 7,
    });
  });

  it("[T3] filtered connections receive caughtUp each tenth of HISTORY_LIMIT, after the events up to it", async () => {
    const room = uniqueName("passed");
    const ada = await join(room, "ada");
    const bo = await join(room, "bo", { query: "?topics=note" });
    for (let n = 1; n <= 11; n++)
      await ada.ask({ type: "send", id: `m${n}`, event: n === 5 ? "note" : "chat", data: n });
    await bo.settled();
    expect(bo.received.map(({ type, seq }) => [type, seq]).slice(2, -1)).toEqual([
      ["message", 5],
      ["caughtUp", 5],
      ["caughtUp", 10],
    ]);
    expect(ada.ofType("caughtUp")).toHaveLength(1);
  });

  it("[T4] a change takes effect with its ok, which carries the seq of that moment", async () => {
    const room = uniqueName("change");
    const ada = await join(room, "ada");
    const bo = await join(room, "bo");
    bo.send({ type: "send", id: "1", data: 1 });
    bo.send({ type: "topics", id: "t", topics: ["note"] });
    bo.send({ type: "send", id: "2", data: 2 });
    bo.send({ type: "send", id: "3", event: "note", data: 3 });
    bo.send({ type: "topics", id: "u", topics: null });
    await bo.settled();
    await fill(ada, 1);
    await bo.settled();
    const seen = bo.received
      .filter(({ type, id }) => type === "message" || (type === "ok" && (id === "t" || id === "u")))
      .map(({ type, seq, topics }) => [type, seq, topics]);
    expect(seen).toEqual([
      ["message", 1, undefined],
      ["ok", 1, ["note"]],
      ["message", 3, undefined],
      ["ok", 3, null],
      ["message", 4, undefined],
    ]);
  });

  it("[T4] a change under concurrent sends loses and repeats nothing", async () => {
    const room = uniqueName("change");
    const ada = await join(room, "ada");
    const bo = await join(room, "bo", { query: "?topics=none" });
    const writing = fill(ada, 300);
    const { seq } = await bo.ask({ type: "topics", id: "t", topics: null });
    await writing;
    await bo.settled();
    const delivered = bo.ofType("message").map((message) => message.seq);
    expect(delivered).toEqual(Array.from({ length: 300 - Number(seq) }, (_, at) => Number(seq) + 1 + at));
  });
});
