// Rooms that hold many messages, or for months: what is copied and when, `keep`, `trim`, and long replays.

import { describe, expect, it } from "vitest";
import { olderMessages } from "../../../client/bindings/older-pages.ts";
import { MessageList } from "../../../client/room/room-state.ts";
import type { Message } from "../../../src/protocol/index.ts";
import { describeBoth, dialedRoom, type RoomWorld, roomForTest } from "./support/client-for-test.ts";
import type { Frame } from "./support/fake-sockets.ts";
import { batch, caughtUp, connected, deletion, message, ok } from "./support/frames.ts";

const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);

const messages = (from: number, to: number): Frame[] => range(from, to).map((seq) => message(seq));

const stored = (seq: number): Message => ({
  ...{ type: "message", seq, id: `m${seq}`, event: "chat", from: null, at: seq, data: null },
});

const seqsOf = ({ room }: RoomWorld) => room.messages.map(({ seq }) => seq);

/** A live room in which `count` messages came. */
async function roomWith(count: number, options = {}): Promise<RoomWorld> {
  const world = await roomForTest({}, options);
  world.socket().deliver(batch(...messages(1, count)));
  return world;
}

/** Answers the last request for an older page. */
function answerPage({ socket }: RoomWorld, page: Frame[], seq: number, more = true): void {
  socket().deliver(ok(socket().sentOf("history").at(-1), { messages: page, seq, ...(more && { more }) }));
}

describe("a list of messages", () => {
  it("[C220] shares with the next one all pieces but the one that differs, whatever changes", () => {
    const list = new MessageList();
    for (const seq of range(1, 10_000)) list.add(stored(seq));
    const copiedBy = (change: () => void): number => {
      const before = new Set(list.chunks);
      change();
      return list.chunks.filter((chunk) => !before.has(chunk)).reduce((sum, chunk) => sum + chunk.length, 0);
    };
    expect(list.chunks.length).toBeLessThan(50);
    expect(copiedBy(() => list.add(stored(10_001)))).toBeLessThanOrEqual(512);
    expect(copiedBy(() => list.add({ ...stored(5_000), changed: 10_002 }))).toBeLessThanOrEqual(512);
    expect(copiedBy(() => list.add(stored(0)))).toBeLessThanOrEqual(512);
    expect(copiedBy(() => list.setFloor(3_000))).toBeLessThanOrEqual(512);
    expect(copiedBy(() => list.trim(100))).toBeLessThanOrEqual(512);
    expect(list.chunks.flat().map(({ seq }) => seq)).toEqual(range(9_902, 10_001));
  });

  it("[C220] is in order, with each message once, whatever is added, changed and dropped", () => {
    let random = 7;
    const below = (bound: number) => {
      random = (random * 48_271) % 2_147_483_647;
      return random % bound;
    };
    const list = new MessageList();
    const expected = new Map<number, Message>();
    for (const turn of range(1, 6_000)) {
      const seq = below(3_000) + 1;
      const next = { ...stored(seq), changed: turn + 3_000 };
      list.add(next);
      expected.set(seq, next);
      if (turn % 500 === 0) {
        const floor = below(300);
        list.setFloor(floor);
        for (const held of [...expected.keys()]) if (held <= floor) expected.delete(held);
      }
      expect(list.get(seq)).toBe(expected.get(seq));
    }
    const inOrder = [...expected.values()].sort((a, b) => a.seq - b.seq);
    expect(list.chunks.flat()).toEqual(inOrder);
    expect(list.chunks.every(({ length }) => length > 0 && length <= 512)).toBe(true);
    for (const count of [2_000, 513, 512, 511, 1, 0]) {
      list.trim(count);
      expect(list.chunks.flat()).toEqual(count === 0 ? [] : inOrder.slice(-count));
    }
  });
});

