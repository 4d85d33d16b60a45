// Messages that are written while the tabs of one user read and write them over one connection.

import { beforeAll, describe, expect, it } from "vitest";
import type { Answer } from "../../../client/index.ts";
import { keepOffline } from "../../../client/offline/index.ts";
import { loadAnswers } from "../../../client/room/streams/answers.ts";
import { LogBuffer } from "../../../client/tabs/log-buffer.ts";
import { SharedStreams } from "../../../client/tabs/shared-streams.ts";
import { isRecord, type LogEvent } from "../../../src/protocol/index.ts";
import { FakeBrowserTabs } from "../../support/fake-browser-tabs.ts";
import { SharedDisk } from "../../support/shared-disk.ts";
import { type OpenTab, type TabOptions, WorldOfTabs } from "../../support/world-of-tabs.ts";

beforeAll(async () => {
  await loadAnswers();
});

const messageOf = ({ room }: OpenTab, seq: number) => room.messages.find((message) => message.seq === seq);

function textOf(tab: OpenTab, seq: number): string | undefined {
  const message = messageOf(tab, seq);
  if (message === undefined) return undefined;
  return isRecord(message.data) ? String(message.data.text ?? message.data.body ?? "") : "";
}

/** All texts of the message that the tab ever showed. */
function shownBy(tab: OpenTab, seq = 1): string[] {
  const shown: string[] = [];
  tab.room.subscribe(() => {
    const text = textOf(tab, seq);
    if (text !== undefined && text !== shown.at(-1)) shown.push(text);
  });
  return shown;
}

const expectGrowing = (shown: readonly string[], whole: string) => {
  expect(shown.at(-1)).toBe(whole);
  for (const [at, text] of shown.entries()) {
    expect(whole.startsWith(text)).toBe(true);
    expect(text.length).toBeGreaterThan(shown[at - 1]?.length ?? -1);
  }
};

/** In another browser. */
const bo = (world: WorldOfTabs, options: TabOptions = {}) =>
  world.join({ user: "bo", browser: new FakeBrowserTabs(world.clock), ...options });

async function write(world: WorldOfTabs, answer: Pick<Answer, "append">, ...words: string[]): Promise<void> {
  for (const word of words) {
    answer.append(word);
    await world.pass(50);
  }
}

async function settled<T>(world: WorldOfTabs, promise: Promise<T>): Promise<T> {
  await world.settle();
  return promise;
}

const framesTo = ({ wires }: WorldOfTabs, type: string) =>
  wires.flatMap(({ person }) => person?.socket.ofType(type) ?? []);

