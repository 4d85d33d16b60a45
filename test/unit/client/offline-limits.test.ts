// Where it ends what is kept: with its user, with its client, with its room, and with one tab.

import { describe, expect, it, vi } from "vitest";
import { BrowserTabs } from "../../../client/offline/browser-tabs.ts";
import { keepOffline } from "../../../client/offline/index.ts";
import { SharedDisk } from "../../support/shared-disk.ts";
import { clientForTest } from "./support/client-for-test.ts";
import { caughtUp, connected, message, ok, refusal, replay } from "./support/frames.ts";
import { openTab } from "./support/offline-world.ts";

const BO = { user: { id: "usr_2", name: "Bo" } };
const keep = { cache: true };
const noToken = () => Promise.reject(new Error("offline"));

/** A promise that is settled from outside. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open, opened };
}

/** A disk on which a tab of Ada was killed that had sent "of Ada" without a connection. */
async function diskOfAda(options = {}) {
  const disk = new SharedDisk();
  const tab = await openTab(disk, options);
  await tab.goLive({ head: 3 }, replay(message(1), message(2), message(3)));
  await tab.clock.advance(1_000);
  await tab.settle();
  await tab.loseConnection();
  void tab.room.send("of Ada");
  await tab.settle();
  tab.kill();
  return disk;
}

describe("what is kept of a user", () => {
  it("[C186] is not shown or sent where it is taken over only after another one was greeted", async () => {
    const disk = await diskOfAda();
    const slow = gate();
    const storage = disk.open();
    const update = storage.update.bind(storage);
    let isFirst = true;
    storage.update = async (keys, change) => {
      await update(keys, change);
      if (!isFirst || !keys[0]?.startsWith("entry/")) return;
      isFirst = false;
      await slow.opened;
    };
    const bo = await openTab(disk, { keep: { storage, user: "usr_1" } });
    await bo.clock.advance(2_000);
    await bo.goLive({ head: 7, ...BO });
    await bo.goLive({ head: 7, ...BO });
    slow.open();
    await bo.settle();
    expect([bo.room.outbox, bo.sockets.all.flatMap((socket) => socket.sentOf("send"))]).toEqual([[], []]);
    const ada = await openTab(disk, { keep: { user: "usr_1" } });
    await ada.goLive({ head: 7 });
    expect(ada.sent("send").map(({ data }) => data)).toEqual(["of Ada"]);
  });

  it("[C186] is not shown in a room that opens as another one is greeted", async () => {
    const disk = await diskOfAda({ keep });
    const slow = gate();
    const storage = disk.open();
    const list = storage.list.bind(storage);
    storage.list = async (prefix) => {
      const entries = await list(prefix);
      if (prefix.startsWith("room/") && prefix.includes("lobby")) await slow.opened;
      return entries;
    };
    const bo = await openTab(disk, { keep: { ...keep, storage } });
    await bo.clock.advance(2_500);
    const other = bo.client.room("other");
    await bo.clock.advance(400);
    bo.room.leave();
    await bo.settle();
    const lobby = bo.client.room("lobby");
    await bo.settle();
    await bo.goLive({ room: "other", head: 0, ...BO });
    slow.open();
    await bo.settle();
    expect([lobby.messages, other.messages]).toEqual([[], []]);
  });

  it("[C186] is not what another one wrote before the first greeting", async () => {
    const disk = await diskOfAda();
    const bo = await openTab(disk, { getToken: noToken });
    await bo.clock.advance(400);
    const sent = bo.room.send("of Bo");
    await bo.settle();
    bo.client.close();
    await expect(sent).rejects.toMatchObject({ code: "closed" });
    const next = await openTab(disk, { keep: { user: "usr_1" } });
    const again = next.room.send("of Bo, too");
    next.room.markRead(3).catch(() => {});
    await next.settle();
    expect(disk.keys("read/")).toHaveLength(1);
    await next.goLive({ head: 7, ...BO });
    await expect(again).rejects.toMatchObject({ code: "user_changed" });
    await next.settle();
    expect(disk.list("entry/").map(({ value }) => value)).not.toContainEqual(
      expect.objectContaining({ said: expect.objectContaining({ data: "of Bo, too" }) }),
    );
    expect(JSON.stringify(disk.list("entry/"))).toContain("of Ada");
    expect(disk.keys("read/")).toEqual([]);
  });
});

