// How a room follows its session, and a session its rooms.

import { expect, it } from "vitest";
import { inboxOf, sharedRoom } from "../../../client/index.ts";
import { RoomsError } from "../../../client/util/errors.ts";
import { clientForTest, describeShared, dialedRoom, roomForTest } from "./support/client-for-test.ts";
import { caughtUp, connected, LIMITS, refusal } from "./support/frames.ts";

describeShared("a room and its session", () => {
  it("[C47] have the same state, and no wait is added", async () => {
    const { room, client, clock, session, sockets, socket } = await roomForTest({ random: () => 0.9 });
    const states: unknown[] = [];
    room.on("state", (state) => states.push(state));
    session.greets = false;
    socket().end(1006);
    await clock.settle();
    expect(room.state).toBe(inboxOf(client).state);
    await clock.advance(900);
    session.sessions.last.end(1006);
    await clock.advance(1_800);
    session.greet();
    await clock.advance(0);
    expect(sockets.count).toBe(2);
    expect(states).toMatchObject([
      { status: "reconnecting", attempt: 1 },
      { status: "connecting", attempt: 1 },
      { status: "reconnecting", attempt: 2 },
      { status: "connecting", attempt: 2 },
      { status: "connecting", attempt: 1 },
    ]);
  });

  it("[C47] stay together if the session fails often: its rooms do not wait longer", async () => {
    const { clock, sockets, socket, goLive, room } = await roomForTest({
      reconnect: { minMs: 10, maxMs: 10 },
    });
    for (let round = 2; round < 12; round++) {
      socket().end(1006);
      await clock.advance(5);
      expect(sockets.count).toBe(round);
      await goLive({ recovery: "complete" });
      expect(room.state.status).toBe("connected");
    }
  });

  it("[C47] join at the pace of the session, also if the inbox opened its socket before", async () => {
    const { client, clock, session } = clientForTest();
    inboxOf(client).subscribe(() => {});
    await clock.advance(0);
    for (let number = 1; number <= 45; number++) sharedRoom(client, `room_${number}`);
    await clock.advance(0);
    await clock.advance(0);
    const { rateBurst } = LIMITS;
    expect(session.sessions.last.sentOf("join").length).toBe(rateBurst);
    await clock.advance(2_000);
    expect(session.sessions.last.sentOf("join").length).toBe(45);
    client.close();
  });

  it("[C47] end with a code that only a newer server knows as with `internal`", async () => {
    const { room, client, clock, session } = await roomForTest();
    const other = sharedRoom(client, "other");
    await clock.advance(0);
    const left = { type: "left", room: "lobby", code: "brand_new" };
    session.sessions.last.deliver(left);
    await clock.advance(0);
    expect(room.state).toMatchObject({ status: "reconnecting", error: { code: "internal" } });
    expect(other.state.status).toBe("connecting");
    client.close();
  });

  it("[C47] are left before a listener who hears of it joins anew", async () => {
    const { room, client, clock, session } = await roomForTest();
    const stop = client.on("state", () => {
      stop();
      sharedRoom(client, "lobby").reconnect();
    });
    room.leave();
    await clock.advance(0);
    await clock.advance(0);
    const commands = session.sessions.last.commands.map(({ type }) => type);
    expect(commands).toEqual(["join", "leave", "join"]);
    client.close();
  });

  it("[C47] rejoin together: all rooms with their cursors, in one frame", async () => {
    const { client, clock, session, sockets } = await roomForTest();
    sharedRoom(client, "other");
    await clock.advance(0);
    sockets.last.deliver(connected({ room: "other", head: 7 }), caughtUp(7));
    session.sessions.last.end(1012);
    await clock.advance(1_000);
    expect(session.sessions.last.texts.map((text) => JSON.parse(text).commands)).toMatchObject([
      [
        { type: "join", room: "lobby", since: "e1.0" },
        { type: "join", room: "other", since: "e1.7" },
      ],
    ]);
  });

  it("[C47] end together if the session ended for good, and pending calls reject with its code", async () => {
    const { room, client, clock, session } = await roomForTest();
    const errors: unknown[] = [];
    room.on("error", ({ code }) => errors.push(code));
    const states: string[] = [];
    room.on("state", ({ status }) => states.push(status));
    const sent = room.send("waits");
    session.sessions.last.end(4403, "forbidden");
    await clock.settle();
    expect(room.state).toMatchObject({ status: "disconnected", error: { code: "forbidden" } });
    expect(inboxOf(client).state).toEqual(room.state);
    await expect(sent).rejects.toMatchObject({ code: "forbidden" });
    expect([errors, states]).toEqual([["forbidden"], ["disconnected"]]);
  });

  it("[C47] wait together, with the outbox, if the session has used up its attempts", async () => {
    const { room, clock, session, sockets } = await roomForTest({ maxAttempts: 2 });
    const errors: unknown[] = [];
    room.on("error", ({ code }) => errors.push(code));
    void room.send("waits");
    session.greets = false;
    for (let round = 0; round < 3; round++) {
      session.sessions.last.end(1006);
      await clock.advance(5_000);
    }
    expect(room.state).toMatchObject({ status: "disconnected", error: { code: "offline" } });
    expect([errors, room.outbox.length]).toEqual([[], 1]);
    session.greets = true;
    room.reconnect();
    expect(room.state).toEqual({ status: "connecting", attempt: 1 });
    await clock.advance(0);
    expect(sockets.count).toBe(2);
  });

  it("[C47] reconnect together: reconnect() of a room wakes a waiting session, and leaves a live one alone", async () => {
    const { room, client, clock, session, sockets } = await roomForTest();
    room.reconnect();
    await clock.advance(0);
    expect([session.sessions.count, sockets.count]).toEqual([1, 2]);
    session.greets = false;
    session.sessions.last.end(1006);
    await clock.settle();
    room.reconnect();
    expect([room.state.status, inboxOf(client).state.status]).toEqual(["connecting", "connecting"]);
    await clock.settle();
    expect(session.sessions.count).toBe(2);
  });

  it("[C47] start again if a room is opened after the session was given up", async () => {
    const { client, clock, session } = await roomForTest();
    session.sessions.last.end(4403, "forbidden");
    await clock.settle();
    const other = sharedRoom(client, "other");
    expect(other.state.status).toBe("connecting");
    await clock.advance(0);
    expect([session.sessions.count, inboxOf(client).state.status]).toEqual([2, "connected"]);
  });

  it("[C47] start again once with `reconnect` of the client, and each room joins once", async () => {
    const { client, clock, session, sockets } = await roomForTest();
    client.reconnect();
    await clock.advance(0);
    expect([session.sessions.count, sockets.count]).toEqual([2, 2]);
  });

  it("do not exist for an anonymous client: its shared rooms end with `unauthorized`", async () => {
    const { room, clock, session } = await dialedRoom({ getToken: () => null });
    session.sessions.last.end(4401, "unauthorized");
    await clock.advance(2_000);
    expect(room.state).toMatchObject({ status: "disconnected", error: { code: "unauthorized" } });
    expect(session.sessions.count).toBe(1);
  });

  it("end together with disconnect and close, after pending frames are sent", async () => {
    const { room, client, clock, session, socket } = await roomForTest();
    room.signal("bye");
    client.disconnect();
    expect([room.state.status, session.sessions.last.closedWith]).toEqual(["disconnected", 1000]);
    expect(socket().closedWith).toBe(1000);
    expect(session.sessions.last.sentOf("signal").length).toBe(1);
    client.reconnect();
    await clock.advance(0);
    client.close();
    await clock.settle();
    expect([session.sessions.count, session.sessions.last.closedWith, clock.pending]).toEqual([2, 1000, 0]);
  });
});

