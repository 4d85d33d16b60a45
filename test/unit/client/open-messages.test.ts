// What a reader makes of messages that are written while they are read.

import { describe, expect, it } from "vitest";
import { MessageList } from "../../../client/room/room-state.ts";
import { haveOf } from "../../../client/room/streams/fold-stream.ts";
import type { Message } from "../../../src/protocol/index.ts";
import { SharedDisk } from "../../support/shared-disk.ts";
import {
  describeBoth,
  describeShared,
  dialedRoom,
  type RoomWorld,
  roomForTest,
} from "./support/client-for-test.ts";
import type { Frame } from "./support/fake-sockets.ts";
import {
  batch,
  caughtUp,
  connected,
  deletion,
  message,
  ok,
  reaction,
  replay,
  update,
} from "./support/frames.ts";
import { openTab } from "./support/offline-world.ts";

const open = (seq: number, text = "", more: Frame = {}): Frame =>
  message(seq, { data: { text }, stream: "open", ...more });
const append = (seq: number, n: number, text: string, more: Frame = {}): Frame => ({
  type: "append",
  ...{ seq, n, text },
  ...more,
});
const stream = (seq: number, n: number, text: string): Frame => ({ type: "stream", seq, n, data: { text } });

const dataOf = ({ room }: RoomWorld, seq: number) => room.messages.find((held) => held.seq === seq)?.data;

