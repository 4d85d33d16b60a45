// What waits to be sent, over reloads and crashes of tabs that share one storage.

import { describe, expect, it, vi } from "vitest";
import { SharedDisk } from "../../support/shared-disk.ts";
import { message, ok, refusal, replay } from "./support/frames.ts";
import { openTab } from "./support/offline-world.ts";

const head = (seq: number) => ({ head: seq, recovery: "complete" });

/** A tab that was live up to 7, and whose connection is lost. */
async function offlineTab(disk = new SharedDisk()) {
  const tab = await openTab(disk);
  await tab.goLive({ head: 7 });
  await tab.loseConnection();
  return tab;
}

describe("messages that were sent without a connection", () => {
  it("[C171] are shown as kept once they are durable", async () => {
    const tab = await offlineTab();
    void tab.room.send("one");
    expect(tab.statuses()).toEqual([["one", "queued"]]);
    await tab.settle();
    expect(tab.statuses()).toEqual([["one", "kept"]]);
    expect(tab.room.messages.map(({ pending }) => pending)).toEqual([true]);
  });

  it("[C171] go out after a reload, in order, as repeats of what they may have been", async () => {
    const { disk, ...tab } = await offlineTab();
    for (const data of ["one", "two", "three"]) void tab.room.send(data, { mentions: ["usr_2"] });
    await tab.settle();
    tab.kill();
    const next = await openTab(disk);
    await next.goLive({ head: 9 });
    expect(next.sent("send").map(({ data, retryOf, mentions }) => [data, retryOf, mentions])).toEqual(
      ["one", "two", "three"].map((data) => [data, "e1.9", ["usr_2"]]),
    );
    next.sockets.last.deliver(
      ...next.sent("send").map((command, index) => ok(command, { seq: 10 + index, at: 1 })),
    );
    await next.settle();
    expect([next.room.outbox, disk.keys("entry/")]).toEqual([[], []]);
  });

  it("[C172] go out only when it is durable that they may have", async () => {
    const { disk, ...tab } = await offlineTab();
    void tab.room.send("one");
    await tab.settle();
    tab.storage.freeze();
    await tab.clock.advance(2_000);
    await tab.goLive(head(7));
    expect(tab.sent("send")).toEqual([]);
    tab.storage.wake();
    await tab.settle();
    expect(tab.sent("send").map(({ retryOf }) => retryOf)).toEqual(["e1.7"]);
    expect(disk.list("entry/").map(({ value }) => value)).toMatchObject([{ cursor: "e1.7" }]);
  });
});

describe("a message that is sent on a live connection", () => {
  it("[C173] does not wait for the storage", async () => {
    const tab = await openTab(new SharedDisk());
    await tab.goLive({ head: 7 });
    tab.storage.freeze();
    void tab.room.send("one");
    await tab.settle();
    expect(tab.sent("send").map(({ data, retryOf }) => [data, retryOf])).toEqual([["one", "e1.7"]]);
  });

  it("[C173] is sent again after a crash, as a repeat", async () => {
    const disk = new SharedDisk();
    const tab = await openTab(disk);
    await tab.goLive({ head: 7 });
    void tab.room.send("one");
    await tab.settle();
    const [{ id } = {}] = tab.sent("send");
    tab.kill();
    const next = await openTab(disk);
    await next.goLive({ head: 8 }, replay(message(8, { id, from: { id: "usr_1" } })));
    expect([next.room.outbox, next.sent("send"), disk.keys("entry/")]).toEqual([[], [], []]);
    const third = await openTab(disk);
    await third.goLive({ head: 8 });
    expect(third.sent("send")).toEqual([]);
  });

  it("[C173] that is stored leaves nothing behind", async () => {
    const disk = new SharedDisk();
    const tab = await openTab(disk);
    await tab.goLive({ head: 7 });
    const stored = tab.room.send("one");
    await tab.settle();
    expect(disk.keys("entry/")).toHaveLength(1);
    tab.sockets.last.deliver(ok(tab.sent("send")[0], { seq: 8, at: 5 }));
    expect(await stored).toMatchObject({ seq: 8 });
    await tab.settle();
    expect(disk.keys("entry/")).toEqual([]);
  });
});