describeShared("a join that is refused", () => {
  it.each(["too_large", "banned", "forbidden", "bad_request"])(
    "[C48] with %s is final for that room alone",
    async (code) => {
      const { room, client, clock, session, sockets } = await dialedRoom();
      const sent = room.send("waits");
      const [join] = session.sessions.last.sentOf("join");
      session.sessions.last.deliver(refusal(join, code));
      await clock.advance(60_000);
      expect(room.state).toMatchObject({ status: "disconnected", error: { code } });
      await expect(sent).rejects.toMatchObject({ code });
      expect([inboxOf(client).state.status, sockets.count]).toEqual(["connected", 1]);
      expect(session.sessions.last.sentOf("leave")).toEqual([]);
      room.reconnect();
      await clock.advance(0);
      expect(sockets.count).toBe(2);
    },
  );

  it.each(["internal", "overloaded", "rate_limited", "something_new"])(
    "[C48] with %s is tried again",
    async (code) => {
      const { room, clock, session, sockets } = await dialedRoom();
      const [join] = session.sessions.last.sentOf("join");
      session.sessions.last.deliver(refusal(join, code, { retryAfterMs: 2_000 }));
      await clock.settle();
      const known = code === "something_new" ? "internal" : code;
      expect(room.state).toMatchObject({ status: "reconnecting", attempt: 2, error: { code: known } });
      await clock.advance(2_499);
      expect(sockets.count).toBe(1);
      await clock.advance(1);
      expect(sockets.count).toBe(2);
    },
  );

  it("[C48] with room_full gives the room a socket of its own at once, until the app reconnects", async () => {
    const { room, clock, session, sockets, goLive } = await dialedRoom();
    const [join] = session.sessions.last.sentOf("join");
    session.sessions.last.deliver(refusal(join, "room_full", { retryAfterMs: 5_000 }));
    await clock.settle();
    expect(sockets.count).toBe(2);
    expect(sockets.last.url.href).toBe("wss://rooms.example.com/v1/rooms/lobby/connect?batch=envelopes");
    expect(sockets.last.protocols).toContain("token.t1.e30.s");
    await goLive();
    expect(room.state.status).toBe("connected");
    session.sessions.last.end(1006);
    await clock.advance(1_000);
    expect(room.state.status).toBe("connected");
    // Its own token, its own heartbeat, its own back-off.
    await clock.advance(25_000);
    expect(sockets.last.pings).toBe(1);
    sockets.last.end(4503, "room_full 1000");
    await clock.advance(1_500);
    expect(sockets.count).toBe(3);
    room.reconnect();
    await clock.advance(0);
    expect(session.sessions.last.sentOf("join").length).toBe(1);
    expect(sockets.all[2]?.closedWith).toBe(4000);
  });

  it("[C48] or unanswered for 30 s is sent again, and the session continues", async () => {
    const { room, clock, session, sockets } = await dialedRoom();
    await clock.advance(30_000);
    expect(room.state).toMatchObject({ status: "reconnecting", error: { code: "timeout" } });
    await clock.advance(500);
    expect([session.sessions.count, sockets.count]).toEqual([1, 2]);
  });
});

