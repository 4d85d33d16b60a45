import { describe, expect, it, onTestFinished } from "vitest";
import type { InboxEvents } from "../../../client/inbox/inbox-types.ts";
import { inboxOf } from "../../../client/index.ts";
import { clientForTest, type WorldOptions } from "./support/client-for-test.ts";
import type { Frame } from "./support/fake-sockets.ts";
import { caughtUp, notification, ok, replay, sessionConnected } from "./support/frames.ts";

async function inboxForTest(greeting: Frame = {}, replayed: Frame[] = [], options: WorldOptions = {}) {
  const world = clientForTest(options);
  const inbox = inboxOf(world.client);
  const heard: InboxEvents["notification"][] = [];
  inbox.on("notification", (event) => heard.push(event), { replay: true });
  await world.clock.advance(0);
  const socket = () => world.sockets.last;
  const goLive = async (more: Frame, ...frames: Frame[]) => {
    const frame = sessionConnected(more);
    socket().deliver(frame, replay(...frames), caughtUp(Number(frame.head)));
    await world.clock.settle();
  };
  await goLive(greeting, ...replayed);
  return { ...world, inbox, heard, socket, goLive };
}

const ids = ({ notifications }: { notifications: readonly { id: string }[] }) =>
  notifications.map(({ id }) => id);