describeBoth("a message that is written while it is read", () => {
  it("[Y60] grows by appends with a greater `n`, each as a new object, and the others stay the same", async () => {
    const world = await roomForTest();
    const { room, socket } = world;
    socket().deliver(message(1), open(2), message(3));
    const [first, before, last] = room.messages;
    socket().deliver(append(2, 1, "Hello"));
    const [sameFirst, after, sameLast] = room.messages;
    expect(after).toEqual({ ...before, n: 1, data: { text: "Hello" } });
    expect([sameFirst === first, after === before, sameLast === last]).toEqual([true, false, true]);
    expect(before).not.toHaveProperty("n");
    socket().deliver(append(2, 4, ", world"));
    expect(room.messages[1]).toMatchObject({ n: 4, data: { text: "Hello, world" }, stream: "open" });
    const held = room.getSnapshot();
    socket().deliver(
      append(2, 4, "twice"),
      append(2, 3, "late"),
      append(9, 1, "unknown"),
      append(1, 1, "closed"),
    );
    expect(room.getSnapshot()).toBe(held);
  });

  it("[Y60] has the text in the field that it names, and fields beside it that a patch sets and removes", async () => {
    const world = await roomForTest();
    world.socket().deliver(open(1, "", { data: { kind: "draft", model: "a" }, field: "body" }));
    world.socket().deliver(append(1, 2, "One", { patch: { model: "b", tool: { name: "search" } } }));
    expect(dataOf(world, 1)).toEqual({ kind: "draft", body: "One", model: "b", tool: { name: "search" } });
    world.socket().deliver(append(1, 3, "", { patch: { tool: null, kind: null, gone: null } }));
    expect(dataOf(world, 1)).toEqual({ body: "One", model: "b" });
  });

  it("[Y60] takes names that every object has for what they are", async () => {
    const world = await roomForTest();
    world.socket().deliver(open(1, "", { data: {}, field: "__proto__" }));
    world.socket().deliver(append(1, 1, "a", { patch: JSON.parse('{"constructor":1}') }), append(1, 2, "b"));
    expect(Object.entries(dataOf(world, 1) ?? {})).toEqual([
      ["constructor", 1],
      ["__proto__", "ab"],
    ]);
  });

  it("[Y61] is as `stream` says it, also with a smaller `n`", async () => {
    const world = await roomForTest();
    world.socket().deliver(open(1), append(1, 9, "Hello, wor"), stream(1, 5, "Hello"));
    expect(world.room.messages[0]).toMatchObject({ n: 5, data: { text: "Hello" } });
    world.socket().deliver(append(1, 6, "!"));
    expect(dataOf(world, 1)).toEqual({ text: "Hello!" });
  });

  it("[Y62] that is finished or deleted takes nothing more", async () => {
    const world = await roomForTest();
    const { room, socket } = world;
    socket().deliver(open(1), append(1, 1, "Hello"), open(2), append(2, 1, "Gone"));
    socket().deliver(update(3, message(1, { data: { text: "Hello." }, stream: "complete" })), deletion(4, 2));
    const { messages } = room;
    expect(messages[0]).toMatchObject({ data: { text: "Hello." }, stream: "complete" });
    expect(messages[0]).not.toHaveProperty("n");
    expect(messages[1]).toMatchObject({ data: null, deletedAt: 4 });
    expect(messages[1]).not.toHaveProperty("stream");
    socket().deliver(append(1, 2, "late"), append(2, 2, "late"), stream(1, 2, "late"), stream(2, 2, "late"));
    expect(room.messages).toBe(messages);
  });

  it("[Y62] keeps its text through reactions, and a version that ends it always counts", async () => {
    const world = await roomForTest();
    world.socket().deliver(open(1), append(1, 7, "Hello"), reaction(2, 1, "👍", "usr_3"), append(1, 8, "!"));
    expect(world.room.messages[0]).toMatchObject({
      ...{ n: 8, data: { text: "Hello!" }, changed: 2 },
      reactions: { "👍": ["usr_3"] },
    });
    world.socket().deliver(update(3, message(1, { data: { text: "Hel" }, stream: "interrupted" })));
    expect(world.room.messages[0]).toMatchObject({
      data: { text: "Hel" },
      stream: "interrupted",
      changed: 3,
    });
  });

  it("[Y62] is heard of as `append` and `stream`, which count as no message", async () => {
    const world = await roomForTest();
    const heard: unknown[] = [];
    world.room.on("append", ({ n, text }, { replay: isHistory }) => heard.push([n, text, isHistory]));
    world.room.on("stream", ({ n, data }) => heard.push([n, data]));
    world.socket().deliver(open(1), append(1, 1, "Hello"), stream(1, 2, "Hello!"));
    expect(heard).toEqual([
      [1, "Hello", false],
      [2, { text: "Hello!" }],
    ]);
    expect([world.room.unread, world.room.head]).toEqual([1, 1]);
  });

  it("[Y63] says at a reconnect how far it is held, and goes on from there", async () => {
    const world = await roomForTest();
    const { room, socket, clock } = world;
    const asked = (name: string) => socket().url.searchParams.get(name);
    expect(asked("have")).toBe(null);
    socket().deliver(open(1), open(2), append(2, 3, "Hello"), message(3, { stream: "complete" }));
    const shown: unknown[] = [];
    room.subscribe(() => shown.push(dataOf(world, 2)));
    socket().end(1006);
    await clock.advance(1_000);
    expect([asked("since"), asked("have")]).toEqual(["e1.3", "1:0,2:3"]);
    // The stored version is ahead, and what is added counts from what was said to be held.
    const stored = update(4, open(2, "Hello, wo", { n: 5, reactions: { "👍": ["usr_3"] } }));
    socket().deliver(connected({ head: 4, recovery: "complete" }), replay(stored));
    socket().deliver(batch(caughtUp(4), append(2, 6, ", world")));
    await clock.advance(0);
    expect(room.messages[1]).toMatchObject({ n: 6, reactions: { "👍": ["usr_3"] } });
    expect(new Set(shown.map((data) => JSON.stringify(data)))).toEqual(
      new Set(['{"text":"Hello"}', '{"text":"Hello, world"}']),
    );
  });

  it("[Y63] is shown to a newcomer with all that it has, in one notification with the end of the replay", async () => {
    const world = await dialedRoom();
    const { room, socket, clock } = world;
    const shown: unknown[] = [];
    room.subscribe(() => room.messages.length > 0 && shown.push(dataOf(world, 1)));
    socket().deliver(connected({ head: 1 }), replay(open(1)));
    socket().deliver(batch(caughtUp(1), stream(1, 40, "Hello, world")));
    await clock.advance(0);
    expect(shown).toEqual([{ text: "Hello, world" }]);
  });

  it("[Y63] is dropped with a log that is lost, and begins as the server says it", async () => {
    const world = await roomForTest();
    const { socket, clock } = world;
    socket().deliver(open(1), append(1, 3, "Hello"));
    socket().end(1006);
    await clock.advance(1_000);
    socket().deliver(
      connected({ head: 9, epoch: "e2", recovery: "lost" }),
      replay(open(1, "Other", { n: 1 })),
    );
    socket().deliver(batch(caughtUp(9), stream(1, 2, "Other text")));
    expect(world.room.messages[0]).toMatchObject({ n: 2, data: { text: "Other text" } });
  });

  it("[Y63] keeps what is held of it when a page brings it, and `stream` follows the page", async () => {
    const world = await roomForTest(undefined, undefined, { head: 4 });
    const { room, socket, clock } = world;
    socket().deliver(open(5), append(5, 2, "Hello"));
    void room.loadOlder(3);
    await clock.advance(0);
    const page = { messages: [open(3, "Ol", { n: 1 }), open(5, "Hello, wor", { n: 4 })], seq: 3 };
    socket().deliver(
      ok(socket().sentOf("history").at(-1), page),
      stream(3, 2, "Old"),
      append(5, 6, ", world"),
    );
    expect([dataOf(world, 3), dataOf(world, 5)]).toEqual([{ text: "Old" }, { text: "Hello, world" }]);
  });
});

