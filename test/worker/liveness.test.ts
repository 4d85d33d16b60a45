// Liveness: heartbeats in every spelling, silent clients, and mentions of members that vanished.

import { runInDurableObject } from "cloudflare:test";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type RoomObject, UserObject } from "../../src/index.ts";
import { NONE_REVOKED } from "../../src/object/revocation.ts";
import { type SocketHolder, socketsOf } from "./support/at-relays.ts";
import { advanceClock, lastHeartbeat, sleep, sleepRoom, stopClock } from "./support/objects.ts";
import type { TestSocket } from "./support/test-socket.ts";
import {
  callAs,
  callAsServer,
  fill,
  join,
  openRoom,
  openSession,
  roomObject,
  tokenFor,
  uniqueName,
  userObject,
} from "./support/worker.ts";

const TIMEOUT = { code: 4408, reason: "timeout" };

async function joinOn(session: TestSocket, room: string): Promise<void> {
  await session.ask({ type: "join", id: crypto.randomUUID(), room });
  await session.next("caughtUp", (frame) => frame.room === room);
}

const post = (room: string, data: unknown) => callAsServer("POST", `/v1/rooms/${room}/messages`, { data });

describe("a bot that only reads", () => {
  it("[G6] and never sent a heartbeat receives later events after any time and sleep", async () => {
    const room = uniqueName("bot");
    const bot = await join(room, "bot");
    advanceClock(3_000_000);
    await sleepRoom(room);
    await post(room, "important");
    expect(await bot.next("message")).toMatchObject({ data: "important" });
    await bot.settled();
  });

  it.each([false, true])(
    "[G7] receives what it waits for, and is then closed (asleep: %s)",
    async (asleep) => {
      const room = uniqueName("bot");
      const bot = await (await join(room, "bot")).beats();
      advanceClock(80_000);
      if (asleep) await sleepRoom(room);
      await post(room, "important");
      expect(await bot.closed).toEqual(TIMEOUT);
      expect(bot.ofType("message")).toMatchObject([{ data: "important" }]);
    },
  );

  it.each([false, true])(
    "[G7] on a session receives what it waits for, and is then closed (asleep: %s)",
    async (asleep) => {
      const [user, other, room] = [uniqueName("bot"), uniqueName("bot"), uniqueName("room")];
      const [inbox, quiet] = [await openSession(other), await openSession(user)];
      await joinOn(quiet, room);
      await quiet.beats();
      await inbox.settled();
      advanceClock(80_000);
      if (asleep) await Promise.all([user, other].map((name) => sleep(userObject(name))));
      await post(room, "important");
      expect(await quiet.closed).toEqual(TIMEOUT);
      expect(quiet.ofType("message")).toMatchObject([{ room, data: "important" }]);
      await userObject(other).notify({ id: "n", title: "t", message: "m", priority: "low", data: "null" });
      expect(await inbox.closed).toEqual(TIMEOUT);
      expect(inbox.ofType("notification")).toMatchObject([{ id: "n" }]);
    },
  );

  it("[G7][L160] receives what wakes the room, also where a session of other code has it flush before", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => {});
    onTestFinished(() => void vi.restoreAllMocks());
    const [room, writer] = [uniqueName("bot"), uniqueName("writer")];
    const bot = await (await join(room, "bot")).beats();
    const session = await openSession(uniqueName("other"));
    await joinOn(session, room);
    await bot.settled();
    await runInDurableObject<RoomObject, void>(roomObject(room), (_, { storage }) => {
      storage.sql.exec("UPDATE sessions SET state = json_set(state, '$.version', 99)");
    });
    advanceClock(80_000);
    await sleepRoom(room);
    // The room does not know this user, and asks about their tokens before it takes the message. The answer is late.
    const late = async () => {
      while (session.ofType("left").length === 0) await scheduler.wait(1);
      return NONE_REVOKED;
    };
    // Over RPC a promise is as good as its value.
    vi.spyOn(UserObject.prototype, "revokedTokens").mockImplementation(Object(late));
    const token = await tokenFor(writer);
    expect((await callAs(token, "POST", `/v1/rooms/${room}/messages`, { data: "important" })).status).toBe(
      201,
    );
    expect(await bot.closed).toEqual(TIMEOUT);
    expect(bot.ofType("message")).toMatchObject([{ data: "important" }]);
  });

  it.each([
    '{"type":"ping"}',
    '{ "type": "ping" }',
    '{"id":"p","type":"ping","extra":1}',
    '{"type":"batch","commands":[{"type":"ping"}]}',
  ])("[G9] %s counts as a heartbeat", async (ping) => {
    const room = uniqueName("spelling");
    const sockets = [await join(room, "ada"), await openSession(uniqueName("ada"))];
    for (const socket of sockets) {
      socket.send(ping);
      await socket.next("pong");
    }
    const [own, session] = sockets;
    advanceClock(70_000);
    await fill(await join(room, "bo"), 1);
    await own?.settled();
    await session?.settled();
    advanceClock(150_000);
    await fill(await join(room, "cy"), 1);
    expect(await own?.closed).toEqual(TIMEOUT);
  });

  it("[G9] a heartbeat before the first frames counts", async () => {
    const room = uniqueName("early");
    const ada = await openRoom(room, "ada");
    ada.send('{"type":"ping"}');
    ada.send('{"type":"ping","id":"early"}');
    await ada.next("caughtUp");
    await ada.next("pong", ({ id }) => id === "early");
    advanceClock(80_000);
    await fill(await join(room, "bo"), 1);
    expect(await ada.closed).toEqual(TIMEOUT);
  });
});

