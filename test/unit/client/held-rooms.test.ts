// Handles of one room share it, and the last release leaves it one turn of the event loop later.

import { expect, it } from "vitest";
import { type Client, inboxOf, peekShared, type RoomHandle } from "../../../client/index.ts";
import { clientForTest, describeBoth, openLobby, roomForTest } from "./support/client-for-test.ts";
import { caughtUp, connected, message } from "./support/frames.ts";

const closed = { code: "closed" };

describeBoth("a room with several handles", (way) => {
  it("[C81] has one connection, one snapshot and one set of events", async () => {
    const { room, client, clock, sockets, socket } = await roomForTest();
    const other = openLobby(client);
    await clock.advance(0);
    const heard: string[] = [];
    room.on("message", ({ seq }) => heard.push(`room ${seq}`));
    other.on("message", ({ seq }) => heard.push(`other ${seq}`));
    socket().deliver(message(1));
    expect(other).not.toBe(room);
    expect(other.getSnapshot()).toBe(room.getSnapshot());
    expect([sockets.count, ...heard]).toEqual([1, "room 1", "other 1"]);
  });

  it("[C81] is left with the last of them, one turn later, and each handle counts once", async () => {
    const { room, client, clock, socket } = await roomForTest();
    const other = openLobby(client);
    room.leave();
    room.leave();
    await clock.advance(10_000);
    expect([other.state.status, socket().closedWith]).toEqual(["connected", undefined]);
    other.leave();
    expect(other.state.status).toBe("connected");
    await clock.advance(0);
    expect([other.state.status, socket().closedWith]).toEqual(["disconnected", 1000]);
    if (way === "the session") client.close();
    expect(clock.pending).toBe(0);
  });

  it("[C81] does nothing for a released handle, although others hold the room", async () => {
    const { room, client, clock, socket } = await roomForTest();
    const other = openLobby(client);
    const heard: unknown[] = [];
    room.on("message", (event) => heard.push(event));
    room.onEvent("*", (event) => heard.push(event));
    room.subscribe(() => heard.push("changed"));
    room.leave();
    socket().deliver(message(1));
    room.signal("wave");
    room.startTyping();
    room.reconnect();
    await clock.advance(0);
    expect([heard, socket().sentOf("signal")]).toEqual([[], []]);
    for (const call of [
      room.send("x"),
      room.edit(1, "x"),
      room.markRead(1),
      room.setTopics(null),
      room.setPresence({ status: "away" }),
      room.loadOlder(),
    ]) {
      await expect(call).rejects.toMatchObject(closed);
    }
    expect(other.messages.length).toBe(1);
  });

  it("[C81] calls no listener of a handle that a listener before it has left, or that came after", async () => {
    const { room, client, clock, socket } = await roomForTest();
    openLobby(client);
    const heard: string[] = [];
    room.on("message", () => room.leave());
    room.on("message", () => heard.push("same handle"));
    socket().deliver(message(1));
    room.on("message", () => heard.push("too late"));
    socket().deliver(message(2));
    await clock.advance(0);
    expect(heard).toEqual([]);
  });

  it("[C82] that is released and held again in one turn sends nothing and changes nothing", async () => {
    const { room, client, clock, sockets, socket, session } = await roomForTest();
    const wire = way === "the session" ? session.sessions.last : socket();
    const { length } = wire.texts;
    const snapshot = room.getSnapshot();
    room.leave();
    const again = openLobby(client);
    await clock.advance(0);
    expect([sockets.count, wire.texts.length, socket().closedWith]).toEqual([1, length, undefined]);
    expect(again.getSnapshot()).toBe(snapshot);
  });

  it("[C82] connects once for a component that mounts, unmounts and mounts again in one turn", async () => {
    const { client, clock, sockets } = clientForTest();
    const first = openLobby(client);
    const stop = first.subscribe(() => {});
    stop();
    first.leave();
    const room = openLobby(client);
    await clock.advance(0);
    expect(sockets.count).toBe(1);
    sockets.last.deliver(connected(), caughtUp(0));
    await clock.advance(60_000);
    expect([room.state.status, sockets.count]).toEqual(["connected", 1]);
  });

  it("[C82] that is opened and left in one turn is never dialed, and asks for no token", async () => {
    let asked = 0;
    const { client, clock, sockets } = clientForTest({ getToken: () => `t${++asked}.e30.s` });
    const room = client.room("brief");
    room.leave();
    await clock.advance(0);
    expect([asked, sockets.count, room.state.status, clock.pending]).toEqual([0, 0, "disconnected", 0]);
  });

  it("[C81] is not held by a handle that was left, which could not use it", async () => {
    const { room, clock, sockets } = await roomForTest();
    room.leave();
    room.hold()();
    const release = room.hold();
    await clock.advance(1_000);
    expect([room.state.status, sockets.count]).toEqual(["disconnected", 1]);
    release();
  });

  it("[C81] that is opened again after it was left is a new room to the app", async () => {
    const { room, client, clock, socket } = await roomForTest();
    socket().deliver(message(1));
    room.leave();
    await clock.advance(0);
    const again = openLobby(client, { history: 5 });
    expect([room.messages.length, again.messages.length, again.state.status]).toEqual([1, 0, "connecting"]);
  });

  it("[C81] is left at once by close, however many hold it", async () => {
    const { room, client, clock } = await roomForTest();
    const other = openLobby(client);
    other.leave();
    client.close();
    room.leave();
    await expect(room.send("x")).rejects.toMatchObject(closed);
    await expect(client.room("lobby").send("x")).rejects.toMatchObject(closed);
    expect(clock.pending).toBe(0);
  });
});