describe("a client that is closed", () => {
  it("[C187] takes nothing over and leaves no timer, though the storage answers only then", async () => {
    const disk = await diskOfAda();
    const storage = disk.open();
    const join = vi.spyOn(storage.tabs, "join");
    storage.freeze();
    const offline = keepOffline({ storage });
    const { client, clock } = clientForTest({ offline });
    client.room("lobby");
    await clock.advance(0);
    client.close();
    storage.wake();
    for (let turn = 0; turn < 10; turn++) await clock.advance(0);
    expect([join.mock.calls.length, clock.pending]).toEqual([0, 0]);
    const next = await openTab(disk);
    expect(next.statuses()).toEqual([["of Ada", "kept"]]);
  });

  it("[C187] says nothing to other tabs any more, without an error", () => {
    const tabs = new BrowserTabs("closed");
    tabs.join("one", () => {})();
    expect(() => tabs.tell()).not.toThrow();
  });

  it("[C187] leaves no timer where the last write fails", async () => {
    const disk = new SharedDisk();
    const tab = await openTab(disk, { keep });
    await tab.goLive({ head: 3 }, replay(message(3)));
    void tab.room.send("one");
    void tab.room.markRead(3);
    disk.fate = () => "failed";
    tab.client.close();
    await tab.settle();
    expect(tab.clock.pending).toBe(0);
  });
});

describe("a platform without IndexedDB and `structuredClone`", () => {
  it("[C177][C250] works from memory, with one warning, and signs out", async () => {
    vi.stubGlobal("structuredClone", undefined);
    const log = vi.fn();
    const offline = keepOffline();
    const { client, clock, sockets } = clientForTest({ offline, log });
    const room = client.room("lobby");
    await clock.advance(0);
    sockets.last.deliver(connected({ head: 7 }), caughtUp(7));
    await clock.advance(0);
    sockets.last.end(1006);
    await clock.advance(0);
    room.send("one").catch(() => {});
    await clock.advance(0);
    expect(room.outbox.map(({ status }) => status)).toEqual(["queued"]);
    await clock.advance(2_000);
    sockets.last.deliver(connected({ head: 7, recovery: "complete" }), caughtUp(7));
    await clock.advance(0);
    vi.unstubAllGlobals();
    expect(sockets.last.sentOf("send").map(({ data }) => data)).toEqual(["one"]);
    expect(log.mock.calls.filter(([level]) => level === "warn")).toHaveLength(1);
    client.close();
    await offline.clear();
  });
});

describe("clear", () => {
  it.each(["before", "after"])(
    "[C188] leaves nothing that was read, called %s the client is closed",
    async (when) => {
      const disk = new SharedDisk();
      const tab = await openTab(disk, { keep });
      await tab.goLive({ head: 3 }, replay(message(3)));
      await tab.clock.advance(1_000);
      tab.sockets.last.deliver(message(4));
      await tab.settle();
      void tab.room.markRead(4);
      if (when === "after") tab.client.close();
      await Promise.all([tab.offline.clear(), tab.settle()]);
      tab.sockets.last.deliver(message(5));
      void tab.room.markRead(5);
      tab.suspend();
      await tab.clock.advance(2_000);
      tab.client.close();
      await tab.settle();
      expect(disk.keys().filter((key) => key !== "born")).toEqual([]);
    },
  );

  it("[C188] reaches what a storage has that could not be used before", async () => {
    const disk = await diskOfAda({ keep });
    const list = vi.spyOn(disk, "list").mockImplementation(() => {
      throw new DOMException("", "UnknownError");
    });
    const tab = await openTab(disk, { keep: { ...keep, user: "usr_1" } });
    list.mockRestore();
    tab.client.close();
    await Promise.all([tab.offline.clear(), tab.settle()]);
    expect(disk.keys().filter((key) => key !== "born")).toEqual([]);
  });

  it("[C246] rejects where the storage does not answer", async () => {
    const tab = await openTab(new SharedDisk(), { keep });
    await tab.goLive({ head: 3 }, replay(message(3)));
    tab.storage.hang();
    const cleared = expect(tab.offline.clear()).rejects.toMatchObject({ code: "timeout" });
    await tab.clock.advance(10_000);
    await cleared;
  });

  it("[C188] is joined by a ban: nothing of the room is kept, under whichever topics it was read", async () => {
    const disk = new SharedDisk();
    for (const topics of [["chat"], ["task"]]) {
      const tab = await openTab(disk, { keep }, { topics });
      await tab.goLive({ head: 3 }, replay(message(3)));
      await tab.clock.advance(1_000);
      await tab.settle();
      tab.kill();
    }
    expect(disk.keys("room/")).toHaveLength(2);
    const next = await openTab(disk, { keep }, { topics: ["chat"] });
    next.sockets.last.end(4403, "banned");
    await next.settle();
    expect(disk.keys("room/")).toEqual([]);
  });
});

