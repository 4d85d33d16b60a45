// How a change looks to a client that was away, is filtered or reads in pages.

import { describe, expect, it } from "vitest";
import { ask, changesTo, edit, isSequenced, many, react, remove, sequencedTo } from "./support/changes.ts";
import { configureRoom, crash, sleep, storedText } from "./support/objects.ts";
import type { Frame, TestSocket } from "./support/test-socket.ts";
import {
  callAs,
  callAsServer,
  fill,
  join,
  openRoom,
  roomHas,
  roomObject,
  tokenFor,
  uniqueName,
} from "./support/worker.ts";

const framesOf = (value: unknown): Frame[] => (Array.isArray(value) ? value : []);
const brief = ({ type, seq, target, message }: Frame) => [
  type,
  seq,
  ...(target !== undefined ? [target] : []),
  ...(typeof message === "object" && message !== null && "seq" in message ? [message.seq] : []),
];

async function adaIn(prefix: string, settings: Record<string, number> = {}) {
  const room = uniqueName(prefix);
  await configureRoom(room, settings);
  const ada = await join(room, "ada");
  const { epoch } = await ada.next("connected");
  const since = (seq: number) => ({ query: `?since=${epoch}.${seq}` });
  return { room, ada, since, epoch };
}

/** The state of a room for a client that held `base` and then received `events`. */
function folded(base: readonly Frame[], events: readonly Frame[]): Map<unknown, Frame> {
  const held = new Map<unknown, Frame>(base.map((message) => [message.seq, message]));
  for (const event of events) {
    if (event.type === "message") held.set(event.seq, event);
    const { message } = event;
    if (
      event.type === "messageUpdated" &&
      typeof message === "object" &&
      message !== null &&
      "seq" in message
    )
      held.set(message.seq, { type: "message", ...message });
    const target = held.get(event.target);
    if (event.type === "messageDeleted" && target !== undefined) {
      const { mentions: _, reactions: __, editedAt: ___, editedBy: ____, ...rest } = target;
      held.set(target.seq, { ...rest, data: null, deletedAt: event.at, changed: event.seq });
    }
    if (event.type === "reaction" && target !== undefined) held.set(target.seq, reacted(target, event));
  }
  return held;
}

function reacted(target: Frame, { emoji, user, op, seq }: Frame): Frame {
  const { reactions: before, ...rest } = target;
  const reactions = new Map(Object.entries(before ?? {}));
  const others = (reactions.get(String(emoji)) ?? []).filter((id: unknown) => id !== user);
  const users = op === "add" ? [...others, user] : others;
  if (users.length > 0) reactions.set(String(emoji), users);
  else reactions.delete(String(emoji));
  const left = reactions.size > 0 && { reactions: Object.fromEntries(reactions) };
  return { ...rest, ...left, changed: seq, type: "message" };
}

/** In the form that `history` lists them. */
const listed = (messages: Iterable<Frame>): Frame[] =>
  Array.from(messages, ({ replay: _, ...frame }): Frame => ({ ...frame, type: "message" })).sort(
    (a, b) => Number(a.seq) - Number(b.seq),
  );
const bySeq = (held: Map<unknown, Frame>): Frame[] => listed(held.values());

