// Edits, deletions and reactions on a live connection. lost-changes.test.ts tests what happens to them after a loss.

import { expect, it } from "vitest";
import { describeBoth, type RoomWorld, roomForTest } from "./support/client-for-test.ts";
import {
  batch,
  caughtUp,
  connected,
  deletion,
  message,
  ok,
  reaction,
  refusal,
  update,
} from "./support/frames.ts";

/** Own message 1, in a live room. */
async function roomWithMessage(more: Readonly<Record<string, unknown>> = {}): Promise<RoomWorld> {
  const world = await roomForTest();
  world.socket().deliver(own(1, more));
  return world;
}

const own = (seq: number, more: Readonly<Record<string, unknown>> = {}) =>
  message(seq, { from: { id: "usr_1", name: "Ada" }, data: "first", ...more });

const first = ({ room }: RoomWorld) => room.messages[0];

describeBoth("an edit", () => {
  it("[C39] is shown at once, and resolves when it is stored", async () => {
    const world = await roomWithMessage();
    const edited = world.room.edit(1, "second");
    expect(first(world)).toMatchObject({ data: "second", editedAt: world.clock.now() });
    await world.clock.advance(0);
    const [command] = world.socket().sentOf("edit");
    expect(command).toEqual({ type: "edit", id: "id1", seq: 1, data: "second" });
    const event = update(2, own(1, { data: "second", editedAt: 77 }), "usr_1");
    world.socket().deliver(batch(event, ok(command, { seq: 2 })));
    expect(await edited).toEqual({ seq: 2 });
    expect(first(world)).toMatchObject({ data: "second", editedAt: 77, changed: 2 });
  });

  it("[E20][C39] names this user at once as editor of another's message, and only there", async () => {
    const world = await roomWithMessage({ editedAt: 5, editedBy: "usr_9" });
    world.socket().deliver(own(2, { byServer: true }), message(3, { from: { id: "usr_2" } }));
    for (const seq of [1, 2, 3]) void world.room.edit(seq, "second");
    expect(world.room.messages.map((shown) => [shown.data, shown.editedBy])).toEqual([
      ["second", undefined],
      ["second", "usr_1"],
      ["second", "usr_1"],
    ]);
    world.socket().deliver(deletion(4, 3));
    expect(world.room.messages[2]).not.toHaveProperty("editedBy");
  });

  it("[C39] that is refused is undone and rejects with the refusal", async () => {
    const world = await roomWithMessage();
    const before = world.room.getSnapshot();
    const edited = world.room.edit(1, "second");
    await world.clock.advance(0);
    world
      .socket()
      .deliver(
        refusal(world.socket().sentOf("edit")[0], "rate_limited", { retryAfterMs: 700, path: ["data"] }),
      );
    await expect(edited).rejects.toMatchObject({ code: "rate_limited", retryAfterMs: 700, path: ["data"] });
    expect(world.room.messages).toEqual(before.messages);
  });

  it("[C39] sends and shows the data as it was at the call, and refuses what is not JSON", async () => {
    const world = await roomWithMessage();
    const data = { text: "before" };
    void world.room.edit(1, data);
    data.text = "after";
    expect(first(world)).toMatchObject({ data: { text: "before" } });
    await expect(world.room.edit(1, undefined)).rejects.toMatchObject({ code: "bad_request" });
    await expect(world.room.edit(1, 1n)).rejects.toMatchObject({ code: "bad_request" });
    await world.clock.advance(0);
    expect(world.socket().sentOf("edit")).toMatchObject([{ data: { text: "before" } }]);
  });

  it("[C39] of a message that is not held is sent, and changes nothing locally", async () => {
    const world = await roomWithMessage();
    const before = world.room.getSnapshot();
    const edited = world.room.edit(40, "old");
    expect(world.room.getSnapshot()).toBe(before);
    await world.clock.advance(0);
    world.socket().deliver(ok(world.socket().sentOf("edit")[0], { seq: 2 }));
    expect(await edited).toEqual({ seq: 2 });
    expect(world.room.getSnapshot()).toBe(before);
  });

  it("[C39] that is too large for a frame rejects and is undone at once", async () => {
    const world = await roomWithMessage();
    const edited = world.room.edit(1, "x".repeat(2_000_000));
    await expect(edited).rejects.toMatchObject({ code: "too_large" });
    expect(first(world)).toMatchObject({ data: "first" });
  });

  it("[C40] is shown on top of what others do meanwhile, which stays if the edit is refused", async () => {
    const world = await roomWithMessage();
    const edited = world.room.edit(1, "mine");
    await world.clock.advance(0);
    world.socket().deliver(update(2, own(1, { data: "moderated", editedAt: 5 }), "usr_9"));
    expect(first(world)).toMatchObject({ data: "mine" });
    world.socket().deliver(refusal(world.socket().sentOf("edit")[0], "forbidden"));
    await expect(edited).rejects.toMatchObject({ code: "forbidden" });
    expect(first(world)).toMatchObject({ data: "moderated", editedAt: 5, changed: 2 });
  });

  it("[C40] resolves with its event; a later change is shown before the `ok` comes", async () => {
    const world = await roomWithMessage();
    const edited = world.room.edit(1, "mine");
    await world.clock.advance(0);
    world.socket().deliver(update(2, own(1, { data: "mine", editedAt: 4 }), "usr_1"));
    world.socket().deliver(update(3, own(1, { data: "moderated", editedAt: 5 }), "usr_9"));
    expect(first(world)).toMatchObject({ data: "moderated" });
    expect(await edited).toEqual({ seq: 2 });
    world.socket().deliver(ok(world.socket().sentOf("edit")[0], { seq: 2 }));
    expect(first(world)).toMatchObject({ data: "moderated", changed: 3 });
  });

  it("[C40] whose `ok` comes first stays shown until the stored message has it", async () => {
    const world = await roomWithMessage();
    const edited = world.room.edit(1, "mine");
    await world.clock.advance(0);
    world.socket().deliver(ok(world.socket().sentOf("edit")[0], { seq: 2 }));
    expect(await edited).toEqual({ seq: 2 });
    expect(first(world)).toMatchObject({ data: "mine" });
    world.socket().deliver(update(2, own(1, { data: "mine", editedAt: 9 }), "usr_1"));
    expect(first(world)).toMatchObject({ data: "mine", editedAt: 9, changed: 2 });
    world.socket().deliver(update(3, own(1, { data: "moderated" }), "usr_9"));
    expect(first(world)).toMatchObject({ data: "moderated" });
  });

  it("[C40] whose event a filter leaves out stays shown until the message is read again", async () => {
    const world = await roomWithMessage();
    void world.room.setTopics(["task"]);
    await world.clock.advance(0);
    world.socket().deliver(ok(world.socket().sentOf("topics")[0], { topics: ["task"], seq: 1 }));
    void world.room.edit(1, "mine");
    await world.clock.advance(0);
    world.socket().deliver(ok(world.socket().sentOf("edit")[0], { seq: 2 }));
    expect(first(world)).toMatchObject({ data: "mine" });
    void world.room.loadOlder();
    await world.clock.advance(0);
    const messages = [own(1, { data: "moderated", changed: 8 })];
    world.socket().deliver(ok(world.socket().sentOf("history")[0], { messages, seq: 1 }));
    await world.clock.advance(0);
    expect(first(world)).toMatchObject({ data: "moderated" });
  });

  it("[C40] after another is the one shown, whatever becomes of the first", async () => {
    const world = await roomWithMessage();
    const one = world.room.edit(1, "one");
    const two = world.room.edit(1, "two");
    await world.clock.advance(0);
    const [a, b] = world.socket().sentOf("edit");
    const shown: unknown[] = [];
    world.room.subscribe(() => shown.push(first(world)?.data));
    world.socket().deliver(update(2, own(1, { data: "one" }), "usr_1"));
    world.socket().deliver(ok(a, { seq: 2 }));
    world.socket().deliver(update(3, own(1, { data: "two" }), "usr_1"));
    world.socket().deliver(ok(b, { seq: 3 }));
    expect([await one, await two]).toEqual([{ seq: 2 }, { seq: 3 }]);
    expect(new Set([...shown, first(world)?.data])).toEqual(new Set(["two"]));
  });

  it("[C40] that was refused is not shown between the event of a later one and its own refusal", async () => {
    const world = await roomWithMessage();
    const one = world.room.edit(1, "one");
    const two = world.room.edit(1, "two");
    await world.clock.advance(0);
    const [a, b] = world.socket().sentOf("edit");
    world.socket().deliver(update(2, own(1, { data: "two" }), "usr_1"));
    expect(first(world)).toMatchObject({ data: "two" });
    world.socket().deliver(refusal(a, "too_large"), ok(b, { seq: 2 }));
    await expect(one).rejects.toMatchObject({ code: "too_large" });
    expect(await two).toEqual({ seq: 2 });
    expect(first(world)).toMatchObject({ data: "two" });
  });
});

