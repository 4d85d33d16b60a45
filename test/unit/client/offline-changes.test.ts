// Edits, deletions, reactions and read positions that were made without a connection; rooms that are not open; whose it is.

import { describe, expect, it } from "vitest";
import { SharedDisk } from "../../support/shared-disk.ts";
import { message, ok, refusal, replay, update } from "./support/frames.ts";
import { openTab } from "./support/offline-world.ts";

const OWN = { from: { id: "usr_1", name: "Ada" } };
const held = message(7, OWN);
const kept = { head: 7, recovery: "complete" };

/** A tab that holds the message 7, and whose connection is lost. */
async function offlineTab(disk = new SharedDisk()) {
  const tab = await openTab(disk);
  await tab.goLive({ head: 7 }, replay(held));
  await tab.loseConnection();
  return tab;
}

describe("changes that were made without a connection", () => {
  it("[C179] show at once, and go out in order after a reload", async () => {
    const { disk, ...tab } = await offlineTab();
    void tab.room.edit(7, "edited");
    void tab.room.react(7, "👍");
    void tab.room.delete(6);
    await tab.settle();
    expect(tab.room.messages).toMatchObject([{ data: "edited", reactions: { "👍": ["usr_1"] } }]);
    expect(tab.outbox.entries.map(({ kind, status }) => [kind, status])).toEqual([
      ["edit", "kept"],
      ["react", "kept"],
      ["delete", "kept"],
    ]);
    tab.kill();
    const next = await openTab(disk);
    await next.goLive({ head: 7 }, replay(held));
    const { commands } = next.sockets.last;
    expect(commands.map(({ type, seq, data }) => [type, seq, data])).toEqual([
      ["edit", 7, "edited"],
      ["react", 7, undefined],
      ["delete", 6, undefined],
    ]);
    next.sockets.last.deliver(...commands.map((command, index) => ok(command, { seq: 8 + index })));
    await next.settle();
    expect([next.outbox.entries, disk.keys("entry/")]).toEqual([[], []]);
  });

  it("[C179] resolve with the next connection", async () => {
    const tab = await offlineTab();
    const edited = tab.room.edit(7, "edited");
    await tab.clock.advance(2_000);
    await tab.goLive(kept);
    tab.sockets.last.deliver(ok(tab.sent("edit")[0], { seq: 8 }));
    expect(await edited).toEqual({ seq: 8 });
  });

  it("[C179] are refused with an error event, and can be tried again or discarded", async () => {
    const { disk, ...tab } = await offlineTab();
    const errors: string[] = [];
    tab.room.on("error", ({ code }) => errors.push(code));
    const edited = tab.room.edit(7, "edited");
    await tab.clock.advance(2_000);
    await tab.goLive(kept);
    tab.sockets.last.deliver(refusal(tab.sent("edit")[0], "forbidden"));
    await expect(edited).rejects.toMatchObject({ code: "forbidden" });
    await tab.settle();
    expect(errors).toEqual(["forbidden"]);
    expect(tab.room.messages).toMatchObject([{ data: held.data }]);
    tab.kill();
    const next = await openTab(disk);
    await next.goLive({ head: 7 }, replay(held));
    expect(next.sent("edit")).toEqual([]);
    expect(next.outbox.entries).toMatchObject([
      { kind: "edit", status: "failed", error: { code: "forbidden" } },
    ]);
    next.outbox.retryAll();
    await next.settle();
    expect(next.sent("edit")).toMatchObject([{ seq: 7, data: "edited" }]);
    next.sockets.last.deliver(refusal(next.sent("edit")[0], "forbidden"));
    await next.settle();
    next.outbox.discard(next.outbox.entries[0]?.id ?? "");
    await next.settle();
    expect(disk.keys("entry/")).toEqual([]);
  });

  it("[C179] wait for their turn where the server asks for it", async () => {
    const tab = await offlineTab();
    void tab.room.react(7, "👍");
    await tab.clock.advance(2_000);
    await tab.goLive(kept);
    tab.sockets.last.deliver(refusal(tab.sent("react")[0], "rate_limited", { retryAfterMs: 1_000 }));
    await tab.settle();
    expect(tab.sent("react")).toHaveLength(1);
    await tab.clock.advance(2_000);
    expect(tab.sent("react")).toHaveLength(2);
  });

  it("[C179] that may have been stored as the tab died are judged by the replay", async () => {
    for (const { replayed, sends } of [
      { replayed: update(8, { ...held, data: "edited", editedAt: 5 }, "usr_1"), sends: [] },
      { replayed: update(8, { ...held, data: "by another", editedAt: 5 }, "usr_3"), sends: [] },
      { replayed: message(8), sends: ["edited"] },
    ]) {
      const disk = new SharedDisk();
      const tab = await openTab(disk);
      await tab.goLive({ head: 7 }, replay(held));
      void tab.room.edit(7, "edited");
      await tab.settle();
      expect(tab.sent("edit")).toHaveLength(1);
      tab.kill();
      const next = await openTab(disk);
      await next.goLive({ head: 8 }, replay(held, replayed));
      expect(next.sent("edit").map(({ data }) => data)).toEqual(sends);
    }
  });

  it("[C179] are not made in another log", async () => {
    const tab = await offlineTab();
    const edited = tab.room.edit(7, "edited");
    await tab.clock.advance(2_000);
    await tab.goLive({ epoch: "e2", head: 7, recovery: "lost" }, replay(held));
    await expect(edited).rejects.toMatchObject({ code: "not_found" });
    expect([tab.sent("edit"), tab.outbox.entries]).toEqual([[], []]);
  });

  it("[C41] reject where nothing is kept", async () => {
    const tab = await offlineTab();
    const plain = await openTab(tab.disk, { keep: {} });
    plain.client.close();
    await expect(plain.room.edit(7, "edited")).rejects.toMatchObject({ code: "closed" });
  });
});