describe("a replay of changes", () => {
  it("[E6][E10] has each message after the cursor once, in its current state; all changes to an older message are one event", async () => {
    const { room, ada, since } = await adaIn("replay");
    await fill(ada, 4);
    for (const command of [edit(1, "a"), react(2, "👍"), { type: "send", data: 7 }, react(1, "🎉")])
      await ask(ada, command);
    for (const command of [remove(3), edit(7, "new"), edit(2, "b"), react(7, "👍"), remove(3)])
      await ask(ada, command);
    const replayTo = async (seq: number) => {
      const back = await join(room, "bo", since(seq));
      expect(back.ofType("caughtUp")).toEqual([{ type: "caughtUp", seq: 12 }]);
      return sequencedTo(back);
    };
    const late = await replayTo(5);
    expect(late.map(brief)).toEqual([
      ["message", 7],
      ["messageUpdated", 8, 1],
      ["messageDeleted", 9, 3],
      ["messageUpdated", 11, 2],
    ]);
    expect(late).toMatchObject([
      { data: "new", reactions: { "👍": ["ada"] }, changed: 12, replay: true },
      { by: "ada", message: { data: "a", reactions: { "🎉": ["ada"] }, changed: 8 } },
      { by: "ada" },
      { message: { data: "b", reactions: { "👍": ["ada"] }, changed: 11 } },
    ]);
    expect((await replayTo(8)).map(brief)).toEqual([
      ["messageDeleted", 9, 3],
      ["messageUpdated", 11, 2],
      ["messageUpdated", 12, 7],
    ]);
    expect((await replayTo(12)).map(brief)).toEqual([]);
    expect((await replayTo(0)).map(brief)).toEqual([1, 2, 3, 4, 7].map((seq) => ["message", seq]));
    expect((await replayTo(0))[2]).toMatchObject({ seq: 3, data: null, deletedAt: expect.any(Number) });
  });

  it("[E6][D1] gives a client that returns at any cursor exactly what the log holds, also after a sleep", async () => {
    const { room, ada, since } = await adaIn("any_point", { HISTORY_LIMIT: 60 });
    await fill(ada, 6);
    const script = many(24, (at) => {
      const seq = ((at * 5) % 6) + 1;
      const kinds = [
        edit(seq, `e${at}`),
        react(seq, "👍", at % 3 === 0 ? "remove" : "add"),
        { type: "send", data: at },
      ];
      return at === 20 ? remove(4) : (kinds[(at * 7) % 3] ?? remove(5));
    });
    for (const command of script) await ask(ada, command);
    const live = sequencedTo(ada);
    await sleep(roomObject(room));
    await configureRoom(room, { HISTORY_LIMIT: 60 });
    const truth = listed(framesOf((await ask(ada, { type: "history", limit: 200 })).messages));
    expect(bySeq(folded([], live))).toEqual(truth);
    const head = Number(live.at(-1)?.seq);
    expect(head).toBeGreaterThan(20);
    for (let seq = 0; seq <= head; seq++) {
      const known = live.filter((event) => Number(event.seq) <= seq);
      const back = await join(room, "bo", since(seq));
      const replayed = sequencedTo(back);
      expect(bySeq(folded(bySeq(folded([], known)), replayed)), `since ${seq}`).toEqual(truth);
      const seqs = replayed.map((event) => Number(event.seq));
      expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
      const targets = replayed.map((event) => JSON.stringify(brief(event).slice(-1)));
      expect(new Set(targets).size, `since ${seq}`).toBe(targets.length);
      back.close(1000);
    }
  });

  it("[E6][F7] has a floor just below the oldest message; a cursor below it is lost", async () => {
    const { room, ada, since } = await adaIn("ring", { HISTORY_LIMIT: 7 });
    await fill(ada, 5);
    for (let at = 0; at < 6; at++) await ask(ada, edit(5, `e${at}`));
    await ask(ada, { type: "send", data: 12 });
    await ask(ada, edit(12, "twelve"));
    const all = await join(room, "bo", since(5));
    expect(await all.next("connected")).toMatchObject({ recovery: "complete", head: 13, floor: 0 });
    expect(sequencedTo(all).map(brief)).toEqual([
      ["messageUpdated", 11, 5],
      ["message", 12],
    ]);
    // 5 is removed; the sequence numbers between it and 12 belong to changes of it.
    await fill(ada, 6);
    const lost = await join(room, "bo", since(10));
    expect(await lost.next("connected")).toMatchObject({ recovery: "lost", head: 19, floor: 11 });
    expect(sequencedTo(lost).map(brief)[0]).toEqual(["message", 12]);
    const complete = await join(room, "bo", since(11));
    expect(await complete.next("connected")).toMatchObject({ recovery: "complete" });
    expect(sequencedTo(complete)[0]).toMatchObject({ seq: 12, data: "twelve", changed: 13 });
    await crash(roomObject(room));
    await configureRoom(room, { HISTORY_LIMIT: 7 });
    const again = await join(room, "ada");
    expect(await again.next("connected")).toMatchObject({ head: 19, floor: 11 });
    // More messages than the ring has slots, with changes between: no slot shows the content of another.
    for (let at = 0; at < 10; at++) {
      const { seq } = await ask(again, { type: "send", data: `m${at}` });
      if (at % 2 === 0) await ask(again, react(Number(seq), "👍"));
    }
    const { messages } = await ask(again, { type: "history", limit: 200 });
    const plain = framesOf(messages);
    expect(plain.map(({ data, reactions }) => [data, reactions])).toEqual([
      ["m3", undefined],
      ["m4", { "👍": ["ada"] }],
      ["m5", undefined],
      ["m6", { "👍": ["ada"] }],
      ["m7", undefined],
      ["m8", { "👍": ["ada"] }],
      ["m9", undefined],
    ]);
    expect(
      plain.filter(({ reactions, changed }) => (reactions === undefined) !== (changed === undefined)),
    ).toEqual([]);
  });

  it("[E6] of a filtered connection has the changes to matching messages only", async () => {
    const { room, ada, since } = await adaIn("filtered");
    for (const event of ["note", "chat", "note.sub"]) await ask(ada, { type: "send", event, data: event });
    for (const command of [edit(1, "n"), edit(2, "c"), remove(3), react(2, "👍")]) await ask(ada, command);
    const back = await join(room, "bo", { query: `${since(3).query}&topics=note` });
    expect(sequencedTo(back).map(brief)).toEqual([
      ["messageUpdated", 4, 1],
      ["messageDeleted", 6, 3],
    ]);
    expect(back.received.at(-1)).toEqual({ type: "caughtUp", seq: 7 });
  });
});

