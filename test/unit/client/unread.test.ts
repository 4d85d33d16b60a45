import { expect, it } from "vitest";
import { describeBoth, dialedRoom, type RoomWorld, roomForTest } from "./support/client-for-test.ts";
import type { Frame } from "./support/fake-sockets.ts";
import {
  batch,
  caughtUp,
  connected,
  deletion,
  message,
  ok,
  refusal,
  replay,
  update,
} from "./support/frames.ts";

const reads = ({ socket }: RoomWorld) => socket().sentOf("read");
const places = (world: RoomWorld) => reads(world).map(({ seq }) => seq);
const own = (seq: number) => message(seq, { from: { id: "usr_1" } });
const receipt = (user: string, seq: number): Frame => ({ type: "receipt", user, seq, at: 1 });

/** A live room with these fields in its `connected`. */
async function toldRoom(read: Frame = { seq: 0, unread: 0 }, greeting: Frame = {}): Promise<RoomWorld> {
  const world = await dialedRoom();
  world.sockets.last.answersAsks = false;
  await world.goLive({ ...greeting, read });
  return world;
}

/** Answers the latest question. */
const answer = (world: RoomWorld, more: Frame) => world.socket().deliver(ok(reads(world).at(-1), more));

describeBoth("unread", () => {
  it("[C43][R7] is what the server sends with each connection, and is not asked for", async () => {
    const world = await toldRoom({ seq: 3, unread: 4 }, { head: 7 });
    expect(world.room.unread).toBe(4);
    expect(world.room.getSnapshot().unread).toBe(4);
    world.socket().end(1006);
    await world.clock.advance(1_000);
    expect(world.room.unread).toBe(4);
    await world.goLive({ recovery: "complete", head: 7, read: { seq: 7, unread: 0 } });
    await world.clock.advance(60_000);
    expect(world.room.unread).toBe(0);
    expect(world.sockets.all.flatMap((socket) => socket.sentOf("read"))).toEqual([]);
  });

  it("[C43] is asked for, once per connection, if the server does not send it", async () => {
    const world = await dialedRoom();
    world.sockets.last.answersAsks = false;
    await world.goLive({ head: 7, read: undefined });
    expect(reads(world)).toEqual([{ type: "read", id: "read", seq: 0 }]);
    answer(world, { seq: 3, unread: 4 });
    expect(world.room.unread).toBe(4);
  });

  it("[C43] counts messages of others after what was read, and is emitted to subscribers", async () => {
    const world = await toldRoom({ seq: 5, unread: 1 }, { head: 7 });
    const seen: number[] = [];
    world.room.subscribe(() => seen.push(world.room.unread));
    world.socket().deliver(message(8), own(9), message(10, { from: null }), update(11, own(9)));
    expect(seen).toEqual([2, 2, 3, 3]);
    expect(reads(world)).toEqual([]);
  });

  it("[C43] falls by one if an unread message is deleted, and not for a read or own one", async () => {
    const world = await toldRoom({ seq: 1, unread: 0 }, { head: 0 });
    world.socket().deliver(message(1), message(2), message(3), own(4));
    expect(world.room.unread).toBe(2);
    world.socket().deliver(deletion(5, 1), deletion(6, 4), deletion(7, 2));
    expect(world.room.unread).toBe(1);
    world.socket().deliver(deletion(8, 3));
    expect([world.room.unread, reads(world).length]).toEqual([0, 0]);
  });

  it("[C43] is asked for after a deletion of a message that is not held, at most once per second", async () => {
    const world = await toldRoom({ seq: 1, unread: 9 }, { head: 20 });
    world.socket().deliver(deletion(21, 15), deletion(22, 16));
    await world.clock.advance(0);
    expect(places(world)).toEqual([0]);
    world.socket().deliver(deletion(23, 17));
    answer(world, { seq: 1, unread: 7 });
    await world.clock.advance(999);
    expect(places(world)).toEqual([0]);
    await world.clock.advance(1);
    expect(places(world)).toEqual([0, 0]);
    answer(world, { seq: 1, unread: 6 });
    expect(world.room.unread).toBe(6);
  });

  it("[C43] does not count a replay, which the server has counted, but counts what is stored while it is paged", async () => {
    const world = await toldRoom({ seq: 0, unread: 0 });
    world.socket().deliver(message(1));
    expect(world.room.unread).toBe(1);
    for (const recovery of ["complete", "lost"] as const) {
      world.socket().end(1006);
      await world.clock.advance(2_000);
      const read = { seq: 0, unread: 2 };
      await world.goLive({ recovery, head: 3, read }, replay(message(2), own(3)));
      expect([recovery, world.room.unread]).toEqual([recovery, 2]);
      world.socket().deliver(deletion(4, 2), message(5));
      expect([recovery, world.room.unread]).toEqual([recovery, 2]);
    }
    world.socket().end(1006);
    await world.clock.advance(2_000);
    const [greeting, page] = [
      connected({ recovery: "partial", head: 6, read: { seq: 0, unread: 3 } }),
      message(6),
    ];
    world.socket().deliver(greeting, caughtUp(5, { more: true }));
    await world.clock.advance(0);
    const asked = world.socket().sentOf("history").at(-1);
    world.socket().deliver(ok(asked, { events: [page, message(7)], seq: 7 }), caughtUp(7));
    expect(world.room.unread).toBe(4);
  });

  it("[C43] is asked for after another device has read, and not after a receipt of another user", async () => {
    const world = await toldRoom({ seq: 3, unread: 4 }, { head: 7 });
    world.socket().deliver(receipt("usr_2", 7), receipt("usr_1", 2));
    await world.clock.advance(2_000);
    expect(places(world)).toEqual([]);
    world.socket().deliver(receipt("usr_1", 5));
    await world.clock.advance(0);
    expect(places(world)).toEqual([0]);
    answer(world, { seq: 5, unread: 2 });
    expect(world.room.unread).toBe(2);
  });

  it("[C43] is asked for again if a receipt came before an older answer", async () => {
    const world = await toldRoom({ seq: 3, unread: 4 }, { head: 7 });
    world.socket().deliver(receipt("usr_1", 4));
    await world.clock.advance(0);
    world.socket().deliver(receipt("usr_1", 7));
    answer(world, { seq: 4, unread: 3 });
    await world.clock.advance(1_000);
    expect(places(world)).toEqual([0, 7]);
    answer(world, { seq: 7, unread: 0 });
    expect(world.room.unread).toBe(0);
  });

  it("[C43] stays at 1,000, where the server stops counting", async () => {
    const world = await toldRoom({ seq: 3, unread: 1_000 }, { head: 2_000 });
    world.socket().deliver(message(2_001));
    expect(world.room.unread).toBe(1_000);
  });

  it("[C43] is asked for again if the answer was a temporary refusal, and not if it was final", async () => {
    const world = await dialedRoom();
    world.sockets.last.answersAsks = false;
    await world.goLive({ read: undefined });
    world.socket().deliver(refusal(reads(world)[0], "overloaded", { retryAfterMs: 3_000 }));
    await world.clock.advance(2_999);
    expect(reads(world).length).toBe(1);
    await world.clock.advance(1);
    await world.clock.advance(0);
    expect(reads(world).length).toBe(2);
    world.socket().deliver(refusal(reads(world)[1], "forbidden"));
    await world.clock.advance(60_000);
    expect(reads(world).length).toBe(2);
  });
});