describeBoth("a deletion", () => {
  it("[C39] is shown at once, without the erased fields, and resolves when it is stored", async () => {
    const world = await roomWithMessage({ mentions: ["usr_2"], reactions: { "👍": ["usr_2"] }, replyTo: 9 });
    const deleted = world.room.delete(1);
    const shown = first(world);
    expect(shown).toMatchObject({ data: null, deletedAt: world.clock.now(), replyTo: 9 });
    expect(shown).not.toHaveProperty("mentions");
    expect(shown).not.toHaveProperty("reactions");
    await world.clock.advance(0);
    const [command] = world.socket().sentOf("delete");
    expect(command).toEqual({ type: "delete", id: "id1", seq: 1 });
    world.socket().deliver(batch(deletion(2, 1, { by: "usr_1", at: 66 }), ok(command, { seq: 2 })));
    expect(await deleted).toEqual({ seq: 2 });
    expect(first(world)).toMatchObject({ deletedAt: 66, changed: 2 });
  });

  it("[C39] that is refused restores everything", async () => {
    const world = await roomWithMessage({ reactions: { "👍": ["usr_2"] } });
    const [before] = world.room.messages;
    const deleted = world.room.delete(1);
    await world.clock.advance(0);
    world.socket().deliver(refusal(world.socket().sentOf("delete")[0], "forbidden"));
    await expect(deleted).rejects.toMatchObject({ code: "forbidden" });
    expect(first(world)).toBe(before);
  });

  it("[C40] during an edit in flight is shown, and stays if the edit is then refused", async () => {
    const world = await roomWithMessage();
    const edited = world.room.edit(1, "mine");
    const deleted = world.room.delete(1);
    expect(first(world)).toMatchObject({ data: null });
    await world.clock.advance(0);
    world.socket().deliver(deletion(2, 1, { by: "usr_1" }));
    expect(first(world)).toMatchObject({ data: null, changed: 2 });
    world.socket().deliver(refusal(world.socket().sentOf("edit")[0], "rate_limited"));
    await expect(edited).rejects.toMatchObject({ code: "rate_limited" });
    expect(await deleted).toEqual({ seq: 2 });
    expect(first(world)).toMatchObject({ data: null, changed: 2 });
  });

  it("[C40] by another user wins over an edit in flight, which rejects with `not_found`", async () => {
    const world = await roomWithMessage();
    const edited = world.room.edit(1, "mine");
    const reacted = world.room.react(1, "👍");
    await world.clock.advance(0);
    world.socket().deliver(deletion(2, 1, { by: "usr_9" }));
    expect(first(world)).toEqual(expect.objectContaining({ data: null, changed: 2 }));
    expect(first(world)).not.toHaveProperty("reactions");
    const socket = world.socket();
    for (const type of ["edit", "react"]) socket.deliver(refusal(socket.sentOf(type)[0], "not_found"));
    await expect(edited).rejects.toMatchObject({ code: "not_found" });
    await expect(reacted).rejects.toMatchObject({ code: "not_found" });
  });

  it("[C39] of a message that someone else deleted meanwhile resolves with 0", async () => {
    const world = await roomWithMessage();
    const deleted = world.room.delete(1);
    await world.clock.advance(0);
    world.socket().deliver(deletion(2, 1, { by: "usr_9" }));
    world.socket().deliver(ok(world.socket().sentOf("delete")[0], { seq: 0 }));
    expect(await deleted).toEqual({ seq: 0 });
  });
});