describe("a message that is written while tabs read it", () => {
  it("[Y90] grows in all of them, and comes whole and at once to one that joins or comes back", async () => {
    const world = new WorldOfTabs();
    const [first, second] = [await world.join(), await world.join()];
    const writer = await bo(world);
    const shown = [shownBy(first), shownBy(second)];
    const answer = await settled(world, writer.room.stream({ kind: "draft" }, { field: "body" }));
    await write(world, answer, "Hello", ", ");
    answer.patch({ model: "a", tool: { name: "search" } });
    await write(world, answer, "wor");
    answer.patch({ tool: null, kind: null });
    second.client.disconnect();
    await write(world, answer, "ld");
    const late = world.open();
    shown.push(shownBy(late));
    await world.settle();
    second.client.reconnect();
    await world.settle();
    expect(shown[2]).toEqual(["Hello, world"]);
    for (const tab of [first, second, late])
      expect(messageOf(tab, 1)).toMatchObject({ data: { body: "Hello, world", model: "a" }, stream: "open" });
    await write(world, answer, "!");
    await settled(world, answer.finish());
    for (const texts of shown) expectGrowing(texts, "Hello, world!");
    for (const tab of [first, second, late]) {
      expect(messageOf(tab, 1)).toMatchObject({ stream: "complete" });
      expect(messageOf(tab, 1)?.data).toEqual({ body: "Hello, world!", model: "a" });
      expect(tab.room.unread).toBe(1);
    }
    // One connection has told all of them.
    expect(world.room.opened("ada")).toBe(1);
  });

  it("[Y90] comes to a tab that must page through what it missed only after that", async () => {
    const world = new WorldOfTabs({ historyLimit: 10_000 });
    const first = await world.join();
    const second = await world.join();
    const writer = await bo(world, { room: { history: 0 } });
    const answer = await settled(world, writer.room.stream());
    await write(world, answer, "One");
    const shown = shownBy(second);
    second.client.disconnect();
    for (let round = 0; round < 5; round++) {
      for (let at = 0; at < 800; at++) void writer.room.send(at);
      await world.settle();
    }
    await write(world, answer, " two");
    second.client.reconnect();
    // Its pages are under way while more is appended.
    for (let at = 0; at < 60; at++) {
      answer.append(".");
      await world.clock.advance(41);
      world.room.now = world.clock.now();
      world.room.flush();
      for (const wire of world.wires) wire.exchange();
      expect("One two".padEnd(99, ".").startsWith(textOf(second, 1) ?? "?")).toBe(true);
    }
    await world.pass(3_000);
    await settled(world, answer.finish());
    expect(world.wires.flatMap(({ socket }) => socket.sentOf("history")).length).toBeGreaterThan(0);
    const whole = `One two${".".repeat(60)}`;
    expectGrowing(shown, whole);
    expect([textOf(first, 1), textOf(second, 1), second.lost]).toEqual([whole, whole, 0]);
  });

  it("[Y90] comes with an older page, and not to tabs under other topics", async () => {
    const world = new WorldOfTabs();
    const first = await world.join({ room: { history: 0 } });
    const writer = await bo(world);
    const answer = await settled(world, writer.room.stream({}, { event: "draft" }));
    await write(world, answer, "Hel");
    const late = await world.join({ room: { history: 0 } });
    const other = await world.join({ room: { topics: ["chat"] } });
    expect([first, late, other].map((tab) => textOf(tab, 1))).toEqual(["Hel", undefined, undefined]);
    const shown = shownBy(late);
    answer.append("lo");
    await settled(world, late.room.loadOlder(5));
    await write(world, answer, "!");
    expect([first, late, other].map((tab) => textOf(tab, 1))).toEqual(["Hello!", "Hello!", undefined]);
    expectGrowing(shown, "Hello!");
    await settled(world, answer.finish("failed"));
    expect([first, late].map((tab) => messageOf(tab, 1)?.stream)).toEqual(["failed", "failed"]);
  });
});