describe("a message that failed", () => {
  it("[C175] stays, with its reason, and can be tried again after a reload", async () => {
    const disk = new SharedDisk();
    const tab = await openTab(disk);
    await tab.goLive({ head: 7 });
    void tab.room.send("one");
    await tab.settle();
    tab.sockets.last.deliver(refusal(tab.sent("send")[0], "forbidden"));
    await tab.settle();
    tab.kill();
    const next = await openTab(disk);
    expect(next.room.outbox).toMatchObject([{ data: "one", status: "failed", error: { code: "forbidden" } }]);
    await next.goLive({ head: 7 });
    expect(next.sent("send")).toEqual([]);
    void next.room.retry(next.room.outbox[0]?.id ?? "");
    await next.settle();
    expect(next.sent("send")).toMatchObject([{ data: "one", retryOf: "e1.7" }]);
  });

  it.each(["bad_request", "forbidden", "too_large", "not_found", "stale_retry"])(
    "[C251] as %s is there though the page dies before its reason is written, and what follows it goes out",
    async (code) => {
      const { disk, ...tab } = await offlineTab();
      for (const data of ["refused", "next"]) void tab.room.send(data).catch(() => {});
      await tab.settle();
      await tab.clock.advance(2_000);
      await tab.goLive(head(7));
      const [first] = tab.sent("send");
      // The refusal comes, and nothing is written any more.
      tab.storage.freeze();
      tab.sockets.last.deliver(refusal(first, code));
      expect(tab.statuses()).toEqual([
        ["refused", "failed"],
        ["next", "sent"],
      ]);
      tab.kill();
      const second = await openTab(disk);
      await second.goLive({ head: 7 });
      const [again, after] = second.sent("send");
      expect([again?.id, again?.retryOf]).toEqual([first?.id, "e1.7"]);
      second.sockets.last.deliver(refusal(again, code), ok(after, { seq: 8, at: 1 }));
      await second.settle();
      second.kill();
      const third = await openTab(disk);
      const failed = { data: "refused", status: "failed", error: { code } };
      expect([third.room.outbox, third.outbox.entries]).toMatchObject([[failed], [failed]]);
      await third.goLive({ head: 8 });
      expect(third.sent("send")).toEqual([]);
    },
  );

  it("[C175] as stale_retry is tried again under a new id, which is durable before it goes out", async () => {
    const { disk, ...tab } = await offlineTab();
    void tab.room.send("one");
    await tab.settle();
    await tab.clock.advance(2_000);
    await tab.goLive(head(7));
    const [first] = tab.sent("send");
    tab.sockets.last.deliver(refusal(first, "stale_retry"));
    await tab.settle();
    expect(tab.statuses()).toEqual([["one", "failed"]]);
    void tab.room.retry(String(first?.id));
    await tab.settle();
    const [, second] = tab.sent("send");
    expect(second?.id).not.toBe(first?.id);
    expect(disk.list("entry/").map(({ value }) => value)).toMatchObject([{ id: second?.id, cursor: "e1.7" }]);
  });

  it("[C175] with its connection goes out with the next one", async () => {
    const { disk, ...tab } = await offlineTab();
    const sent = tab.room.send("one");
    await tab.settle();
    await tab.clock.advance(2_000);
    while (tab.room.state.status !== "disconnected") {
      tab.sockets.last.end(4401, "token_expired");
      await tab.clock.advance(20_000);
    }
    await expect(sent).rejects.toMatchObject({ code: "token_expired" });
    tab.kill();
    const next = await openTab(disk);
    await next.goLive({ head: 7 });
    expect(next.sent("send").map(({ data }) => data)).toEqual(["one"]);
  });
});

describe("tabs that share an outbox", () => {
  it("[C174] take over what a tab leaves that is killed, and only one does", async () => {
    const { disk, ...tab } = await offlineTab();
    const others = [await openTab(disk), await openTab(disk), await openTab(disk)];
    for (const other of others) await other.goLive({ head: 7 });
    void tab.room.send("one");
    await tab.settle();
    for (const other of others) await other.settle();
    expect(others.flatMap(({ room }) => room.outbox)).toEqual([]);
    tab.kill();
    for (const other of others) await other.clock.advance(20_000);
    expect(others.flatMap((other) => other.sent("send")).map(({ data }) => data)).toEqual(["one"]);
  });

  it("[C174] leave an entry to the tab that took it over while they stood still", async () => {
    const { disk, ...tab } = await offlineTab();
    const sent = tab.room.send("one");
    await tab.settle();
    tab.storage.freeze();
    const other = await openTab(disk);
    await other.goLive({ head: 7 });
    expect(other.sent("send").map(({ data }) => data)).toEqual(["one"]);
    tab.storage.wake();
    await tab.settle();
    await tab.clock.advance(2_000);
    await tab.goLive(head(7));
    expect([tab.sent("send"), tab.statuses()]).toEqual([[], [["one", "kept"]]]);
    const [{ id } = {}] = other.sent("send");
    tab.sockets.last.deliver(message(8, { id, from: { id: "usr_1" } }));
    expect(await sent).toMatchObject({ seq: 8 });
  });

  it("[C174] reject what another tab settled, where no replay says how", async () => {
    const { disk, ...tab } = await offlineTab();
    const sent = tab.room.send("one");
    await tab.settle();
    tab.storage.freeze();
    const other = await openTab(disk);
    other.outbox.discard(other.outbox.entries[0]?.id ?? "");
    await other.settle();
    tab.storage.wake();
    await tab.settle();
    await tab.clock.advance(2_000);
    await tab.goLive(head(7));
    await expect(sent).rejects.toMatchObject({ code: "offline" });
    expect([tab.sent("send"), tab.room.outbox]).toEqual([[], []]);
  });

  it("[C174] send as a repeat what another tab may have had stored, though they were told that it is not kept", async () => {
    const { disk, ...tab } = await offlineTab();
    disk.fate = () => "untold";
    void tab.room.send("one");
    await tab.settle();
    tab.storage.freeze();
    disk.fate = () => "done";
    const other = await openTab(disk);
    await other.goLive({ head: 7 });
    other.sockets.last.deliver(ok(other.sent("send")[0], { seq: 8, at: 1 }));
    await other.settle();
    expect([other.sent("send").length, disk.keys("entry/")]).toEqual([1, []]);
    tab.storage.wake();
    await tab.settle();
    await tab.clock.advance(2_000);
    await tab.goLive({ head: 900, floor: 800, recovery: "lost" });
    await tab.clock.advance(2_000);
    expect(tab.sent("send").map(({ retryOf }) => retryOf)).toEqual(["e1.7"]);
  });

  it("[C174] take over from a tab that says nothing for three minutes, though it counts as alive", async () => {
    const { disk, ...tab } = await offlineTab();
    void tab.room.send("one");
    await tab.settle();
    const other = await openTab(disk);
    await other.goLive({ head: 7 });
    // Nobody's clock moves but that of the other.
    await other.clock.advance(150_000);
    expect(other.sockets.all.flatMap((socket) => socket.sentOf("send"))).toEqual([]);
    await other.clock.advance(60_000);
    expect(other.outbox.entries.map(({ data }) => data)).toEqual(["one"]);
  });
});