describe("a long replay", () => {
  async function pagesOf(socket: TestSocket, between: () => Promise<unknown>): Promise<Frame[]> {
    let { seq: after, more } = await socket.next("caughtUp");
    const events = sequencedTo(socket);
    for (let page = 0; more === true; page++) {
      if (page > 20) throw new Error("there is no end to it");
      await between();
      const answer = await ask(socket, { type: "history", after, limit: 300 });
      events.push(...framesOf(answer.events));
      after = answer.seq;
      more = answer.more;
    }
    await socket.settled();
    return events;
  }

  it("[E6][F5] has the last state of each message, whatever changes between its pages", async () => {
    const { room, ada, since } = await adaIn("pages", { HISTORY_LIMIT: 10_000, RATE_BURST: 100_000 });
    await fill(ada, 50);
    const known = sequencedTo(ada);
    for (let seq = 1; seq <= 40; seq++) await ask(ada, react(seq, "👍"));
    await fill(ada, 1_800);
    await ask(ada, edit(100, "before the first page"));
    const bo = await openRoom(room, "bo", since(50));
    let round = 0;
    const events = await pagesOf(bo, async () => {
      round++;
      for (const seq of [1, 45, 100, 200, 900, 1_500, 1_889])
        await ask(ada, edit(seq, `round ${round} of ${seq}`));
      await ask(ada, { type: "send", data: `sent in round ${round}` });
      if (round === 2) for (const seq of [2, 300, 1_200]) await ask(ada, remove(seq));
      await sleep(roomObject(room));
      await configureRoom(room, { HISTORY_LIMIT: 10_000, RATE_BURST: 100_000 });
    });
    expect(round).toBeGreaterThanOrEqual(3);
    const seqs = events.map(({ seq }) => Number(seq));
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    expect(new Set(seqs).size).toBe(seqs.length);
    // No sequenced event came outside the pages.
    expect(sequencedTo(bo)).toHaveLength(events.filter(({ replay }) => replay === true).length);
    const truth: Frame[] = [];
    for (let before: unknown, more: unknown = true; more === true; ) {
      const page = await ask(ada, { type: "history", limit: 200, ...(before !== undefined && { before }) });
      truth.unshift(...framesOf(page.messages));
      before = page.seq;
      more = page.more;
    }
    expect(bySeq(folded(known, events))).toEqual(listed(truth));
    await ask(ada, edit(1, "live"));
    await bo.settled();
    expect(bo.received.filter(isSequenced).at(-1)).toMatchObject({
      type: "messageUpdated",
      message: { data: "live" },
    });
  });

  it("[E6][E9] delays changes of others; the client's own changes are answered at once", async () => {
    const { room, ada, since } = await adaIn("paging", { HISTORY_LIMIT: 10_000, RATE_BURST: 100_000 });
    await fill(ada, 1_100);
    const bo = await openRoom(room, "bo", since(0));
    expect(await bo.next("caughtUp")).toMatchObject({ seq: 1_000, more: true });
    await ask(ada, edit(5, "five"));
    expect(await ask(bo, react(1_050, "👍"))).toMatchObject({ type: "ok", seq: 1_102 });
    expect(await ask(bo, react(7, "👍"))).toMatchObject({ type: "ok", seq: 1_103 });
    expect(changesTo(bo)).toEqual([]);
    const page = await ask(bo, { type: "history", after: 1_000 });
    expect(framesOf(page.events).slice(-3).map(brief)).toEqual([
      ["message", 1_100],
      ["messageUpdated", 1_101, 5],
      ["messageUpdated", 1_103, 7],
    ]);
    expect(framesOf(page.events)[49]).toMatchObject({ seq: 1_050, reactions: { "👍": ["bo"] } });
    expect(await bo.next("caughtUp")).toEqual({ type: "caughtUp", seq: 1_103, floor: 0 });
  });
});

