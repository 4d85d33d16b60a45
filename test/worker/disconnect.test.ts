import { runInDurableObject } from "cloudflare:test";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { ask, many } from "./support/changes.ts";
import { dated, disconnect, intoRoom, intoSession, VOID, WINDOW_MS } from "./support/disconnect.ts";
import { crash, sleep, stopClock, userExists } from "./support/objects.ts";
import {
  call,
  callAs,
  callAsServer,
  errorOf,
  fill,
  join,
  openSession,
  roomHas,
  roomObject,
  tokenFor,
  uniqueName,
  userObject,
} from "./support/worker.ts";

const lines: Record<string, unknown>[] = [];
beforeEach(() => {
  lines.length = 0;
  const info = vi.spyOn(console, "info").mockImplementation((text) => {
    const line = JSON.parse(String(text));
    if (line.event === "disconnected") lines.push(line);
  });
  onTestFinished(() => info.mockRestore());
});

describe("disconnect", () => {
  it("[B7][B11] closes everything that a user has open, and states when a fresh token will be accepted", async () => {
    const user = uniqueName("user");
    const [room, other] = [uniqueName("one"), uniqueName("two")];
    const now = stopClock();
    const ada = await join(room, "ada");
    const theirs = [
      await join(room, user),
      await join(room, user),
      await join(other, user),
      await openSession(user),
    ];
    const polled = await callAs(await tokenFor(user), "GET", `/v1/rooms/${room}/events?wait=20`);
    await roomHas(room, 4);
    stopClock(now + 437);
    expect(await disconnect(user)).toBe(2);
    for (const socket of theirs)
      expect(await socket.closed).toEqual({ code: 4401, reason: "token_expired 61437" });
    expect([polled.status, await errorOf(polled)]).toMatchObject([
      200,
      { code: "token_expired", retryAfterMs: 61_437 },
    ]);
    await fill(ada, 1);
    expect(lines).toEqual([{ level: "info", event: "disconnected", user, rooms: 2 }]);
  });

  it("[B10] revokes tokens dated up to 60 s later, in known and new rooms, and nothing later", async () => {
    const user = uniqueName("user");
    const room = uniqueName("known");
    const now = stopClock();
    const old = await dated(user, now, 0);
    // Issued before the disconnect, by a signer whose clock is ahead.
    const ahead = await dated(user, now, 60);
    await intoRoom(room, ahead);
    stopClock(now + 999);
    await disconnect(user);
    for (const [token, waitMs] of [
      [old, 61_999],
      [ahead, 1_999],
    ] as const) {
      const entries = [intoRoom(room, token), intoRoom(uniqueName("new"), token), intoSession(token)];
      expect(await Promise.all(entries)).toEqual(many(3, () => `${VOID} ${waitMs}`));
    }
    stopClock(now + 1_000);
    const fresh = await dated(user, now, 61);
    stopClock(now + 999 + WINDOW_MS);
    for (const token of [old, ahead])
      expect([await intoRoom(room, token), await intoSession(token)]).toEqual([VOID, VOID]);
    expect([
      await intoRoom(room, fresh),
      await intoRoom(uniqueName("new"), fresh),
      await intoSession(fresh),
    ]).toEqual(many(3, () => "connected"));
    expect((await callAs(fresh, "GET", `/v1/rooms/${room}`)).status).toBe(200);
  });

  it.each([-60, -30, -5, 0, 5, 59])(
    "[B11] a client that waits as requested gets in with a fresh token of a signer that is %i s ahead",
    async (lagS) => {
      const user = uniqueName("user");
      const room = uniqueName("lag");
      const start = stopClock();
      const signed = (now: number) => dated(user, now, lagS);
      expect(await intoRoom(room, await signed(start))).toBe("connected");
      let now = start + 250;
      stopClock(now);
      await disconnect(user);
      const ways = [(token: string) => intoRoom(room, token), intoSession];
      for (const enter of ways) {
        let outcome = "";
        for (let tries = 0; outcome !== "connected" && tries < 4; tries++) {
          outcome = await enter(await signed(now));
          now += Number(/^4401 token_expired (\d+)$/.exec(outcome)?.[1] ?? 0);
          stopClock(now);
        }
        expect(outcome).toBe("connected");
        expect(now - start).toBeLessThanOrEqual(250 + WINDOW_MS);
      }
      expect((await callAs(await signed(now), "GET", "/v1/me/notifications")).status).toBe(200);
    },
  );

  it("[B7] takes effect for calls within 60 s, and at once in a room that knows of it", async () => {
    const user = uniqueName("user");
    const [room, unknown] = [uniqueName("known"), uniqueName("unknown")];
    const now = stopClock();
    const token = await dated(user, now, -1);
    await intoRoom(room, token);
    const statuses = async () => {
      const calls: [string, string, unknown?][] = [
        ["GET", `/v1/rooms/${room}`],
        ["POST", `/v1/rooms/${room}/messages`, { data: 1 }],
        ["GET", `/v1/rooms/${room}/events`],
        ["POST", `/v1/rooms/${unknown}/messages`, { data: 1 }],
        ["GET", "/v1/me/notifications"],
      ];
      const responses = await Promise.all(
        calls.map(([method, path, body]) => callAs(token, method, path, body)),
      );
      return responses.map(({ status }) => status);
    };
    expect(await statuses()).toEqual([200, 201, 200, 201, 200]);
    await disconnect(user);
    expect((await statuses()).slice(0, 3)).toEqual([401, 401, 401]);
    stopClock(now + 60_000);
    expect(await statuses()).toEqual([401, 401, 401, 401, 401]);
    const refused = await callAs(token, "GET", "/v1/me/notifications");
    expect(await errorOf(refused)).toEqual({
      code: "token_expired",
      message: expect.any(String),
      retryAfterMs: 1_000,
    });
    stopClock(now + WINDOW_MS);
    const final = await errorOf(await callAs(token, "GET", "/v1/me/notifications"));
    expect(final).toEqual({ code: "token_expired", message: expect.any(String) });
    const next = await dated(user, now, 61);
    expect((await callAs(next, "GET", "/v1/me/notifications")).status).toBe(200);
  });

  it("[B7] auth with a revoked token is refused in a room and on a session, and the new one stays in force", async () => {
    const user = uniqueName("user");
    const room = uniqueName("auth");
    const now = stopClock();
    const old = await dated(user, now, 0);
    await disconnect(user);
    stopClock(now + WINDOW_MS);
    const sockets = [await join(room, user), await openSession(user)];
    for (const socket of sockets) {
      expect(await ask(socket, { type: "auth", token: old })).toMatchObject({
        type: "error",
        code: "token_expired",
      });
      expect(await ask(socket, { type: "auth", token: await dated(user, now, 61) })).toMatchObject({
        type: "ok",
      });
    }
    expect(await ask(sockets[0] ?? fail(), { type: "send", data: 1 })).toMatchObject({ type: "ok" });
  });

  it("[B7] reaches rooms and users that sleep, and survives a restart of each", async () => {
    const user = uniqueName("user");
    const rooms = many(3, () => uniqueName("asleep"));
    const now = stopClock();
    const token = await dated(user, now, 0);
    const sockets = await Promise.all(rooms.map((room) => join(room, user)));
    const session = await openSession(user);
    for (const room of rooms) await sleep(roomObject(room));
    await sleep(userObject(user));
    expect(await disconnect(user)).toBe(3);
    for (const socket of [...sockets, session]) expect((await socket.closed).code).toBe(4401);
    // Later than the 5 s for which lost members stay.
    stopClock(now + WINDOW_MS);
    for (const room of rooms) await roomHas(room, 0);
    for (const restart of [sleep, crash]) {
      for (const room of rooms) await restart(roomObject(room));
      await restart(userObject(user));
      for (const room of [...rooms, uniqueName("new")]) expect(await intoRoom(room, token)).toBe(VOID);
      expect(await intoSession(token)).toBe(VOID);
    }
  });

  it("[B7] of an unknown user succeeds, and an invalid user id is refused", async () => {
    const user = uniqueName("never");
    expect(await disconnect(user)).toBe(0);
    expect(await disconnect(user)).toBe(0);
    expect(await disconnect("__proto__")).toBe(0);
    for (const wrong of ["a%0Ab", "%00", "%E2%80%A8", "%", "a%2", "%E2%82", "x".repeat(256)]) {
      const response = await callAsServer("POST", `/v1/users/${wrong}/disconnect`);
      expect([response.status, (await errorOf(response)).code], wrong).toEqual([400, "bad_request"]);
    }
  });

  it("[B7] requires an API key, and calls no object otherwise", async () => {
    const user = uniqueName("victim");
    const path = `/v1/users/${user}/disconnect`;
    const moderator = await tokenFor(user, { rooms: { "*": "moderate" } });
    expect((await callAs(moderator, "POST", path)).status).toBe(403);
    expect((await call(path, { method: "POST" })).status).toBe(401);
    expect((await callAs("nonsense", "POST", path)).status).toBe(401);
    expect([await userExists(user), lines]).toEqual([false, []]);
  });

  it("[B7] twice at once, and again later, each revokes the tokens before it", async () => {
    const user = uniqueName("user");
    const room = uniqueName("again");
    const now = stopClock();
    await intoRoom(room, await dated(user, now, 0));
    await Promise.all([disconnect(user), disconnect(user)]);
    stopClock(now + 1_500);
    const next = await dated(user, now, 61);
    expect(await intoRoom(room, next)).toBe("connected");
    expect(await disconnect(user)).toBe(1);
    stopClock(now + 2_000);
    expect(await intoRoom(room, next)).toBe(`${VOID} 1500`);
    expect(await intoRoom(room, await dated(user, now, 62))).toBe("connected");
  });
});