describe("an entry", () => {
  it("[C189] shows once, however often its tab finds its own record", async () => {
    const disk = new SharedDisk();
    const tab = await openTab(disk);
    await tab.goLive({ head: 7 });
    await tab.loseConnection();
    disk.fate = () => "untold";
    void tab.room.send("one");
    await tab.settle();
    disk.fate = () => "done";
    const other = await openTab(disk);
    for (let looks = 0; looks < 5; looks++) {
      tab.storage.onChange(looks % 2 === 0);
      await tab.settle();
      await tab.clock.advance(20_000);
      other.storage.tabs.tell();
      await tab.settle();
    }
    expect([tab.room.outbox.length, tab.outbox.entries.length, other.room.outbox.length]).toEqual([1, 1, 0]);
    expect(disk.list("entry/").map(({ value }) => value)).toMatchObject([{ claim: 0 }]);
    tab.sockets.last.end(1006);
    await tab.clock.advance(60_000);
    await tab.goLive({ head: 7, recovery: "complete" });
    expect(tab.sent("send").map(({ data }) => data)).toEqual(["one"]);
  });

  it("[C174] stays with its tab from the first moment, also where nobody knows which tabs are alive", async () => {
    const disk = new SharedDisk();
    const tab = await openTab(disk);
    const other = await openTab(disk);
    for (const { storage } of [tab, other]) storage.tabs.alive = async () => undefined;
    for (const each of [tab, other]) await each.goLive({ head: 7 });
    void tab.room.send("one");
    for (const each of [tab, other, tab, other]) await each.settle();
    await other.clock.advance(30_000);
    expect(disk.list("entry/").map(({ value }) => value)).toMatchObject([{ claim: 0 }]);
    expect(other.sent("send")).toEqual([]);
  });

  it("[C174] leaves no trace of its tab once all is stored and that tab is gone", async () => {
    const disk = new SharedDisk();
    const tab = await openTab(disk);
    await tab.goLive({ head: 7 });
    void tab.room.send("one");
    await tab.settle();
    tab.sockets.last.deliver(ok(tab.sent("send")[0], { seq: 8, at: 1 }));
    await tab.settle();
    expect(disk.keys("tab/")).toHaveLength(1);
    tab.kill();
    await openTab(disk);
    expect(disk.keys("tab/")).toEqual([]);
  });

  it("[C189] shows once after a takeover whose end the tab was not told", async () => {
    const disk = await diskOfAda();
    const storage = disk.open();
    const update = storage.update.bind(storage);
    let isFirst = true;
    storage.update = async (keys, change) => {
      await update(keys, change);
      if (isFirst && keys[0]?.startsWith("entry/")) {
        isFirst = false;
        throw new DOMException("", "UnknownError");
      }
    };
    const next = await openTab(disk, { keep: { storage } });
    await next.goLive({ head: 3 });
    await next.clock.advance(60_000);
    expect([isFirst, next.outbox.entries.length, next.room.outbox.length]).toEqual([false, 1, 1]);
    expect(next.sockets.all.flatMap((socket) => socket.sentOf("send")).map(({ id }) => id)).toHaveLength(1);
  });

  it("[C174] is sent as a repeat by a tab that stood still while it was taken over, and all was evicted", async () => {
    const disk = new SharedDisk();
    const tab = await openTab(disk);
    await tab.goLive({ head: 7 });
    await tab.loseConnection();
    void tab.room.send("one");
    await tab.settle();
    tab.storage.freeze();
    const other = await openTab(disk);
    await other.goLive({ head: 7 });
    other.sockets.last.deliver(ok(other.sent("send")[0], { seq: 8, at: 1 }));
    await other.settle();
    other.kill();
    disk.evict();
    tab.storage.wake();
    await tab.settle();
    await tab.clock.advance(2_000);
    await tab.goLive({ head: 900, floor: 800, recovery: "lost" });
    await tab.clock.advance(2_000);
    expect(tab.sent("send").map(({ retryOf }) => retryOf)).toEqual(["e1.7"]);
  });

  it("[C172] is not sent under a new id while only its former one is durable", async () => {
    const disk = new SharedDisk();
    const tab = await openTab(disk);
    await tab.goLive({ head: 7 });
    tab.room.send("one").catch(() => {});
    await tab.settle();
    const [first] = tab.sent("send");
    tab.storage.freeze();
    tab.sockets.last.deliver(refusal(first, "stale_retry"));
    await tab.settle();
    // What says that it failed is being written as the app tries again.
    const slow = gate();
    const update = tab.storage.update.bind(tab.storage);
    tab.storage.update = async (keys, change) => {
      if (keys.some((key) => key.startsWith("entry/"))) await slow.opened;
      await update(keys, change);
    };
    void tab.room.retry(String(first?.id));
    tab.storage.wake();
    await tab.settle();
    expect(tab.sent("send")).toHaveLength(1);
    slow.open();
    await tab.settle();
    expect(tab.sent("send")).toHaveLength(2);
    tab.sockets.last.deliver(ok(tab.sent("send")[1], { seq: 8, at: 1 }));
    await tab.settle();
    expect(disk.keys("entry/")).toEqual([]);
  });
});
