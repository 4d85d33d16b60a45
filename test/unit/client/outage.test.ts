// How the client reacts to sockets that vanish: it names the probable cause, and its connections reconnect together.

import { describe, expect, it } from "vitest";
import { clientForTest, dialedRoom, roomForTest } from "./support/client-for-test.ts";
import type { FakeSocket } from "./support/fake-sockets.ts";
import { caughtUp, connected } from "./support/frames.ts";

const errorOf = (state: { readonly error?: { readonly message: string } } | object): string =>
  "error" in state && state.error instanceof Error ? state.error.message : "";

describe("sockets that vanish before the first frame", () => {
  it("[C53] make the client name the probable cause after three in a row, once in the log and in its state", async () => {
    const logged: unknown[][] = [];
    const token = `t.e30.${"s".repeat(9_114)}`;
    const { room, socket, clock } = await dialedRoom({
      getToken: () => token,
      log: (level, message) => logged.push([level, message]),
    });
    const messages: string[] = [];
    for (let round = 0; round < 5; round++) {
      socket().end(1006);
      await clock.settle();
      expect(room.state).toMatchObject({ status: "reconnecting", error: { code: "offline" } });
      messages.push(errorOf(room.state));
      await clock.advance(30_000);
    }
    expect(messages.map((message) => message.includes("9120 characters, and 7000 are safe"))).toEqual([
      ...[false, false, true, true, true],
    ]);
    const warnings = logged.filter(([level]) => level === "warn");
    expect(warnings).toEqual([["warn", messages[2]]]);
    expect(JSON.stringify(logged)).not.toContain("tttt");
  });

  it("[C53] do so also if they end the attempts", async () => {
    const { room, socket, clock } = await dialedRoom({ maxAttempts: 3 });
    for (let round = 0; round < 3; round++) {
      socket().end(1006);
      await clock.advance(30_000);
    }
    expect(room.state.status).toBe("disconnected");
    expect(errorOf(room.state)).toContain("refuse long headers");
  });

  it("[C53] do not without a token, or with another event in between", async () => {
    const anonymous = await dialedRoom({ getToken: () => null });
    const ends: ((socket: FakeSocket) => void)[] = [
      (socket) => socket.end(1006),
      (socket) => socket.end(1006),
      (socket) => socket.end(4503, "overloaded"),
      (socket) => socket.end(1006),
      (socket) => socket.end(1006),
      (socket) => {
        socket.deliver(connected());
        socket.end(1006);
      },
      (socket) => socket.end(1006),
      (socket) => socket.end(1001),
      (socket) => socket.end(1006),
      (socket) => socket.end(1006),
    ];
    const mixed = await dialedRoom();
    for (const end of ends) {
      anonymous.socket().end(1006);
      end(mixed.socket());
      for (const { clock, room } of [anonymous, mixed]) {
        await clock.settle();
        expect(errorOf(room.state)).not.toContain("long headers");
        await clock.advance(30_000);
      }
    }
  });
});

describe("after an outage", () => {
  /** Rooms with sockets of their own, which had no network for a long time. */
  async function outage(minMs = 1_000) {
    const world = clientForTest();
    const { client, clock, sockets } = world;
    const rooms = ["a", "b", "c"].map((name) => client.room(name));
    await clock.advance(0);
    const goLive = async (socket: FakeSocket | undefined) => {
      socket?.deliver(connected({ reconnect: { minMs, maxMs: 30_000 } }), caughtUp(0));
      await clock.advance(0);
    };
    for (const socket of sockets.all) await goLive(socket);
    const open = new Set(sockets.all);
    const fail = async () => {
      for (const socket of sockets.all.slice(-3)) {
        if (open.has(socket)) socket.end(1006);
        open.delete(socket);
      }
      await clock.settle();
    };
    await fail();
    for (let round = 0; round < 4; round++) {
      const before = sockets.count;
      while (sockets.count < before + 3) await clock.advance(50);
      for (const socket of sockets.all.slice(-3)) open.add(socket);
      await fail();
    }
    return { ...world, rooms, goLive };
  }

  it("[C54] the other connections try within 0.5 s once one is live", async () => {
    const { rooms, sockets, clock, goLive } = await outage();
    // All wait for 8 s and more; the app reconnects one of them.
    await clock.advance(2_000);
    const before = sockets.count;
    rooms[0]?.reconnect();
    await clock.advance(0);
    expect(sockets.count).toBe(before + 1);
    await goLive(sockets.last);
    expect(rooms.map(({ state }) => state.status)).toEqual(["connected", "reconnecting", "reconnecting"]);
    await clock.advance(249);
    expect(sockets.count).toBe(before + 1);
    await clock.advance(1);
    expect(sockets.count).toBe(before + 3);
  });

  it("[C54] clients of a large room remain spread as the server asked", async () => {
    const { rooms, sockets, clock, goLive } = await outage(10_000);
    await clock.advance(2_000);
    const before = sockets.count;
    rooms[0]?.reconnect();
    await clock.advance(0);
    await goLive(sockets.last);
    await clock.advance(2_499);
    expect(sockets.count).toBe(before + 1);
    await clock.advance(1);
    expect(sockets.count).toBe(before + 3);
  });

  it("[C54] a connection that the server closed with a wait waits the full time", async () => {
    const { room, socket, sockets, client, clock } = await roomForTest();
    socket().end(4503, "overloaded");
    await clock.settle();
    const { state } = room;
    client.room("other");
    await clock.advance(0);
    sockets.last.deliver(connected(), caughtUp(0));
    await clock.settle();
    expect(room.state).toBe(state);
    expect(state.status).toBe("reconnecting");
  });

  it("[C54] close leaves no timer and no wait, also in a listener who hears of the next try", async () => {
    const { client, clock, rooms, goLive, sockets } = await outage();
    const [first, second, third] = rooms;
    second?.on("state", () => client.close());
    const states: string[] = [];
    third?.on("state", ({ status }) => states.push(status));
    first?.reconnect();
    await clock.advance(0);
    await goLive(sockets.last);
    expect(states).toEqual(["disconnected"]);
    expect(clock.pending).toBe(0);
  });

  it("[C54] close leaves no timer", async () => {
    const { client, clock } = await outage();
    client.close();
    await clock.settle();
    expect(clock.pending).toBe(0);
  });
});
