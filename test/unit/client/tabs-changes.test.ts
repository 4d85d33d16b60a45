// What changes while tabs share: their topics, their holder, whether they may stay.

import { describe, expect, it, vi } from "vitest";
import { Client } from "../../../client/core/client.ts";
import { sharedRoom } from "../../../client/index.ts";
import { keepOffline } from "../../../client/offline/index.ts";
import { sharingOver } from "../../../client/tabs/sharing-over.ts";
import { FakeClock } from "../../../client/testing/time/fake-clock.ts";
import { MAX_SESSION_ROOMS } from "../../../src/protocol/index.ts";
import { FakeBrowserTabs } from "../../support/fake-browser-tabs.ts";
import { SharedDisk } from "../../support/shared-disk.ts";
import { jwtOf, type OpenTab, WorldOfTabs } from "../../support/world-of-tabs.ts";
import { FakeSession } from "./support/fake-session.ts";
import { caughtUp, connected } from "./support/frames.ts";

async function withTabs(count: number, world = new WorldOfTabs()): Promise<[WorldOfTabs, OpenTab[]]> {
  for (let at = 0; at < count; at++) await world.join();
  return [world, world.tabs];
}

const ofBo = (world: WorldOfTabs) => world.join({ user: "bo", browser: new FakeBrowserTabs(world.clock) });

async function settled<T>(world: WorldOfTabs, promise: Promise<T>): Promise<T> {
  await world.settle();
  return promise;
}