describeBoth("a reaction", () => {
  it("[C39] is shown at once when set and removed, and those of others stay", async () => {
    const world = await roomWithMessage({ reactions: { "👍": ["usr_2"] } });
    const added = world.room.react(1, "👍");
    expect(first(world)?.reactions).toEqual({ "👍": ["usr_2", "usr_1"] });
    await world.clock.advance(0);
    const [add] = world.socket().sentOf("react");
    expect(add).toEqual({ type: "react", id: "id1", seq: 1, emoji: "👍", op: "add" });
    world.socket().deliver(reaction(2, 1, "👍", "usr_1"), ok(add, { seq: 2 }));
    expect(await added).toEqual({ seq: 2 });
    const removed = world.room.unreact(1, "👍");
    expect(first(world)?.reactions).toEqual({ "👍": ["usr_2"] });
    await world.clock.advance(0);
    const [, remove] = world.socket().sentOf("react");
    expect(remove).toMatchObject({ op: "remove" });
    world.socket().deliver(reaction(3, 1, "👍", "usr_1", "remove"), ok(remove, { seq: 3 }));
    expect(await removed).toEqual({ seq: 3 });
    expect(first(world)).toMatchObject({ reactions: { "👍": ["usr_2"] }, changed: 3 });
  });

  it("[C39] that exists already changes nothing, not even the snapshot", async () => {
    const world = await roomWithMessage({ reactions: { "👍": ["usr_1", "usr_2"] } });
    const before = world.room.getSnapshot();
    const added = world.room.react(1, "👍");
    expect(world.room.getSnapshot()).toBe(before);
    await world.clock.advance(0);
    world.socket().deliver(ok(world.socket().sentOf("react")[0], { seq: 0 }));
    expect(await added).toEqual({ seq: 0 });
    expect(world.room.getSnapshot()).toBe(before);
  });

  it("[C40] set and removed quickly ends in the last state, and shows it at every step", async () => {
    const world = await roomWithMessage();
    const all = [world.room.react(1, "👍"), world.room.unreact(1, "👍"), world.room.react(1, "👍")];
    await world.clock.advance(0);
    const [a, b, c] = world.socket().sentOf("react");
    const shown: unknown[] = [];
    world.room.subscribe(() => shown.push(first(world)?.reactions));
    world.socket().deliver(reaction(2, 1, "👍", "usr_1"), ok(a, { seq: 2 }));
    world.socket().deliver(reaction(3, 1, "👍", "usr_1", "remove"), ok(b, { seq: 3 }));
    world.socket().deliver(reaction(4, 1, "👍", "usr_1"), ok(c, { seq: 4 }));
    expect(await Promise.all(all)).toEqual([{ seq: 2 }, { seq: 3 }, { seq: 4 }]);
    for (const reactions of shown) expect(reactions).toEqual({ "👍": ["usr_1"] });
    expect(first(world)?.reactions).toEqual({ "👍": ["usr_1"] });
  });

  it("[C40] that is refused leaves what others added meanwhile", async () => {
    const world = await roomWithMessage();
    const added = world.room.react(1, "🎉");
    await world.clock.advance(0);
    world.socket().deliver(reaction(2, 1, "🎉", "usr_2"));
    expect(first(world)?.reactions).toEqual({ "🎉": ["usr_2", "usr_1"] });
    world.socket().deliver(refusal(world.socket().sentOf("react")[0], "too_large"));
    await expect(added).rejects.toMatchObject({ code: "too_large" });
    expect(first(world)?.reactions).toEqual({ "🎉": ["usr_2"] });
  });

  it("[C40] of the same user on another device counts as the same reaction", async () => {
    const world = await roomWithMessage();
    const added = world.room.react(1, "🎉");
    await world.clock.advance(0);
    world.socket().deliver(reaction(2, 1, "👍", "usr_1"));
    expect(first(world)?.reactions).toEqual({ "👍": ["usr_1"], "🎉": ["usr_1"] });
    world.socket().deliver(refusal(world.socket().sentOf("react")[0], "too_large"));
    await expect(added).rejects.toMatchObject({ code: "too_large" });
    expect(first(world)?.reactions).toEqual({ "👍": ["usr_1"] });
  });
});

