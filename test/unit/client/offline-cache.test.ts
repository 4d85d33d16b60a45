// What was read is there at once after a reload.

import { describe, expect, it, vi } from "vitest";
import { keepOffline } from "../../../client/offline/index.ts";
import { SharedDisk } from "../../support/shared-disk.ts";
import { clientForTest } from "./support/client-for-test.ts";
import { caughtUp, connected, deletion, message, replay } from "./support/frames.ts";
import { openTab } from "./support/offline-world.ts";

const keep = { cache: true };
const three = [message(1), message(2), message(3)];

/** A disk on which a tab has left what it read up to 3. */
async function cachedDisk(greeting = {}, options = {}) {
  const disk = new SharedDisk();
  const tab = await openTab(disk, { keep }, options);
  await tab.goLive({ head: 3, read: { seq: 1, unread: 2 }, ...greeting }, replay(...three));
  await tab.clock.advance(1_000);
  await tab.settle();
  tab.kill();
  return disk;
}

const seqs = (messages: readonly { readonly seq?: number }[]) => messages.map(({ seq }) => seq);

describe("a room that was read before", () => {
  it("[C183] shows what was read before anything is dialed, and asks only for what is missing", async () => {
    const disk = await cachedDisk();
    const list = vi.spyOn(disk, "list");
    const next = await openTab(disk, { keep });
    expect(list).toHaveBeenCalled();
    const { messages, user, permission, head, unread, state, members } = next.room.getSnapshot();
    expect([seqs(messages), user?.id, permission, head, unread]).toEqual([[1, 2, 3], "usr_1", "write", 3, 2]);
    expect([state.status, members]).toEqual(["connecting", []]);
    expect(next.sockets.last.url.searchParams.get("since")).toBe("e1.3");
    const heard: unknown[] = [];
    next.room.on("message", ({ seq }, { replay: isHistory }) => heard.push([seq, isHistory]));
    await next.goLive({ head: 4, recovery: "complete", read: { seq: 1, unread: 3 } }, replay(message(4)));
    expect([heard, seqs(next.room.messages), next.room.unread]).toEqual([[[4, false]], [1, 2, 3, 4], 3]);
  });

  it("[C183] shows it without any connection, with what waits over it", async () => {
    const disk = await cachedDisk();
    const next = await openTab(disk, { keep, getToken: () => Promise.reject(new Error("offline")) });
    await next.clock.advance(500);
    void next.room.edit(2, "edited");
    void next.room.send("new");
    await next.settle();
    expect(next.room.messages.map(({ data }) => data)).toEqual([
      three[0]?.data,
      "edited",
      three[2]?.data,
      "new",
    ]);
  });

  it("[C183] keeps the last 200 messages, each as it is", async () => {
    const disk = new SharedDisk();
    const tab = await openTab(disk, { keep });
    const messages = Array.from({ length: 250 }, (_, index) => message(index + 1));
    await tab.goLive({ head: 250 }, replay(...messages));
    tab.sockets.last.deliver(deletion(251, 250));
    await tab.clock.advance(1_000);
    await tab.settle();
    expect(JSON.stringify(disk.list("room/"))).not.toContain("text 250");
    tab.kill();
    const next = await openTab(disk, { keep });
    expect(next.room.messages).toHaveLength(200);
    expect(next.room.messages.at(-1)).toMatchObject({ seq: 250, data: null });
  });

  it("[C183] is written at most once a second, and as the page will stand still", async () => {
    const disk = new SharedDisk();
    const tab = await openTab(disk, { keep });
    await tab.goLive({ head: 0 });
    await tab.clock.advance(1_000);
    const written = vi.spyOn(disk, "write");
    for (let seq = 1; seq <= 40; seq++) {
      tab.sockets.last.deliver(message(seq));
      await tab.clock.advance(100);
    }
    expect(written.mock.calls.length).toBeLessThanOrEqual(4);
    tab.sockets.last.deliver(message(41));
    tab.suspend();
    await tab.settle();
    tab.kill();
    expect(seqs((await openTab(disk, { keep })).room.messages).at(-1)).toBe(41);
  });

  it.each([
    ["was purged", { epoch: "e2", head: 1, recovery: "lost" }],
    ["has gone on for longer than its log", { head: 900, floor: 800, recovery: "lost" }],
  ])("[C183] begins anew where it %s", async (_, greeting) => {
    const disk = await cachedDisk();
    const next = await openTab(disk, { keep });
    const lost = vi.fn();
    next.room.on("lost", lost);
    await next.goLive(greeting, replay(message(Number(greeting.head))));
    expect([lost.mock.calls.length, seqs(next.room.messages)]).toEqual([1, [greeting.head]]);
    await next.clock.advance(1_000);
    await next.settle();
    expect(JSON.stringify(disk.list("room/"))).not.toContain("text 2");
  });

  it("[C183] drops what the log has passed", async () => {
    const next = await openTab(await cachedDisk(), { keep });
    await next.goLive({ head: 3, floor: 2, recovery: "complete" });
    expect(seqs(next.room.messages)).toEqual([3]);
  });

  it.each(["4403 banned", "4403 forbidden", "4410 deleted"])(
    "[C184] leaves nothing behind after %s",
    async (end) => {
      const disk = await cachedDisk();
      const next = await openTab(disk, { keep });
      const [code, reason] = end.split(" ");
      next.sockets.last.end(Number(code), reason);
      await next.settle();
      expect([next.room.state.status, disk.keys("room/")]).toEqual(["disconnected", []]);
    },
  );

  it("[C184] leaves nothing behind once another user is greeted", async () => {
    const disk = await cachedDisk();
    const bo = await openTab(disk, { keep });
    await bo.goLive({ head: 3, user: { id: "usr_2", name: "Bo" } });
    expect(bo.room.messages).toEqual([]);
    expect(bo.sockets.last.url.searchParams.get("since")).toBe(null);
    await bo.settle();
    expect(disk.keys("room/").filter((key) => key.includes("usr_1"))).toEqual([]);
  });

  it("[C183] is another one under other topics", async () => {
    const disk = await cachedDisk({}, { topics: ["chat"] });
    expect((await openTab(disk, { keep }, { topics: ["task"] })).room.messages).toEqual([]);
    expect((await openTab(disk, { keep })).room.messages).toEqual([]);
    expect(seqs((await openTab(disk, { keep }, { topics: ["chat"] })).room.messages)).toEqual([1, 2, 3]);
  });

  it("[C183] is not waited for longer than 300 ms, and not shown after that", async () => {
    const disk = await cachedDisk();
    const next = await openTab(disk, { keep, stops: true });
    expect(next.sockets.count).toBe(0);
    await next.clock.advance(300);
    expect(next.sockets.last.url.searchParams.get("since")).toBe(null);
    next.storage.wake();
    await next.settle();
    expect(next.room.messages).toEqual([]);
    await next.goLive({ head: 3 }, replay(message(3)));
    expect(seqs(next.room.messages)).toEqual([3]);
  });

  it("[C183] shows although the token takes long, as a connection waits for that anyway", async () => {
    const disk = await cachedDisk();
    const next = await openTab(disk, { keep, getToken: () => new Promise(() => {}) });
    await next.clock.advance(300);
    await next.settle();
    expect([seqs(next.room.messages), next.sockets.count]).toEqual([[1, 2, 3], 0]);
  });

  it("[C183] is not kept unless the app asks for it", async () => {
    const disk = new SharedDisk();
    const tab = await openTab(disk);
    await tab.goLive({ head: 3 }, replay(...three));
    await tab.clock.advance(2_000);
    expect(disk.keys("room/")).toEqual([]);
  });

  it("[C183] that cannot be read is as none", async () => {
    const disk = await cachedDisk();
    disk.write(disk.keys("room/"), ([value]) => [{ ...(value as object), messages: [{ type: "message" }] }]);
    const next = await openTab(disk, { keep });
    expect([next.room.messages, next.sockets.count]).toEqual([[], 1]);
  });
});