describe("a member that vanished", () => {
  it.each([
    { lookedAt: [75_000], goneAt: 77_500 },
    { lookedAt: [], goneAt: 75_001 },
  ])(
    "[G8][P11] is removed by what comes after 75 s, at once, or 2.5 s after the last look: $goneAt",
    async ({ lookedAt, goneAt }) => {
      const room = uniqueName("vanished");
      const [ghost, ada] = [await join(room, "ghost"), await join(room, "ada")];
      await ghost.beats();
      const beatAt = await lastHeartbeat(socketsOf(room));
      for (const at of lookedAt) {
        stopClock(beatAt + at);
        await fill(ada, 1);
        await ada.settled();
        expect(ada.ofType("memberLeft")).toEqual([]);
      }
      stopClock(beatAt + goneAt);
      await fill(ada, 1);
      expect(await ada.next("memberLeft")).toMatchObject({ user: "ghost" });
      expect(await ghost.closed).toEqual(TIMEOUT);
    },
  );

  it.each(["what is said there", "others who join"])(
    "[G10][P11] from a session is also removed at once from its rooms, by %s",
    async (by) => {
      const [user, room, other] = [uniqueName("ghost"), uniqueName("room"), uniqueName("other")];
      const ghost = await openSession(user);
      await joinOn(ghost, room);
      await joinOn(ghost, other);
      const [ada, bo] = [await join(room, "ada"), await join(other, "bo")];
      await ghost.beats();
      advanceClock(76_000);
      if (by === "others who join") await join(room, "cy");
      else await fill(ada, 1);
      expect(await ada.next("memberLeft")).toMatchObject({ user });
      expect(await bo.next("memberLeft")).toMatchObject({ user });
      expect(await ghost.closed).toEqual(TIMEOUT);
    },
  );
});

describe("a member that vanished and receives nothing of what is sent", () => {
  it("[G10][G21] is checked when its heartbeat may have stopped, as long as the room is awake", async () => {
    const [user, room] = [uniqueName("ghost"), uniqueName("room")];
    const ghost = await openSession(user);
    await ghost.ask({ type: "join", id: "j", room, topics: ["none"], presence: "off" });
    await ghost.next("caughtUp", (frame) => frame.room === room);
    await ghost.beats();
    const beatAt = await lastHeartbeat(userObject(user));
    const ada = await join(room, "ada");
    stopClock(beatAt + 75_000);
    await fill(ada, 1);
    await ada.settled();
    expect(ada.ofType("memberLeft")).toEqual([]);
    stopClock(beatAt + 77_500);
    await fill(ada, 1);
    expect(await ada.next("memberLeft")).toMatchObject({ user });
    expect(await ghost.closed).toEqual(TIMEOUT);
  });
});

describe("a mention", () => {
  const mention = async (socket: TestSocket, room: string, ...mentions: readonly string[]) => {
    const sent = await socket.ask({ type: "send", id: crypto.randomUUID(), room, data: 1, mentions });
    expect(sent).toMatchObject({ type: "ok" });
  };

  it("[U32] notifies a member who has missed two heartbeats, on a socket or a session, and no one else", async () => {
    const [room, speaker] = [uniqueName("room"), uniqueName("speaker")];
    const [own, shared, alive, bot] = ["own", "shared", "alive", "bot"].map(uniqueName) as [
      ...[string, string, string, string],
    ];
    await (await join(room, own)).beats();
    const [sharedSession, aliveSession] = [await openSession(shared), await openSession(alive)];
    await joinOn(sharedSession, room);
    await joinOn(aliveSession, room);
    await join(room, bot);
    await sharedSession.beats();
    advanceClock(51_000);
    await aliveSession.settled();
    const speaking = await openSession(speaker);
    await joinOn(speaking, room);
    await mention(speaking, room, own, shared, alive, bot);
    const unreadOf = async (user: string) => {
      const response = await callAsServer("GET", `/v1/users/${user}`);
      return (await response.json<{ unread: number }>()).unread;
    };
    await expect.poll(() => Promise.all([own, shared].map(unreadOf))).toEqual([1, 1]);
    expect(await sharedSession.next("notification")).toMatchObject({ topic: "mention" });
    await aliveSession.next("message");
    await aliveSession.settled();
    expect(await Promise.all([alive, bot].map(unreadOf))).toEqual([0, 0]);
  });
});

describe("a user who was kicked", () => {
  it("[G11] and continues to send reaches no one", async () => {
    const room = uniqueName("kicked");
    const [ada, bo] = [await join(room, "ada"), await join(room, "bo")];
    await ada.beats();
    // The runtime still delivers frames of a client that withholds its close.
    let handOver: ((frame: string) => Promise<void>) | undefined;
    await runInDurableObject<SocketHolder, void>(socketsOf(room), (object, state) => {
      const [ws] = state
        .getWebSockets()
        .filter((socket) => JSON.stringify(socket.deserializeAttachment()).includes('"ada"'));
      if (ws !== undefined) handOver = async (frame) => object.webSocketMessage(ws, frame);
    });
    expect(handOver).toBeDefined();
    await callAsServer("POST", `/v1/rooms/${room}/kick`, { user: "ada", banSeconds: 0 });
    await bo.next("memberLeft");
    for (const command of [
      { type: "send", id: "m", data: "unheard" },
      { type: "signal", event: "x" },
      { type: "presence", id: "p", status: "busy" },
      { type: "auth", id: "a", token: "t" },
    ]) {
      await runInDurableObject<SocketHolder, void>(socketsOf(room), () =>
        handOver?.(JSON.stringify(command)),
      );
    }
    await fill(bo, 1);
    expect(bo.ofType("message")).toMatchObject([{ data: 1, seq: 1 }]);
    const delivered = bo.received.map(({ type }) => type);
    for (const type of ["signal", "memberUpdated"]) expect(delivered).not.toContain(type);
    expect(ada.ofType("ok")).toEqual([]);
  });
});
