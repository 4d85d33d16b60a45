// A client that returns names the connection that it gave up: what the old one still sends has no effect.

import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { NONE_REVOKED } from "../../src/object/revocation.ts";
import { type SocketHolder, socketsOf } from "./support/at-relays.ts";
import { dated, disconnect, open, WINDOW_MS } from "./support/disconnect.ts";
import { configureRoom, configureUser, sleepRoom, stopClock } from "./support/objects.ts";
import { TestSocket } from "./support/test-socket.ts";
import {
  join,
  openSession,
  roomObject,
  tokenFor,
  uniqueName,
  upgrade,
  userObject,
} from "./support/worker.ts";

const connectionOf = async (socket: Awaited<ReturnType<typeof join>>, room?: string) =>
  String((await socket.next("connected", (frame) => room === undefined || frame.room === room)).connection);

async function textOf(room: string, seq: number) {
  const reader = await join(room, "reader", { query: "?history=10" });
  return reader.ofType("message").find((message) => message.seq === seq)?.data;
}

describe("a connection that its client gave up", () => {
  it("[E12] changes nothing with what it still sends, also if the room slept", async () => {
    const room = uniqueName("replaced");
    const old = await join(room, "ada");
    await old.ask({ type: "send", id: "m", data: "first" });
    const connection = await connectionOf(old);
    await sleepRoom(room);
    const held = await runInDurableObject<SocketHolder, WebSocket[]>(socketsOf(room), (_, state) =>
      state.getWebSockets(),
    );
    expect(held).toHaveLength(1);
    const next = await join(room, "ada", { query: `?replaces=${connection}` });
    await next.ask({ type: "edit", id: "e", seq: 1, data: "newer" });
    const late = JSON.stringify({ type: "edit", id: "late", seq: 1, data: "older" });
    await runInDurableObject<SocketHolder, void>(socketsOf(room), async (object) => {
      for (const socket of held) await object.webSocketMessage(socket, late);
    });
    expect(await old.closed).toMatchObject({ code: 4409, reason: "replaced" });
    await next.settled();
    expect(await textOf(room, 1)).toBe("newer");
  });

  it("[E13] of another user is not affected", async () => {
    const room = uniqueName("replaced");
    const bo = await join(room, "bo");
    await join(room, "ada", { query: `?replaces=${await connectionOf(bo)}` });
    expect(await bo.ask({ type: "send", id: "m", data: 1 })).toMatchObject({ type: "ok" });
  });
});

describe("a newcomer that is refused", () => {
  const refusedWith = async (path: string, token: string) => {
    const { webSocket } = await upgrade(path, token);
    return webSocket && new TestSocket(webSocket).closed;
  };

  it("[J20] closes nothing: a revoked token ends no valid socket or session", async () => {
    const [room, user] = [uniqueName("replaced"), uniqueName("ada")];
    const now = stopClock();
    const old = await dated(user, now, 0);
    await (await open(`/v1/rooms/${room}/connect`, old)).settled();
    await disconnect(user);
    stopClock(now + WINDOW_MS);
    const [socket, session] = [await join(room, user), await openSession(user)];
    for (const [path, living] of [
      [`/v1/rooms/${room}/connect`, socket],
      ["/v1/connect", session],
    ] as const) {
      const id = await connectionOf(living);
      expect(await refusedWith(`${path}?replaces=${id}`, old)).toMatchObject({ code: 4401 });
      expect(await living.ask({ type: "ping", id: "p" })).toMatchObject({ type: "pong" });
    }
  });

  it("[J20] by a full room takes the place of what it replaces, and no other place", async () => {
    const room = uniqueName("replaced");
    await configureRoom(room, { MAX_CONNECTIONS_PER_ROOM: 2 });
    const [ada, bo] = [await join(room, "ada"), await join(room, "bo")];
    const path = `/v1/rooms/${room}/connect?replaces=`;
    const full = { code: 4503, reason: "room_full 5000" };
    expect(await refusedWith(path + (await connectionOf(bo)), await tokenFor("ada"))).toEqual(full);
    expect(await refusedWith(`${path}c_unknown`, await tokenFor("ada"))).toEqual(full);
    const next = await join(room, "ada", { query: `?replaces=${await connectionOf(ada)}` });
    expect(await ada.closed).toMatchObject({ code: 4409 });
    for (const living of [next, bo])
      expect(await living.ask({ type: "ping", id: "p" })).toMatchObject({ type: "pong" });
    // No one is notified.
    expect(bo.ofType("memberLeft")).toEqual([]);
  });

  it("[J20][J14] by a full room takes, as a session, the place of the socket or session that it replaces", async () => {
    const [room, user] = [uniqueName("replaced"), uniqueName("ada")];
    await configureRoom(room, { MAX_CONNECTIONS_PER_ROOM: 1 });
    const socket = await join(room, user);
    const session = await openSession(user);
    session.send({ type: "join", id: "j", room, replaces: await connectionOf(socket) });
    await session.next("caughtUp", (frame) => frame.room === room);
    expect(await socket.closed).toMatchObject({ code: 4409 });
    const id = String(session.ofType("connected")[0]?.connection);
    const next = await openSession(user, { query: `?replaces=${id}` });
    next.send({ type: "join", id: "j", room });
    await next.next("caughtUp", (frame) => frame.room === room);
    const other = await openSession(uniqueName("bo"));
    expect(await other.ask({ type: "join", id: "j", room })).toMatchObject({ code: "room_full" });
  });

  it("[J20] at the limit of sessions takes the place of the session that it replaces", async () => {
    const user = uniqueName("ada");
    await configureUser(user, { MAX_CONNECTIONS_PER_USER: 1 });
    const old = await openSession(user);
    expect(await refusedWith("/v1/connect?replaces=c_unknown", await tokenFor(user))).toMatchObject({
      code: 4503,
    });
    await openSession(user, { query: `?replaces=${await connectionOf(old)}` });
    expect(await old.closed).toMatchObject({ code: 4409 });
  });
});