describeShared("rooms on the session", () => {
  it("[Y63] say in their `join` how far open messages are held", async () => {
    const world = await roomForTest();
    world.socket().deliver(open(1), append(1, 3, "Hello"));
    world.socket().end(1006);
    await world.clock.advance(1_000);
    const joins = world.session.sessions.all.flatMap((socket) => socket.sentOf("join"));
    expect(joins.map(({ have }) => have)).toEqual([undefined, "1:3"]);
  });
});

describe("the list of messages", () => {
  it("[Y63] says of at most 16 open messages how far they are held", () => {
    const list = new MessageList();
    for (let seq = 1; seq <= 20; seq++) list.add(storedOpen(seq));
    expect(haveOf(list.chunks)?.split(",")).toHaveLength(16);
    expect(haveOf(list.chunks)).toMatch(/^5:0,.*20:0$/);
  });

  it("[Y64] of 10,000 messages has one other message and one other piece after each of 2,000 appends", () => {
    const list = new MessageList();
    for (let seq = 1; seq <= 10_000; seq++) list.add(storedOpen(seq, seq === 4_321 ? "open" : "complete"));
    for (let n = 1; n <= 2_000; n++) {
      const before = list.chunks;
      list.fold({ type: "append", seq: 4_321, n, text: `${n} ` });
      const pieces = list.chunks.filter((piece, at) => piece !== before[at]);
      expect([list.chunks.length, pieces.length]).toEqual([before.length, 1]);
      const at = list.chunks.indexOf(pieces[0] ?? []);
      const others = pieces[0]?.filter((held, index) => held !== before[at]?.[index]);
      expect(others).toEqual([list.get(4_321)]);
    }
    const text = Array.from({ length: 2_000 }, (_, index) => `${index + 1} `).join("");
    expect(list.get(4_321)).toMatchObject({ n: 2_000, data: { text } });
  });
});

function storedOpen(seq: number, state: Message["stream"] = "open"): Message {
  const said = { event: "chat", from: { id: "usr_2" }, data: { text: "" } };
  return { type: "message", seq, id: `m${seq}`, at: seq, ...said, ...(state && { stream: state }) };
}

describe("a room that was read before", () => {
  const keep = { cache: true };

  it("[Y65] shows an open message as far as it was kept, and asks for the rest of it", async () => {
    const disk = new SharedDisk();
    const tab = await openTab(disk, { keep });
    await tab.goLive({ head: 1 }, replay(open(1)), append(1, 4, "Hello"));
    await tab.clock.advance(1_000);
    await tab.settle();
    tab.kill();
    const next = await openTab(disk, { keep });
    expect(next.room.messages[0]).toMatchObject({ n: 4, data: { text: "Hello" } });
    expect(next.sockets.last.url.searchParams.get("have")).toBe("1:4");
    next.sockets.last.deliver(connected({ head: 1, recovery: "complete" }));
    next.sockets.last.deliver(batch(caughtUp(1), append(1, 6, ", world")));
    expect(next.room.messages[0]).toMatchObject({ n: 6, data: { text: "Hello, world" } });
  });

  it("[Y65] is written each 5 s while a message grows, and a second after anything else", async () => {
    const disk = new SharedDisk();
    const tab = await openTab(disk, { keep });
    await tab.goLive({ head: 1 }, replay(open(1)));
    await tab.clock.advance(1_000);
    await tab.settle();
    let writes = 0;
    const write = disk.write.bind(disk);
    disk.write = (...args) => {
      writes += 1;
      return write(...args);
    };
    const grow = async (from: number, to: number) => {
      for (let n = from; n <= to; n++) {
        tab.sockets.last.deliver(append(1, n, "."));
        await tab.clock.advance(100);
      }
    };
    await grow(1, 150);
    expect(writes).toBeGreaterThan(0);
    expect(writes).toBeLessThanOrEqual(3);
    writes = 0;
    tab.sockets.last.deliver(message(2));
    await grow(151, 162);
    expect(writes).toBe(1);
  });
});
