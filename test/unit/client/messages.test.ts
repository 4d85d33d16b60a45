import { expect, it } from "vitest";
import { MessageList } from "../../../client/room/room-state.ts";
import type { Message } from "../../../src/protocol/index.ts";
import { describeBoth, dialedRoom, roomForTest } from "./support/client-for-test.ts";
import { batch, message, ok } from "./support/frames.ts";

const stored = (seq: number, more: Partial<Message> = {}): Message => ({
  type: "message",
  seq,
  id: `m${seq}`,
  event: "chat",
  from: { id: "usr_2" },
  at: seq,
  data: `text ${seq}`,
  ...more,
});

function listOf(...messages: Message[]): MessageList {
  const list = new MessageList();
  for (const held of messages) list.add(held);
  return list;
}

const all = (list: MessageList): readonly Message[] => list.chunks.flat();

describeBoth("the list of messages", () => {
  it("is ordered by `seq`, in whatever order messages come", () => {
    const list = listOf(stored(5), stored(2), stored(9), stored(1));
    expect(all(list).map(({ seq }) => seq)).toEqual([1, 2, 5, 9]);
  });

  it("[C31] keeps the version with the greater `changed`", () => {
    const list = listOf(stored(1, { data: "new", changed: 7 }));
    list.add(stored(1, { data: "old", changed: 4 }));
    list.add(stored(1, { data: "oldest" }));
    expect(all(list)[0]?.data).toBe("new");
    list.apply({
      type: "messageUpdated",
      seq: 8,
      at: 8,
      by: null,
      message: stored(1, { data: "newest", changed: 8 }),
    });
    list.apply({ type: "reaction", seq: 6, at: 6, target: 1, emoji: "👍", user: "usr_3", op: "add" });
    expect(all(list)).toEqual([stored(1, { data: "newest", changed: 8 })]);
  });

  it("[C31] ignores a change to a message that is not held", () => {
    const list = listOf(stored(5));
    const before = list.chunks;
    list.apply({ type: "messageUpdated", seq: 8, at: 8, by: null, message: stored(1, { changed: 8 }) });
    list.apply({ type: "messageDeleted", seq: 9, at: 9, target: 1, by: null });
    list.apply({ type: "reaction", seq: 10, at: 10, target: 1, emoji: "👍", user: "usr_3", op: "add" });
    expect(list.chunks).toBe(before);
  });

  it.each(["constructor", "__proto__", "toString"])("a reaction may be named %s", (emoji) => {
    const list = listOf(stored(1));
    list.apply({ type: "reaction", seq: 2, at: 2, target: 1, emoji, user: "usr_3", op: "add" });
    expect(Object.entries(all(list)[0]?.reactions ?? {})).toEqual([[emoji, ["usr_3"]]]);
    list.apply({ type: "reaction", seq: 3, at: 3, target: 1, emoji, user: "usr_3", op: "remove" });
    expect(all(list)[0]).not.toHaveProperty("reactions");
  });

  it("[C31][E10] drops data, mentions, reactions and the edit of a deleted message", () => {
    const list = listOf(
      stored(1, { editedAt: 20, mentions: ["usr_3"], reactions: { "👍": ["usr_3"] }, replyTo: 4 }),
    );
    list.apply({ type: "messageDeleted", seq: 3, at: 30, target: 1, by: "usr_2" });
    expect(all(list)).toEqual([stored(1, { data: null, deletedAt: 30, changed: 3, replyTo: 4 })]);
  });

  it("[C31] shows reactions that are set and removed", () => {
    const list = listOf(stored(1));
    const react = (seq: number, user: string, op: "add" | "remove") =>
      list.apply({ type: "reaction", seq, at: seq, target: 1, emoji: "👍", user, op });
    react(2, "usr_3", "add");
    react(3, "usr_4", "add");
    react(4, "usr_4", "add");
    expect(all(list)[0]).toEqual(stored(1, { reactions: { "👍": ["usr_3", "usr_4"] }, changed: 4 }));
    react(5, "usr_3", "remove");
    react(6, "usr_4", "remove");
    expect(all(list)[0]).toEqual(stored(1, { changed: 6 }));
  });

  it("is the same until something changes", () => {
    const list = listOf(stored(1), stored(2));
    const before = list.chunks;
    list.add(stored(2));
    list.setFloor(0);
    expect(list.chunks).toBe(before);
    list.setFloor(1);
    expect(all(list)).toEqual([stored(2)]);
    expect(before.flat()).toEqual([stored(1), stored(2)]);
  });
});

describeBoth("own messages that are not stored", () => {
  it("are at the end with `pending: true`", async () => {
    const { room, socket, clock } = await roomForTest();
    void room.send("mine", { replyTo: 1 });
    await clock.advance(0);
    socket().deliver(message(1));
    expect(room.messages).toMatchObject([
      { seq: 1 },
      {
        pending: true,
        id: "id1",
        data: "mine",
        replyTo: 1,
        at: clock.now(),
        from: { id: "usr_1" },
        status: "sent",
      },
    ]);
  });

  it("are replaced by the stored message in the same moment", async () => {
    const { room, socket, clock } = await roomForTest();
    void room.send("mine");
    await clock.advance(0);
    const seen: string[] = [];
    const look = () => {
      const mine = room.messages.filter(({ data }) => data === "mine");
      seen.push(mine.map(({ pending }) => (pending ? "pending" : "stored")).join("+"));
    };
    room.subscribe(look);
    room.on("message", look);
    const event = message(1, { id: "id1", data: "mine", from: { id: "usr_1" } });
    socket().deliver(batch(event, ok({ id: "id1" }, { seq: 1, at: 1 })));
    await clock.advance(0);
    look();
    expect(new Set(seen)).toEqual(new Set(["stored"]));
  });

  it("are not shown if the filter does not match them", async () => {
    const { room, socket, clock } = await roomForTest({}, { topics: ["task"] });
    void room.send("mine");
    void room.send("task", { event: "task.created" });
    expect(room.messages.map(({ data }) => data)).toEqual(["task"]);
    await clock.advance(0);
    socket().deliver(ok({ id: "id1" }, { seq: 1, at: 1 }));
    expect(room.outbox.map(({ data }) => data)).toEqual(["task"]);
  });

  it("are shown before the first connection", async () => {
    const { room } = await dialedRoom();
    void room.send("early");
    expect(room.messages).toMatchObject([{ pending: true, data: "early", from: null }]);
  });
});
