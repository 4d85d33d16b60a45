// What a room that is watched becomes: where it may not be, where somebody takes part, and beside what else a client has.

import { afterEach, describe, expect, it, vi } from "vitest";
import { keepOffline } from "../../../client/offline/index.ts";
import { MemoryStorage } from "../../../client/offline/memory-storage.ts";
import { shareTabs } from "../../../client/tabs/share-tabs.ts";
import type { clientForTest } from "./support/client-for-test.ts";
import { caughtUp, connected, message } from "./support/frames.ts";
import { opened, watchedRoom } from "./support/watched-room.ts";

const FIRST = { events: [message(1), message(2)], cursor: "e1.2", recovery: "none" };
const UNAUTHORIZED = { error: { code: "unauthorized", message: "a token is required" } };

describe("a room that not everybody may read", () => {
  it("[L114] gets a connection, and a line in the log", async () => {
    const log = vi.fn();
    const world = await watchedRoom({ log });
    await world.call().answer(UNAUTHORIZED, { status: 401 });
    await opened(world);
    expect(log).toHaveBeenCalledWith("warn", expect.stringContaining("cannot be watched"));
    const socket = world.sockets.last;
    expect(socket.url.pathname).toBe("/v1/rooms/lobby/connect");
    socket.deliver(connected({ head: 1 }), message(1), caughtUp(1));
    await world.clock.advance(0);
    expect(world.room.state.status).toBe("connected");
    expect(world.room.getSnapshot().user).toMatchObject({ id: "usr_1" });
    expect(world.calls).toHaveLength(1);
  });

  it("[L114] is refused for good where there is no token", async () => {
    const world = await watchedRoom({ getToken: () => null });
    await world.call().answer(UNAUTHORIZED, { status: 401 });
    await opened(world);
    world.sockets.last.end(4401, "unauthorized");
    await world.clock.advance(2_000);
    expect(world.room.state).toMatchObject({ status: "disconnected", error: { code: "unauthorized" } });
  });

  it("[L114] of which the name or a parameter does not fit is not tried again", async () => {
    const world = await watchedRoom({}, { history: 500 });
    await world.call().answer({ error: { code: "bad_request", message: "history" } }, { status: 400 });
    await opened(world);
    expect(world.room.state).toMatchObject({ status: "disconnected", error: { code: "bad_request" } });
    expect(world.sockets.all).toEqual([]);
  });
});

describe("a room that is watched, and opened without `watch`", () => {
  it("[L115] gets a connection that goes on where the calls were", async () => {
    const world = await watchedRoom();
    await world.reply(FIRST);
    const other = world.client.room("lobby");
    await opened(world);
    const socket = world.sockets.last;
    expect(["since", "replaces"].map((name) => socket.url.searchParams.get(name))).toEqual(["e1.2", null]);
    expect(world.room.messages.map(({ seq }) => seq)).toEqual([1, 2]);
    socket.deliver(connected({ head: 3, recovery: "complete" }), message(3), caughtUp(3));
    await world.clock.advance(0);
    expect(world.room.messages.map(({ seq }) => seq)).toEqual([1, 2, 3]);
    const sent = world.room.send("now I may");
    await world.clock.advance(0);
    expect(socket.sentOf("send")).toHaveLength(1);
    socket.deliver({ type: "ok", id: socket.sentOf("send")[0]?.id, seq: 4, at: 1 });
    expect(await sent).toMatchObject({ seq: 4 });
    // It stays, so that a component that comes and goes does not change the way each time.
    other.leave();
    await world.clock.advance(60_000);
    expect(world.calls).toHaveLength(1);
    expect(world.sockets.all).toHaveLength(1);
  });

  it("[L115] also where it waits for its next try, and in the order of the two", async () => {
    const world = await watchedRoom();
    await world.call().fail();
    const release = world.client.peek("lobby").hold();
    await world.clock.advance(5_000);
    await opened(world);
    expect(world.sockets.all).toHaveLength(1);
    release();
    world.room.leave();
    await world.clock.advance(0);
    const first = world.client.room("lobby");
    const second = world.client.room("lobby", { watch: true });
    await opened(world);
    expect(world.sockets.all).toHaveLength(2);
    expect(world.calls).toHaveLength(1);
    first.leave();
    second.leave();
    await world.clock.advance(0);
    world.client.room("lobby", { watch: true });
    await opened(world);
    expect(world.calls).toHaveLength(2);
  });

  it("[L115] two that watch share the calls", async () => {
    const world = await watchedRoom();
    world.client.room("lobby", { watch: true });
    await world.reply(FIRST);
    await world.clock.advance(1_500);
    expect(world.calls).toHaveLength(2);
    expect(world.sockets.all).toEqual([]);
  });
});

describe("beside what else a client has", () => {
  it("[L118] what is watched is not kept, until the room has a connection", async () => {
    const storage = new MemoryStorage();
    const kept = async () => (await storage.list("")).filter(({ key }) => key.includes("lobby"));
    const offline = keepOffline({ storage, cache: true });
    const world = await watchedRoom({ offline });
    await world.reply(FIRST);
    await world.clock.advance(10_000);
    expect(await kept()).toEqual([]);
    world.client.room("lobby");
    await opened(world);
    world.sockets.last.deliver(connected({ head: 2, recovery: "complete" }), caughtUp(2));
    await opened(world);
    void world.room.send("kept").catch(() => {});
    await world.clock.advance(5_000);
    expect(world.sockets.last.sentOf("send")).toHaveLength(1);
    expect(await kept()).not.toEqual([]);
  });

  it("[L118] tabs that share watch each by themselves, and other rooms go on", async () => {
    const world = await watchedRoom({ tabs: shareTabs() });
    expect(world.calls).toHaveLength(1);
    await world.reply(FIRST);
    expect(world.room.state.status).toBe("connected");
    world.client.disconnect();
    expect(world.room.state.status).toBe("disconnected");
    world.client.reconnect();
    await opened(world);
    expect(world.call().query).toEqual({ since: "e1.2" });
  });
});

describe("the code that watches", () => {
  const FILE = "../../../client/connection/transport/watch-link.ts";

  afterEach(() => {
    vi.doUnmock(FILE);
    vi.resetModules();
  });

  it("[L113] is loaded with the first such room, and asked for again where it cannot be had", async () => {
    let [loads, isThere] = [0, false];
    vi.resetModules();
    vi.doMock(FILE, async (original) => {
      loads += 1;
      if (!isThere) throw new Error("404");
      return original();
    });
    const fresh = await import("./support/client-for-test.ts");
    const urls: string[] = [];
    const loaded = async () => {
      await world.clock.advance(0);
      await vi.dynamicImportSettled();
      await world.clock.advance(0);
    };
    const world: ReturnType<typeof clientForTest> = fresh.clientForTest({
      fetch: (url) => {
        urls.push(url);
        return new Promise(() => {});
      },
    });
    world.client.room("other");
    await loaded();
    expect(loads).toBe(0);
    const room = world.client.room("lobby", { watch: true });
    await loaded();
    expect(room.state).toMatchObject({
      status: "reconnecting",
      error: { code: "offline", message: expect.stringContaining("code") },
    });
    isThere = true;
    vi.doMock(FILE, (original) => original());
    await world.clock.advance(5_000);
    await loaded();
    expect(urls).toEqual(["https://rooms.example.com/v1/rooms/lobby/events"]);
  });
});