describeBoth("what is shown", () => {
  it("[C40] is emitted to subscribers, and is the same object until it changes", async () => {
    const world = await roomWithMessage();
    world.socket().deliver(message(2));
    let told = 0;
    world.room.subscribe(() => told++);
    const [, other] = world.room.messages;
    void world.room.edit(1, "mine");
    expect(told).toBe(1);
    const { messages } = world.room;
    await world.clock.advance(0);
    expect(world.room.messages).toBe(messages);
    expect(messages[1]).toBe(other);
    expect(Object.isFrozen(messages)).toBe(true);
  });

  it("[C40] is replaced on `lost`, and what is in flight rejects", async () => {
    const world = await roomWithMessage();
    const edited = world.room.edit(1, "mine");
    await world.clock.advance(0);
    world.socket().end(1006);
    await world.clock.advance(1_000);
    const anew = own(1, { id: "other", data: "another log" });
    world.socket().deliver(connected({ epoch: "e2", recovery: "lost", head: 1 }), batch(anew), caughtUp(1));
    await expect(edited).rejects.toMatchObject({ code: "offline" });
    await world.clock.advance(0);
    expect(first(world)).toMatchObject({ id: "other", data: "another log" });
    expect(world.socket().sentOf("edit")).toEqual([]);
  });
});