describeBoth("a room that is only looked at", (way) => {
  const peek = (client: Client): RoomHandle =>
    way === "the session" ? peekShared(client, "lobby") : client.peek("lobby");

  it("[C83] is not opened, and nothing of it remains", async () => {
    const { client, clock, sockets } = clientForTest();
    for (let render = 0; render < 20; render++) peek(client).getSnapshot();
    await clock.advance(60_000);
    expect([sockets.count, client.state.status, clock.pending]).toEqual([0, "disconnected", 0]);
    expect(peek(client).getSnapshot()).toBe(peek(client).getSnapshot());
  });

  it("[C83] shows what others hold, and receives events that began before they held it", async () => {
    const { client, clock, sockets } = clientForTest();
    const peeked = peek(client);
    const heard: number[] = [];
    peeked.on("message", ({ seq }) => heard.push(seq));
    await expect(peeked.send("x")).rejects.toMatchObject(closed);
    const room = openLobby(client);
    await clock.advance(0);
    sockets.last.deliver(connected(), caughtUp(0), message(1));
    expect(peeked.getSnapshot()).toBe(room.getSnapshot());
    expect(heard).toEqual([1]);
    void peeked.send("y");
    expect(room.outbox.length).toBe(1);
    client.close();
  });

  it("[C83] keeps its listeners when others leave the room and open it again", async () => {
    const { client, clock, sockets } = clientForTest();
    const peeked = peek(client);
    const heard: number[] = [];
    const states: string[] = [];
    peeked.on("message", ({ seq }) => heard.push(seq));
    peeked.subscribe(() => states.push(peeked.state.status));
    for (let round = 1; round <= 2; round++) {
      const room = openLobby(client);
      await clock.advance(0);
      sockets.last.deliver(connected({ head: round - 1 }), caughtUp(round - 1), message(round));
      room.leave();
      await clock.advance(0);
    }
    expect(heard).toEqual([1, 2]);
    expect([...new Set(states)]).toEqual(["connecting", "connected", "disconnected"]);
    expect(states.lastIndexOf("connected")).toBeGreaterThan(states.indexOf("disconnected"));
  });

  it("[C83] is opened by `hold`, and released by what that returned, as often as an effect runs", async () => {
    const { client, clock, sockets } = clientForTest();
    const peeked = peek(client);
    for (let round = 1; round <= 3; round++) {
      const release = peeked.hold();
      expect(peeked.state.status).toBe("connecting");
      await clock.advance(0);
      sockets.last.deliver(connected(), caughtUp(0));
      expect([peeked.state.status, sockets.count]).toEqual(["connected", round]);
      peeked.leave();
      release();
      release();
      await clock.advance(0);
      expect([peeked.state.status, sockets.last.closedWith]).toEqual(["disconnected", 1000]);
    }
    client.close();
    expect(clock.pending).toBe(0);
  });
});

describeBoth("options of a room that is open", () => {
  it("[C84] are named in the log and have no effect if they differ; omitted ones do not differ", async () => {
    const lines: string[] = [];
    const log = (level: string, text: string) => {
      if (level === "warn") lines.push(text);
    };
    const { client } = await roomForTest({ log }, { history: 10, topics: ["chat"] });
    openLobby(client);
    openLobby(client, { history: 10, topics: ["chat"] });
    expect(lines).toEqual([]);
    openLobby(client, { history: 20, topics: [] });
    expect(lines.length).toBe(1);
    expect(lines[0]).toMatch(/lobby.*history, topics/);
    client.room("plain");
    client.room("plain", { history: 50, topics: null });
    expect(lines.length).toBe(1);
  });
});

it("[C85] leave methods that work unbound and handles that are never proxied", async () => {
  const { client, clock } = clientForTest();
  const { room: open, on, peek, close, setPresence } = client;
  const room = open("lobby");
  const { subscribe, getSnapshot, send, leave } = room;
  const stop = subscribe(() => {});
  on("state", () => {});
  void setPresence({ status: "away" });
  void send("x");
  expect(peek("lobby").getSnapshot()).toBe(getSnapshot());
  const inbox = inboxOf(client);
  const { subscribe: subscribeInbox, getSnapshot: getInbox } = inbox;
  subscribeInbox(() => {});
  expect(getInbox()).toBe(inbox.getSnapshot());
  // Vue's `reactive` checks this before it makes a proxy.
  for (const handle of [client, room, inbox]) expect(Object.isExtensible(handle)).toBe(false);
  stop();
  leave();
  await clock.advance(0);
  expect(room.state.status).toBe("disconnected");
  close();
});
