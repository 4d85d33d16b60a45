// Messages that this client writes while others read them.

import { beforeAll, describe, expect, it } from "vitest";
import { loadAnswers } from "../../../client/room/streams/answers.ts";
import { MAX_STREAM_BYTES } from "../../../src/protocol/index.ts";
import { SharedDisk } from "../../support/shared-disk.ts";
import { answerForTest, finishing, mine, SEQ, stored } from "./support/answer-for-test.ts";
import { describeBoth, dialedRoom, roomForTest } from "./support/client-for-test.ts";
import type { Frame } from "./support/fake-sockets.ts";
import { message, ok, refusal } from "./support/frames.ts";
import { openTab } from "./support/offline-world.ts";

beforeAll(async () => void (await loadAnswers()));

describeBoth("an answer", () => {
  it("[Y66] opens with a `send`, and is there once it is stored", async () => {
    const world = await roomForTest(undefined, undefined, { head: SEQ - 1 });
    const data = { body: "So ", model: "toy" };
    const opened = world.room.stream(data, { event: "note", field: "body", replyTo: 3, mentions: ["usr_2"] });
    data.body = "changed later";
    await world.clock.advance(0);
    expect(world.socket().sentOf("send")[0]).toMatchObject({
      ...{ type: "send", event: "note", data: { body: "So ", model: "toy" }, replyTo: 3 },
      ...{ mentions: ["usr_2"], stream: true, field: "body" },
    });
    expect(world.room.messages[0]).toMatchObject({ pending: true, stream: "open", field: "body" });
    const answer = await stored(world, opened);
    expect([answer.seq, answer.text, answer.stopSignal.aborted]).toEqual([SEQ, "So ", false]);
    answer.append("far");
    expect(answer.text).toBe("So far");
    expect(Object.isFrozen(answer)).toBe(true);
  });

  it("[Y66] waits for a connection, and is opened once", async () => {
    const world = await dialedRoom();
    const opened = world.room.stream();
    await world.clock.advance(0);
    expect(world.room.outbox).toMatchObject([{ data: {}, status: "queued" }]);
    await world.goLive({ head: SEQ - 1 });
    world.socket().end(1006);
    await world.clock.advance(1_000);
    await world.goLive({ head: SEQ - 1, recovery: "complete" });
    expect(world.socket().sentOf("send")).toMatchObject([{ stream: true, retryOf: "e1.6" }]);
    expect((await stored(world, opened)).seq).toBe(SEQ);
  });

  it("[Y66] that is refused leaves nothing to try again", async () => {
    const world = await roomForTest();
    const opened = world.room.stream({}).catch((error: unknown) => error);
    await world.clock.advance(0);
    world.socket().deliver(refusal(world.socket().sentOf("send")[0], "forbidden"));
    expect(await opened).toMatchObject({ code: "forbidden" });
    expect(world.room.outbox).toEqual([]);
  });

  it("[Y66] waits while the room has too many open, and holds up nothing else", async () => {
    const world = await roomForTest(undefined, undefined, { head: SEQ - 1 });
    const { socket, clock, room } = world;
    const sent = () =>
      socket()
        .sentOf("send")
        .map(({ data }) => data);
    const opened = room.stream({ text: "" });
    await clock.advance(0);
    socket().deliver(refusal(socket().sentOf("send")[0], "overloaded", { retryAfterMs: 1_000 }));
    void room.send("said meanwhile");
    await clock.advance(900);
    expect(sent()).toEqual([{ text: "" }, "said meanwhile"]);
    await clock.advance(400);
    expect(sent()).toEqual([{ text: "" }, "said meanwhile", { text: "" }]);
    expect((await stored(world, opened)).seq).toBe(SEQ);
    void room.stream({ text: "next" }).catch(() => {});
    await clock.advance(0);
    socket().deliver(refusal(socket().sentOf("send").at(-1), "overloaded", { retryAfterMs: 1_000 }));
    world.client.close();
    await clock.advance(0);
    expect(clock.pending).toBe(0);
  });

  it("[Y67] joins what is appended in one turn, and counts its appends", async () => {
    const world = await answerForTest();
    for (const text of ["Hel", "lo", "", ", "]) world.answer.append(text);
    await world.clock.advance(0);
    world.answer.append("world");
    world.answer.patch({ model: "toy" });
    world.answer.append("!");
    await world.clock.advance(0);
    expect(world.said()).toMatchObject([
      { seq: SEQ, n: 1, text: "Hello, " },
      { seq: SEQ, n: 2, text: "world" },
      { seq: SEQ, n: 3, patch: { model: "toy" } },
      { seq: SEQ, n: 4, text: "!" },
    ]);
    for (const command of world.said()) expect(command).not.toHaveProperty("id");
  });

  it("[Y67] gathers for as long as the room says, and finishes at once", async () => {
    const world = await answerForTest();
    await world.clock.advance(2_000);
    await world.say("asks");
    await world.tell(1, 1, { paceMs: 44 });
    await world.clock.advance(44);
    await world.say("a", "b");
    expect(world.said().map(({ text }) => text)).toEqual(["asks", "a"]);
    await world.clock.advance(43);
    await world.say("c");
    expect(world.said()).toHaveLength(2);
    await world.clock.advance(1);
    expect(world.said().at(-1)).toMatchObject({ n: 3, text: "bc" });
    await world.say("end");
    await finishing(world);
    expect(world.said().at(-1)).toMatchObject({ n: 4, text: "end" });
  });

  it("[Y67] cuts long texts, and splits no character", async () => {
    const world = await answerForTest();
    await world.say("👍".repeat(5_000), "x👍"[1] ?? "");
    await world.say("x👍".slice(2));
    const texts = world.said().map(({ text }) => String(text));
    expect(texts.join("")).toBe("👍".repeat(5_001));
    expect(texts.length).toBeGreaterThan(2);
    for (const text of texts) {
      expect(text.isWellFormed()).toBe(true);
      expect(JSON.stringify(text).length * 3).toBeLessThan(32_768);
    }
  });

  it("[Y67] takes only texts, and patches of other fields that JSON can write", async () => {
    const { answer } = await answerForTest();
    const wrong: [string, () => void][] = [
      ["bad_request", () => answer.append(Object(1))],
      ["bad_request", () => answer.patch({ text: "other" })],
      ["bad_request", () => answer.patch({ big: 1n })],
      ["bad_request", () => answer.patch(Object("no fields"))],
      ["too_large", () => answer.patch({ long: "x".repeat(33_000) })],
    ];
    for (const [code, act] of wrong) expect(act).toThrow(expect.objectContaining({ code }));
  });

  it("[Y68] asks from time to time how far it is saved, and after a lost connection sends the rest again", async () => {
    const world = await answerForTest();
    await world.say("a", "b");
    expect(world.said().filter(({ ack }) => ack)).toEqual([]);
    await world.clock.advance(2_000);
    await world.say("c");
    expect(world.said().at(-1)).toMatchObject({ n: 3, ack: true, id: expect.any(String) });
    await world.tell(3, 1);
    await world.say("d");
    await world.comeBack();
    expect(world.sent()).toMatchObject([{ seq: SEQ, n: 0, ack: true }]);
    world.answer.append("e");
    await world.clock.advance(0);
    // The server had a crash, which took the third.
    await world.tell(2, 2);
    expect(world.said().map(({ n, text }) => [n, text])).toEqual([
      [3, "c"],
      [4, "d"],
      [5, "e"],
    ]);
  });

  it("[Y68] sends again what a crash took that the connection outlived, as a session does", async () => {
    const world = await answerForTest();
    await world.say("a");
    await world.clock.advance(2_000);
    await world.say("b");
    await world.tell(2, 1);
    world.socket().deliver({ type: "stream", seq: SEQ, n: 1, data: { text: "a" } });
    await world.clock.advance(0);
    await world.tell(1, 1);
    expect(world.said().map(({ n, text }) => [n, text])).toEqual([
      [1, "a"],
      [2, "b"],
      [2, "b"],
    ]);
  });

  it("[Y68] sends again what a crash took before the room was asked for the first time", async () => {
    const world = await answerForTest();
    await world.say("a", "b");
    world.socket().deliver({ type: "stream", seq: SEQ, n: 1, data: { text: "a" } });
    await world.clock.advance(0);
    expect(world.sent().at(-1)).toMatchObject({ n: 0, ack: true });
    await world.tell(1, 1);
    expect(world.said().at(-1)).toMatchObject({ n: 2, text: "b" });
  });

  it("[Y68] asks each 16 KiB, and has at most 64 KiB under way", async () => {
    const world = await answerForTest();
    world.answer.append("x".repeat(200_000));
    await world.clock.advance(0);
    const lengthOf = (frames: Frame[]) => frames.reduce((sum, { text }) => sum + String(text).length, 0);
    expect(lengthOf(world.said())).toBe(65_536);
    expect(
      world
        .said()
        .filter(({ ack }) => ack)
        .map(({ n }) => n),
    ).toEqual([4, 8, 12, 16]);
    const asked = world.said().filter(({ ack }) => ack);
    world.socket().deliver(ok(asked[0], { n: 4, saved: 0 }));
    await world.clock.advance(0);
    expect(lengthOf(world.said())).toBe(65_536 + 16_384);
  });

  it("[Y69] goes on where the room is after a refusal, with the same appends, and tells the app nothing", async () => {
    const world = await answerForTest({ random: () => 0.5 });
    await world.say("a", "b", "c", "d");
    await world.refuse("rate_limited", { retryAfterMs: 400 });
    await world.refuse("gap", { n: 3 });
    await world.say("e");
    await world.clock.advance(399);
    expect(world.sent()).toHaveLength(4);
    await world.clock.advance(250);
    expect(world.sent().at(-1)).toMatchObject({ n: 0, ack: true });
    await world.tell(2, 0);
    expect(
      world
        .said()
        .slice(4)
        .map(({ n, text }) => [n, text]),
    ).toEqual([
      [3, "c"],
      [4, "d"],
      [5, "e"],
    ]);
    expect(world.errors).toEqual([]);
  });

  it("[Y69] asks ever more seldom while the room takes nothing", async () => {
    const world = await answerForTest({ random: () => 0.99 });
    await world.say("a");
    const asks = () => world.sent().length;
    for (let round = 0; round < 8; round++) {
      await world.refuse("overloaded");
      await world.clock.advance(20_000);
      await world.tell(0, 0);
    }
    const before = asks();
    await world.refuse("overloaded");
    await world.clock.advance(5_000);
    expect(asks()).toBe(before);
  });

  it("[Y70] keeps itself alive each 20 s, only while connected, and leaves no timer behind", async () => {
    const world = await answerForTest();
    const keepAlives = () => world.sent().filter(({ n }) => n === 0).length;
    await world.say("a");
    await world.clock.advance(19_999);
    expect(keepAlives()).toBe(0);
    await world.clock.advance(1);
    expect(keepAlives()).toBe(1);
    await world.tell(1, 1);
    await world.clock.advance(20_000);
    expect(keepAlives()).toBe(2);
    await world.tell(1, 1);
    const { promise, command } = await finishing(world);
    const before = world.clock.pending;
    world.socket().deliver(ok(command(), { seq: 8 }));
    await promise;
    // That of the command, and none of the answer.
    expect(world.clock.pending).toBe(before - 1);
    await world.clock.advance(60_000);
    expect(keepAlives()).toBe(2);
  });

  it("[Y70] leaves no timer behind when the client closes", async () => {
    const world = await answerForTest();
    await world.say("a");
    world.answer.append("b");
    world.client.close();
    await world.clock.advance(0);
    expect(world.clock.pending).toBe(0);
  });

  it("[Y71] finishes once the room has all of it", async () => {
    const world = await answerForTest();
    await world.say("a", "b");
    world.answer.append("c");
    const { promise, command } = await finishing(world, "failed", { text: "abc", reason: "toy" });
    expect(command()).toBe(undefined);
    expect(world.said().at(-1)).toMatchObject({ n: 3, text: "c", ack: true });
    await world.tell(3, 0);
    expect(command()).toMatchObject({ seq: SEQ, status: "failed", data: { text: "abc", reason: "toy" } });
    world.socket().deliver(ok(command(), { seq: 9 }));
    expect(await promise).toEqual({ seq: 9 });
    expect(() => world.answer.append("d")).toThrow(expect.objectContaining({ code: "not_open" }));
    expect(await world.over(world.answer.finish())).toMatchObject({ code: "not_open" });
    expect(world.answer.stopSignal.aborted).toBe(false);
  });

  it("[Y71] asks before it finishes where the last append went out without a question", async () => {
    const world = await answerForTest();
    await world.say("a");
    const { command } = await finishing(world);
    expect(world.sent().at(-1)).toMatchObject({ n: 0, ack: true });
    await world.tell(0, 0);
    expect(world.said().at(-1)).toMatchObject({ n: 1, text: "a", ack: true });
    expect(command()).toBe(undefined);
    await world.tell(1, 0);
    expect(command()).toMatchObject({ seq: SEQ, status: "complete" });
  });

  it("[Y71] finishes over a lost connection, once", async () => {
    const world = await answerForTest();
    const { promise, command } = await finishing(world);
    expect(command()).toMatchObject({ status: "complete" });
    world.socket().end(1006);
    await world.clock.advance(1_000);
    const message = { ...mine({ data: { text: "" }, stream: "complete" }), changed: 9 };
    const ended = { type: "messageUpdated", seq: 9, at: 9, by: "usr_1", message };
    await world.goLive({ head: 9, recovery: "complete" }, ended);
    world.socket().deliver(refusal(world.sent().at(-1), "not_open", { seq: SEQ }));
    await world.clock.advance(0);
    expect(command()).toMatchObject({ status: "complete" });
    world.socket().deliver(ok(command(), { seq: 0 }));
    expect(await promise).toEqual({ seq: 9 });
    expect(world.errors).toEqual([]);
  });

  it("[Y71] sends again before it finishes what a crash took meanwhile", async () => {
    const world = await answerForTest();
    await world.say("a", "b");
    const { command } = await finishing(world);
    await world.tell(2, 0);
    expect(command()).toBeDefined();
    await world.comeBack();
    await world.tell(1, 1);
    expect(world.said()).toMatchObject([{ n: 2, text: "b", ack: true }]);
    expect(command()).toBe(undefined);
    await world.tell(2, 1);
    expect(command()).toMatchObject({ status: "complete" });
  });

  it("[Y71] tries a finish again that came too early, and is open after one that cannot be", async () => {
    const world = await answerForTest();
    const { promise, command } = await finishing(world, "complete", { text: "x" });
    world.socket().deliver(refusal(command(), "rate_limited", { retryAfterMs: 100 }));
    await world.clock.advance(400);
    await world.tell(0, 0);
    expect(world.socket().sentOf("finish")).toHaveLength(2);
    world.socket().deliver(refusal(command(), "too_large"));
    expect(await world.over(promise)).toMatchObject({ code: "too_large" });
    await world.say("a");
    expect(world.said()).toMatchObject([{ n: 1, text: "a" }]);
  });

  it.each(["taken_over", "not_open", "not_found", "forbidden"])("[Y72] ends with %s", async (code) => {
    const world = await answerForTest();
    await world.say("a");
    await world.refuse(code);
    // It may have been meant for another producer on this page.
    if (code === "taken_over") world.socket().deliver(refusal(world.sent().at(-1), code, { seq: SEQ }));
    const { answer } = world;
    expect(answer.stopSignal).toMatchObject({ aborted: true, reason: { code } });
    expect(() => answer.append("b")).toThrow(expect.objectContaining({ code }));
    expect(() => answer.patch({})).toThrow(expect.objectContaining({ code }));
    expect(await world.over(answer.finish())).toMatchObject({ code });
    expect(world.errors).toEqual([]);
    const before = world.sent().length;
    await world.clock.advance(24_000);
    expect(world.sent()).toHaveLength(before);
  });

  it("[Y72] ends where a question is refused for good, and does not ask again", async () => {
    const world = await answerForTest();
    await world.clock.advance(20_000);
    expect(world.sent()).toMatchObject([{ n: 0, ack: true }]);
    // A server of an older version knows no appends.
    world.socket().deliver(refusal(world.sent().at(-1), "bad_request"));
    await world.clock.advance(0);
    expect(world.sent()).toHaveLength(1);
    expect(await world.over(world.answer.finish())).toMatchObject({ code: "bad_request" });
  });

  it("[Y72] ends with a room that is left", async () => {
    const world = await answerForTest();
    await world.say("a");
    const { promise } = await finishing(world);
    world.room.leave();
    await world.clock.advance(0);
    expect(await world.over(promise)).toMatchObject({ code: "closed" });
    expect(() => world.answer.append("b")).toThrow(expect.objectContaining({ code: "closed" }));
    expect(world.answer.stopSignal.aborted).toBe(true);
  });

  it("[Y72] that was being opened is not begun in a room that is left", async () => {
    const world = await roomForTest(undefined, undefined, { head: SEQ - 1 });
    const opened = world.room.stream({}).catch((error: unknown) => error);
    await world.clock.advance(0);
    world.socket().deliver(mine({ id: world.socket().sentOf("send")[0]?.id, stream: "open" }));
    world.client.close();
    await world.clock.advance(0);
    expect(await opened).toMatchObject({ code: "closed" });
    expect(world.clock.pending).toBe(0);
  });

  it("[Y73] keeps 1 Mi characters without a connection, and then takes no more", async () => {
    const world = await answerForTest();
    world.socket().end(1006);
    world.answer.append("x".repeat(MAX_STREAM_BYTES));
    expect(() => world.answer.append("y")).toThrow(expect.objectContaining({ code: "outbox_full" }));
    expect(world.answer.text).toHaveLength(MAX_STREAM_BYTES);
  });

  it("[Y73] that has become too large is not complete, and can be finished as failed", async () => {
    const world = await answerForTest();
    await world.say("a", "b");
    const { promise } = await finishing(world);
    await world.refuse("too_large");
    await world.tell(1, 0);
    expect(world.sent().at(-1)).toMatchObject({ n: 2, text: "b", ack: true });
    world.socket().deliver(refusal(world.sent().at(-1), "too_large", { seq: SEQ }));
    expect(await world.over(promise)).toMatchObject({ code: "too_large" });
    await world.tell(1, 0);
    expect(() => world.answer.append("c")).toThrow(expect.objectContaining({ code: "too_large" }));
    expect(await world.over(world.answer.finish())).toMatchObject({ code: "too_large" });
    const { promise: failed, command } = await finishing(world, "failed");
    expect(command()).toMatchObject({ status: "failed" });
    world.socket().deliver(ok(command(), { seq: 9 }));
    expect(await failed).toEqual({ seq: 9 });
  });

  it("[Y73] adds nothing behind what the room did not take, not even half of a character", async () => {
    const world = await answerForTest();
    await world.say("a", "b\ud83d");
    await world.refuse("too_large");
    await world.tell(1, 0);
    const { command } = await finishing(world, "failed");
    expect(world.said().map(({ n }) => n)).toEqual([1, 2]);
    expect(command()).toMatchObject({ status: "failed" });
  });

  it("[Y75] is told that somebody wants it to stop, by an event or with the next answer", async () => {
    const world = await answerForTest();
    const heard: unknown[] = [];
    world.room.on("stop", ({ seq, by }) => heard.push([seq, by]));
    world.socket().deliver({ type: "stop", seq: 99, by: "usr_2" });
    expect([world.answer.stopSignal.aborted, world.answer.stoppedBy]).toEqual([false, undefined]);
    world.socket().deliver({ type: "stop", seq: SEQ, by: "usr_2" });
    expect([world.answer.stopSignal.aborted, world.answer.stoppedBy]).toEqual([true, "usr_2"]);
    expect(heard).toEqual([
      [99, "usr_2"],
      [SEQ, "usr_2"],
    ]);
    const other = await answerForTest();
    await other.comeBack();
    await other.tell(0, 0, { stop: null });
    expect([other.answer.stopSignal.aborted, other.answer.stoppedBy]).toEqual([true, null]);
    // It ends nothing by itself.
    await other.say("a");
    expect(other.said()).toMatchObject([{ n: 1 }]);
  });

  it("[Y75] of somebody else is asked to stop", async () => {
    const world = await roomForTest();
    const asked = world.room.stop(3);
    await world.clock.advance(0);
    const [command] = world.socket().sentOf("stop");
    expect(command).toMatchObject({ seq: 3 });
    world.socket().deliver(ok(command));
    expect(await asked).toBe(undefined);
    const refused = world.room.stop(3).catch((error: unknown) => error);
    await world.clock.advance(0);
    world.socket().deliver(refusal(world.socket().sentOf("stop")[1], "not_open"));
    expect(await refused).toMatchObject({ code: "not_open" });
  });

  it("[Y76] is taken over with the text that it has, and ends the one before", async () => {
    const world = await answerForTest();
    await world.say("Hello");
    world.socket().deliver({ type: "append", seq: SEQ, n: 1, text: "Hello" });
    const taking = world.room.takeOver(SEQ);
    await world.clock.advance(0);
    world.socket().deliver(ok(world.socket().sentOf("takeover")[0], { n: 1, producer: 2 }));
    const next = await taking;
    expect([next.seq, next.text]).toEqual([SEQ, "Hello"]);
    expect(() => world.answer.append("late")).toThrow(expect.objectContaining({ code: "taken_over" }));
    next.append("!");
    await world.clock.advance(0);
    expect(world.said().at(-1)).toMatchObject({ n: 2, text: "!", producer: 2 });
  });

  it("[Y76] is not ended by what the one before it has sent too late", async () => {
    const world = await answerForTest();
    const taking = world.room.takeOver(SEQ);
    await world.say("late");
    world.socket().deliver(ok(world.socket().sentOf("takeover")[0], { n: 0, producer: 2 }));
    const next = await taking;
    await world.refuse("taken_over");
    await world.tell(0, 0);
    expect(next.stopSignal.aborted).toBe(false);
    next.append("on time");
    await world.clock.advance(0);
    expect(world.said().at(-1)).toMatchObject({ n: 1, text: "on time", producer: 2 });
  });

  it("[Y76] is read first where it is not held as far as it is", async () => {
    const world = await roomForTest();
    const taking = world.room.takeOver(3);
    await world.clock.advance(0);
    const { socket, clock } = world;
    socket().deliver(ok(socket().sentOf("takeover")[0], { n: 5, producer: 3 }));
    await clock.advance(0);
    const [history] = socket().sentOf("history");
    expect(history).toMatchObject({ before: 4, limit: 1 });
    const held = message(3, { data: { body: "Hello" }, field: "body", stream: "open", n: 5 });
    socket().deliver(ok(history, { messages: [held], seq: 3 }));
    expect((await taking).text).toBe("Hello");
  });

  it("[Y78] costs no rate tokens but for its opening", async () => {
    const world = await answerForTest();
    for (let n = 0; n < 40; n++) await world.say("x");
    const before = world.socket().sentOf("send").length;
    for (let n = 0; n < 20; n++) void world.room.send(`text ${n}`);
    await world.clock.advance(0);
    expect(world.socket().sentOf("send").length - before).toBe(20);
  });
});