describe("a read position that was marked without a connection", () => {
  it("[C180] goes out after a reload, the highest of all tabs", async () => {
    const { disk, ...tab } = await offlineTab();
    const other = await offlineTab(disk);
    void tab.room.markRead(6);
    void other.room.markRead(4);
    await tab.settle();
    await other.settle();
    expect(disk.list("read/").map(({ value }) => value)).toEqual([{ seq: 6, epoch: "e1" }]);
    tab.kill();
    other.kill();
    const next = await openTab(disk);
    await next.goLive({ head: 7 });
    await next.clock.advance(1_000);
    const marks = next.sent("read").filter(({ seq }) => seq !== 0);
    expect(marks.map(({ seq }) => seq)).toEqual([6]);
    next.sockets.last.deliver(ok(marks[0], { seq: 6, unread: 1 }));
    await next.clock.advance(2_000);
    expect(disk.keys("read/")).toEqual([]);
  });

  it("[C180] is forgotten where the server knows a higher one, and in another log", async () => {
    for (const greeting of [
      { head: 9, read: { seq: 8, unread: 1 } },
      { head: 9, epoch: "e2" },
    ]) {
      const { disk, ...tab } = await offlineTab();
      void tab.room.markRead(6);
      await tab.settle();
      tab.kill();
      const next = await openTab(disk);
      await next.goLive(greeting);
      await next.clock.advance(2_000);
      expect(next.sent("read").filter(({ seq }) => seq !== 0)).toEqual([]);
      expect(disk.keys("read/")).toEqual([]);
    }
  });
});

describe("rooms that are not open", () => {
  it("[C181] send what waits in them, and the app opens them as it wants", async () => {
    const { disk, ...tab } = await offlineTab();
    const board = tab.client.room("board");
    void board.send("for the board");
    void tab.room.send("for the lobby");
    await tab.settle();
    tab.kill();
    const next = await openTab(disk);
    await next.goLive({ head: 7 });
    expect(next.sockets.count).toBe(1);
    expect(next.outbox.entries.map(({ room, status }) => [room, status])).toEqual([
      ["board", "kept"],
      ["lobby", "sent"],
    ]);
    await next.clock.advance(6_000);
    const unseen = next.sockets.last;
    expect([unseen.url.pathname, unseen.url.searchParams.get("history")]).toEqual([
      "/v1/rooms/board/connect",
      "0",
    ]);
    const later = next.client.room("board", { history: 100 });
    await next.settle();
    expect([unseen.closedWith, next.sockets.last.url.searchParams.get("history")]).toEqual([1000, "100"]);
    await next.goLive({ room: "board", head: 3 });
    expect(next.sent("send")).toMatchObject([{ data: "for the board" }]);
    expect(later.outbox).toHaveLength(1);
  });

  it("[C181] send what was written there before they were left", async () => {
    const tab = await offlineTab();
    const sent = tab.room.send("one");
    await tab.settle();
    tab.room.leave();
    await tab.settle();
    await tab.clock.advance(6_000);
    await tab.goLive({ head: 7 });
    const [command] = tab.sent("send");
    tab.sockets.last.deliver(ok(command, { seq: 8, at: 1 }));
    expect(await sent).toMatchObject({ seq: 8 });
    await tab.settle();
    expect([tab.sockets.last.closedWith, tab.outbox.entries]).toEqual([1000, []]);
  });

  it("[C182] show in the list, where they are tried again and discarded", async () => {
    const { disk, ...tab } = await offlineTab();
    void tab.room.send("one");
    void tab.room.send("two");
    await tab.settle();
    await tab.clock.advance(2_000);
    await tab.goLive(kept);
    for (const command of tab.sent("send")) tab.sockets.last.deliver(refusal(command, "stale_retry"));
    await tab.settle();
    tab.room.leave();
    await tab.settle();
    const calls: number[] = [];
    tab.outbox.subscribe(() => calls.push(tab.outbox.entries.length));
    const [first, second] = tab.outbox.entries;
    expect([first?.status, second?.error?.code]).toEqual(["failed", "stale_retry"]);
    tab.outbox.discard(first?.id ?? "");
    tab.outbox.retry(second?.id ?? "");
    await tab.settle();
    expect(calls.at(-1)).toBe(1);
    expect(tab.outbox.entries).toMatchObject([{ data: "two", status: "kept" }]);
    expect(tab.outbox.entries[0]?.id).not.toBe(second?.id);
    await tab.clock.advance(6_000);
    await tab.goLive({ head: 7 });
    expect(tab.sent("send").map(({ data }) => data)).toEqual(["two"]);
    expect(disk.keys("entry/")).toHaveLength(1);
  });
});