describe("the inbox", () => {
  it("[C234] rejects no promise that the app must await", async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => unhandled.push(error);
    process.on("unhandledRejection", note);
    onTestFinished(() => void process.off("unhandledRejection", note));
    const inbox = inboxOf(clientForTest().client);
    void inbox.loadOlder();
    void inbox.mark({ all: true }, "read");
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });

  it("[C101][C102] announces what is new, and what is history only to a listener that asks for it", async () => {
    const { client, sockets, clock } = clientForTest();
    const inbox = inboxOf(client);
    const heard: unknown[] = [];
    inbox.on("notification", ({ id }) => heard.push(id));
    inbox.on("notification", ({ id }, { replay }) => heard.push([id, replay]), { replay: true });
    await clock.advance(0);
    sockets.last.deliver(sessionConnected({ head: 2 }), replay(notification(1)));
    // The first replay is interrupted, and goes on.
    sockets.last.end(1006);
    await clock.advance(60_000);
    sockets.last.deliver(
      sessionConnected({ head: 2, recovery: "complete" }),
      replay(notification(2)),
      caughtUp(2),
    );
    sockets.last.deliver(notification(3));
    expect(heard.splice(0)).toEqual([["n1", true], ["n2", true], "n3", ["n3", false]]);
    // What was missed during an interruption is new.
    sockets.last.end(1006);
    await clock.advance(60_000);
    sockets.last.deliver(
      sessionConnected({ head: 4, recovery: "complete" }),
      replay(notification(4)),
      caughtUp(4),
    );
    expect(heard.splice(0)).toEqual(["n4", ["n4", false]]);
    sockets.last.end(1006);
    await clock.advance(60_000);
    sockets.last.deliver(
      sessionConnected({ head: 9, recovery: "lost" }),
      replay(notification(8)),
      caughtUp(9),
    );
    expect(heard).toEqual([["n8", true]]);
    client.close();
  });

  it("opens its socket with the first listener, once", async () => {
    const { client, sockets, clock } = clientForTest();
    expect(inboxOf(client).state).toEqual({ status: "disconnected" });
    await clock.advance(0);
    expect(sockets.count).toBe(0);
    inboxOf(client).subscribe(() => {});
    inboxOf(client).onEvent("*", () => {});
    await clock.advance(0);
    expect(sockets.count).toBe(1);
    expect(sockets.last.url.pathname).toBe("/v1/connect");
  });

  it("holds notifications, newest first, and the total of unread ones", async () => {
    const world = await inboxForTest({ unread: 2, head: 2 }, [notification(1), notification(2)]);
    expect(ids(world.inbox)).toEqual(["n2", "n1"]);
    expect(world.inbox.unread).toBe(2);
    world.socket().deliver(notification(3, { unread: 3 }));
    expect(world.heard.map(({ id }) => id)).toEqual(["n1", "n2", "n3"]);
    expect(world.inbox.getSnapshot()).toMatchObject({ unread: 3, state: { status: "connected" } });
  });

  it("[U33] removes what expires from the list and the count by itself, whatever this machine's clock says", async () => {
    const at = 1_790_000_000_000 - 7_200_000;
    const soon = (seq: number, inMs: number, more: Frame = {}) =>
      notification(seq, { at, expiresAt: at + inMs, unread: 3, ...more });
    const world = await inboxForTest({ unread: 3, head: 4, at }, [
      soon(1, 60_000),
      soon(2, 60_000, { state: "read" }),
      soon(3, 90_000_000, { state: "seen" }),
      soon(4, 60_000, { muted: true }),
    ]);
    const seen: number[] = [];
    world.inbox.subscribe(() => seen.push(world.inbox.unread));
    expect([ids(world.inbox), world.inbox.unread]).toEqual([["n4", "n3", "n2", "n1"], 3]);
    await world.clock.advance(59_999);
    expect(seen).toEqual([]);
    await world.clock.advance(1);
    expect([ids(world.inbox), seen]).toEqual([["n3"], [2]]);
    // Further ahead than one timer reaches.
    await world.clock.advance(89_939_999);
    expect(ids(world.inbox)).toEqual(["n3"]);
    await world.clock.advance(1);
    expect([ids(world.inbox), world.inbox.unread]).toEqual([[], 1]);
    world.client.close();
    expect(world.clock.pending).toBe(0);
  });

  it("[U33] subtracts an expired notification once: the server may or may not have counted it", async () => {
    const at = 1_790_000_000_000;
    const world = await inboxForTest({ unread: 1, head: 1, at }, [
      notification(1, { at, expiresAt: at + 1_000, unread: 1 }),
    ]);
    await world.clock.advance(1_000);
    expect(world.inbox.unread).toBe(0);
    // Counted before it expired, and delivered late.
    world.socket().deliver(notification(2, { at: at + 999, unread: 2 }));
    expect(world.inbox.unread).toBe(1);
    world.socket().deliver(notification(3, { at: at + 1_001, unread: 2 }));
    expect(world.inbox.unread).toBe(2);
    // One that the server no longer counts when it is dropped here.
    world.socket().deliver(notification(4, { at: at + 1_002, expiresAt: at + 2_000, unread: 3 }));
    world.socket().deliver(notification(5, { at: at + 2_100, unread: 3 }));
    await world.clock.advance(5_000);
    expect([ids(world.inbox), world.inbox.unread]).toEqual([["n5", "n3", "n2"], 3]);
  });

  it("[C37] accepts a jump of `seq`, which moves the cursor", async () => {
    const world = await inboxForTest();
    world.socket().deliver(notification(4), notification(9));
    world.socket().end(1006);
    await world.clock.advance(1_000);
    expect(world.socket().url.searchParams.get("since")).toBe("e1.9");
    await world.goLive({ recovery: "complete", floor: 4, head: 9 });
    expect(ids(world.inbox)).toEqual(["n9"]);
  });

  it("[C61] drops what retention had removed by the end of a paged replay", async () => {
    const world = await inboxForTest({ head: 3 }, [notification(1), notification(2), notification(3)]);
    world.socket().deliver(caughtUp(3, { floor: 2 }));
    expect(ids(world.inbox)).toEqual(["n3"]);
  });

  it("[C37] moves states forward only, by ids or up to a number; archived ones leave the list", async () => {
    const world = await inboxForTest({ head: 3 }, [notification(1), notification(2), notification(3)]);
    const update = (seq: number, more: Frame) =>
      world.socket().deliver({ type: "notificationUpdated", seq, at: 1, unread: 1, ...more });
    update(4, { ids: ["n2", "unknown"], state: "read" });
    update(5, { upTo: 2, state: "seen" });
    expect(world.inbox.notifications.map(({ state }) => state)).toEqual(["unseen", "read", "seen"]);
    update(6, { ids: ["n1"], state: "archived" });
    expect(ids(world.inbox)).toEqual(["n3", "n2"]);
    expect(world.inbox.unread).toBe(1);
  });

  it("marks notifications on all devices", async () => {
    const { inbox, socket, clock } = await inboxForTest({ unread: 5 });
    const marked = [
      inbox.mark(["n1"], "read"),
      inbox.mark({ upTo: 7 }, "seen"),
      inbox.mark({ all: true }, "archived"),
    ];
    await clock.advance(0);
    const commands = socket().sentOf("mark");
    expect(commands).toMatchObject([
      { ids: ["n1"], state: "read" },
      { upTo: 7, state: "seen" },
      { all: true, state: "archived" },
    ]);
    for (const command of commands) socket().deliver(ok(command, { unread: 0 }));
    await Promise.all(marked);
    expect(inbox.unread).toBe(0);
  });

  it("loads older ones behind those held", async () => {
    const { inbox, socket, clock } = await inboxForTest({ head: 5 }, [notification(5)]);
    const loaded = inbox.loadOlder(10);
    await clock.advance(0);
    const [command] = socket().sentOf("notifications");
    expect(command).toMatchObject({ before: 5, limit: 10 });
    const { unread: _, ...older } = notification(2);
    socket().deliver(ok(command, { notifications: [older], unread: 1, more: true }));
    expect(await loaded).toEqual({ more: true });
    expect(ids(inbox)).toEqual(["n5", "n2"]);
  });

  it("receives signals to the user", async () => {
    const { inbox, socket } = await inboxForTest();
    const heard: unknown[] = [];
    inbox.onEvent("export", ({ data }) => heard.push(data));
    socket().deliver({ type: "signal", event: "export.ready", from: null, data: 1, at: 1 });
    socket().deliver({ type: "signal", event: "import.ready", from: null, data: 2, at: 1 });
    expect(heard).toEqual([1]);
  });

  it("changes its topics, now and for the next connection", async () => {
    const { inbox, socket, clock } = await inboxForTest();
    const done = inbox.setTopics(["builds"]);
    await clock.advance(0);
    socket().deliver(ok(socket().sentOf("topics")[0], { topics: ["builds"], seq: 0 }));
    await done;
    socket().end(1006);
    await clock.advance(1_000);
    expect(socket().url.searchParams.get("topics")).toBe("builds");
  });

  it("[C8] replaces what it holds on `lost`", async () => {
    const world = await inboxForTest({ head: 1 }, [notification(1)]);
    let lost = 0;
    world.inbox.on("lost", () => lost++);
    world.socket().end(1006);
    await world.clock.advance(1_000);
    await world.goLive({ recovery: "lost", epoch: "e2", head: 1 }, notification(1, { id: "new" }));
    expect([lost, ...ids(world.inbox)]).toEqual([1, "new"]);
  });

  it("keeps the identity of what no event changed", async () => {
    const world = await inboxForTest({ head: 2 }, [notification(1), notification(2)]);
    const [newest] = world.inbox.notifications;
    const update = { type: "notificationUpdated", at: 1, unread: 1, state: "read" };
    world.socket().deliver({ ...update, seq: 3, ids: ["n1"] });
    expect(world.inbox.notifications[0]).toBe(newest);
    const held = world.inbox.notifications;
    world.socket().deliver({ ...update, seq: 4, upTo: 1 });
    expect(world.inbox.notifications).toBe(held);
    world.socket().end(1006);
    await world.clock.advance(1_000);
    await world.goLive({ recovery: "complete", head: 4 });
    expect(world.inbox.notifications).toBe(held);
  });

  it("uses the server's clock for expiry", async () => {
    const world = await inboxForTest({ at: 1_790_000_000_000 - 60_000 });
    world.socket().deliver(notification(1, { expiresAt: 1_790_000_000_000 - 1 }));
    expect(ids(world.inbox)).toEqual(["n1"]);
  });

  it("drops what expired", async () => {
    const world = await inboxForTest();
    const expiresAt = world.clock.now() + 1_000;
    world.socket().deliver(notification(1, { expiresAt }));
    await world.clock.advance(1_000);
    world.socket().deliver(notification(2));
    expect(ids(world.inbox)).toEqual(["n2"]);
  });
});