describeBoth("the messages of a snapshot", () => {
  it("[C221] are those of its moment, whenever they are read, frozen, and the same array each time", async () => {
    const { room, socket } = await roomWith(600);
    const before = room.getSnapshot();
    const early = before.messages;
    socket().deliver(message(601));
    const after = room.getSnapshot();
    socket().deliver(deletion(602, 5), batch(...messages(603, 700)));
    void room.edit(601, "mine");
    room.trim(10);
    expect(before.messages).toBe(early);
    expect(early.map(({ seq }) => seq)).toEqual(range(1, 600));
    // Read for the first time now.
    expect(after.messages.map(({ seq }) => seq)).toEqual(range(1, 601));
    expect(after.messages[4]).toMatchObject({ data: { text: "text 5" } });
    expect(after.messages).toBe(after.messages);
    expect(Object.isFrozen(after.messages)).toBe(true);
    expect(Object.isFrozen(after)).toBe(true);
    expect(room.messages).toBe(room.getSnapshot().messages);
    expect({ ...after }.messages).toBe(after.messages);
  });

  it("[C255] come through one getter for all snapshots, so that all have one shape, and none outlives the next", async () => {
    const { room, socket } = await roomWith(3);
    const getterNow = () => Object.getOwnPropertyDescriptor(room.getSnapshot(), "messages")?.get;
    const getter = getterNow();
    socket().deliver(message(4));
    expect(getter).toBeTypeOf("function");
    expect(getterNow()).toBe(getter);
    expect(structuredClone(room.getSnapshot())).toEqual({ ...room.getSnapshot() });
  });

  it("[C221] are no list until they are read, and `latest` makes none of all", async () => {
    const { room, socket } = await roomWith(2_000);
    const concat = Array.prototype.concat;
    let longest = 0;
    Array.prototype.concat = function (this: unknown[], ...items: unknown[]): unknown[] {
      const made: unknown[] = Reflect.apply(concat, this, items);
      longest = Math.max(longest, made.length);
      return made;
    };
    try {
      const lasts: unknown[] = [];
      room.subscribe(() => lasts.push(room.latest(1)[0]?.seq, room.unread, room.head));
      socket().deliver(message(2_001));
      void room.react(3, "👍");
      void room.send("mine");
      expect(lasts.slice(0, 3)).toEqual([2_001, expect.any(Number), 2_001]);
      expect(longest).toBeLessThan(1_500);
      expect(room.messages.length).toBe(2_002);
      expect(longest).toBe(2_002);
    } finally {
      Array.prototype.concat = concat;
    }
  });

  it("[C221] `latest` is the end of them, the same array until a message changes", async () => {
    const { room, socket } = await roomWith(1_200);
    void room.edit(1_199, "edited");
    void room.send("mine");
    for (const count of [0, 1, 2, 3, 700, 5_000]) {
      const latest = room.latest(count);
      expect(latest).toEqual(count === 0 ? [] : room.messages.slice(-count));
      expect(Object.isFrozen(latest)).toBe(true);
      // Another component asks for another count.
      void room.latest(count + 1);
      room.startTyping();
      expect(room.latest(count)).toBe(latest);
    }
    const before = room.latest(2);
    socket().deliver(message(1_201));
    expect(room.latest(2)).not.toBe(before);
  });
});