describe("what is kept", () => {
  const BO = { user: { id: "usr_2", name: "Bo" } };

  it("[C178] is that of its user and its deployment", async () => {
    const { disk, ...tab } = await offlineTab();
    void tab.room.send("of Ada");
    void tab.room.markRead(7);
    await tab.settle();
    tab.kill();
    const elsewhere = await openTab(disk, { url: "https://other.example.com" });
    await elsewhere.goLive({ head: 7 });
    expect([elsewhere.room.outbox, elsewhere.sent("send")]).toEqual([[], []]);
    const bo = await openTab(disk, { keep: { user: "usr_2" } });
    await bo.goLive({ head: 7, ...BO });
    await bo.clock.advance(20_000);
    expect([bo.room.outbox, bo.outbox.entries, bo.sockets.all.flatMap((socket) => socket.commands)]).toEqual([
      [],
      [],
      [],
    ]);
    const ada = await openTab(disk, { keep: { user: "usr_1" } });
    await ada.goLive({ head: 7 });
    expect(ada.sent("send").map(({ data }) => data)).toEqual(["of Ada"]);
  });

  it("[C178] is dropped from view as another user is greeted than was supposed, and stays theirs", async () => {
    const { disk, ...tab } = await offlineTab();
    void tab.room.send("of Ada");
    await tab.settle();
    tab.kill();
    // The token cannot be read, so it may still be Ada who is here.
    const next = await openTab(disk, { getToken: () => Promise.reject(new Error("offline")) });
    await next.clock.advance(400);
    expect(next.statuses()).toEqual([["of Ada", "kept"]]);
    next.client.close();
    const bo = await openTab(disk, { getToken: () => "t1.e30.s" });
    expect(bo.statuses()).toEqual([["of Ada", "kept"]]);
    await bo.goLive({ head: 7, ...BO });
    expect([bo.statuses(), bo.room.state.status]).toEqual([[], "connecting"]);
    await bo.goLive({ head: 7, ...BO });
    expect([bo.room.state.status, bo.sockets.all.flatMap((socket) => socket.sentOf("send"))]).toEqual([
      "connected",
      [],
    ]);
    void bo.room.send("of Bo");
    await bo.settle();
    expect(disk.keys("entry/").map((key) => key.split("/")[2])).toEqual(["usr_1", "usr_2"]);
  });

  it("[C178] of one user is not shown to the bearer of another one's token", async () => {
    const token = (sub: string) => `t1.${btoa(JSON.stringify({ sub })).replaceAll("=", "")}.s`;
    const disk = new SharedDisk();
    const tab = await openTab(disk, { getToken: () => token("ada") });
    await tab.goLive({ head: 7 });
    await tab.loseConnection();
    void tab.room.send("of Ada");
    await tab.settle();
    tab.kill();
    const bo = await openTab(disk, { getToken: () => token("bo") });
    expect(bo.room.outbox).toEqual([]);
    const again = await openTab(disk, { getToken: () => token("ada") });
    expect(again.statuses()).toEqual([["of Ada", "kept"]]);
  });

  it("[C178] waits in memory until the first greeting says whose it is", async () => {
    const disk = new SharedDisk();
    const tab = await openTab(disk);
    void tab.room.send("one");
    await tab.settle();
    expect([tab.statuses(), disk.keys("entry/")]).toEqual([[["one", "queued"]], []]);
    await tab.goLive({ head: 7 });
    expect([tab.sent("send").length, disk.keys("entry/").length]).toEqual([1, 1]);
  });

  it("[C184] is removed as the user signs out", async () => {
    const { disk, ...tab } = await offlineTab();
    const sent = tab.room.send("one");
    void tab.room.markRead(7);
    await tab.settle();
    await Promise.all([tab.offline.clear(), tab.settle()]);
    await expect(sent).rejects.toMatchObject({ code: "dropped" });
    expect([tab.room.outbox, disk.keys().filter((key) => !/^(born|tab)/.test(key))]).toEqual([[], []]);
  });

  it("[C184] is removed by a client that was closed, too", async () => {
    const { disk, ...tab } = await offlineTab();
    const sent = tab.room.send("one");
    await tab.settle();
    tab.client.close();
    await expect(sent).rejects.toMatchObject({ code: "closed" });
    expect(disk.keys("entry/")).toHaveLength(1);
    await Promise.all([tab.offline.clear(), tab.settle()]);
    expect(disk.keys("entry/")).toEqual([]);
  });

  it("[C178] is for one client", async () => {
    const { offline } = await openTab(new SharedDisk());
    await expect(openTab(new SharedDisk(), { reuse: offline })).rejects.toMatchObject({
      code: "bad_request",
    });
  });
});