describe("live changes", () => {
  it("[E9] a filtered connection receives the changes to matching messages only", async () => {
    const { room, ada } = await adaIn("topics");
    const notes = await join(room, "bo", { query: "?topics=note" });
    const nothing = await join(room, "cy");
    await ask(nothing, { type: "topics", topics: [] });
    for (const event of ["note", "chat"]) await ask(ada, { type: "send", event, data: event });
    for (const command of [edit(1, 1), edit(2, 2), react(1, "👍"), react(2, "👍"), remove(2), remove(1)])
      await ask(ada, command);
    await Promise.all([notes.settled(), nothing.settled()]);
    expect(changesTo(notes).map(brief)).toEqual([
      ["messageUpdated", 3, 1],
      ["reaction", 5, 1],
      ["messageDeleted", 8, 1],
    ]);
    expect(sequencedTo(nothing)).toEqual([]);
    // HISTORY_LIMIT is 50 here: the cursor advances each time seq passes a multiple of 5.
    expect(nothing.ofType("caughtUp").map(({ seq }) => seq)).toEqual([0, 5]);
  });

  it("[E9][H4] a long poll is answered by each kind of change, and continues after it", async () => {
    const { room, ada, epoch } = await adaIn("poll");
    await fill(ada, 1);
    let cursor = `${epoch}.1`;
    const token = await tokenFor("bo");
    for (const command of [edit(1, "x"), react(1, "👍"), remove(1)]) {
      // The socket of the previous poll may still be open.
      await roomHas(room, 1);
      const waiting = callAs(token, "GET", `/v1/rooms/${room}/events?wait=20&presence=off&since=${cursor}`);
      await roomHas(room, 2);
      const { seq } = await ask(ada, command);
      const polled = await (await waiting).json<{ events: Frame[]; cursor: string }>();
      expect(polled.events).toMatchObject([{ seq }]);
      expect(polled.events.map(({ type }) => type)).toEqual([changesTo(ada).at(-1)?.type]);
      cursor = polled.cursor;
      expect(cursor).toBe(`${epoch}.${seq}`);
    }
  });

  it("[E9][H4][T3] a filtered poll takes its cursor from a caughtUp in the same batch, and does not list it", async () => {
    const { room, ada, epoch } = await adaIn("poll");
    await ask(ada, { type: "send", event: "note", data: 1 });
    await fill(ada, 2);
    const query = `?wait=20&presence=off&topics=note&since=${epoch}.3`;
    const waiting = callAs(await tokenFor("bo"), "GET", `/v1/rooms/${room}/events${query}`);
    await ada.next("memberJoined");
    ada.send({
      type: "batch",
      commands: [edit(1, "x"), edit(2, "y")].map((one, at) => ({ id: `${at}`, ...one })),
    });
    const polled = await (await waiting).json<{ events: Frame[]; cursor: string }>();
    expect(polled.events.map(brief)).toEqual([["messageUpdated", 4, 1]]);
    expect(polled.cursor).toBe(`${epoch}.5`);
  });

  it("[E9][S4] echo:false applies to sends only, and no change takes the place of another event", async () => {
    const { ada } = await adaIn("echo");
    const commands = [
      { type: "send", id: "1", data: 1, echo: false },
      { ...edit(1, 2), id: "2", echo: false },
      { type: "send", id: "3", data: 3, echo: false },
      { ...react(3, "👍"), id: "4" },
    ];
    ada.send({ type: "batch", commands });
    await ada.settled();
    const delivered = ada.received.filter(({ type }) => type !== "pong").slice(-6);
    expect(delivered.map(({ type, seq, id }) => [type, seq, id])).toEqual([
      ["ok", 1, "1"],
      ["messageUpdated", 2, undefined],
      ["ok", 3, "3"],
      ["reaction", 4, undefined],
      ["ok", 2, "2"],
      ["ok", 4, "4"],
    ]);
  });

  it("[E1][E3] data nested 16,000 deep is edited, reacted to and replayed unchanged", async () => {
    const { room, ada, since } = await adaIn("deep", { MAX_MESSAGE_BYTES: 65_536 });
    const deep = (core: string) => `${"[".repeat(16_000)}${core}${"]".repeat(16_000)}`;
    ada.send(`{"type":"send","id":"m","data":${deep("1")}}`);
    await ada.next("ok");
    await ask(ada, react(1, "👍"));
    ada.send(`{"type":"edit","id":"e","seq":1,"data":${deep("2")}}`);
    await ada.next("ok", ({ id }) => id === "e");
    await ask(ada, react(1, "🎉"));
    expect(ada.texts.join()).toContain(deep("2"));
    const back = await join(room, "bo", since(1));
    expect(back.texts.join()).toContain(deep("2"));
    expect(back.texts.join()).toContain('"reactions":{"👍":["ada"],"🎉":["ada"]}');
    const page = await callAsServer("GET", `/v1/rooms/${room}/messages`);
    expect(await page.text()).toContain(deep("2"));
    const polled = await callAsServer("GET", `/v1/rooms/${room}/events`);
    expect([polled.status, (await polled.text()).includes(deep("2"))]).toEqual([200, true]);
    expect(await storedText(roomObject(room))).not.toContain(deep("1"));
  });
});
