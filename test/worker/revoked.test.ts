// A revoked token stays revoked, whatever happens in between; tokens without a date; and what else a disconnect ends.

import { runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { browserSubscription } from "../support/web-push.ts";
import { ask } from "./support/changes.ts";
import { dated, disconnect, intoRoom, intoSession, open, VOID, WINDOW_MS } from "./support/disconnect.ts";
import { crash, recordWrites, sleep, stopClock } from "./support/objects.ts";
import { answering, HOST, holdAlarms, notify, startPushService } from "./support/push-service.ts";
import type { TestSocket } from "./support/test-socket.ts";
import {
  call,
  callAs,
  callAsServer,
  errorOf,
  join,
  openSession,
  roomObject,
  tokenFor,
  uniqueName,
  userObject,
} from "./support/worker.ts";

beforeEach(() => {
  const info = vi.spyOn(console, "info").mockImplementation(() => {});
  onTestFinished(() => info.mockRestore());
});

const pathOf = (room: string) => `/v1/rooms/${room}/connect`;

describe("a revoked token", () => {
  async function revokedModerator() {
    const [room, user] = [uniqueName("room"), uniqueName("bo")];
    const now = stopClock();
    const old = await dated(user, now, 0, { rooms: { "*": "moderate" } });
    expect(await intoRoom(room, old)).toBe("connected");
    await disconnect(user);
    stopClock(now + WINDOW_MS);
    const bo = await join(room, user, { rooms: { "*": "read" } });
    return { room, user, now, old, bo };
  }

  const auth = (socket: TestSocket, token: string) => ask(socket, { type: "auth", token });

  it("[B9] stays revoked when the room is unfollowed: auth with it is refused", async () => {
    const { room, user, old, bo } = await revokedModerator();
    const reader = await tokenFor(user, { rooms: { "*": "read" } });
    for (const unfollow of [
      () => callAs(reader, "DELETE", `/v1/me/rooms/${room}`),
      () => callAsServer("DELETE", `/v1/users/${user}/rooms/${room}`),
    ]) {
      expect((await unfollow()).status).toBe(200);
      expect(await auth(bo, old)).toMatchObject({ type: "error", code: "token_expired" });
      expect(await intoRoom(room, old)).toBe(VOID);
    }
    expect(await ask(bo, { type: "send", data: 1 })).toMatchObject({ code: "forbidden" });
    await crash(roomObject(room));
    expect(await intoRoom(room, old)).toBe(VOID);
  });

  it("[B9] stays revoked after a ban and its end, and after a purge", async () => {
    const { room, user, old } = await revokedModerator();
    await callAsServer("POST", `/v1/rooms/${room}/kick`, { user, banSeconds: 60 });
    await callAsServer("DELETE", `/v1/rooms/${room}/bans/${user}`);
    await callAsServer("DELETE", `/v1/rooms/${room}`);
    const bo = await join(room, user, { rooms: { "*": "read" } });
    expect(await auth(bo, old)).toMatchObject({ type: "error", code: "token_expired" });
    await sleep(roomObject(room));
    expect(await auth(bo, old)).toMatchObject({ type: "error", code: "token_expired" });
  });

  it("[B9] a new opening follows an unfollowed room again, an auth does not", async () => {
    const [room, user] = [uniqueName("room"), uniqueName("bo")];
    const bearer = await tokenFor(user);
    const follows = async () =>
      (await (await callAs(bearer, "GET", "/v1/me/rooms")).json<{ rooms: unknown[] }>()).rooms.length;
    const undated = await tokenFor(user, { claims: { iat: undefined } });
    const bo = await open(pathOf(room), undated);
    await callAs(bearer, "DELETE", `/v1/me/rooms/${room}`);
    for (const token of [bearer, undated]) expect(await auth(bo, token)).toMatchObject({ type: "ok" });
    expect(await follows()).toBe(0);
    await join(room, user);
    expect(await follows()).toBe(1);
  });
});

describe("a token without iat", () => {
  const undatedToken = (user: string, now: number, livesS: number) =>
    tokenFor(user, { claims: { iat: undefined, exp: Math.floor(now / 1_000) + livesS } });

  it("[B12] is dated by its nbf", async () => {
    const user = uniqueName("user");
    const now = stopClock();
    const withNbf = (seconds: number) =>
      dated(user, now, 0, { claims: { iat: undefined, nbf: Math.floor(now / 1_000) + seconds } });
    expect(await intoSession(await withNbf(0))).toBe("connected");
    await disconnect(user);
    stopClock(now + WINDOW_MS);
    expect(await intoSession(await withNbf(60))).toBe(VOID);
    expect(await intoSession(await withNbf(61))).toBe("connected");
  });

  const ways: [string, (room: string, user: string, token: string) => Promise<unknown>][] = [
    ["a room socket", (room, _, token) => intoRoom(room, token)],
    ["a session", (_room, _, token) => intoSession(token)],
    ["a call", (_room, _, token) => callAs(token, "GET", "/v1/me/notifications")],
    ["a call in a room", (room, _, token) => callAs(token, "GET", `/v1/rooms/${room}`)],
    ["a poll", (room, _, token) => callAs(token, "GET", `/v1/rooms/${room}/events`)],
    ["auth in a room", async (room, user, token) => ask(await join(room, user), { type: "auth", token })],
    ["auth on a session", async (_, user, token) => ask(await openSession(user), { type: "auth", token })],
    [
      "a joined room",
      async (room, _, token) => ask(await open("/v1/connect", token), { type: "join", room }),
    ],
  ];

  it.each(ways)(
    "[B12][B13] that came by %s is revoked by a disconnect, a later one is not",
    async (_, use) => {
      const [room, user] = [uniqueName("room"), uniqueName("user")];
      const now = stopClock();
      const used = await undatedToken(user, now, 600);
      await use(room, user, used);
      await crash(userObject(user));
      await disconnect(user);
      // For calls this takes a minute.
      stopClock(now + WINDOW_MS);
      const fresh = await undatedToken(user, now, 601);
      for (const into of [(token: string) => intoRoom(room, token), intoSession])
        expect([await into(used), await into(fresh)]).toEqual([VOID, "connected"]);
      const statuses = [used, fresh].map(
        async (token) => (await callAs(token, "GET", `/v1/rooms/${room}`)).status,
      );
      expect(await Promise.all(statuses)).toEqual([401, 200]);
      const refused = await ask(await openSession(user), { type: "auth", token: used });
      expect(refused).toMatchObject({ type: "error", code: "token_expired" });
      // A token that came later is revoked by the next disconnect.
      await disconnect(user);
      expect(await intoRoom(uniqueName("another"), fresh)).toBe(`${VOID} 1000`);
    },
  );

  it("[B12] closes its connections, and the client returns at once with the next token", async () => {
    const [room, user] = [uniqueName("room"), uniqueName("user")];
    const now = stopClock();
    const socket = await open(pathOf(room), await undatedToken(user, now, 600));
    stopClock(now + 5_000);
    await disconnect(user);
    expect(await socket.closed).toEqual({ code: 4401, reason: "token_expired 1000" });
    expect(await intoRoom(room, await undatedToken(user, now, 605))).toBe("connected");
  });

  it("[B12] is refused for good if none was known before, with a hint what to do", async () => {
    const [room, user] = [uniqueName("room"), uniqueName("user")];
    const now = stopClock();
    expect(await intoRoom(room, await dated(user, now, 0))).toBe("connected");
    await disconnect(user);
    const undated = await undatedToken(user, now, 9_000);
    expect([await intoRoom(room, undated), await intoSession(undated)]).toEqual([VOID, VOID]);
    const refused = await callAs(undated, "GET", `/v1/rooms/${room}`);
    expect(await errorOf(refused)).toEqual({
      code: "token_expired",
      message: expect.stringContaining("iat"),
    });
  });

  it("[B13] writes a row only if it expires later than all before", async () => {
    const [room, user] = [uniqueName("room"), uniqueName("user")];
    const now = stopClock();
    await intoRoom(room, await undatedToken(user, now, 600));
    const writes = await recordWrites(userObject(user));
    for (const livesS of [600, 500, 600]) {
      const token = await undatedToken(user, now, livesS);
      await intoRoom(room, token);
      await callAs(token, "GET", `/v1/rooms/${room}`);
    }
    expect(writes.statements).toEqual([]);
    await callAs(await undatedToken(user, now, 700), "GET", `/v1/rooms/${room}`);
    expect(writes.statements).toEqual([expect.stringContaining("last_undated")]);
  });
});

describe("pushes after a disconnect", () => {
  it.each([
    [undefined, 0],
    [{}, 0],
    [{ keepPush: false }, 0],
    [{ keepPush: true }, 1],
  ])("[B14] with the body %j go to %i devices", async (body, devices) => {
    const service = startPushService();
    const user = uniqueName("u");
    await holdAlarms(user);
    await service.subscribe(user);
    await disconnect(user, body);
    await crash(userObject(user));
    await holdAlarms(user);
    await notify(user, { title: "a secret", priority: "urgent" });
    await runInDurableObject(userObject(user), (object) => object.alarm());
    expect(service.pushes).toHaveLength(devices);
  });

  it("[B14] end in the middle of a series, and a revoked token cannot subscribe, at once", async () => {
    const service = startPushService();
    const user = uniqueName("u");
    await holdAlarms(user);
    const now = stopClock();
    const stolen = await dated(user, now, -5);
    // The isolate trusts the token for a minute.
    expect((await callAs(stolen, "GET", "/v1/me/notifications")).status).toBe(200);
    await service.subscribe(user);
    for (const title of ["a", "b", "c"]) await notify(user, { title });
    service.answerWith(async (push, signal) => {
      if (service.pushes.length === 1) await disconnect(user);
      return answering(201)(push, signal);
    });
    stopClock(now + 1_000);
    await runInDurableObject(userObject(user), (object) => object.alarm());
    expect(service.pushes).toHaveLength(1);
    const { json } = await browserSubscription(`${HOST}/fcm/send/${uniqueName("stolen")}`);
    const refused = await callAs(stolen, "POST", "/v1/me/push", json);
    expect([refused.status, (await errorOf(refused)).code]).toEqual([401, "token_expired"]);
    await notify(user, { title: "d" });
    await runInDurableObject(userObject(user), (object) => object.alarm());
    expect(service.pushes).toHaveLength(1);
  });

  it.each([
    [{ keepPushes: true }, ["keepPushes"]],
    [{ keepPush: "yes" }, ["keepPush"]],
    [{ keepPush: null }, ["keepPush"]],
  ])("[B14] remain if the body has an unknown field (%j), which is refused", async (body, path) => {
    const user = uniqueName("u");
    const session = await openSession(user);
    const response = await callAsServer("POST", `/v1/users/${user}/disconnect`, body);
    expect([response.status, await errorOf(response)]).toMatchObject([400, { code: "bad_request", path }]);
    const headers = { Authorization: `Bearer ${env.API_KEYS}` };
    for (const text of ["[]", "nonsense", "true", '{"keepPush":true'] as const) {
      const odd = await call(`/v1/users/${user}/disconnect`, { method: "POST", headers, body: text });
      expect(odd.status, text).toBe(400);
    }
    await session.settled();
  });
});

describe("auth", () => {
  it("[B15] keeps name and picture until the next connect, on a socket and on a session", async () => {
    const [room, user] = [uniqueName("room"), uniqueName("bo")];
    const other = await join(room, "ada");
    const renamed = await tokenFor(user, { name: "New", claims: { picture: "https://new.example/p" } });
    const socket = await join(room, user, { name: "Old" });
    const session = await openSession(user, { name: "Old" });
    await ask(session, { type: "join", room });
    await session.next("caughtUp", (frame) => frame.room === room);
    for (const [connection, more] of [
      [socket, {}],
      [session, { room }],
    ] as const) {
      expect(await ask(connection, { type: "auth", token: renamed })).toMatchObject({ type: "ok" });
      expect(await ask(connection, { ...more, type: "send", data: 1 })).toMatchObject({ type: "ok" });
    }
    await other.settled();
    expect(other.ofType("message").map(({ from }) => from)).toEqual([
      { id: user, name: "Old" },
      { id: user, name: "Old" },
    ]);
    expect(other.ofType("memberUpdated")).toEqual([]);
    // This also applies to rooms that the session joins later; a new connection has the new name.
    const later = uniqueName("later");
    const there = await join(later, "ada");
    await ask(session, { type: "join", room: later });
    expect(await there.next("memberJoined")).toMatchObject({ member: { id: user, name: "Old" } });
    await open(pathOf(later), renamed);
    expect(await there.next("memberUpdated")).toMatchObject({ member: { id: user, name: "New" } });
  });
});
