// Messages with `expiresInSeconds`: how they are sent, and how long they are shown where no room says that they are gone.

import { describe, expect, it, vi } from "vitest";
import { loadAnswers } from "../../../client/room/streams/answers.ts";
import { systemClock } from "../../../client/util/system-clock.ts";
import { SharedDisk } from "../../support/shared-disk.ts";
import { describeBoth, dialedRoom, roomForTest } from "./support/client-for-test.ts";
import { connected, deletion, message, ok, reaction, refusal, replay } from "./support/frames.ts";
import { openTab } from "./support/offline-world.ts";

const NOW = 1_790_000_000_000;
const MINUTE = 60_000;

const inMinutes = (count: number) => ({ expiresAt: NOW + count * MINUTE });
const datas = ({ messages }: { readonly messages: readonly { readonly data: unknown }[] }) =>
  messages.map(({ data }) => data);

describeBoth("a message that expires", () => {
  it("[Z280] is sent with its time, waits with it, and has none before it is stored", async () => {
    const world = await dialedRoom();
    void world.room.send("soon gone", { expiresInSeconds: 60 });
    expect(world.room.messages).toMatchObject([{ pending: true, expiresInSeconds: 60 }]);
    expect(world.room.messages[0]).not.toHaveProperty("expiresAt");
    await world.goLive();
    await world.clock.advance(0);
    const [command] = world.socket().sentOf("send");
    expect(command).toEqual({ type: "send", id: "id1", data: "soon gone", expiresInSeconds: 60 });
    const own = { id: "id1", data: "soon gone", from: { id: "usr_1" }, ...inMinutes(1) };
    world.socket().deliver(message(1, own), ok(command, { seq: 1, at: NOW }));
    expect(world.room.messages).toMatchObject([own]);
    expect(world.room.messages[0]).not.toHaveProperty("expiresInSeconds");
  });

  it("[Z280] has its time also where its event is left out, and is sent again with it", async () => {
    const world = await roomForTest();
    void world.room.send("quiet", { expiresInSeconds: 60, echo: false });
    await world.clock.advance(0);
    world.socket().end(1006);
    await world.clock.advance(1_000);
    await world.goLive({ recovery: "complete" });
    const [again] = world.socket().sentOf("send");
    expect(again).toMatchObject({ data: "quiet", expiresInSeconds: 60, retryOf: "e1.0" });
    world.socket().deliver(ok(again, { seq: 1, at: NOW + 5_000 }));
    expect(world.room.messages).toMatchObject([{ seq: 1, data: "quiet", expiresAt: NOW + 65_000 }]);
    expect(world.room.messages[0]).not.toHaveProperty("expiresInSeconds");
  });

  it("[Z280] may be one that streams", async () => {
    await loadAnswers();
    const world = await roomForTest();
    void world.room.stream({ text: "" }, { expiresInSeconds: 3_600 });
    await world.clock.advance(0);
    expect(world.socket().sentOf("send")).toMatchObject([{ stream: true, expiresInSeconds: 3_600 }]);
  });
});