describeBoth("a room that keeps some messages", () => {
  it("[C222] holds so many of what is stored, and beside them what is not stored yet", async () => {
    const world = await roomWith(1_000, { keep: 3 });
    expect(seqsOf(world)).toEqual([998, 999, 1_000]);
    void world.room.send("mine");
    world.socket().deliver(message(1_001));
    expect(seqsOf(world)).toEqual([999, 1_000, 1_001, undefined]);
    // Of messages that are not held.
    world.socket().deliver(deletion(1_002, 3), message(1_003));
    expect(seqsOf(world)).toEqual([1_000, 1_001, 1_003, undefined]);
  });

  it("[C222] may hold none", async () => {
    const world = await roomWith(10, { keep: 0 });
    expect(seqsOf(world)).toEqual([]);
    void world.room.loadOlder(2);
    await world.clock.advance(0);
    expect(world.socket().sentOf("history").at(-1)).not.toHaveProperty("before");
    answerPage(world, messages(9, 10), 9);
    expect(seqsOf(world)).toEqual([9, 10]);
  });

  it.each([Number.NaN, -1])("[C222] is refused as %d, and nothing is dropped", async (count) => {
    const world = await roomWith(3);
    for (const wrong of [() => world.room.trim(count), () => world.client.room("other", { keep: count })])
      expect(wrong).toThrow("The number of messages must be 0 or more.");
    expect(seqsOf(world)).toEqual([1, 2, 3]);
  });

  it("[C223] holds what `loadOlder` brings and all that comes then, until `trim`", async () => {
    const world = await roomWith(20, { keep: 3 });
    const { room, socket, clock } = world;
    const loaded = room.loadOlder(4);
    await clock.advance(0);
    expect(socket().sentOf("history").at(-1)).toMatchObject({ before: 18, limit: 4 });
    socket().deliver(message(21));
    answerPage(world, messages(14, 17), 14);
    expect(await loaded).toEqual({ more: true });
    socket().deliver(message(22));
    expect(seqsOf(world)).toEqual(range(14, 22));
    let trims = 0;
    room.on("trimmed", () => {
      trims += 1;
    });
    room.trim();
    expect(seqsOf(world)).toEqual([20, 21, 22]);
    socket().deliver(message(23));
    expect(seqsOf(world)).toEqual([21, 22, 23]);
    room.trim();
    expect(trims).toBe(1);
  });

  it("[C223] loads again what it dropped, without a gap", async () => {
    const world = await roomWith(20, { keep: 3 });
    const { room, socket, clock } = world;
    void room.loadOlder(4);
    await clock.advance(0);
    answerPage(world, messages(14, 17), 14);
    room.trim();
    socket().deliver(message(21));
    void room.loadOlder(2);
    await clock.advance(0);
    expect(socket().sentOf("history").at(-1)).toMatchObject({ before: 19 });
    answerPage(world, messages(17, 18), 17);
    expect(seqsOf(world)).toEqual(range(17, 21));
  });

  it("[C223] adds no page that was on its way when the list was trimmed", async () => {
    const world = await roomWith(20);
    const { room, clock } = world;
    const loaded = room.loadOlder(4);
    await clock.advance(0);
    room.trim(2);
    answerPage(world, [], 1, false);
    expect(await loaded).toEqual({ more: true });
    expect(seqsOf(world)).toEqual([19, 20]);
    void room.loadOlder(4);
    await clock.advance(0);
    expect(world.socket().sentOf("history").at(-1)).toMatchObject({ before: 19 });
  });

  it("[C223] begins with the oldest message that is held, also after a page that did not come", async () => {
    const world = await dialedRoom();
    const { room, clock, socket } = world;
    await expect(room.loadOlder()).rejects.toMatchObject({ code: "offline" });
    await world.goLive({ head: 9 }, ...messages(7, 9));
    void room.loadOlder();
    await clock.advance(0);
    expect(socket().sentOf("history").at(-1)).toMatchObject({ before: 7 });
  });

  it("[C223] keeps so many again after the log began anew", async () => {
    const world = await roomWith(20, { keep: 3 });
    void world.room.loadOlder(4);
    await world.clock.advance(0);
    answerPage(world, messages(14, 17), 14);
    world.socket().end(1006);
    await world.clock.advance(1_000);
    await world.goLive({ epoch: "e2", recovery: "lost", head: 6 }, ...messages(1, 6));
    expect(seqsOf(world)).toEqual([4, 5, 6]);
  });

  it("[C223] with other topics what they add is found from the end on, also after `trim`", async () => {
    const world = await roomWith(20, { keep: 3 });
    const { room, clock, socket } = world;
    void room.setTopics(["task"]);
    await clock.advance(0);
    socket().deliver(ok(socket().sentOf("topics").at(-1), { seq: 20 }));
    room.trim(2);
    void room.loadOlder(4);
    await clock.advance(0);
    expect(socket().sentOf("history").at(-1)).not.toHaveProperty("before");
  });

  it("[C223] without `keep`, `trim` leaves 200", async () => {
    const world = await roomWith(500);
    world.room.trim();
    expect(seqsOf(world)).toEqual(range(301, 500));
  });

  it("[C223] older pages of a component know that there is more again", async () => {
    const world = await roomWith(20);
    const pages = olderMessages(world.room);
    pages.subscribe(() => {});
    void pages.loadOlder();
    await world.clock.advance(0);
    answerPage(world, [], 1, false);
    await world.clock.advance(0);
    expect(pages.getSnapshot().hasOlder).toBe(false);
    world.room.trim(5);
    expect(pages.getSnapshot().hasOlder).toBe(true);
  });
});

describeBoth("a long replay", () => {
  it("[C224] is one notification, however many frames and pages it takes", async () => {
    const world = await dialedRoom();
    const { room, socket, clock } = world;
    const heldAt: number[] = [];
    room.subscribe(() => {
      if (room.messages.length !== heldAt.at(-1)) heldAt.push(room.messages.length);
    });
    const heard: number[] = [];
    room.on("message", ({ seq }) => heard.push(seq));
    socket().deliver(connected({ head: 4_000 }), batch(...messages(1, 1_000)));
    socket().deliver(batch(...messages(1_001, 1_500)), caughtUp(1_500, { more: true }));
    await clock.advance(0);
    const answer = (from: number, to: number, more: boolean) =>
      socket().deliver(
        ok(socket().sentOf("history").at(-1), { events: messages(from, to), seq: to, ...(more && { more }) }),
      );
    answer(1_501, 2_500, true);
    await clock.advance(0);
    expect(heard.length).toBe(2_500);
    expect(heldAt.filter((length) => length > 0)).toEqual([]);
    answer(2_501, 4_000, false);
    socket().deliver(caughtUp(4_000));
    await clock.advance(0);
    expect(heldAt.filter((length) => length > 0)).toEqual([4_000]);
  });

  it("[C224] that is interrupted shows what it brought", async () => {
    const { room, socket, clock } = await dialedRoom();
    const heldAt: number[] = [];
    room.subscribe(() => heldAt.push(room.messages.length));
    socket().deliver(connected({ head: 20 }), batch(...messages(1, 10)));
    expect(heldAt.at(-1) ?? 0).toBe(0);
    socket().end(1006);
    await clock.advance(0);
    expect(heldAt.at(-1)).toBe(10);
  });
});