describe("when another tab takes over", () => {
  it.each(["close", "kill", "sleep"] as const)(
    "[Y91] from a holder that ends by %s, all go on, also in a tab that writes",
    async (how) => {
      const world = new WorldOfTabs();
      const [holder, second, third] = [await world.join(), await world.join(), await world.join()];
      const other = await bo(world);
      const answer = await settled(world, second.room.stream());
      const shown = [second, third, other].map((tab) => shownBy(tab));
      await write(world, answer, "One", " two");
      answer.append(" three");
      if (how === "close") holder.client.close();
      if (how === "sleep") holder.tab.freeze(true);
      else holder.tab.close();
      answer.append(" four");
      await world.pass(1_000);
      await write(world, answer, " five");
      const late = world.open();
      shown.push(shownBy(late));
      await world.settle();
      await write(world, answer, ".");
      await settled(world, answer.finish());
      for (const texts of shown) expectGrowing(texts, "One two three four five.");
      expect(shown[3]?.[0]).toBe("One two three four five");
      expect([second, third, late, other].map((tab) => messageOf(tab, 1)?.stream)).toEqual(
        Array(4).fill("complete"),
      );
      expect(world.room.opened("ada")).toBe(1);
    },
  );

  it("[Y91] the holder that wrote and stood still goes on where the room is", async () => {
    const world = new WorldOfTabs();
    const [holder, second] = [await world.join(), await world.join()];
    const answer = await settled(world, holder.room.stream());
    const shown = [shownBy(holder), shownBy(second)];
    await write(world, answer, "One", " two");
    answer.append(" three");
    holder.tab.freeze(false);
    await world.pass(2_000);
    expect(textOf(second, 1)).toBe("One two");
    holder.tab.resume();
    await world.pass(1_000);
    await write(world, answer, " four");
    await settled(world, answer.finish("cancelled"));
    for (const texts of shown) expectGrowing(texts, "One two three four");
    expect(messageOf(second, 1)).toMatchObject({ stream: "cancelled" });
  });

  it("[Y91] what the holder wrote that died is taken over by another tab, or ends with its text", async () => {
    const world = new WorldOfTabs();
    const [holder, second] = [await world.join(), await world.join()];
    const answers = [
      await settled(world, holder.room.stream()),
      await settled(world, holder.room.stream()),
    ] as const;
    for (const answer of answers) await write(world, answer, "Hello");
    holder.tab.close();
    await world.pass(1_000);
    const answer = await settled(world, second.room.takeOver(1));
    expect(answer.text).toBe("Hello");
    await write(world, answer, " again");
    await settled(world, answer.finish());
    await world.pass(61_000);
    expect([textOf(second, 1), messageOf(second, 1)?.stream]).toEqual(["Hello again", "complete"]);
    expect([textOf(second, 2), messageOf(second, 2)?.stream]).toEqual(["Hello", "interrupted"]);
  });
});

describe("what the server says to a producer", () => {
  it("[Y92] is told to the tab that writes: the wish that it stops, and what it refuses", async () => {
    const world = new WorldOfTabs();
    const tabs = [await world.join(), await world.join(), await world.join()] as const;
    const [, second, third] = tabs;
    const reader = await bo(world);
    const [mine, others] = [
      await settled(world, second.room.stream()),
      await settled(world, third.room.stream()),
    ];
    const heard = tabs.map(({ room }) => {
      const stops: number[] = [];
      room.on("stop", ({ seq }) => stops.push(seq));
      return stops;
    });
    await settled(world, reader.room.stop(mine.seq));
    expect([mine.stopSignal.aborted, others.stopSignal.aborted]).toEqual([true, false]);
    expect(heard).toEqual([[], [1], []]);
    // Another tab writes it now.
    const taken = await settled(world, third.room.takeOver(mine.seq));
    mine.append("late");
    await write(world, taken, "new");
    expect(() => mine.append("later")).toThrow(expect.objectContaining({ code: "taken_over" }));
    await settled(world, reader.room.stop(mine.seq));
    expect([taken.stopSignal.aborted, heard]).toEqual([true, [[], [1], [1]]]);
    await write(world, taken, " text");
    await settled(world, taken.finish("cancelled"));
    expect(tabs.map((tab) => textOf(tab, 1))).toEqual(Array(3).fill("new text"));
    await settled(world, reader.room.stop(others.seq));
    expect(others.stopSignal.aborted).toBe(true);
  });

  it("[Y92] ends the older of two tabs alone, whichever appends first while another takes it over", async () => {
    for (const appendsBefore of [true, false]) {
      const world = new WorldOfTabs();
      const [, second, third] = [await world.join(), await world.join(), await world.join()];
      const older = await settled(world, second.room.stream());
      await write(world, older, "One");
      if (appendsBefore) older.append(" two");
      const takeover = third.room.takeOver(1);
      if (!appendsBefore) older.append(" two");
      const newer = await settled(world, takeover);
      newer.append(" three");
      await world.pass(200);
      expect(() => older.append(" gone")).toThrow(expect.objectContaining({ code: "taken_over" }));
      const before = newer.text;
      await write(world, newer, "!");
      await settled(world, newer.finish());
      expect([second, third].map((tab) => textOf(tab, 1))).toEqual(Array(2).fill(`${before}!`));
    }
  });

  it("[Y92] goes to a tab that came back, as the answer to what it asks", async () => {
    const world = new WorldOfTabs();
    const [holder, second] = [await world.join(), await world.join()];
    const reader = await bo(world);
    const answer = await settled(world, second.room.stream());
    second.tab.freeze(true);
    holder.tab.close();
    await world.settle();
    await settled(world, reader.room.stop(1));
    expect(answer.stopSignal.aborted).toBe(false);
    second.tab.resume();
    await world.pass(1_000);
    expect(answer.stopSignal.aborted).toBe(true);
  });

  it("[Y92] that an append leaves a gap or comes too soon makes its tab send it again", async () => {
    const world = new WorldOfTabs();
    const [, second, third] = [await world.join(), await world.join(), await world.join()];
    const answers = [
      await settled(world, second.room.stream()),
      await settled(world, third.room.stream()),
    ] as const;
    const block = "x".repeat(60_000);
    for (let at = 0; at < 6; at++) for (const answer of answers) await write(world, answer, block);
    for (const answer of answers) void answer.finish();
    await world.pass(30_000);
    expect(
      framesTo(world, "error").some(({ code, seq }) => code === "rate_limited" && seq !== undefined),
    ).toBe(true);
    for (const seq of [1, 2]) {
      expect([textOf(second, seq)?.length, messageOf(second, seq)?.stream]).toEqual([360_000, "complete"]);
    }
  });
});

