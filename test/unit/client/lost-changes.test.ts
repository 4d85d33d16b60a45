// A connection is lost while edits, deletions and reactions are in flight: they cannot be repeated blindly, so the
// client looks at the replay first.

import { expect, it } from "vitest";
import { describeBoth, type RoomWorld, roomForTest } from "./support/client-for-test.ts";
import type { Frame } from "./support/fake-sockets.ts";
import {
  caughtUp,
  connected,
  deletion,
  message,
  ok,
  reaction,
  refusal,
  replay,
  update,
} from "./support/frames.ts";

const own = (seq: number, more: Frame = {}) =>
  message(seq, { from: { id: "usr_1", name: "Ada" }, data: "first", ...more });

async function roomWithMessage(): Promise<RoomWorld> {
  const world = await roomForTest();
  world.socket().deliver(own(1));
  return world;
}

/** Loses what is in flight, and reconnects with what was missed. */
async function comeBack(world: RoomWorld, head: number, ...missed: Frame[]): Promise<void> {
  await world.clock.advance(0);
  world.socket().end(1006);
  await world.clock.advance(1_000);
  await world.goLive({ recovery: "complete", head }, replay(...missed));
}

const first = ({ room }: RoomWorld) => room.messages[0];

describeBoth("a change without a connection", () => {
  it("[C41] rejects with `offline` and is not shown", async () => {
    const world = await roomWithMessage();
    world.socket().end(1006);
    const { room } = world;
    for (const change of [room.edit(1, "x"), room.delete(1), room.react(1, "👍"), room.unreact(1, "👍")]) {
      await expect(change).rejects.toMatchObject({ code: "offline" });
    }
    expect(first(world)).toMatchObject({ data: "first" });
  });

  it("[C41] rejects with `closed` after leaving, and so does what was in flight", async () => {
    const world = await roomWithMessage();
    const edited = world.room.edit(1, "x");
    world.room.leave();
    await world.clock.advance(0);
    await expect(edited).rejects.toMatchObject({ code: "closed" });
    await expect(world.room.delete(1)).rejects.toMatchObject({ code: "closed" });
    await expect(world.room.markRead(1)).rejects.toMatchObject({ code: "closed" });
    expect(first(world)).toMatchObject({ data: "first" });
    world.client.close();
    expect(world.clock.pending).toBe(0);
  });

  it("[C41] that was in flight when the client gave up rejects and is undone, because no replay will come", async () => {
    for (const giveUp of [
      (world: RoomWorld) => world.client.disconnect(),
      (world: RoomWorld) => world.socket().end(1006),
    ]) {
      const world = await roomForTest({ maxAttempts: 0 });
      world.socket().deliver(own(1));
      const edited = world.room.edit(1, "x");
      giveUp(world);
      await expect(edited).rejects.toMatchObject({ code: "offline" });
      expect(first(world)).toMatchObject({ data: "first" });
    }
  });
});