describe("what was read in rooms that are not opened any more", () => {
  const DAY_MS = 86_400_000;

  /** Opens a room, reads one message and closes the page. */
  async function readIn(disk: SharedDisk, room: string, daysLater = 0) {
    const storage = disk.open();
    const { client, clock, sockets } = clientForTest({ offline: keepOffline({ ...keep, storage }) });
    await clock.advance(daysLater * DAY_MS);
    client.room(room);
    for (let turn = 0; turn < 5; turn++) await clock.advance(0);
    sockets.last.deliver(connected({ room, head: 1 }), message(1), caughtUp(1));
    await clock.advance(1_001);
    for (let turn = 0; turn < 5; turn++) await clock.advance(0);
    client.close();
    storage.die();
  }

  it("[C247] is kept for 100 rooms, those that were read last", async () => {
    const disk = new SharedDisk();
    for (let room = 0; room < 103; room++) await readIn(disk, `room_${room}`, room / 1_000);
    await readIn(disk, "room_3", 1);
    await readIn(disk, "one_more", 2);
    const left = disk.keys("room/").map((key) => key.split("/").at(-2));
    expect(left).toHaveLength(100);
    expect([left.includes("room_3"), left.includes("room_4"), left.includes("one_more")]).toEqual([
      true,
      false,
      true,
    ]);
    expect(disk.keys("time/")).toHaveLength(100);
  });

  it("[C247] goes after 30 days, as another room is read", async () => {
    const disk = new SharedDisk();
    await readIn(disk, "old");
    await readIn(disk, "newer", 2);
    await readIn(disk, "newest", 31);
    expect(disk.keys("room/").map((key) => key.split("/").at(-2))).toEqual(["newer", "newest"]);
    expect(disk.keys("time/")).toHaveLength(2);
  });

  it("[C247] goes on a full disk too", async () => {
    const disk = new SharedDisk();
    await readIn(disk, "old");
    disk.isFull = true;
    await readIn(disk, "newest", 31);
    expect([disk.keys("room/"), disk.keys("time/")]).toEqual([[], []]);
  });
});
