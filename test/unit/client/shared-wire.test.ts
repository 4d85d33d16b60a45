// The frames of rooms on a session. `describeBoth` runs other tests twice, which shows that the rest is as on a socket
// of its own.

import { expect, it } from "vitest";
import { inboxOf, sharedRoom } from "../../../client/index.ts";
import { MAX_FRAME_BYTES } from "../../../src/protocol/index.ts";
import { clientForTest, describeShared, dialedRoom, roomForTest } from "./support/client-for-test.ts";
import { batch, caughtUp, connected, LIMITS, message, notification, refusal } from "./support/frames.ts";

describeShared("the wire of a session", () => {
  it("[C44] opens with the first shared room, and all rooms join in one frame", async () => {
    const { client, clock, session } = await dialedRoom({}, { history: 5, topics: ["chat", "task"] });
    sharedRoom(client, "other");
    sharedRoom(client, "third");
    await clock.advance(0);
    expect(session.sessions.count).toBe(1);
    const [first, second, ...more] = session.sessions.last.texts.map((text) => JSON.parse(text));
    expect(first).toMatchObject({ type: "join", room: "lobby", history: 5, topics: ["chat", "task"] });
    expect(second.commands).toMatchObject([
      { type: "join", room: "other" },
      { type: "join", room: "third" },
    ]);
    expect(more).toEqual([]);
    expect(Object.keys(second.commands[0]).sort()).toEqual(["id", "room", "type"]);
  });

  it("[C44] opens on the next turn of the event loop, and a room waits until it is live", async () => {
    const { client, clock, session, sockets } = await dialedRoom();
    session.greets = false;
    session.sessions.last.end(1006);
    await clock.advance(1_000);
    sharedRoom(client, "other");
    await clock.advance(29_000);
    expect([session.sessions.count, sockets.count]).toEqual([2, 1]);
    session.greet();
    await clock.advance(0);
    expect(sockets.all.map(({ url }) => url.pathname.split("/")[3])).toEqual(["lobby", "lobby", "other"]);
  });

  it("[C44] carries joins no faster than the rate limit allows, and those of rooms that were left not at all", async () => {
    const { client, clock, session, sockets } = await dialedRoom();
    session.greeting = { limits: { ...LIMITS, ratePerSecond: 10, rateBurst: 5 } };
    const rooms = Array.from({ length: 11 }, (_, n) => sharedRoom(client, `room_${n}`));
    session.sessions.last.end(1006);
    await clock.advance(500);
    expect(sockets.count).toBe(1 + 5);
    rooms[10]?.leave();
    await clock.advance(99);
    expect(sockets.count).toBe(1 + 5);
    await clock.advance(501);
    expect(sockets.count).toBe(1 + 11);
    expect(session.sessions.last.sentOf("join").map(({ room }) => room)).not.toContain("room_10");
    session.sessions.last.end(1006);
    await clock.advance(5_000);
    client.close();
    await clock.settle();
    expect(clock.pending).toBe(0);
  });

  it("[C44] carries no further join for a while after one was refused for the rate", async () => {
    const { client, clock, session, sockets, room } = await dialedRoom();
    session.greeting = { limits: { ...LIMITS, ratePerSecond: 10, rateBurst: 5 } };
    session.sessions.last.end(1006);
    await clock.advance(500);
    const [join] = session.sessions.last.sentOf("join");
    session.sessions.last.deliver(refusal(join, "rate_limited", { retryAfterMs: 100 }));
    sharedRoom(client, "other");
    // After the wait and a half of the spread the refused one is sent again. The next one waits for its answer, or 2 s.
    await clock.advance(349);
    expect(sockets.count).toBe(2);
    await clock.advance(1);
    expect(sockets.last.url.pathname).toContain("lobby");
    expect(room.state).toEqual({ status: "connecting", attempt: 1 });
    await clock.advance(1_500);
    expect(sockets.count).toBe(3);
    sockets.last.deliver(connected(), caughtUp(0));
    await clock.advance(0);
    expect(room.state.status).toBe("connected");
    expect(sockets.last.url.pathname).toContain("other");
  });

  it("[C44] is used according to the `shared` of the first call for a name", async () => {
    const { client, clock, session, sockets } = clientForTest();
    const room = client.room("lobby");
    expect(sharedRoom(client, "lobby").getSnapshot()).toBe(room.getSnapshot());
    await clock.advance(0);
    expect([session.sessions.count, sockets.count]).toEqual([0, 1]);
    expect(inboxOf(client).state.status).toBe("disconnected");
  });

  it("[C45] has the name of the room in every frame, in a batch once", async () => {
    const { room, clock, session } = await roomForTest();
    const { texts } = session.sessions.last;
    const before = texts.length;
    room.signal("wave", 1);
    await clock.advance(0);
    room.signal("wave", 2);
    room.signal("nod", 3);
    await clock.advance(0);
    expect(texts.slice(before).map((text) => JSON.parse(text))).toEqual([
      { room: "lobby", type: "signal", event: "wave", data: 1 },
      {
        room: "lobby",
        type: "batch",
        commands: [
          { type: "signal", event: "wave", data: 2 },
          { type: "signal", event: "nod", data: 3 },
        ],
      },
    ]);
  });

  it("[C45] has frames that are within the limit also with the name of a room", async () => {
    const name = "a".repeat(128);
    const { client, clock, session, sockets } = await dialedRoom({ log: "off" });
    const room = sharedRoom(client, name);
    await clock.advance(0);
    sockets.last.deliver(connected({ room: name }), caughtUp(0));
    await clock.advance(0);
    // Around the space that is left for data beside the name of the room, one in each frame.
    for (let size = 1_048_394; size < 1_048_399; size++) room.signal("wave", "x".repeat(size));
    await clock.advance(0);
    const sizes = session.sessions.last.texts.map(({ length }) => length);
    expect(Math.max(...sizes)).toBe(MAX_FRAME_BYTES);
  });

  it("[C45] separates events of several rooms and of the inbox, in order", async () => {
    const { room, client, clock, session, sockets } = await roomForTest();
    const other = sharedRoom(client, "other");
    const heard: unknown[] = [];
    inboxOf(client).on("notification", ({ seq }) => heard.push(["inbox", seq]));
    for (const { name, on } of [room, other].map((it) => ({ name: it.name, on: it.on.bind(it) }))) {
      on("message", ({ seq }) => heard.push([name, seq]));
    }
    await clock.advance(0);
    sockets.last.deliver(connected({ room: "other" }), caughtUp(0));
    const { last } = session.sessions;
    const inRoom = (name: string, seq: number) => ({ ...message(seq), room: name });
    last.deliver(inRoom("lobby", 1), inRoom("other", 1), notification(1), inRoom("nowhere", 1));
    last.deliver({ ...batch(message(2), message(3)), room: "lobby" });
    last.deliver(batch(inRoom("other", 2), notification(2), inRoom("lobby", 4)));
    last.deliver(batch(notification(3), notification(4)));
    expect(heard).toEqual([
      ["lobby", 1],
      ["other", 1],
      ["inbox", 1],
      ["lobby", 2],
      ["lobby", 3],
      ["other", 2],
      ["inbox", 2],
      ["lobby", 4],
      ["inbox", 3],
      ["inbox", 4],
    ]);
    // The app does not receive the name of the room.
    expect(room.messages).toEqual([1, 2, 3, 4].map((seq) => message(seq)));
  });

  it("[C45] may have the answer to a `join`, and `left`, in a batch", async () => {
    const { room, client, clock, session } = await dialedRoom();
    const other = sharedRoom(client, "other");
    await clock.advance(0);
    const { last } = session.sessions;
    const [lobbyJoin, otherJoin] = last.sentOf("join");
    last.deliver(
      { type: "batch", room: "lobby", events: [{ type: "ok", id: lobbyJoin?.id }] },
      { ...connected(), room: "lobby" },
      { type: "batch", room: "lobby", events: [message(1), caughtUp(1)] },
      batch(refusal(otherJoin, "forbidden")),
    );
    await clock.settle();
    expect([room.state.status, room.messages.length]).toEqual(["connected", 1]);
    expect(other.state).toMatchObject({ status: "disconnected", error: { code: "forbidden" } });
    last.deliver({ type: "batch", room: "lobby", events: [message(2), { type: "left", code: "banned" }] });
    await clock.settle();
    expect([room.state.status, room.messages.length]).toEqual(["disconnected", 2]);
  });

  it("[C45] delivers to a room nothing from before its join", async () => {
    const { room, clock, session, sockets } = await roomForTest();
    room.reconnect();
    await clock.advance(0);
    session.sessions.last.deliver({ ...connected(), room: "lobby" }, { ...caughtUp(9), room: "lobby" });
    session.sessions.last.deliver({ type: "left", room: "lobby", code: "banned" });
    await clock.settle();
    expect(room.state).toEqual({ status: "connecting", attempt: 1 });
    sockets.last.deliver(connected({ recovery: "complete" }), caughtUp(0));
    expect(room.state.status).toBe("connected");
    expect(room.head).toBe(0);
  });

  it("[C46] carries no pings of rooms, and the silence of a room has no effect", async () => {
    const { room, clock, session, sockets } = await roomForTest();
    await clock.advance(600_000);
    expect(room.state.status).toBe("connected");
    expect(sockets.last.pings).toBe(0);
    expect(session.sessions.last.pings).toBe(24);
  });

  it("[C46] without a pong interrupts its rooms, and they return with the session", async () => {
    const { room, clock, session, sockets } = await roomForTest();
    session.sessions.last.answersPings = false;
    await clock.advance(35_000);
    expect(room.state).toMatchObject({ status: "reconnecting", error: { code: "timeout" } });
    await clock.advance(500);
    expect(sockets.count).toBe(2);
  });

  it("carries a `leave`, and nothing later reaches that room", async () => {
    const { room, client, clock, session } = await roomForTest();
    const heard: unknown[] = [];
    room.on("message", ({ seq }) => heard.push(seq));
    room.signal("bye");
    room.leave();
    await clock.advance(0);
    const again = sharedRoom(client, "lobby");
    await clock.advance(0);
    const said = session.sessions.last.texts.flatMap((text) => {
      const { commands, ...frame } = JSON.parse(text);
      return commands ?? [frame];
    });
    expect(said.map(({ type }) => type)).toEqual(["join", "signal", "leave", "join"]);
    session.sessions.last.deliver({ ...message(1), room: "lobby" });
    expect([heard, again.messages]).toEqual([[], []]);
    expect(inboxOf(client).state.status).toBe("connected");
  });

  it("carries a `leave` for a room that gives up after it was dropped", async () => {
    const { room, clock, session, socket } = await roomForTest({ maxAttempts: 0 });
    socket().deliver(message(1), message(3));
    await clock.advance(0);
    expect(room.state.status).toBe("disconnected");
    expect(session.sessions.last.sentOf("leave")).toMatchObject([{ room: "lobby" }]);
  });

  it("may have a frame for a room that has just ended, which is no error of the inbox", async () => {
    const { client, session } = await roomForTest();
    const errors: unknown[] = [];
    inboxOf(client).on("error", (error) => errors.push(error.code));
    const { last } = session.sessions;
    last.deliver({ type: "error", code: "not_found", message: "not joined", path: ["room"] });
    expect(errors).toEqual([]);
    last.deliver({ type: "error", code: "bad_request", message: "something else" });
    expect(errors).toEqual(["bad_request"]);
  });

  it("is measured by a ping to the room", async () => {
    const { client, clock, socket } = await roomForTest();
    const ms = client.ping();
    await clock.advance(20);
    socket().deliver({ type: "pong", id: socket().sentOf("ping")[0]?.id, at: 1 });
    expect(await ms).toBe(20);
  });
});
