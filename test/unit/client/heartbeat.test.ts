import { describe, expect, it } from "vitest";
import { inboxOf, sharedRoom } from "../../../client/index.ts";
import { PONG_FRAME } from "../../../src/protocol/index.ts";
import { clientForTest, describeShared, dialedRoom, roomForTest } from "./support/client-for-test.ts";
import { message, ok } from "./support/frames.ts";

describe("the heartbeat", () => {
  it("[C12] is sent with its exact text every `pingMs`, also while other frames flow", async () => {
    const { socket, clock } = await roomForTest();
    for (let second = 1; second <= 100; second++) {
      await clock.advance(1_000);
      socket().deliver(message(second));
    }
    expect(socket().pings).toBe(4);
    expect(socket().texts).toContain('{"type":"ping"}');
  });

  it("[C52] is sent as soon as the socket opens, and its pong before `connected` has no effect", async () => {
    const { room, socket, clock, goLive } = await dialedRoom();
    expect(socket().texts).toEqual([]);
    socket().open();
    expect(socket().texts).toEqual(['{"type":"ping"}']);
    await clock.advance(1_000);
    expect(room.state.status).toBe("connecting");
    await goLive();
    expect(room.state.status).toBe("connected");
    await clock.advance(25_000);
    expect(socket().pings).toBe(2);
  });

  it("[G20] keeps a client that is not greeted waiting while pongs come, for 2 minutes at most", async () => {
    const { room, socket, sockets, clock, goLive } = await dialedRoom();
    socket().open();
    await clock.advance(110_000);
    expect([sockets.count, socket().pings]).toEqual([1, 12]);
    await goLive();
    expect(room.state.status).toBe("connected");
    await clock.advance(25_000);
    expect([sockets.count, socket().pings]).toEqual([1, 13]);
  });

  it("[G20] makes it dial again after that, or if no pong comes for 30 s, or the socket never opens", async () => {
    for (const [how, afterMs] of [
      ["pongs", 120_000],
      ["silent", 30_000],
      ["never open", 30_000],
    ] as const) {
      const { room, socket, clock } = await dialedRoom();
      socket().answersPings = how === "pongs";
      if (how !== "never open") socket().open();
      await clock.advance(afterMs - 1);
      expect([how, room.state.status]).toEqual([how, "connecting"]);
      await clock.advance(1);
      expect([how, room.state]).toMatchObject([how, { status: "reconnecting", error: { code: "timeout" } }]);
    }
  });

  it("[C13] without a pong in time drops the socket and dials again", async () => {
    const { socket, clock, room } = await roomForTest();
    socket().answersPings = false;
    await clock.advance(25_000 + 9_999);
    socket().deliver(message(1));
    expect(room.state.status).toBe("connected");
    await clock.advance(1);
    expect(room.state).toMatchObject({ status: "reconnecting", error: { code: "timeout" } });
    expect(socket().closedWith).toBe(4000);
  });

  it.each([
    ["idle", 5_000],
    ["waiting for a pong", 26_000],
  ])("[C135] after a wake finds a dead socket within 2 s: %s", async (_, afterMs) => {
    const { socket, clock, room, wake } = await roomForTest();
    socket().answersPings = false;
    await clock.advance(afterMs);
    const before = socket().pings;
    wake();
    expect(socket().pings).toBe(before + 1);
    await clock.advance(1_999);
    expect(room.state.status).toBe("connected");
    await clock.advance(1);
    expect(room.state).toMatchObject({ status: "reconnecting", error: { code: "timeout" } });
  });

  it("[C135] after a wake takes no pong of an older ping for a sign of life, as it may have come before the sleep", async () => {
    const { socket, sockets, clock, room, wake } = await roomForTest();
    socket().answersPings = false;
    await clock.advance(25_000);
    wake();
    socket().deliverText(PONG_FRAME);
    await clock.advance(500);
    socket().deliverText(PONG_FRAME);
    await clock.advance(9_999);
    expect([socket().pings, sockets.count, room.state.status]).toEqual([2, 1, "connected"]);
    await clock.advance(15_000);
    wake();
    socket().deliverText(PONG_FRAME);
    await clock.advance(2_000);
    expect([socket().pings, room.state.status]).toEqual([4, "reconnecting"]);
  });

  it("[C135] after a wake waits for a pong after that of the first ping too", async () => {
    const { room, socket, clock, wake, goLive } = await dialedRoom();
    socket().answersPings = false;
    socket().open();
    await goLive();
    wake();
    socket().deliverText(PONG_FRAME);
    await clock.advance(2_000);
    expect([socket().pings, room.state.status]).toEqual([2, "reconnecting"]);
  });

  it("[C135] after many hints of one wake is sent once, and waits no longer", async () => {
    const { socket, clock, room, wake } = await roomForTest();
    socket().answersPings = false;
    for (let n = 0; n < 4; n++) {
      wake();
      await clock.advance(500);
    }
    expect([socket().pings, room.state.status]).toEqual([1, "reconnecting"]);
  });

  it("[C135] after a wake keeps a socket that answers, and its rhythm goes on", async () => {
    const { socket, sockets, clock, wake } = await roomForTest();
    await clock.advance(5_000);
    wake();
    await clock.advance(24_999);
    expect(socket().pings).toBe(1);
    await clock.advance(1);
    socket().answersPings = false;
    wake();
    await clock.advance(1_999);
    expect([socket().pings, sockets.count]).toEqual([3, 1]);
  });

  it("[C135] finds one that died before it was greeted, and leaves one alone that is not open yet", async () => {
    const { room, socket, clock, wake } = await dialedRoom();
    wake();
    await clock.advance(5_000);
    expect([socket().pings, room.state.status]).toEqual([0, "connecting"]);
    socket().answersPings = false;
    socket().open();
    wake();
    await clock.advance(2_000);
    expect([socket().pings, room.state.status]).toEqual([2, "reconnecting"]);
  });

  it("[C13] with a pong in time keeps the socket", async () => {
    const { clock, sockets } = await roomForTest();
    await clock.advance(200_000);
    expect(sockets.count).toBe(1);
  });

  it("[C14] does not save a socket on which a command is unanswered for 30 s", async () => {
    const { clock, room } = await roomForTest();
    const older = room.loadOlder();
    older.catch(() => {});
    await clock.advance(29_999);
    expect(room.state.status).toBe("connected");
    await clock.advance(1);
    expect(room.state.status).toBe("reconnecting");
    await expect(older).rejects.toMatchObject({ code: "offline" });
  });

  it("leaves a socket alone whose command is answered", async () => {
    const { socket, clock, room } = await roomForTest();
    void room.loadOlder();
    await clock.advance(0);
    socket().deliver(ok(socket().sentOf("history")[0], { messages: [], seq: 0 }));
    await clock.advance(40_000);
    expect(room.state.status).toBe("connected");
  });

  it("is separate from `client.ping`, which measures a round trip", async () => {
    const { socket, clock, client } = await roomForTest();
    const ping = client.ping();
    await clock.advance(40);
    const [command] = socket().sentOf("ping");
    socket().deliver({ type: "pong", id: command?.id, at: 1 });
    expect(await ping).toBe(40);
    client.disconnect();
    await expect(client.ping()).rejects.toMatchObject({ code: "offline" });
  });
});

describeShared("the heartbeat", () => {
  it("[C52] is sent by a session only, for its rooms too", async () => {
    const { client, clock, session } = clientForTest();
    session.greets = false;
    inboxOf(client).subscribe(() => {});
    await clock.advance(0);
    session.sessions.last.open();
    expect(session.sessions.last.texts).toEqual(['{"type":"ping"}']);
    session.greet();
    await clock.advance(0);
    const shared = sharedRoom(client, "lobby");
    await clock.advance(0);
    expect(shared.state.status).toBe("connecting");
    expect(session.sessions.last.pings).toBe(1);
  });
});