describe("the connection that tabs share", () => {
  it("[Y93] says how far it has open messages, and gets the rest; after a crash the whole", async () => {
    const world = new WorldOfTabs();
    const [first, second] = [await world.join(), await world.join()];
    const writer = await bo(world);
    const answer = await settled(world, writer.room.stream());
    const shown = [shownBy(first), shownBy(second)];
    await write(world, answer, "One", " two");
    const before = framesTo(world, "stream").length;
    const own = world.wires.find(({ person }) => person?.connection.user?.id === "ada");
    own?.cut();
    await write(world, answer, " three");
    await world.pass(3_000);
    expect(framesTo(world, "stream").length).toBe(before);
    expect(world.wires.at(-1)?.socket.url.searchParams.get("have")).toMatch(/^1:\d+$/);
    expect([textOf(first, 1), textOf(second, 1)]).toEqual(["One two three", "One two three"]);
    for (const texts of shown) expectGrowing(texts, "One two three");
    answer.append(" four");
    await world.settle();
    world.room.restart("crash");
    await world.pass(5_000);
    expect(framesTo(world, "stream").length).toBeGreaterThan(before);
    await write(world, answer, " five");
    await settled(world, answer.finish());
    expect([textOf(first, 1), textOf(second, 1)]).toEqual(Array(2).fill("One two three four five"));
  });
});

describe("a room that was read before", () => {
  it("[Y98] shows an answer as far as it was kept, then exactly the rest, and keeps it with few writes", async () => {
    const world = new WorldOfTabs();
    const disk = new SharedDisk();
    let writes = 0;
    const storageOf = () => {
      const storage = disk.open();
      const update = storage.update.bind(storage);
      storage.update = (...args) => {
        writes += 1;
        return update(...args);
      };
      return storage;
    };
    const openKept = () => world.open({ offline: keepOffline({ storage: storageOf(), cache: true }) });
    const first = openKept();
    await world.settle();
    const writer = await bo(world);
    const answer = await settled(world, writer.room.stream());
    await world.pass(2_000);
    writes = 0;
    for (let second = 0; second < 20; second++) {
      for (let at = 0; at < 5; at++) await write(world, answer, `${second}.${at} `);
      await world.pass(750);
    }
    expect(writes).toBeGreaterThan(2);
    expect(writes).toBeLessThanOrEqual(5);
    expect(textOf(first, 1)).toBe(answer.text);
    for (const how of ["while it grows", "once it has ended"]) {
      for (const { tab, user } of world.alive) if (user === "ada") tab.close();
      await write(world, answer, how);
      if (how === "once it has ended") await settled(world, answer.finish());
      const next = openKept();
      const shown = shownBy(next);
      // What was kept is there before the connection.
      for (let turn = 0; turn < 10; turn++) await world.clock.advance(0);
      expect([next.isLive, (textOf(next, 1) ?? "").length > 50]).toEqual([false, true]);
      await world.pass(3_000);
      expectGrowing(shown, answer.text);
      expect(shown).toHaveLength(2);
      expect(messageOf(next, 1)?.stream).toBe(how === "while it grows" ? "open" : "complete");
    }
  });
});

