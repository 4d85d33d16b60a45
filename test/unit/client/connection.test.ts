import { expect, it } from "vitest";
import type { ConnectionState } from "../../../client/connection/transport/transport.ts";
import { inboxOf, type RoomHandle } from "../../../client/index.ts";
import { describeBoth, dialedRoom, roomForTest } from "./support/client-for-test.ts";
import { caughtUp, connected, message, replay } from "./support/frames.ts";

describeBoth("states", () => {
  it("[C1] the token is in the subprotocol list, never in the address", async () => {
    const { socket } = await dialedRoom();
    expect(socket().protocols).toEqual(["edge-rooms.v1", "token.t1.e30.s"]);
    expect(socket().url.href).toMatch(
      /^wss:\/\/rooms\.example\.com\/v1\/rooms\/lobby\/connect(\?batch=envelopes)?$/,
    );
  });

  it("history and topics are requested in the address", async () => {
    const { socket } = await dialedRoom({}, { history: 0, topics: ["chat", "task"] });
    expect(Object.fromEntries(socket().url.searchParams)).toMatchObject({
      history: "0",
      topics: "chat,task",
    });
  });

  it("the socket of a room opens on the next turn of the event loop", async () => {
    const { client, sockets, clock } = await dialedRoom();
    const handle = client.room("other");
    expect(client.room("other").getSnapshot()).toBe(handle.getSnapshot());
    expect(handle.state).toEqual({ status: "connecting", attempt: 1 });
    expect(sockets.count).toBe(1);
    await clock.advance(0);
    expect(sockets.count).toBe(2);
  });

  it("[C2] frames before `connected` are ignored", async () => {
    const { room, socket } = await dialedRoom();
    socket().deliver(message(1), caughtUp(1));
    expect(room.messages).toEqual([]);
    expect(room.state.status).toBe("connecting");
  });

  it("[C3] the client is connected only after the replay", async () => {
    const { room, socket, clock, client } = await dialedRoom();
    socket().deliver(connected({ head: 1 }), replay(message(1)));
    expect(room.state.status).toBe("connecting");
    socket().deliver(caughtUp(1));
    expect(room.state).toEqual({ status: "connected", since: clock.now() });
    expect(client.state).toBe(room.state);
  });

  it("a server that does not greet within 30 s is given up", async () => {
    const { room, socket, clock } = await dialedRoom();
    const silent = socket();
    await clock.advance(30_000);
    expect(room.state).toMatchObject({ status: "reconnecting", error: { code: "timeout" } });
    await clock.advance(1_000);
    expect(silent.closedWith).toBe(4000);
  });

  it("every state is emitted in order", async () => {
    const { room, client, socket, clock, goLive } = await dialedRoom();
    const seen: string[] = [];
    room.on("state", (state) => seen.push(state.status));
    await goLive();
    socket().end(1006);
    await clock.advance(500);
    await goLive();
    client.disconnect();
    expect(seen).toEqual(["connected", "reconnecting", "connecting", "connected", "disconnected"]);
  });

  it("[C33] late frames and the end of an older socket are ignored", async () => {
    const { room, socket, goLive, sockets, clock } = await roomForTest();
    const older = socket();
    room.reconnect();
    await clock.advance(0);
    older.deliver(message(1));
    await goLive({ head: 0 });
    older.deliver(message(1));
    older.end(4403, "banned");
    await clock.settle();
    expect(sockets.count).toBe(2);
    expect(room.messages).toEqual([]);
    expect(room.state.status).toBe("connected");
  });
});