describe("tabs that change", () => {
  it("[C240] their topics end no connection of another tab", async () => {
    const [world, [first, second]] = (await withTabs(2)) as [WorldOfTabs, [OpenTab, OpenTab]];
    await settled(world, second.room.setTopics(["task"]));
    await world.pass(2_000);
    expect(first.room.state.status).toBe("connected");
    expect([first.states, second.isLive, world.room.opened("ada")]).toEqual([["connected"], true, 2]);
  });

  it("[C240] their topics are not seen to leave the room", async () => {
    const [world, [tab]] = (await withTabs(1)) as [WorldOfTabs, [OpenTab]];
    const bo = await ofBo(world);
    const seen = vi.fn();
    bo.room.on("memberLeft", seen);
    bo.room.on("memberJoined", seen);
    await settled(world, tab.room.setTopics(["task"]));
    await world.pass(10_000);
    expect([tab.isLive, world.room.opened("ada"), seen.mock.calls.length]).toEqual([true, 1, 0]);
  });

  it("[C241] hear once of a final end, also after a signal", async () => {
    const [world, tabs] = await withTabs(2);
    const errors = tabs.map(({ room }) => {
      const codes: string[] = [];
      room.on("error", ({ code }) => codes.push(code));
      return codes;
    });
    tabs[1]?.room.signal("cursor", 1);
    await world.settle();
    for (const wire of world.wires) if (!wire.isOver) wire.end(4403, "banned 60000");
    await world.settle();
    expect(errors).toEqual([["banned"], ["banned"]]);
  });

  it("[C242] mark as read what a hidden tab has marked, although the holder has changed since", async () => {
    const [world, [holder, second]] = (await withTabs(2)) as [WorldOfTabs, [OpenTab, OpenTab]];
    const bo = await ofBo(world);
    second.tab.look(false);
    await settled(world, bo.room.send("one"));
    const marked = second.room.markRead();
    await world.pass(2_000);
    await marked;
    holder.tab.close();
    await world.pass(2_000);
    second.tab.look(true);
    await world.pass(2_000);
    expect([second.isLive, second.room.unread]).toEqual([true, 0]);
  });

  it("[C243] come back among the others while the holder stands still without a word", async () => {
    const [world, [holder, second]] = (await withTabs(2)) as [WorldOfTabs, [OpenTab, OpenTab]];
    holder.tab.freeze(false);
    second.tab.freeze(true);
    await world.pass(1_000);
    second.tab.resume();
    await world.pass(5_000);
    expect(second.isLive).toBe(true);
  });

  it("[C244] go on where a holder that stood still finds its connection replaced before it knows by whom", async () => {
    const [world, [holder, second]] = (await withTabs(2)) as [WorldOfTabs, [OpenTab, OpenTab]];
    world.wires[0]?.end(4409, "replaced");
    await world.pass(2_000);
    expect([holder.isLive, second.isLive, world.room.opened("ada")]).toEqual([true, true, 1]);
    expect(holder.states).toEqual(["connected", "connecting", "connected"]);
  });

  it("[C241] keep their connection where one of them sends again what the connection has under way", async () => {
    const [world, [holder, second]] = (await withTabs(2)) as [WorldOfTabs, [OpenTab, OpenTab]];
    const sent = second.room.send("once");
    for (let turn = 0; turn < 8; turn++) await world.clock.advance(0);
    expect(world.wires[0]?.socket.sentOf("send")).toHaveLength(1);
    second.room.reconnect();
    for (let turn = 0; turn < 20; turn++) await world.clock.advance(0);
    expect(world.wires[0]?.socket.sentOf("send")).toHaveLength(2);
    expect(await settled(world, sent)).toMatchObject({ seq: 1 });
    await world.pass(40_000);
    expect([holder.states, holder.texts, world.wires.length]).toEqual([["connected"], ["once"], 1]);
  });

  it("[C244] hear what a holder was about to tell that is closed while it hears it itself", async () => {
    const [world, [holder, second]] = (await withTabs(2)) as [WorldOfTabs, [OpenTab, OpenTab]];
    const bo = await ofBo(world);
    holder.room.on("message", () => holder.client.close());
    await settled(world, bo.room.send("one"));
    expect([second.heard, second.states]).toEqual([[1], ["connected", "connecting", "connected"]]);
    for (const { client } of [second, bo]) client.close();
    await world.settle();
    expect([world.clock.pending, world.browser.holds]).toEqual([0, 0]);
  });

  it("[C243] ask for no token while they sleep, although the last try has failed meanwhile", async () => {
    const world = new WorldOfTabs();
    let fail = (_: Error) => {};
    let asked = 0;
    const getToken = () => {
      asked += 1;
      return asked > 1 ? jwtOf({ sub: "ada" }) : new Promise<string>((_, reject) => (fail = reject));
    };
    const tab = await world.join({ getToken });
    tab.tab.freeze(true);
    fail(new Error("aborted"));
    await world.pass(5_000);
    expect([asked, world.browser.holds]).toEqual([1, 0]);
    tab.tab.resume();
    await world.pass(5_000);
    expect(tab.isLive).toBe(true);
  });

  it("[C243] take over with a token that has not run out", async () => {
    const world = new WorldOfTabs();
    const getToken = () => jwtOf({ sub: "ada", exp: world.clock.now() / 1_000 + 20 });
    const holder = await world.join({ getToken });
    const second = await world.join({ getToken });
    const ran = () => world.wires.map(({ socket }) => socket.protocols[1]);
    await world.pass(21_000);
    expect(second.isLive).toBe(true);
    holder.tab.close();
    await world.pass(2_000);
    expect(second.isLive).toBe(true);
    expect(new Set(ran()).size).toBe(2);
  });

  it.each(["close", "kill", "sleep", "freeze"] as const)(
    "[C268] go on from their own cursors when three holders in a row %s as soon as they have taken over",
    async (how) => {
      // The next one is about to open its connection, has opened it, or is greeted; other tabs are or are not.
      for (const turns of [1, 3, 6, 9, 12, 20]) {
        const [world, tabs] = await withTabs(5);
        const bo = await ofBo(world);
        let said = 0;
        const say = () => void bo.room.send(++said);
        say();
        await world.settle();
        for (const { client, tab } of tabs.slice(0, 3)) {
          if (how === "close") client.close();
          if (how === "close" || how === "kill") tab.close();
          else tab.freeze(how === "sleep");
          say();
          // Its silence is heard after 0.8 s.
          if (how === "freeze") await world.clock.advance(800);
          for (let turn = 0; turn < turns; turn++) {
            await world.clock.advance(0);
            for (const wire of world.wires) wire.exchange();
            world.room.flush();
          }
        }
        await world.pass(3_000);
        const [, , , fourth, fifth] = tabs;
        for (const tab of [fourth, fifth])
          expect([tab?.isLive, tab?.lost, tab?.heard]).toEqual([true, 0, [1, 2, 3, 4]]);
        for (const { tab } of tabs) if (tab.standsStill) tab.resume();
        await world.pass(3_000);
        for (const { room, heard, lost } of tabs.filter(({ tab }) => !tab.isGone && how !== "close"))
          expect([room.state.status, heard, lost]).toEqual(["connected", [1, 2, 3, 4], 0]);
        expect(world.room.opened("ada")).toBe(1);
        for (const { client } of world.alive) client.close();
      }
    },
  );

  it.each(["end", "startOver"] as const)(
    "[C205] begin anew where what is kept is of another user (%s)",
    async (onUserChange) => {
      const world = new WorldOfTabs();
      const disk = new SharedDisk();
      const kept = () => ({ offline: keepOffline({ storage: disk.open() }), onUserChange });
      const ada = await world.join(kept());
      await settled(world, ada.room.send("mine"));
      void ada.room.send("waits");
      ada.tab.close();
      await world.pass(1_000);
      const bo = [await world.join({ user: "bo", ...kept() }), await world.join({ user: "bo", ...kept() })];
      await world.pass(8_000);
      for (const { room } of bo) expect([room.state.status, room.user?.id]).toEqual(["connected", "bo"]);
      expect([world.room.opened("bo"), world.room.opened("ada")]).toEqual([1, 0]);
    },
  );

  it("[C204] send once what they keep, whoever of them is killed", async () => {
    for (const isStored of [false, true]) {
      const world = new WorldOfTabs();
      const disk = new SharedDisk();
      const open = () => {
        const storage = disk.open();
        return world
          .join({ offline: keepOffline({ storage }) })
          .then((tab) => ({ ...tab, tab: tab.tab, storage, room: tab.room }));
      };
      const [holder, second, third] = [await open(), await open(), await open()];
      void second.room.send("kept").catch(() => {});
      for (let turn = 0; turn < 12; turn++) await world.clock.advance(0);
      if (isStored) {
        for (const wire of world.wires) wire.exchange();
        world.room.flush();
      }
      for (const { tab, storage } of [holder, second]) {
        tab.close();
        storage.die();
      }
      await world.pass(30_000);
      expect([third.room.messages.map(({ data }) => data), world.room.log.head]).toEqual([["kept"], 1]);
    }
  });
});