describe("a message whose time is over", () => {
  it("[Z281] goes by the event of the room while that is connected", async () => {
    const { room, socket, clock } = await roomForTest({}, {}, { head: 1 });
    const heard = vi.fn();
    room.on("messageDeleted", heard);
    socket().deliver(message(2, inMinutes(1)));
    await clock.advance(MINUTE - 1);
    expect(datas(room)).toEqual([{ text: "text 2" }]);
    socket().deliver(deletion(3, 2, { at: NOW + MINUTE }));
    expect(room.messages).toMatchObject([{ seq: 2, data: null, deletedAt: NOW + MINUTE }]);
    expect(room.messages[0]).not.toHaveProperty("expiresAt");
    expect(heard).toHaveBeenCalledTimes(1);
  });

  it("[Z281] is shown as deleted without a connection, in time, and no longer than that", async () => {
    const { room, socket, clock, goLive } = await roomForTest();
    socket().deliver(
      message(1, { ...inMinutes(2), flag: "advertising", reactions: { "👍": ["usr_3"] } }),
      message(2),
      message(3, inMinutes(5)),
    );
    const shown = vi.fn();
    room.subscribe(shown);
    socket().end(1006);
    await clock.advance(2 * MINUTE - 1);
    expect(datas(room)).toEqual([{ text: "text 1" }, { text: "text 2" }, { text: "text 3" }]);
    shown.mockClear();
    await clock.advance(1);
    expect(shown).toHaveBeenCalled();
    expect(room.messages[0]).toEqual({
      ...{ type: "message", seq: 1, id: "m1", event: "chat", from: { id: "usr_2", name: "Bo" }, at: NOW + 1 },
      ...{ data: null, deletedAt: NOW + 2 * MINUTE },
    });
    expect(datas(room)).toEqual([null, { text: "text 2" }, { text: "text 3" }]);
    expect(room.latest(1)).toMatchObject([{ seq: 3, data: { text: "text 3" } }]);
    await goLive({ head: 4, recovery: "complete", at: clock.now() }, replay(deletion(4, 1)));
    expect(room.messages[0]).toMatchObject({ data: null, changed: 4 });
    await clock.advance(3 * MINUTE);
    expect(datas(room)).toEqual([null, { text: "text 2" }, null]);
  });

  it("[Z281] is shown again where the server says that it is earlier", async () => {
    const { room, socket, clock, goLive } = await roomForTest();
    socket().deliver(message(1, inMinutes(2)));
    socket().end(1006);
    clock.setWall(10 * MINUTE);
    await clock.advance(1_000);
    expect(datas(room)).toEqual([null]);
    await goLive({ head: 1, recovery: "complete", at: NOW + MINUTE });
    expect(datas(room)).toEqual([{ text: "text 1" }]);
    await clock.advance(MINUTE);
    expect(datas(room)).toEqual([null]);
  });

  it("[Z281] is that message and no other: neither what a new log has in its place, nor its newer version", async () => {
    const { room, socket, clock, goLive } = await roomForTest();
    socket().deliver(message(1, inMinutes(1)), message(2, inMinutes(1)));
    await clock.advance(MINUTE);
    expect(datas(room)).toEqual([null, null]);
    socket().deliver(reaction(3, 2, "👍", "usr_2"));
    expect(datas(room)).toEqual([null, null]);
    socket().end(1006);
    await clock.advance(1_000);
    await goLive({ head: 1, epoch: "e2", recovery: "lost", at: clock.now() }, replay(message(1)));
    expect(datas(room)).toEqual([{ text: "text 1" }]);
  });

  it("[Z281] is not shown by an edit of this user that waits", async () => {
    const { room, socket, clock } = await roomForTest();
    socket().deliver(message(1, { expiresAt: NOW + 5_000, from: { id: "usr_1" } }));
    const edited = room.edit(1, "mine");
    await clock.advance(0);
    expect(datas(room)).toEqual(["mine"]);
    await clock.advance(5_000);
    expect(datas(room)).toEqual([null]);
    socket().deliver(refusal(socket().sentOf("edit")[0], "not_found"));
    await expect(edited).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("the timer of messages that expire", () => {
  it("[Z282] is one, whatever is held, and none where nothing expires or the client was closed", async () => {
    const { client, clock, socket, room } = await roomForTest();
    const before = clock.pending;
    socket().deliver(message(1));
    expect(clock.pending).toBe(before);
    for (let seq = 2; seq < 100; seq++) socket().deliver(message(seq, inMinutes(seq)));
    expect(clock.pending).toBe(before + 1);
    const ran = clock.ran;
    await clock.advance(1_000);
    expect(clock.ran).toBe(ran);
    for (let seq = 100; seq < 198; seq++) socket().deliver(deletion(seq, seq - 98));
    expect(room.messages.filter(({ data }) => data !== null)).toHaveLength(1);
    await clock.advance(100 * MINUTE);
    expect(datas(room).filter((data) => data !== null)).toHaveLength(1);
    socket().deliver(message(198, inMinutes(500)));
    client.close();
    expect(clock.pending).toBe(0);
  });

  it("[Z282] goes off once a minute at most, also without a connection, and not at all when the last one is gone", async () => {
    const { client, clock, socket } = await roomForTest();
    socket().deliver(message(1, inMinutes(10)));
    client.disconnect();
    const ran = clock.ran;
    await clock.advance(10 * MINUTE);
    expect(clock.ran - ran).toBeLessThanOrEqual(10);
    expect(clock.pending).toBe(0);
  });

  it("[Z282] is none for a room that was left, whatever its app or an answer still does to it", async () => {
    const { client, clock, socket, room } = await roomForTest();
    socket().deliver(message(1, inMinutes(5)), message(2, inMinutes(5)));
    client.close();
    room.trim(1);
    expect(clock.pending).toBe(0);
  });

  it("[Z282] keeps no process running", () => {
    const timer = { unref: vi.fn() };
    const set = vi.spyOn(globalThis, "setTimeout").mockReturnValue(Object(timer));
    systemClock.after(1, () => {});
    expect(timer.unref).not.toHaveBeenCalled();
    systemClock.after(1, () => {}, true);
    expect(timer.unref).toHaveBeenCalledTimes(1);
    set.mockRestore();
  });
});

describe("what was read, and expires", () => {
  const keep = { cache: true };

  /** A disk on which a tab has left two messages, of which the first expires in a minute. */
  async function cachedDisk(disk = new SharedDisk(), at = NOW) {
    const tab = await openTab(disk, { keep });
    const expiresAt = at + MINUTE;
    await tab.goLive({ head: 2, at }, replay(message(1, { data: "secret", expiresAt }), message(2)));
    await tab.clock.advance(2_000);
    await tab.settle();
    tab.kill();
    return disk;
  }

  /** A tab that is opened so many minutes after the start, without a network. */
  async function lateTab(disk: SharedDisk, minutes: number) {
    const tab = await openTab(disk, { keep, wallMs: minutes * MINUTE });
    await tab.settle();
    return tab;
  }

  const stored = (disk: SharedDisk) => JSON.stringify(disk.list("room/"));

  it("[Z283] is not shown after a reload, and not stored any more", async () => {
    const disk = await cachedDisk();
    expect(stored(disk)).toContain("secret");
    const early = await lateTab(disk, 0);
    expect(datas(early.room)).toEqual(["secret", { text: "text 2" }]);
    await early.clock.advance(MINUTE);
    expect(datas(early.room)).toEqual([null, { text: "text 2" }]);
    await early.settle();
    expect(stored(disk)).not.toContain("secret");
    expect(stored(disk)).toContain("text 2");
    expect(disk.keys("expiry/")).toEqual([]);
    early.kill();
    const late = await lateTab(await cachedDisk(), 2);
    expect(datas(late.room)).toEqual([null, { text: "text 2" }]);
    expect(stored(late.disk)).not.toContain("secret");
  });

  it("[Z283] goes by the server's clock, also where that of the machine is wrong by hours", async () => {
    const disk = await cachedDisk(new SharedDisk(), NOW - 300 * MINUTE);
    const soon = await lateTab(disk, 0);
    expect(datas(soon.room)).toEqual(["secret", { text: "text 2" }]);
    soon.kill();
    expect(datas((await lateTab(disk, 2)).room)).toEqual([null, { text: "text 2" }]);
  });

  it("[Z283] is erased in rooms that are not opened again", async () => {
    const disk = await cachedDisk();
    const other = await openTab(disk, { keep, wallMs: 2 * MINUTE, opens: "hall" });
    await other.goLive({ room: "hall", head: 1, at: NOW + 2 * MINUTE }, replay(message(1)));
    await other.clock.advance(2_000);
    await other.settle();
    expect(stored(disk)).not.toContain("secret");
    expect(stored(disk)).toContain("text 2");
  });

  it("[Z283] goes with its room where the disk is too full for another version of it", async () => {
    const disk = await cachedDisk();
    disk.isFull = true;
    const late = await lateTab(disk, 2);
    expect(datas(late.room)).toEqual([null, { text: "text 2" }]);
    await late.settle();
    expect([disk.keys("room/"), disk.keys("time/"), disk.keys("expiry/")]).toEqual([[], [], []]);
  });

  it("[Z283] is not written where the room has not said yet that it is gone", async () => {
    const disk = new SharedDisk();
    const tab = await openTab(disk, { keep });
    await tab.goLive({ head: 2 }, replay(message(1, { data: "secret", ...inMinutes(1) }), message(2)));
    await tab.clock.advance(MINUTE);
    tab.sockets.last.deliver(message(3));
    await tab.clock.advance(2_000);
    await tab.settle();
    expect(stored(disk)).toContain("text 3");
    expect(stored(disk)).not.toContain("secret");
  });

  it("[Z283] leaves with the user who signs out, and what waits to be sent keeps its time over a reload", async () => {
    const disk = await cachedDisk();
    const tab = await lateTab(disk, 0);
    void tab.room.send("later", { expiresInSeconds: 30 });
    await tab.settle();
    tab.kill();
    const next = await openTab(disk, { keep });
    await next.goLive({ head: 2, recovery: "complete" });
    expect(next.sent("send")).toMatchObject([{ data: "later", expiresInSeconds: 30 }]);
    await next.offline.clear();
    expect(disk.keys("expiry/")).toEqual([]);
  });
});

it("[Z280] a greeting of an older server is one without times", async () => {
  const { room, socket } = await roomForTest();
  socket().deliver(connected(), message(1));
  expect(room.messages[0]).not.toHaveProperty("expiresAt");
});