describeBoth("a change in flight at a loss", () => {
  it("[C41] stays shown until the replay is over", async () => {
    const world = await roomWithMessage();
    void world.room.edit(1, "mine");
    await world.clock.advance(0);
    world.socket().end(1006);
    await world.clock.advance(1_000);
    expect(first(world)).toMatchObject({ data: "mine" });
    world.socket().deliver(connected({ recovery: "partial", head: 3 }), caughtUp(1, { more: true }));
    await world.clock.advance(0);
    expect(first(world)).toMatchObject({ data: "mine" });
    expect(world.socket().sentOf("edit")).toEqual([]);
  });

  it("[C134] goes out again before what a listener of the state does to the same message", async () => {
    const world = await roomWithMessage();
    void world.room.edit(1, "before");
    await world.clock.advance(0);
    const isLive = world.room.on("state", ({ status }) => {
      if (status === "connected") void world.room.edit(1, "after");
    });
    await comeBack(world, 1);
    isLive();
    expect(
      world
        .socket()
        .sentOf("edit")
        .map(({ data }) => data),
    ).toEqual(["before", "after"]);
  });

  it("[C41] resolves if the replay shows the edit, and is not repeated", async () => {
    const world = await roomWithMessage();
    const edited = world.room.edit(1, "mine");
    await comeBack(world, 2, update(2, own(1, { data: "mine", editedAt: 7 })));
    expect(await edited).toEqual({ seq: 2 });
    expect(first(world)).toMatchObject({ data: "mine", editedAt: 7 });
    expect(world.socket().sentOf("edit")).toEqual([]);
  });

  it("[C41] is sent again if the replay does not show the edit, also if others reacted meanwhile", async () => {
    const world = await roomWithMessage();
    const edited = world.room.edit(1, "mine");
    await comeBack(world, 2, update(2, own(1, { reactions: { "👍": ["usr_2"] } })));
    const [again] = world.socket().sentOf("edit");
    expect(again).toMatchObject({ seq: 1, data: "mine" });
    expect(first(world)).toMatchObject({ data: "mine", reactions: { "👍": ["usr_2"] } });
    world.socket().deliver(ok(again, { seq: 3 }));
    expect(await edited).toEqual({ seq: 3 });
  });

  it("[C41] does not overwrite an edit of someone else meanwhile", async () => {
    const world = await roomWithMessage();
    const edited = world.room.edit(1, "mine");
    await comeBack(world, 2, update(2, own(1, { data: "moderated", editedAt: 7 }), "usr_9"));
    await expect(edited).rejects.toMatchObject({ code: "offline" });
    expect(first(world)).toMatchObject({ data: "moderated" });
    expect(world.socket().sentOf("edit")).toEqual([]);
  });

  it("[C41] has resolved if its event came before the loss, without its `ok`", async () => {
    const world = await roomWithMessage();
    const edited = world.room.edit(1, "mine");
    await world.clock.advance(0);
    world.socket().deliver(update(2, own(1, { data: "mine", editedAt: 7 }), "usr_1"));
    await comeBack(world, 3, update(3, own(1, { data: "moderated", editedAt: 8 }), "usr_9"));
    expect(await edited).toEqual({ seq: 2 });
    expect(first(world)).toMatchObject({ data: "moderated" });
    expect(world.socket().commands).toEqual([]);
  });

  it("[C41] to a message that was deleted meanwhile is sent again, and the server answers `not_found`", async () => {
    const world = await roomWithMessage();
    const edited = world.room.edit(1, null);
    await comeBack(world, 2, deletion(2, 1));
    expect(first(world)).toMatchObject({ data: null, changed: 2 });
    world.socket().deliver(refusal(world.socket().sentOf("edit")[0], "not_found"));
    await expect(edited).rejects.toMatchObject({ code: "not_found" });
  });

  it("[C41] is sent again alone if of two edits only the first arrived", async () => {
    const world = await roomWithMessage();
    const one = world.room.edit(1, "one");
    const two = world.room.edit(1, "two");
    await comeBack(world, 2, update(2, own(1, { data: "one", editedAt: 7 })));
    expect(await one).toEqual({ seq: 2 });
    const again = world.socket().sentOf("edit");
    expect(again).toMatchObject([{ data: "two" }]);
    expect(first(world)).toMatchObject({ data: "two" });
    world.socket().deliver(ok(again[0], { seq: 3 }));
    expect(await two).toEqual({ seq: 3 });
  });

  it("[C41][C56] rejects with `offline` if its answer was lost and a later edit replaced it; the later one stays", async () => {
    const world = await roomWithMessage();
    const one = world.room.edit(1, "one");
    const two = world.room.edit(1, "two");
    await world.clock.advance(0);
    world.socket().deliver(update(2, own(1, { data: "two", editedAt: 7 }), "usr_1"));
    await comeBack(world, 2);
    await expect(one).rejects.toMatchObject({ code: "offline" });
    expect(await two).toEqual({ seq: 2 });
    expect(world.socket().commands).toEqual([]);
    expect(first(world)).toMatchObject({ data: "two" });
  });

  it("[C41] resolves if the replay shows the deletion, and is sent again otherwise", async () => {
    const shown = await roomWithMessage();
    const done = shown.room.delete(1);
    await comeBack(shown, 2, deletion(2, 1, { by: "usr_1" }));
    expect(await done).toEqual({ seq: 2 });
    expect(shown.socket().commands).toEqual([]);
    const missing = await roomWithMessage();
    const again = missing.room.delete(1);
    await comeBack(missing, 2, update(2, own(1, { data: "moderated", editedAt: 7 }), "usr_9"));
    expect(first(missing)).toMatchObject({ data: null });
    missing.socket().deliver(ok(missing.socket().sentOf("delete")[0], { seq: 3 }));
    expect(await again).toEqual({ seq: 3 });
  });

  it("[C41][C56] before a deletion that is shown rejects with `offline`; the deletion resolves", async () => {
    const world = await roomWithMessage();
    const edited = world.room.edit(1, "mine");
    const deleted = world.room.delete(1);
    await comeBack(world, 3, deletion(3, 1));
    await expect(edited).rejects.toMatchObject({ code: "offline" });
    expect(await deleted).toEqual({ seq: 3 });
    expect(world.socket().commands).toEqual([]);
  });

  it("[C41] is sent again if it is a reaction that is not there", async () => {
    const world = await roomWithMessage();
    const thumb = world.room.react(1, "👍");
    const party = world.room.react(1, "🎉");
    await comeBack(world, 2, update(2, own(1, { reactions: { "👍": ["usr_1"] } })));
    expect(await thumb).toEqual({ seq: 2 });
    const again = world.socket().sentOf("react");
    expect(again).toMatchObject([{ emoji: "🎉", op: "add" }]);
    expect(first(world)?.reactions).toEqual({ "👍": ["usr_1"], "🎉": ["usr_1"] });
    world.socket().deliver(reaction(3, 1, "🎉", "usr_1"));
    expect(await party).toEqual({ seq: 3 });
  });

  it("[C41][C56] is not sent again if it is a reaction that was set and removed", async () => {
    const world = await roomWithMessage();
    const [given, taken] = [world.room.react(1, "👍"), world.room.unreact(1, "👍")];
    await comeBack(world, 1);
    await expect(given).rejects.toMatchObject({ code: "offline" });
    expect(await taken).toEqual({ seq: 1 });
    expect(world.socket().commands).toEqual([]);
    expect(first(world)).not.toHaveProperty("reactions");
  });

  it("[C41] rejects if its message is no longer held, or never was", async () => {
    const world = await roomWithMessage();
    const gone = world.room.edit(1, "mine");
    const unknown = world.room.delete(77);
    await world.clock.advance(0);
    world.socket().end(1006);
    await world.clock.advance(1_000);
    await world.goLive({ recovery: "complete", head: 90, floor: 40 });
    await expect(gone).rejects.toMatchObject({ code: "offline" });
    await expect(unknown).rejects.toMatchObject({ code: "offline" });
    expect(world.socket().commands).toEqual([]);
  });

  it("[C41] is checked again after each further loss", async () => {
    const world = await roomWithMessage();
    const edited = world.room.edit(1, "mine");
    for (let round = 0; round < 3; round++) await comeBack(world, 1);
    expect(world.socket().sentOf("edit").length).toBe(1);
    await comeBack(world, 2, update(2, own(1, { data: "mine", editedAt: 7 })));
    expect(await edited).toEqual({ seq: 2 });
    expect(world.socket().commands).toEqual([]);
  });

  it("[C14] [C41] that is unanswered for 30 s ends the socket, and is checked like any other", async () => {
    const world = await roomWithMessage();
    const edited = world.room.edit(1, "mine");
    await world.clock.advance(31_000);
    expect(world.sockets.count).toBe(2);
    await world.goLive({ recovery: "complete", head: 2 }, update(2, own(1, { data: "mine", editedAt: 7 })));
    expect(await edited).toEqual({ seq: 2 });
  });
});