describe("an answer in a room that is kept offline", () => {
  it("[Y77] waits for a connection, but not beyond the page, which alone could write it", async () => {
    const disk = new SharedDisk();
    const tab = await openTab(disk);
    await tab.goLive({ head: 0 });
    await tab.loseConnection();
    void tab.room.send("first").catch(() => {});
    const opened = tab.room.stream({ text: "" }).catch((error: unknown) => error);
    await tab.settle();
    expect(tab.statuses()).toEqual([
      ["first", "kept"],
      [{ text: "" }, "queued"],
    ]);
    expect(tab.outbox.entries.map(({ data }) => data)).toEqual(["first"]);
    tab.room.leave();
    await tab.settle();
    expect(await opened).toMatchObject({ code: "closed" });
    tab.kill();
    const next = await openTab(disk);
    await next.goLive({ head: 0 });
    expect(next.sent("send").map(({ data }) => data)).toEqual(["first"]);
  });

  it("[Y77] is opened after what was said before", async () => {
    const tab = await openTab(new SharedDisk());
    void tab.room.send("first").catch(() => {});
    void tab.room.stream({ text: "" }).catch(() => {});
    await tab.goLive({ head: 0 });
    await tab.settle();
    expect(tab.sent("send").map(({ data, stream }) => [data, stream])).toEqual([
      ["first", undefined],
      [{ text: "" }, true],
    ]);
  });
});