describe("a storage that fails", () => {
  it("[C177] is said once, and what is sent goes out from memory", async () => {
    const disk = new SharedDisk();
    disk.fate = () => "failed";
    const log = vi.fn();
    const tab = await openTab(disk, { log });
    await tab.goLive({ head: 7 });
    for (const data of ["one", "two"]) void tab.room.send(data);
    await tab.settle();
    await tab.clock.advance(5_000);
    expect(tab.sent("send").map(({ data }) => data)).toEqual(["one", "two"]);
    const lines = log.mock.calls.filter(([level]) => level === "warn");
    expect(lines.map(([, text]) => text)).toEqual(["what waits to be sent cannot be kept at the moment"]);
    disk.fate = () => "done";
    await tab.clock.advance(60_000);
    expect(disk.keys("entry/")).toHaveLength(2);
  });

  it("[C177] is written again by the tab that still has what was evicted", async () => {
    const { disk, ...tab } = await offlineTab();
    void tab.room.send("one");
    await tab.settle();
    disk.evict();
    void tab.room.send("two");
    await tab.settle();
    expect(disk.keys("entry/")).toHaveLength(2);
    expect(tab.statuses()).toEqual([
      ["one", "kept"],
      ["two", "kept"],
    ]);
    tab.kill();
    const next = await openTab(disk, { keep: { user: "usr_1" } });
    await next.goLive({ head: 7 });
    expect(next.sent("send").map(({ data }) => data)).toEqual(["one", "two"]);
  });

  it("[C177] that does not answer delays nothing for longer than its bound", async () => {
    const disk = new SharedDisk();
    const list = vi.spyOn(disk, "list").mockImplementation(() => {
      throw new DOMException("", "UnknownError");
    });
    const log = vi.fn();
    const tab = await openTab(disk, { log });
    expect(log.mock.calls.filter(([level]) => level === "warn")).toHaveLength(1);
    await tab.goLive({ head: 7 });
    void tab.room.send("one");
    await tab.settle();
    expect(tab.sent("send").map(({ data }) => data)).toEqual(["one"]);
    list.mockRestore();
  });

  it("[C250] is not said to keep anything, where it cannot be used at all", async () => {
    const disk = new SharedDisk();
    const list = vi.spyOn(disk, "list").mockImplementation(() => {
      throw new DOMException("", "SecurityError");
    });
    const tab = await offlineTab(disk);
    void tab.room.send("one");
    void tab.room.react(7, "👍");
    await tab.settle();
    expect(tab.statuses()).toEqual([["one", "queued"]]);
    expect(tab.outbox.entries.map(({ status }) => status)).toEqual(["queued", "queued"]);
    list.mockRestore();
  });
});

describe("the bounds of an outbox", () => {
  it("[C176] are 1,000 entries", async () => {
    const tab = await offlineTab();
    for (let n = 0; n < 1_000; n++) void tab.room.send(n);
    await expect(tab.room.send("one more")).rejects.toMatchObject({ code: "outbox_full" });
    expect(tab.room.outbox).toHaveLength(1_000);
  });

  it("[C176] are 5 MB, also of what other tabs keep", async () => {
    const { disk, ...tab } = await offlineTab();
    void tab.room.send("x".repeat(3_000_000));
    await tab.settle();
    const other = await openTab(disk);
    await expect(other.room.send("x".repeat(2_500_000))).rejects.toMatchObject({ code: "outbox_full" });
    void other.room.send("x".repeat(1_000_000));
    expect(other.room.outbox).toHaveLength(1);
  });
});