describeShared("the token of a session", () => {
  it("[C49] is renewed on the session alone, for all its rooms", async () => {
    let asked = 0;
    const { clock, session, sockets, room } = await roomForTest({ getToken: () => `t${++asked}.e30.s` });
    await clock.advance(3_600_000 - 60_000);
    expect(session.sessions.last.sentOf("auth")).toMatchObject([{ token: "t2.e30.s" }]);
    expect(sockets.last.sentOf("auth")).toEqual([]);
    expect([asked, room.state.status]).toEqual([2, "connected"]);
  });

  it("[C49] is renewed before a room whose token expired joins again", async () => {
    let asked = 0;
    const { clock, session, socket, sockets, room } = await roomForTest({
      getToken: () => `t${++asked}.e30.s`,
    });
    await clock.advance(5_000);
    socket().end(4401, "token_expired");
    await clock.advance(0);
    const [, ...said] = session.sessions.last.texts.flatMap(
      (text) => JSON.parse(text).commands ?? [JSON.parse(text)],
    );
    expect(said.filter(({ type }) => type === "auth" || type === "join")).toMatchObject([
      { type: "auth", token: "t2.e30.s" },
      { type: "join", room: "lobby" },
    ]);
    expect([sockets.count, room.state.status]).toEqual([2, "connecting"]);
  });

  it("[C49] expires for all its rooms, and all return with the new one", async () => {
    let asked = 0;
    const { clock, session, sockets, room, goLive } = await roomForTest({
      getToken: () => `t${++asked}.e30.s`,
    });
    await clock.advance(5_000);
    session.sessions.last.end(4401, "token_expired");
    await clock.advance(0);
    expect(session.sessions.last.protocols).toContain("token.t2.e30.s");
    expect(sockets.count).toBe(2);
    await goLive({ recovery: "complete" });
    expect([room.state.status, asked]).toEqual(["connected", 2]);
  });

  it("[C49] ends session and rooms if no new one is available", async () => {
    let gives = true;
    const getToken = () => {
      if (!gives) throw new RoomsError("unauthorized", "Signed out.");
      return "t1.e30.s";
    };
    const { clock, session, room, client } = await roomForTest({ getToken });
    gives = false;
    session.sessions.last.end(4401, "token_expired");
    await clock.advance(2_000);
    for (const state of [room.state, inboxOf(client).state]) {
      expect(state).toMatchObject({ status: "disconnected", error: { message: "Signed out." } });
    }
  });
});