describe("a session that its client gave up", () => {
  const joinedBy = async (room: string, user: string, query = "") => {
    const session = await openSession(user, { query });
    session.send({ type: "join", id: "j", room });
    await session.next("caughtUp", (frame) => frame.room === room);
    return session;
  };

  it("[J14] sends nothing in its rooms once its successor has joined them", async () => {
    const [room, user] = [uniqueName("replaced"), uniqueName("ada")];
    const watcher = await join(room, "watcher");
    const old = await joinedBy(room, user);
    await old.next("connected", (frame) => frame.room === room);
    await old.ask({ type: "send", id: "m", room, data: "first" });
    const session = String(old.ofType("connected")[0]?.connection);
    await evictDurableObject(userObject(user), { webSockets: "hibernate" });
    const next = await joinedBy(room, user, `?replaces=${session}`);
    expect(await old.closed).toMatchObject({ code: 4409 });
    await next.ask({ type: "edit", id: "e", room, seq: 1, data: "newer" });
    // What was on its way from the old session to the room.
    const late = JSON.stringify({ type: "edit", id: "late", seq: 1, data: "older" });
    expect(await roomObject(room).receive(session, [late])).toBe(false);
    await next.ask({ type: "ping", id: "p", room });
    expect(await textOf(room, 1)).toBe("newer");
    // The member was there all the time.
    await watcher.settled();
    expect(
      watcher.ofType("memberJoined").filter(({ member }) => (member as { id: string }).id === user),
    ).toHaveLength(1);
    expect(watcher.ofType("memberLeft")).toEqual([]);
  });

  it("[J14] is closed in the room by its successor, also if the end of the session has not arrived there", async () => {
    const [room, user] = [uniqueName("replaced"), uniqueName("ada")];
    const old = await joinedBy(room, user);
    await old.ask({ type: "send", id: "m", room, data: "first" });
    const session = String(old.ofType("connected")[0]?.connection);
    // The request of the successor's user object, before the `leave` of the old session.
    const identity = {
      kind: "user",
      user: { id: user },
      expiresAt: Date.now() + 60_000,
      issuedAt: Date.now(),
    } as const;
    const actor = { identity, permission: "write" } as const;
    const base = {
      join: "x",
      id: "j",
      actor,
      topics: null,
      presence: true,
      history: 0,
      revokedTokens: NONE_REVOKED,
    };
    const stranger = { ...actor, identity: { ...identity, user: { id: "stranger" } } };
    const asStranger = { ...base, connection: "c_stranger", actor: stranger, replacesSession: session };
    await roomObject(room).join(asStranger);
    expect(await roomObject(room).receive(session, ['{"type":"ping"}'])).toBe(true);
    await roomObject(room).join({ ...base, connection: "c_next", replacesSession: session });
    expect(await roomObject(room).receive(session, ['{"type":"ping"}'])).toBe(false);
  });

  it("[J14] may be a socket of the room, which a join names", async () => {
    const [room, user] = [uniqueName("replaced"), uniqueName("ada")];
    const old = await join(room, user);
    const session = await openSession(user);
    session.send({ type: "join", id: "j", room, replaces: await connectionOf(old) });
    await session.next("caughtUp", (frame) => frame.room === room);
    expect(await old.closed).toMatchObject({ code: 4409 });
  });
});
