// A disk that is full, where only what deletes is done, and a storage that answers nothing.

import { describe, expect, it, vi } from "vitest";
import { SharedDisk } from "../../support/shared-disk.ts";
import { message, ok, replay } from "./support/frames.ts";
import { openTab, type Tab } from "./support/offline-world.ts";

/** A tab that was live up to 7, and lost its connection, before it wrote these; then the disk is full. */
async function fullDisk(...texts: readonly string[]) {
  const disk = new SharedDisk();
  const tab = await openTab(disk);
  await tab.goLive({ head: 7 });
  tab.sockets.last.deliver(message(8));
  await tab.loseConnection();
  for (const text of texts) void tab.room.send(text).catch(() => {});
  await tab.settle();
  disk.isFull = true;
  return { disk, tab };
}

const sends = (tab: Tab) => tab.sent("send").map(({ data, retryOf }) => [data, retryOf]);
const warnings = (log: ReturnType<typeof vi.fn>) => log.mock.calls.filter(([level]) => level === "warn");

/** The tab is live again, with what came in between. */
async function goLiveAgain(tab: Tab) {
  await tab.clock.advance(2_000);
  await tab.goLive({ head: 9, recovery: "complete" }, replay(message(9)));
}

describe("on a full disk", () => {
  it("[C245] what was kept goes out, and outlives a crash before its answer", async () => {
    const { disk, tab } = await fullDisk("one", "two");
    await goLiveAgain(tab);
    const cursor = "e1.9";
    expect(sends(tab)).toEqual([
      ["one", cursor],
      ["two", cursor],
    ]);
    const ids = tab.sent("send").map(({ id }) => id);
    tab.kill();
    const next = await openTab(disk);
    expect(next.statuses()).toEqual([
      ["one", "kept"],
      ["two", "kept"],
    ]);
    await next.goLive({ head: 900, floor: 5 });
    // Their first try may be anywhere in the log since they were asked for.
    expect(sends(next)).toEqual([
      ["one", "e1.8"],
      ["two", "e1.8"],
    ]);
    expect(next.sent("send").map(({ id }) => id)).toEqual(ids);
    next.sockets.last.deliver(...next.sent("send").map((command, at) => ok(command, { seq: 901 + at, at })));
    await next.settle();
    expect([next.room.outbox, disk.keys("entry/"), disk.keys("sure/")]).toEqual([[], [], []]);
  });

  it("[C245] what was never sent is found by each tab that comes, and goes out once, in order", async () => {
    const { disk, tab } = await fullDisk("one", "two");
    tab.kill();
    for (let reload = 0; reload < 3; reload++) {
      const next = await openTab(disk);
      expect(next.statuses()).toEqual([
        ["one", "kept"],
        ["two", "kept"],
      ]);
      next.kill();
    }
    const last = await openTab(disk);
    void last.room.send("three");
    await last.goLive({ head: 9 });
    expect(last.sent("send").map(({ data }) => data)).toEqual(["one", "two", "three"]);
  });

  it("[C245] a tab that stood still sends nothing that another one has taken meanwhile", async () => {
    const { disk, tab } = await fullDisk("one");
    tab.storage.freeze();
    const next = await openTab(disk);
    await next.goLive({ head: 9 });
    expect(sends(next)).toEqual([["one", "e1.8"]]);
    const [{ id } = {}] = next.sent("send");
    tab.storage.wake();
    await goLiveAgain(tab);
    // Not as new, by a cursor that may be after what the other one had stored.
    expect(sends(tab).filter(([, retryOf]) => retryOf !== "e1.8")).toEqual([]);
    next.sockets.last.deliver(ok(next.sent("send")[0], { seq: 10, at: 1 }));
    tab.sockets.last.deliver(message(10, { id, from: { id: "usr_1" } }));
    await next.settle();
    await tab.settle();
    expect([next.room.outbox, tab.room.outbox, disk.keys("entry/")]).toEqual([[], [], []]);
  });

  it("[C245] what was written before any connection is looked for in all of the log after a crash", async () => {
    const disk = new SharedDisk();
    const tab = await openTab(disk, { keep: { user: "usr_1" } });
    void tab.room.send("one");
    await tab.settle();
    disk.isFull = true;
    await tab.goLive({ head: 7 });
    await tab.clock.advance(1_000);
    expect(sends(tab)).toEqual([["one", "e1.7"]]);
    tab.kill();
    const next = await openTab(disk, { keep: { user: "usr_1" } });
    await next.goLive({ head: 8 });
    expect(sends(next)).toEqual([["one", "e1.0"]]);
  });

  it("[C245] an edit goes out from one tab, and is judged by the replay after a crash", async () => {
    const disk = new SharedDisk();
    const tab = await openTab(disk);
    await tab.goLive({ head: 8 }, replay(message(8)));
    await tab.loseConnection();
    tab.room.edit(8, "edited").catch(() => {});
    await tab.settle();
    disk.isFull = true;
    tab.kill();
    const [next, other] = [await openTab(disk), await openTab(disk)];
    for (const each of [next, other]) await each.goLive({ head: 8 }, replay(message(8)));
    expect([next, other].map((each) => each.sent("edit").length)).toEqual([1, 0]);
    next.kill();
    disk.isFull = false;
    await other.clock.advance(20_000);
    await other.settle();
    expect(other.sent("edit")).toHaveLength(1);
  });

  it("[C245] says once that nothing more is kept, and keeps it once there is room", async () => {
    const disk = new SharedDisk();
    const log = vi.fn();
    const tab = await openTab(disk, { log });
    await tab.goLive({ head: 7 });
    await tab.loseConnection();
    disk.isFull = true;
    void tab.room.send("one");
    await tab.clock.advance(60_000);
    expect([tab.statuses(), warnings(log).length]).toEqual([[["one", "queued"]], 1]);
    disk.isFull = false;
    await tab.clock.advance(60_000);
    expect(tab.statuses()).toEqual([["one", "kept"]]);
  });
});