describe("shared rooms of tabs", () => {
  function sharing() {
    const clock = new FakeClock();
    const browser = new FakeBrowserTabs(clock);
    const session = new FakeSession();
    session.rooms.answerAsks = true;
    let ids = 0;
    const open = () =>
      new Client(
        {
          url: "https://rooms.example.com",
          getToken: () => jwtOf({ sub: "usr_1" }),
          log: "off",
          polling: "never",
          tabs: sharingOver(browser.open().ports),
        },
        {
          clock,
          random: () => 0.5,
          newId: () => `id${++ids}`,
          dial: session.dial,
          fetch: () => Promise.reject(new TypeError("no network")),
          onWake: () => () => {},
          onSuspend: () => () => {},
          tabStore: {},
          origin: undefined,
        },
      );
    const settle = async (ms = 0) => {
      for (let turn = 0; turn < 40; turn++) {
        await clock.advance(ms / 40);
        for (const socket of session.rooms.all)
          if (!greeted.has(socket)) {
            greeted.add(socket);
            const room = socket.url.pathname.split("/")[3];
            socket.deliver(connected({ room, connection: `c_${greeted.size}` }), caughtUp(0));
          }
      }
    };
    const greeted = new Set<unknown>();
    return { clock, session, open, settle };
  }

  it("[C240] with other topics have a socket of their own, as a session joins a room once", async () => {
    const { session, open, settle } = sharing();
    const first = sharedRoom(open(), "lobby");
    await settle();
    const second = sharedRoom(open(), "lobby", { topics: ["task"] });
    await settle();
    expect([first, second].map(({ state }) => state.status)).toEqual(["connected", "connected"]);
    expect(session.rooms.all.map(({ closedWith }) => closedWith)).toEqual([undefined, undefined]);
    expect(session.sessions.last.sentOf("join")).toHaveLength(1);
    // The other one is still in the room, so the session leaves it.
    void first.setTopics(["task"]);
    await settle();
    expect(first.state.status).toBe("connected");
    expect(session.sessions.last.sentOf("leave")).toMatchObject([{ room: "lobby" }]);
  });

  it("[C240] change their topics without a leave", async () => {
    const { session, open, settle } = sharing();
    const room = sharedRoom(open(), "lobby");
    await settle();
    void room.setTopics(["task"]);
    await settle();
    expect([room.state.status, session.sessions.count]).toEqual(["connected", 1]);
    expect(session.sessions.last.sentOf("join")).toMatchObject([{}, { topics: ["task"] }]);
    expect(session.sessions.last.sentOf("leave")).toEqual([]);
  });

  it("[C240] that are more than a session takes have sockets of their own", async () => {
    const { session, open, settle } = sharing();
    const clients = [open(), open()];
    const rooms = clients.flatMap((client, tab) =>
      Array.from({ length: 30 }, (_, at) => sharedRoom(client, `room_${tab}_${at}`)),
    );
    await settle(5_000);
    expect(session.sessions.last.sentOf("join")).toHaveLength(MAX_SESSION_ROOMS);
    expect(rooms.every(({ state }) => state.status === "connected")).toBe(true);
  });
});