describe("a user with very many rooms", () => {
  /** As if the user had opened 2,000 rooms before, all of which are gone. */
  async function withManyRooms(user: string): Promise<void> {
    await runInDurableObject(userObject(user), (_, { storage: { sql } }) => {
      sql.exec(
        `WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2000)
         INSERT INTO rooms SELECT 'z' || n, ?, 0 FROM n`,
        Number.MAX_SAFE_INTEGER,
      );
    });
    await sleep(userObject(user));
  }

  it("[U29][B7] reaches a room in which the user has a socket, because the user's object keeps it", async () => {
    const user = uniqueName("user");
    // The names of those that are asked first.
    const [room, left] = [uniqueName("0open"), uniqueName("0left")];
    const socket = await join(room, user);
    (await join(left, user)).close(1000);
    await roomHas(left, 0);
    for (const name of [room, left])
      await runInDurableObject(userObject(user), (object) => object.unfollow(name, null));
    await withManyRooms(user);
    const known = () =>
      runInDurableObject(userObject(user), (_, { storage: { sql } }) =>
        sql
          .exec<{ room: string }>("SELECT room FROM rooms WHERE room < '1' ORDER BY room")
          .toArray()
          .map((row) => row.room),
      );
    await join(uniqueName("a"), user);
    await expect.poll(known).toEqual([room]);
    expect(await roomObject(room).release(user)).toBe(false);
    expect(await roomObject(left).release(user)).toBe(true);
    await disconnect(user);
    expect(await socket.closed).toMatchObject({ code: 4401 });
  });
});

const fail = (): never => {
  throw new Error("there is none");
};