describe("a storage that never ends a write", () => {
  it("[C246] is said once after 5 s; what it may not have goes out from memory, and what is live does not wait", async () => {
    const disk = new SharedDisk();
    const log = vi.fn();
    const tab = await openTab(disk, { log });
    await tab.goLive({ head: 7 });
    await tab.loseConnection();
    tab.storage.hang();
    for (const text of ["one", "two"]) void tab.room.send(text);
    await tab.clock.advance(4_900);
    expect(warnings(log)).toEqual([]);
    await tab.clock.advance(600_000);
    expect(warnings(log)).toHaveLength(1);
    expect(tab.statuses().map(([, status]) => status)).toEqual(["queued", "queued"]);
    await tab.goLive({ head: 7, recovery: "complete" });
    void tab.room.send("three");
    await tab.settle();
    expect(sends(tab)).toEqual([
      ["one", "e1.7"],
      ["two", "e1.7"],
      ["three", "e1.7"],
    ]);
    // The first write arrives after all, as the page is killed.
    tab.storage.arrive();
    tab.kill();
    const next = await openTab(disk);
    await next.goLive({ head: 900, floor: 5 });
    expect(sends(next)).toEqual([
      ["one", "e1.7"],
      ["two", "e1.7"],
    ]);
  });

  it("[C246] holds what it has, which goes out once it answers", async () => {
    const { disk, tab } = await fullDisk("one");
    disk.isFull = false;
    tab.storage.hang();
    await goLiveAgain(tab);
    await tab.clock.advance(10_000);
    expect([sends(tab), tab.statuses()]).toEqual([[], [["one", "kept"]]]);
    tab.storage.wake();
    await tab.settle();
    expect(sends(tab)).toEqual([["one", "e1.9"]]);
  });
});