describe("what the holder keeps of messages that stream", () => {
  const opening = (seq: number): LogEvent => ({
    ...{ type: "message", seq, id: `m${seq}`, event: "chat", from: null, at: seq },
    ...{ data: { text: "" }, stream: "open" },
  });

  it("[Y94] is each open one once, and nothing of those that ended", () => {
    const streams = new SharedStreams();
    for (const seq of [1, 2, 3, 4]) streams.apply(opening(seq));
    for (let n = 1; n <= 1_000; n++)
      streams.apply({ type: "append", seq: 1, n, text: "x", patch: { [`f${n - 1}`]: null, [`f${n}`]: n } });
    streams.apply({ type: "append", seq: 1, n: 1_000, text: "twice" });
    streams.apply({ type: "append", seq: 9, n: 1, text: "unknown" });
    expect(streams.have).toBe("1:1000,2:0,3:0,4:0");
    expect(streams.frames.slice(0, 2)).toEqual([
      { type: "stream", seq: 1, n: 0, data: { text: "" } },
      { type: "append", seq: 1, n: 1_000, text: "x".repeat(1_000), patch: { f1000: 1_000 } },
    ]);
    // A stored version moves nothing.
    streams.apply({ ...opening(1), n: 2_000, data: { text: "stored" } } as LogEvent);
    expect(streams.have).toBe("1:1000,2:0,3:0,4:0");
    streams.apply({ type: "stream", seq: 1, n: 7, data: { text: "anew", old: 1 } });
    streams.apply({ type: "append", seq: 1, n: 8, text: "!", patch: { old: null } });
    expect(streams.frames.slice(0, 2)).toEqual([
      { type: "stream", seq: 1, n: 7, data: { text: "anew", old: 1 } },
      { type: "append", seq: 1, n: 8, text: "!", patch: { old: null } },
    ]);
    const { seq, ...rest } = opening(1) as Extract<LogEvent, { type: "message" }>;
    streams.apply({
      ...{ type: "messageUpdated", seq: 5, at: 5, by: null },
      message: { ...rest, seq, stream: "complete" },
    });
    streams.apply({ type: "messageDeleted", seq: 6, target: 2, by: null, at: 6 });
    streams.setFloor(3);
    expect(streams.have).toBe("4:0");
    streams.clear();
    expect([streams.have, streams.frames]).toEqual([undefined, []]);
  });

  it("[Y94] is of the text of ended ones no more than of as many messages as it keeps", () => {
    const log = new LogBuffer();
    log.begin({ after: 0 });
    const text = "x".repeat(1_000_000);
    for (let seq = 1; seq <= 200; seq++) {
      const { type: _, ...message } = opening(seq) as Extract<LogEvent, { type: "message" }>;
      log.push({
        ...{ type: "messageUpdated", seq: 1_000 + seq, at: 1, by: null },
        message: { type: "message", ...message, data: { text }, stream: "complete" },
      });
    }
    expect(log.after(1_000)).toBe(undefined);
    expect(log.after(1_199)).toHaveLength(1);
    let held = 0;
    for (let seq = 1_001; seq <= 1_200 && held === 0; seq++) held = log.after(seq)?.length ?? 0;
    expect(held).toBeLessThan(130);
  });
});