describeBoth("an end that the app asks for", (way) => {
  it("[C34] leave closes with 1000", async () => {
    const { room, client, socket, clock } = await roomForTest();
    room.leave();
    await clock.advance(0);
    expect(room.state).toEqual({ status: "disconnected" });
    expect(socket().closedWith).toBe(1000);
    expect(client.room("lobby").state.status).toBe("connecting");
  });

  it("[C34] close ends everything at once and leaves no timer", async () => {
    const { room, client, socket, clock, wakers } = await roomForTest();
    inboxOf(client).on("notification", () => {});
    await clock.advance(0);
    const other = client.room("other");
    room.startTyping();
    void room.send("never stored");
    client.close();
    expect([room.state, other.state, inboxOf(client).state, client.state]).toEqual(
      Array(4).fill({ status: "disconnected" }),
    );
    expect(socket().closedWith).toBe(1000);
    await clock.settle();
    expect(clock.pending).toBe(0);
    expect(wakers()).toBe(0);
    await expect(room.send("later")).rejects.toMatchObject({ code: "closed" });
    expect(client.room("third").state.status).toBe("disconnected");
    await clock.advance(100_000);
    expect(clock.pending).toBe(0);
  });

  it("close during a back-off leaves no timer", async () => {
    const { client, socket, clock, wakers } = await dialedRoom();
    socket().end(1006);
    await clock.settle();
    expect(wakers()).toBe(1);
    client.close();
    await clock.settle();
    expect([clock.pending, wakers()]).toEqual([0, 0]);
  });

  it("[C34] a lost socket no longer listens for hints", async () => {
    const { socket, clock, wakers } = await roomForTest({ maxAttempts: 0 });
    socket().end(1006);
    await clock.settle();
    expect(wakers()).toBe(0);
  });

  it("disconnect keeps handle, listeners and outbox until reconnect", async () => {
    const { room, client, socket, sockets, clock, goLive } = await roomForTest();
    const heard: unknown[] = [];
    room.on("message", ({ data }) => heard.push(data));
    client.disconnect();
    expect(room.state).toEqual({ status: "disconnected" });
    void room.send("waits");
    const later = client.room("later");
    await clock.advance(60_000);
    expect(sockets.count).toBe(1);
    expect(later.state.status).toBe("disconnected");
    later.leave();
    client.reconnect();
    await clock.advance(0);
    expect(room.outbox).toMatchObject([{ data: "waits", status: "queued" }]);
    await goLive({ head: 1 }, replay(message(1, { data: "missed" })));
    await clock.advance(0);
    expect(heard).toEqual(["missed"]);
    expect(socket().sentOf("send")).toMatchObject([{ data: "waits" }]);
  });

  it("reconnect starts again at once from any state", async () => {
    const { room, socket, sockets, clock, goLive } = await dialedRoom({ maxAttempts: 1 });
    const states: ConnectionState["status"][] = [];
    for (const ruin of [() => {}, () => socket().end(1006), () => socket().end(4403, "banned"), goLive]) {
      await ruin();
      await clock.settle();
      states.push(room.state.status);
      const before = sockets.count;
      room.reconnect();
      expect(room.state).toEqual({ status: "connecting", attempt: 1 });
      await clock.advance(0);
      expect(sockets.count).toBe(before + 1);
    }
    // A session that was live is no failed attempt.
    const lost = way === "the session" ? "reconnecting" : "disconnected";
    expect(states).toEqual(["connecting", lost, "disconnected", "connected"]);
  });

  it("listeners may reconnect or leave on any event", async () => {
    const { room, client, socket, sockets, clock, goLive } = await roomForTest();
    const off = room.on("error", () => room.reconnect());
    socket().end(4403, "banned");
    await clock.advance(0);
    expect(room.state).toEqual({ status: "connecting", attempt: 1 });
    expect(sockets.count).toBe(2);
    off();
    room.on("caughtUp", () => room.leave());
    await goLive();
    expect(room.state).toEqual({ status: "disconnected" });
    if (way === "the session") client.close();
    await clock.settle();
    expect(clock.pending).toBe(0);
  });

  it("[C34] a listener that closes while all reconnect leaves nothing running", async () => {
    const { room, client, clock, sockets } = await roomForTest();
    client.room("other");
    await clock.advance(0);
    room.on("state", () => client.close());
    client.reconnect();
    await clock.advance(100_000);
    expect([sockets.count, clock.pending]).toEqual([2, 0]);
  });

  it("a listener that reconnects while all disconnect reconnects all", async () => {
    const { room, client, clock } = await roomForTest();
    const other = client.room("other");
    await clock.advance(0);
    const off = room.on("state", () => {
      off();
      client.reconnect();
    });
    client.disconnect();
    expect([room.state.status, other.state.status]).toEqual(["connecting", "connecting"]);
  });

  it("a listener of a left room can open it again", async () => {
    const { room, client, clock } = await roomForTest();
    const opened: RoomHandle[] = [];
    client.peek("lobby").on("state", ({ status }) => {
      if (status === "disconnected") opened.push(client.room("lobby"));
    });
    room.leave();
    await clock.advance(0);
    expect(opened.map(({ state }) => state.status)).toEqual(["connecting"]);
    client.close();
  });

  it("reconnect is no leave: others still see the member", async () => {
    const { room, socket, clock } = await roomForTest();
    const older = socket();
    room.signal("wave");
    room.reconnect();
    await clock.advance(0);
    expect(older.closedWith).toBe(4000);
    expect(older.sentOf("signal").length).toBe(1);
  });

  it("disconnect keeps the reason of an earlier end", async () => {
    const { room, client, socket, clock } = await roomForTest();
    socket().end(4403, "banned");
    await clock.settle();
    client.disconnect();
    expect(room.state).toMatchObject({ status: "disconnected", error: { code: "banned" } });
  });

  it("a listener that leaves in the middle of a frame stops the frame there", async () => {
    const { room, client, socket, clock } = await roomForTest();
    const seqs: number[] = [];
    room.on("message", ({ seq }) => {
      seqs.push(seq);
      room.leave();
    });
    socket().deliver({ type: "batch", events: [message(1), message(2)] });
    await clock.advance(0);
    expect(seqs).toEqual([1]);
    if (way === "the session") client.close();
    expect(clock.pending).toBe(0);
  });
});

it("[C1] an anonymous connection offers only the protocol", async () => {
  const { socket } = await dialedRoom({ getToken: () => null });
  expect(socket().protocols).toEqual(["edge-rooms.v1"]);
});