describeBoth("markRead", () => {
  it("[C42] sends how far, shows at once that nothing is unread, and resolves with the server's answer", async () => {
    const world = await toldRoom({ seq: 3, unread: 4 }, { head: 7 });
    const marked = world.room.markRead();
    expect(world.room.unread).toBe(0);
    await world.clock.advance(0);
    expect(places(world)).toEqual([7]);
    world.socket().deliver(receipt("usr_1", 7));
    answer(world, { seq: 7, unread: 0 });
    expect(await marked).toEqual({ seq: 7, unread: 0 });
    await world.clock.advance(5_000);
    expect(places(world)).toEqual([7]);
  });

  it("[C42] of an earlier position leaves what the server counts", async () => {
    const world = await toldRoom({ seq: 3, unread: 4 }, { head: 7 });
    const marked = world.room.markRead(5);
    expect(world.room.unread).toBe(4);
    await world.clock.advance(0);
    answer(world, { seq: 5, unread: 2 });
    expect(await marked).toEqual({ seq: 5, unread: 2 });
    expect(world.room.unread).toBe(2);
  });

  it("[C42] keeps what was shown as read, whatever an older answer says and whatever comes before that position", async () => {
    const world = await toldRoom({ seq: 0, unread: 7 }, { head: 7 });
    void world.room.markRead(5);
    await world.clock.advance(0);
    void world.room.markRead(9);
    answer(world, { seq: 5, unread: 2 });
    expect(world.room.unread).toBe(0);
    world.socket().deliver(message(8), message(9));
    expect(world.room.unread).toBe(0);
    world.socket().deliver(message(10));
    expect(world.room.unread).toBe(1);
  });

  it("[C42] never moves back: what was read already is not sent", async () => {
    const world = await toldRoom({ seq: 5, unread: 2 }, { head: 7 });
    expect(await world.room.markRead(4)).toEqual({ seq: 5, unread: 2 });
    expect(await world.room.markRead(0)).toEqual({ seq: 5, unread: 2 });
    await world.clock.advance(5_000);
    expect(places(world)).toEqual([]);
  });

  it("[C42] may be called with every message: it sends at most once per second, and always the last position", async () => {
    const world = await toldRoom({ seq: 0, unread: 0 });
    const marks: Promise<unknown>[] = [];
    for (let seq = 1; seq <= 25; seq++) {
      world.socket().deliver(message(seq));
      marks.push(world.room.markRead(), world.room.markRead(seq));
      expect(world.room.unread).toBe(0);
      await world.clock.advance(100);
      const last = reads(world).at(-1);
      answer(world, { seq: last?.seq, unread: seq - Number(last?.seq) });
    }
    expect(places(world)).toEqual([1, 10, 20]);
    await world.clock.advance(1_000);
    expect(places(world)).toEqual([1, 10, 20, 25]);
    answer(world, { seq: 25, unread: 0 });
    expect((await Promise.all(marks)).at(-1)).toEqual({ seq: 25, unread: 0 });
    await world.clock.advance(10_000);
    expect(reads(world).length).toBe(4);
  });

  it("[C42] offline costs no more with each of many calls, as of a list that is scrolled", async () => {
    const world = await toldRoom({ seq: 0, unread: 9 }, { head: 9 });
    world.client.disconnect();
    const startedAt = performance.now();
    for (let call = 0; call < 20_000; call++) void world.room.markRead(5 + (call % 5));
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    world.client.close();
  });

  it("[C42] of a smaller position waits with the greater one in flight", async () => {
    const world = await toldRoom({ seq: 0, unread: 7 }, { head: 7 });
    const marks = [world.room.markRead(6), world.room.markRead(2), world.room.markRead(6)];
    await world.clock.advance(0);
    answer(world, { seq: 6, unread: 1 });
    expect(await Promise.all(marks)).toEqual(Array(3).fill({ seq: 6, unread: 1 }));
    await world.clock.advance(5_000);
    expect(places(world)).toEqual([6]);
  });

  it("[C42] offline is remembered, and sent once with the next connection", async () => {
    const world = await toldRoom({ seq: 0, unread: 7 }, { head: 7 });
    world.socket().end(1006);
    const marks = [world.room.markRead(5), world.room.markRead(6)];
    await world.clock.advance(1_000);
    world.sockets.last.answersAsks = false;
    const read = { seq: 0, unread: 9 };
    await world.goLive({ recovery: "complete", head: 9, read }, replay(message(8), message(9)));
    expect(places(world)).toEqual([6]);
    answer(world, { seq: 6, unread: 3 });
    expect(await Promise.all(marks)).toEqual([
      { seq: 6, unread: 3 },
      { seq: 6, unread: 3 },
    ]);
  });

  it("[C42] before the first connection, of the last known message, is answered by that connection", async () => {
    const world = await dialedRoom();
    const marked = world.room.markRead();
    await world.goLive({ head: 9, read: { seq: 2, unread: 7 } });
    expect(places(world)).toEqual([]);
    expect(await marked).toEqual({ seq: 2, unread: 7 });
  });

  it("[C42] of what another device has read meanwhile is not sent again", async () => {
    const world = await toldRoom({ seq: 0, unread: 7 }, { head: 7 });
    world.socket().end(1006);
    const marked = world.room.markRead(5);
    await world.clock.advance(1_000);
    await world.goLive({ recovery: "complete", head: 7, read: { seq: 6, unread: 1 } });
    expect(await marked).toEqual({ seq: 6, unread: 1 });
    expect([places(world), world.room.unread]).toEqual([[], 1]);
  });

  it("[C42] that is lost in flight is sent by the next connection", async () => {
    const world = await toldRoom({ seq: 0, unread: 7 }, { head: 7 });
    const marked = world.room.markRead();
    await world.clock.advance(0);
    world.socket().end(1006);
    await world.clock.advance(1_000);
    await world.goLive({ recovery: "complete", head: 7 });
    expect(places(world)).toEqual([7]);
    answer(world, { seq: 7, unread: 0 });
    expect(await marked).toEqual({ seq: 7, unread: 0 });
  });

  it("[C42] of a position in another log has no effect in this one", async () => {
    const world = await toldRoom({ seq: 0, unread: 7 }, { head: 7 });
    world.socket().end(1006);
    const marked = world.room.markRead();
    await world.clock.advance(1_000);
    await world.goLive({ recovery: "lost", epoch: "e2", head: 90, read: { seq: 0, unread: 90 } });
    expect(places(world)).toEqual([]);
    expect(await marked).toEqual({ seq: 0, unread: 90 });
    expect(world.room.unread).toBe(90);
  });

  it("[C42] that is refused rejects, and the unread count is asked for again", async () => {
    const world = await toldRoom({ seq: 0, unread: 7 }, { head: 7 });
    const marked = world.room.markRead();
    await world.clock.advance(0);
    world.socket().deliver(refusal(reads(world).at(-1), "forbidden"));
    await expect(marked).rejects.toMatchObject({ code: "forbidden" });
    await world.clock.advance(1_000);
    expect(places(world)).toEqual([7, 0]);
    answer(world, { seq: 0, unread: 7 });
    expect(world.room.unread).toBe(7);
  });

  it("[C42] of an invalid position is refused locally", async () => {
    const world = await toldRoom();
    for (const seq of [-1, 1.5, Number.NaN]) {
      await expect(world.room.markRead(seq)).rejects.toMatchObject({ code: "bad_request" });
    }
    expect(reads(world)).toEqual([]);
  });

  it("[C42][R43] that a crash of the server lost is sent again, once, also if the log has passed what was held", async () => {
    for (const recovery of ["complete", "lost"] as const) {
      const world = await toldRoom({ seq: 5, unread: 0 }, { head: 7 });
      world.socket().end(1006);
      await world.clock.advance(1_000);
      world.sockets.last.answersAsks = false;
      await world.goLive({ recovery, head: 7, read: { seq: 3, unread: 2 } });
      expect(places(world)).toEqual([5]);
      answer(world, { seq: 5, unread: 0 });
      await world.clock.advance(10_000);
      expect([places(world), world.room.unread]).toEqual([[5], 0]);
    }
  });

  it("[C42][R43] in a log that was purged is none in the next one", async () => {
    const world = await toldRoom({ seq: 5, unread: 0 }, { head: 7 });
    world.socket().end(1006);
    await world.clock.advance(1_000);
    world.sockets.last.answersAsks = false;
    await world.goLive({ recovery: "lost", epoch: "e2", head: 9, read: { seq: 0, unread: 9 } });
    await world.clock.advance(10_000);
    expect([places(world), world.room.unread]).toEqual([[], 9]);
  });

  it("[C42] is not delayed by a clock that is set back", async () => {
    const world = await toldRoom({ seq: 0, unread: 7 }, { head: 7 });
    void world.room.markRead(3);
    await world.clock.advance(0);
    answer(world, { seq: 3, unread: 4 });
    world.clock.setWall(-3_600_000);
    void world.room.markRead(5);
    await world.clock.advance(1_000);
    expect(places(world)).toEqual([3, 5]);
  });

  it("[C42] leaves no timer behind", async () => {
    const world = await toldRoom({ seq: 0, unread: 7 }, { head: 7 });
    void world.room.markRead(3);
    await world.clock.advance(0);
    answer(world, { seq: 3, unread: 4 });
    const waiting = world.room.markRead(5);
    world.client.close();
    await expect(waiting).rejects.toMatchObject({ code: "closed" });
    expect(world.clock.pending).toBe(0);
  });

  it("[C42] [C43] an event and an answer in one frame appear as one change", async () => {
    const world = await toldRoom({ seq: 0, unread: 0 });
    const seen: number[] = [];
    world.room.subscribe(() => seen.push(world.room.unread));
    world.socket().deliver(message(1));
    void world.room.markRead(0);
    world.socket().deliver(receipt("usr_1", 1));
    await world.clock.advance(0);
    world.socket().deliver(batch(message(2), ok(reads(world).at(-1), { seq: 1, unread: 1 })));
    expect(seen).toEqual([1, 1]);
  });
});

it("[C43] an anonymous reader asks for no unread count", async () => {
  const world = await roomForTest({ getToken: () => null }, {}, { user: null });
  world.socket().deliver(message(1));
  await world.clock.advance(5_000);
  expect([reads(world), world.room.unread]).toEqual([[], 0]);
  await expect(world.room.markRead()).rejects.toMatchObject({ code: "forbidden" });
});
