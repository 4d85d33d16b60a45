import { describe, expect, it } from "vitest";
import type { TokenAnswer } from "../../../client/index.ts";
import { inboxOf } from "../../../client/index.ts";
import { RoomsError } from "../../../client/util/errors.ts";
import { dialedRoom, roomForTest } from "./support/client-for-test.ts";
import { connected, EXPIRES_AT, LIMITS, ok, refusal, sessionConnected } from "./support/frames.ts";

/** Returns `t1`, `t2`… and records when it was asked. */
function tokens() {
  const asked: string[] = [];
  const getToken = () => {
    asked.push(`t${asked.length + 1}.e30.s`);
    return asked.at(-1) ?? null;
  };
  return { asked, getToken };
}

describe("a token", () => {
  it("is cached for all sockets and used again", async () => {
    const { asked, getToken } = tokens();
    const { client, socket, clock } = await roomForTest({ getToken });
    client.room("other");
    inboxOf(client).on("notification", () => {});
    await clock.advance(0);
    socket().deliver(sessionConnected());
    socket().end(1006);
    await clock.advance(10_000);
    expect(asked).toEqual(["t1.e30.s"]);
  });

  it("[C274] is asked for anew by `reconnect` of the client, as the app may have another user", async () => {
    const { asked, getToken } = tokens();
    const { client, room, sockets, clock } = await roomForTest({ getToken });
    client.reconnect();
    await clock.advance(0);
    // It was asked for in this moment.
    expect(asked.length).toBe(1);
    client.room("other");
    await clock.advance(2_000);
    client.reconnect();
    await clock.advance(0);
    expect(asked.length).toBe(2);
    for (const { protocols } of sockets.all.slice(-2)) expect(protocols[1]).toBe("token.t2.e30.s");
    room.reconnect();
    await clock.advance(2_000);
    expect(asked.length).toBe(2);
  });

  it.each([
    ["stays where there is no answer", new Error("no network"), "connecting"],
    ["counts no more where the user has signed out", new RoomsError("unauthorized", ""), "disconnected"],
  ] as const)("[C274] %s to that", async (_, error, status) => {
    let answer = () => "t1.e30.s";
    const { client, room, sockets, clock } = await roomForTest({ getToken: () => answer() });
    answer = () => {
      throw error;
    };
    await clock.advance(2_000);
    const before = sockets.count;
    client.reconnect();
    await clock.advance(0);
    expect([room.state.status, sockets.count - before]).toEqual([status, status === "connecting" ? 1 : 0]);
  });

  it("[C27] is replaced by `auth` when a minute, or a tenth of its life, is left", async () => {
    const { asked, getToken } = tokens();
    const { client, sockets, clock } = await roomForTest({ getToken });
    client.room("other");
    await clock.advance(0);
    sockets.last.deliver(connected({ room: "other" }), { type: "caughtUp", seq: 0 });
    await clock.advance(3_600_000 - 60_000 - 1);
    expect(asked).toEqual(["t1.e30.s"]);
    await clock.advance(1);
    expect(asked).toEqual(["t1.e30.s", "t2.e30.s"]);
    for (const socket of sockets.all) expect(socket.sentOf("auth")).toMatchObject([{ token: "t2.e30.s" }]);
  });

  it.each([
    [100_000, 90_000],
    [5_000, 4_000],
  ])("[C27] that lives %i ms is replaced after %i ms", async (lifeMs, renewedAfterMs) => {
    const { asked, getToken } = tokens();
    const expiresAt = EXPIRES_AT - 3_600_000 + lifeMs;
    const { clock } = await roomForTest({ getToken }, {}, { expiresAt });
    await clock.advance(renewedAfterMs - 1);
    expect(asked.length).toBe(1);
    await clock.advance(1);
    expect(asked.length).toBe(2);
  });

  it("[C27] counts from the `ok` of `auth`, which may change the permission", async () => {
    const { asked, getToken } = tokens();
    const { clock, socket, room } = await roomForTest(
      { getToken },
      {},
      { expiresAt: EXPIRES_AT - 3_590_000 },
    );
    await clock.advance(9_000);
    const [auth] = socket().sentOf("auth");
    socket().deliver(ok(auth, { expiresAt: EXPIRES_AT, permission: "read" }));
    expect(room.permission).toBe("read");
    await clock.advance(60_000);
    expect(asked.length).toBe(2);
  });

  it("[C26] that is renewed by `auth` counts against the rate as every command does", async () => {
    const limits = { ...LIMITS, ratePerSecond: 2, rateBurst: 3 };
    const { clock, socket, room } = await roomForTest({ getToken: tokens().getToken }, {}, { limits });
    await clock.advance(3_540_000);
    expect(socket().sentOf("auth").length).toBe(1);
    for (const n of [1, 2, 3]) void room.send(n);
    await clock.advance(0);
    expect(
      socket()
        .sentOf("send")
        .map(({ data }) => data),
    ).toEqual([1, 2]);
  });

  it("[C27] that `auth` refuses leaves the old one in force until the server closes", async () => {
    const { asked, getToken } = tokens();
    const { clock, socket, room } = await roomForTest({ getToken });
    await clock.advance(3_540_000);
    socket().deliver(refusal(socket().sentOf("auth")[0], "unauthorized"));
    await clock.advance(10_000);
    expect(room.state.status).toBe("connected");
    socket().end(4401, "token_expired");
    await clock.advance(0);
    expect(asked).toEqual(["t1.e30.s", "t2.e30.s", "t3.e30.s"]);
    expect(socket().protocols).toContain("token.t3.e30.s");
  });

  it.each(["token_expired", "overloaded"])(
    "[C27] that `auth` refuses for a while (%s) is followed by the next one after that while",
    async (code) => {
      const { asked, getToken } = tokens();
      const { clock, socket, room } = await roomForTest({ getToken });
      await clock.advance(3_540_000);
      socket().deliver(refusal(socket().sentOf("auth")[0], code, { retryAfterMs: 10_000 }));
      await clock.advance(9_999);
      expect(asked).toEqual(["t1.e30.s", "t2.e30.s"]);
      await clock.advance(5_001);
      expect(asked).toEqual(["t1.e30.s", "t2.e30.s", "t3.e30.s"]);
      const auth = socket().sentOf("auth").at(-1);
      expect(auth).toMatchObject({ token: "t3.e30.s" });
      socket().deliver(ok(auth, { expiresAt: EXPIRES_AT + 3_600_000, permission: "write" }));
      await clock.advance(60_000);
      expect([room.state.status, asked.length]).toEqual(["connected", 3]);
    },
  );

  it.each(["unauthorized", "token_expired", "internal", "rate_limited"])(
    "[C132] that `auth` refuses (%s) is followed by the next one, with jitter, while the old one is in force",
    async (code) => {
      const { asked, getToken } = tokens();
      const { clock, socket, sockets, room } = await roomForTest({ getToken });
      await clock.advance(3_540_000);
      for (const n of [2, 3]) {
        socket().deliver(refusal(socket().sentOf("auth").at(-1), code));
        await clock.advance(4_999);
        expect(asked.length).toBe(n);
        await clock.advance(5_001);
        expect(asked.length).toBe(n + 1);
      }
      const auth = socket().sentOf("auth").at(-1);
      expect(auth).toMatchObject({ token: "t4.e30.s" });
      socket().deliver(ok(auth, { expiresAt: EXPIRES_AT + 3_600_000, permission: "write" }));
      await clock.advance(100_000);
      expect([room.state.status, asked.length, sockets.count]).toEqual(["connected", 4, 1]);
    },
  );

  it("[C27] that `auth` refuses for good as revoked is not used again when the server closes", async () => {
    const { asked, getToken } = tokens();
    const { clock, socket } = await roomForTest({ getToken });
    await clock.advance(3_540_000);
    socket().deliver(refusal(socket().sentOf("auth")[0], "token_expired"));
    socket().end(4401, "token_expired");
    await clock.advance(1_000);
    expect(asked).toEqual(["t1.e30.s", "t2.e30.s", "t3.e30.s"]);
    expect(socket().protocols).toContain("token.t3.e30.s");
  });

  it("is requested at most once per second", async () => {
    const askedAt: number[] = [];
    let now = () => 0;
    const { clock } = await dialedRoom({
      reconnect: { minMs: 1, maxMs: 1 },
      getToken: () => {
        askedAt.push(now());
        return Promise.reject(new Error("offline"));
      },
    });
    now = () => clock.now();
    await clock.advance(5_000);
    const gaps = askedAt.slice(2).map((at, index) => at - (askedAt[index + 1] ?? 0));
    expect(gaps.length).toBeGreaterThan(2);
    for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(1_000);
  });

  it("is requested within a second also if the clock was set back", async () => {
    const { asked, getToken } = tokens();
    const { clock, socket, sockets } = await roomForTest({ getToken });
    clock.setWall(-3_600_000);
    socket().end(4401, "token_expired");
    await clock.advance(1_000);
    expect([asked.length, sockets.count]).toEqual([2, 2]);
  });

  it("that is not available is a failed attempt", async () => {
    const { room, clock } = await dialedRoom({
      maxAttempts: 2,
      getToken: () => Promise.reject(new TypeError("fetch failed")),
    });
    expect(room.state).toMatchObject({ status: "reconnecting", error: { code: "offline" } });
    await clock.advance(5_000);
    expect(room.state.status).toBe("disconnected");
  });

  it("[C107] that does not come within 30 s is a failed attempt, which the log tells too", async () => {
    const logged: unknown[] = [];
    const { room, clock } = await dialedRoom({
      getToken: () => new Promise(() => {}),
      log: (level, message) => logged.push([level, message]),
    });
    await clock.advance(30_000);
    expect(logged).toContainEqual(["warn", "getToken did not answer in time."]);
    expect(room.state).toMatchObject({ status: "reconnecting", error: { code: "timeout" } });
  });

  it("denied with `unauthorized` ends the attempts", async () => {
    const { room, sockets } = await dialedRoom({
      getToken: () => Promise.reject(new RoomsError("unauthorized", "Signed out.")),
    });
    expect(room.state).toMatchObject({ status: "disconnected", error: { message: "Signed out." } });
    expect(sockets.count).toBe(0);
  });

  it("may end in a line break", async () => {
    const { socket } = await dialedRoom({ getToken: () => "t1.e30.s\n" });
    expect(socket().protocols).toEqual(["edge-rooms.v1", "token.t1.e30.s"]);
  });

  it.each<[string, TokenAnswer]>([
    ["a text", "t1.e30.s"],
    ["an object", { token: "t1.e30.s" }],
  ])("[C107] may be %s", async (_, answer) => {
    const { socket } = await dialedRoom({ getToken: () => answer });
    expect(socket().protocols).toEqual(["edge-rooms.v1", "token.t1.e30.s"]);
  });

  it.each<TokenAnswer>([null, undefined, { token: null }])("[C107] may be missing: %j", async (answer) => {
    const { socket } = await dialedRoom({ getToken: () => answer });
    expect(socket().protocols).toEqual(["edge-rooms.v1"]);
  });

  const secret = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl";

  it.each<[TokenAnswer | object, string]>([
    ["<!DOCTYPE html>\n<title>502 Bad Gateway</title>", "<!DOCTYPE html> <title>502 Bad Gateway</title>"],
    [`${"<p>".repeat(10_000)}`, "<p><p>"],
    [JSON.stringify({ token: secret }), '{"token":"…"}'],
    ["", "a text of 0 characters"],
    [{ error: "no", access: secret }, "error, access"],
    [new Response("{}"), "[object Response]"],
    ["undefined", "undefined"],
    [secret.replaceAll(".", "-"), `a text of ${secret.length} characters`],
  ])("[C107] that is no JWT is a failed try that shows what came: %#", async (answer, shown) => {
    const logged: string[] = [];
    let isDown = true;
    const { room, clock, sockets, socket } = await dialedRoom({
      // @ts-expect-error What a back end sends is not always what it should be.
      getToken: () => (isDown ? answer : secret),
      log: (level, message) => level === "warn" && logged.push(message),
    });
    const { state } = room;
    if (state.status !== "reconnecting") throw new Error(`it is ${state.status}`);
    expect(state.error.code).toBe("offline");
    expect(state.error.message).toContain(shown);
    expect(state.error.message.length).toBeLessThan(150);
    expect(state.error.message).not.toContain("eyJ");
    expect(logged).toContain(state.error.message);
    await clock.advance(120_000);
    expect([room.state.status === "disconnected", sockets.count]).toEqual([false, 0]);
    isDown = false;
    await clock.advance(31_000);
    expect(socket().protocols).toContain(`token.${secret}`);
  });

  it("[C107] of a getToken that rejects is missing for the reason in error and log", async () => {
    const cause = new TypeError(`fetch failed ${secret}`);
    const logged: unknown[][] = [];
    const { room } = await dialedRoom({
      getToken: () => Promise.reject(cause),
      log: (...line) => logged.push(line),
    });
    const message = "getToken failed: TypeError: fetch failed …";
    expect(room.state).toMatchObject({ status: "reconnecting", error: { code: "offline", message, cause } });
    const lines = logged.map(([, line]) => String(line)).find((line) => line.startsWith(message));
    expect(lines).toMatch(/^.+\n +at .+token\.test\.ts/);
    expect(lines?.split("\n").length).toBeLessThanOrEqual(4);
  });

  it("[C107] of a getToken that fails in the same way again and again is one line of the log, until it gives one", async () => {
    let isDown = true;
    const logged: string[] = [];
    const { clock, socket, sockets } = await dialedRoom({
      getToken: () => (isDown ? Promise.reject(new Error("down")) : secret),
      log: (level, message) => level === "warn" && logged.push(message),
    });
    await clock.advance(120_000);
    expect(logged.filter((line) => line.startsWith("getToken failed"))).toHaveLength(1);
    isDown = false;
    while (sockets.count === 0) await clock.advance(1_000);
    isDown = true;
    socket().end(4401, "token_expired");
    await clock.advance(31_000);
    expect(logged.filter((line) => line.startsWith("getToken failed"))).toHaveLength(2);
  });

  it("[C125] is in no line of the log, whatever an error of the app quotes", async () => {
    for (const cause of [
      new RoomsError("unauthorized", `my server refused ${secret}`),
      new RoomsError("offline", `no answer for Bearer ${secret},`, { cause: secret }),
      Object.assign(new Error(`gone: ${secret}`), { request: { token: secret } }),
    ]) {
      const logged: unknown[][] = [];
      const { room, client } = await dialedRoom({
        getToken: () => Promise.reject(cause),
        log: (...line) => logged.push(line),
      });
      expect(room.state).toMatchObject({ error: expect.anything() });
      client.close();
      expect(logged.length).toBeGreaterThan(1);
      expect(JSON.stringify(logged)).not.toContain("eyJ");
    }
  });

  it.each([
    ["an address", new Error("no answer of https://app:0123456789abcdef0123@auth.example.com:8443")],
    ["a line like one of the stack", new Error("refused\n    at key 0123456789abcdef0123")],
  ])("[C230] of a getToken that rejects shows nothing in the log of %s in its error", async (_, cause) => {
    const logged: unknown[][] = [];
    await dialedRoom({ getToken: () => Promise.reject(cause), log: (...line) => logged.push(line) });
    expect(JSON.stringify(logged)).toContain("token.test.ts");
    expect(JSON.stringify(logged)).not.toContain("0123456789abcdef0123");
  });

  it("[C230] of a getToken that rejects with a whole page takes no time to log", async () => {
    const cause = new Error(`${"@media:1".repeat(5_000)};`);
    const startedAt = performance.now();
    await dialedRoom({ getToken: () => Promise.reject(cause), log: () => {} });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  it("[C107] of a getToken that rejects with what has no stack as text is a failed try", async () => {
    const cause = Object.assign(new Error("gone"), { stack: 5 });
    const { room } = await dialedRoom({ getToken: () => Promise.reject(cause), log: "off" });
    expect(room.state).toMatchObject({ status: "reconnecting", error: { code: "offline" } });
  });

  it("[C107] of a getToken that rejects with what has no text is a failed try", async () => {
    let isDown = true;
    const { room, clock, sockets } = await dialedRoom({
      getToken: () => (isDown ? Promise.reject(Object.create(null)) : secret),
      log: "off",
    });
    expect(room.state).toMatchObject({ status: "reconnecting", error: { code: "offline" } });
    isDown = false;
    await clock.advance(31_000);
    expect(sockets.count).toBe(1);
  });
});
