import { describe, expect, it } from "vitest";
import { backoffMs, RetryPolicy, waitForRetry } from "../../../client/connection/retry.ts";
import { closeEnd } from "../../../client/connection/transport/connection-end.ts";
import { inboxOf } from "../../../client/index.ts";
import { FakeClock } from "../../../client/testing/time/fake-clock.ts";
import { describeBoth, dialedRoom, type RoomWorld, roomForTest } from "./support/client-for-test.ts";
import { message } from "./support/frames.ts";

describe("the back-off", () => {
  it("[C235] waits within both bounds of the back-off, where an app names only one of them", async () => {
    // As an app in JavaScript does it.
    for (const [given, waitMs] of [
      ['{"minMs":4000}', 2_000],
      ['{"maxMs":400}', 200],
    ] as const) {
      const { room, socket, clock } = await roomForTest({ reconnect: JSON.parse(given) });
      socket().end(1006);
      await clock.settle();
      expect(room.state).toMatchObject({ status: "reconnecting", retryAt: clock.now() + waitMs });
    }
  });

  it("[C15] is random between 0 and min(maxMs, minMs · 2ⁿ)", () => {
    const limits = { minMs: 1_000, maxMs: 30_000 };
    const waits = (random: number) => [0, 1, 4, 5, 2_000].map((n) => backoffMs(n, limits, () => random));
    expect(waits(0)).toEqual([0, 0, 0, 0, 0]);
    expect(waits(0.5)).toEqual([500, 1_000, 8_000, 15_000, 15_000]);
  });

  it("[C15] grows from n = 0 with the limits that the server sent last", async () => {
    const { room, socket, clock } = await roomForTest({}, {}, { reconnect: { minMs: 200, maxMs: 500 } });
    const waits: number[] = [];
    for (let round = 0; round < 4; round++) {
      socket().end(1006);
      await clock.settle();
      const { state } = room;
      if (state.status !== "reconnecting") throw new Error(state.status);
      waits.push(state.retryAt - clock.now());
      await clock.advance(waits.at(-1) ?? 0);
    }
    expect(waits).toEqual([100, 200, 250, 250]);
  });

  it("uses the limits of the option instead, if given", async () => {
    const { room, socket, clock } = await roomForTest({ reconnect: { minMs: 10, maxMs: 20 } });
    socket().end(1006);
    await clock.settle();
    expect(room.state).toMatchObject({ retryAt: clock.now() + 5 });
  });

  it("[C16] starts again from zero only after 10 s live", async () => {
    const { room, socket, clock, goLive } = await roomForTest();
    const waitAfter = async (liveMs: number) => {
      await clock.advance(liveMs);
      socket().end(1006);
      await clock.settle();
      const waitMs = room.state.status === "reconnecting" ? room.state.retryAt - clock.now() : -1;
      await clock.advance(waitMs);
      await goLive();
      return waitMs;
    };
    expect(await waitAfter(9_999)).toBe(500);
    expect(await waitAfter(9_999)).toBe(1_000);
    expect(await waitAfter(10_000)).toBe(500);
  });

  it("[C36] is shortened by a hint, but never below 1 s since the last attempt", async () => {
    const { sockets, socket, clock, wake } = await dialedRoom({ random: () => 0.99 });
    socket().end(1006);
    await clock.settle();
    wake();
    await clock.advance(979);
    expect(sockets.count).toBe(1);
    await clock.advance(21);
    expect(sockets.count).toBe(2);
    await clock.advance(1_000);
    socket().end(1006);
    await clock.settle();
    wake();
    await clock.advance(0);
    expect(sockets.count).toBe(3);
  });

  it("[C138] is shortened with jitter by a hint that others hear of in the same moment", async () => {
    const { sockets, socket, clock, wake } = await dialedRoom({ random: () => 0.5 });
    await clock.advance(5_000);
    for (const [isCrowd, afterMs] of [
      [true, 250],
      [false, 0],
    ] as const) {
      socket().end(1006);
      await clock.advance(10);
      socket().end(1006);
      const before = sockets.count;
      wake(isCrowd);
      await clock.advance(afterMs - 1);
      expect([isCrowd, sockets.count]).toEqual([isCrowd, before]);
      await clock.advance(1);
      expect([isCrowd, sockets.count]).toEqual([isCrowd, before + 1]);
      await clock.advance(5_000);
    }
  });

  it("is not begun if the app's own log has ended the client", async () => {
    const { client, room, socket, clock } = await dialedRoom({
      log: (_, message) => message.includes("Next:") && client.close(),
    });
    socket().end(1006);
    await clock.settle();
    expect([room.state.status, clock.pending]).toEqual(["disconnected", 0]);
  });

  it("[C36] is ended by a hint if its time is over but the timer slept with the machine", async () => {
    const clock = new FakeClock();
    let sleptMs = 0;
    const hints: ((waitMs: number) => void)[] = [];
    const ports = {
      clock: {
        now: () => clock.now() + sleptMs,
        elapsed: () => clock.elapsed() + sleptMs,
        after: clock.after.bind(clock),
      },
      onHint: (fn: (waitMs: number) => void) => {
        hints.push(fn);
        return () => {};
      },
    };
    const wait = { triedAt: clock.elapsed(), retryAfterMs: 0, backoffMs: 20_000 };
    let over = false;
    void waitForRetry(ports, wait, new AbortController().signal, () => {}).then(() => {
      over = true;
    });
    sleptMs = 3_600_000;
    for (const fn of hints) fn(0);
    await clock.advance(0);
    expect(over).toBe(true);
  });
});

describeBoth("a page that stands still", () => {
  it("[C137] sends what it gathered, closes its sockets as lost, and comes back with its cursor", async () => {
    const { client, room, clock, socket, sockets, session, suspend, wake, goLive } = await roomForTest();
    socket().deliver(message(1));
    await clock.advance(5_000);
    const stored = room.send("the last words");
    const carrier = session.sessions.count > 0 ? session.sessions.last : socket();
    const left = socket();
    suspend();
    expect(left.sentOf("send")).toMatchObject([{ data: "the last words" }]);
    expect(carrier.closedWith).toBe(4000);
    await clock.settle();
    expect(room.state).toMatchObject({ status: "reconnecting", error: { code: "offline" } });
    // Its timers stand still. They may all fire as it goes on, and so may several events.
    const before = sockets.count;
    for (let n = 0; n < 3; n++) wake();
    await clock.advance(0);
    expect(sockets.count).toBe(before + 1);
    expect(socket().url.searchParams.get("since")).toBe("e1.1");
    const id = left.sentOf("send")[0]?.id;
    await goLive({ recovery: "complete", head: 2 }, message(2, { id, from: { id: "usr_1" } }));
    await expect(stored).resolves.toMatchObject({ seq: 2 });
    expect(socket().sentOf("send")).toEqual([]);
    client.close();
    expect(clock.pending).toBe(0);
  });
});

describeBoth("a network that is gone", () => {
  it("[C108] is shown at once, and tried again with back-off, or when it is back", async () => {
    const { room, clock, sockets, suspend, wake, goLive, session } = await roomForTest();
    const before = [sockets.count, session.sessions.count];
    suspend();
    await clock.settle();
    expect(room.state).toMatchObject({ status: "reconnecting", attempt: 1, error: { code: "offline" } });
    await clock.advance(10);
    wake();
    await clock.advance(1_000);
    expect([sockets.count, session.sessions.count]).not.toEqual(before);
    await goLive({ recovery: "complete" });
    expect(room.state.status).toBe("connected");
  });

  it("[C108] is shown during the handshake too", async () => {
    const { room, clock, suspend } = await dialedRoom();
    suspend();
    await clock.settle();
    expect(room.state).toMatchObject({ status: "reconnecting", error: { code: "offline" } });
  });

  it("[C108] leaves no listener behind", async () => {
    const { client, clock, wakers, suspend } = await roomForTest();
    suspend();
    await clock.advance(0);
    client.close();
    await clock.settle();
    expect(wakers()).toBe(0);
  });
});

describeBoth("the wait that the server asks for", () => {
  it("[C17] with `retryAfterMs` comes before the back-off", async () => {
    const { room, socket, clock } = await roomForTest();
    socket().end(4429, "rate_limited 2000");
    await clock.settle();
    expect(room.state).toMatchObject({ attempt: 1, retryAt: clock.now() + 2_500 });
    expect(room.state).toMatchObject({ error: { code: "rate_limited", retryAfterMs: 2_000 } });
  });

  it("[C36] is not shortened by a hint", async () => {
    const { sockets, socket, clock, wake } = await roomForTest();
    socket().end(4429, "rate_limited 5000");
    await clock.advance(2_000);
    wake();
    await clock.advance(2_999);
    expect(sockets.count).toBe(1);
    await clock.advance(1);
    expect(sockets.count).toBe(2);
  });
});

describe("the attempts", () => {
  it("end after `maxAttempts` failures in a row", async () => {
    const { room, socket, sockets, clock } = await dialedRoom({ maxAttempts: 3 });
    const attempts: unknown[] = [];
    room.on("state", (state) => state.status === "reconnecting" && attempts.push(state.attempt));
    while (room.state.status !== "disconnected") {
      socket().end(1006);
      await clock.advance(30_000);
    }
    expect(sockets.count).toBe(3);
    expect(attempts).toEqual([2, 3]);
    expect(room.state).toMatchObject({ error: { code: "offline" } });
  });

  it("are counted from zero after one that went live", async () => {
    const { room, socket, clock, goLive } = await dialedRoom({
      maxAttempts: 2,
      reconnect: { minMs: 10, maxMs: 10 },
    });
    for (let round = 0; round < 5; round++) {
      socket().end(1006);
      await clock.advance(5_000);
      await goLive();
      socket().end(1006);
      await clock.advance(5_000);
    }
    expect(room.state).toEqual({ status: "connecting", attempt: 1 });
  });

  it("end with the first failure or loss if the maximum is 0", async () => {
    const failed = await dialedRoom({ maxAttempts: 0 });
    failed.socket().end(1006);
    await failed.clock.settle();
    expect(failed.room.state.status).toBe("disconnected");
    const lost = await roomForTest({ maxAttempts: 0 });
    lost.socket().end(1006);
    await lost.clock.settle();
    expect(lost.room.state.status).toBe("disconnected");
  });

  it("that are used up let the outbox wait", async () => {
    const { room, socket, clock } = await roomForTest({ maxAttempts: 0 });
    void room.send("waits");
    socket().end(1006);
    await clock.settle();
    expect(room.state.status).toBe("disconnected");
    expect(room.outbox).toMatchObject([{ status: "queued" }]);
  });
});

describeBoth("close codes", () => {
  it.each([
    [4400, "bad_request"],
    [4403, "forbidden"],
    [4403, "banned"],
    [4410, "deleted"],
    [4477, "something_new"],
  ])("[C19] of %i %s ends the attempts", async (code, reason) => {
    const { room, socket, sockets, clock } = await roomForTest();
    const errors: unknown[] = [];
    room.on("error", ({ code }) => errors.push(code));
    const sent = room.send("waits");
    const edited = room.edit(1, "waits");
    const marked = room.markRead(5);
    socket().end(code, reason);
    await clock.settle();
    const expected = reason === "something_new" ? "internal" : reason;
    expect(room.state).toMatchObject({ status: "disconnected", error: { code: expected } });
    for (const waiting of [sent, edited, marked]) {
      await expect(waiting).rejects.toMatchObject({ code: expected });
    }
    expect(room.outbox).toMatchObject([{ status: "failed", error: { code: expected } }]);
    expect(errors).toEqual([expected]);
    await clock.advance(3_600_000);
    expect(sockets.count).toBe(1);
  });

  it("[C50] with a text gives it to the app", async () => {
    const { room, socket, clock } = await roomForTest();
    const errors: unknown[] = [];
    room.on("error", ({ code, message, retryAfterMs }) => errors.push([code, message, retryAfterMs]));
    socket().end(4403, "banned 60000: you are banned: for a minute");
    await clock.settle();
    const words = "The server closed the connection: you are banned: for a minute (banned).";
    expect(errors).toEqual([["banned", words, 60_000]]);
    expect(room.state).toMatchObject({ status: "disconnected", error: { message: words } });
  });

  it("[C19] of a ban states its time, and the client does not reconnect by itself", async () => {
    const { room, socket, sockets, clock } = await roomForTest();
    const errors: unknown[] = [];
    room.on("error", ({ code, retryAfterMs }) => errors.push([code, retryAfterMs]));
    socket().end(4403, "banned 60000");
    await clock.advance(120_000);
    expect(errors).toEqual([["banned", 60_000]]);
    expect(room.state).toMatchObject({
      status: "disconnected",
      error: { code: "banned", retryAfterMs: 60_000 },
    });
    expect(sockets.count).toBe(1);
    room.reconnect();
    await clock.advance(0);
    expect(sockets.count).toBe(2);
  });

  it("[C19] of a ban comes again at a connect, before anything is delivered", async () => {
    const { room, socket, sockets, clock } = await roomForTest();
    socket().end(1006);
    await clock.advance(1_000);
    socket().end(4403, "banned");
    await clock.advance(60_000);
    expect([room.state.status, sockets.count]).toEqual(["disconnected", 2]);
  });

  it.each([4408, 4429, 4500, 4503, 4599, 1000, 1001, 1006, 1012])("[C19] %i reconnects", async (code) => {
    const { room, socket, clock } = await roomForTest();
    socket().end(code);
    await clock.settle();
    expect(room.state.status).toBe("reconnecting");
  });

  it("[C18] 4401 gets a new token and reconnects at once", async () => {
    let asked = 0;
    const { socket, sockets, clock, room } = await roomForTest({ getToken: () => `t${++asked}.e30.s` });
    await clock.advance(5_000);
    socket().end(4401, "token_expired");
    await clock.advance(0);
    expect(sockets.count).toBe(2);
    expect(socket().protocols).toContain("token.t2.e30.s");
    expect(room.state.status).toBe("connecting");
  });

  it("[C18] 4401 with `retryAfterMs` waits with a back-off, and does not count as a refusal", async () => {
    let asked = 0;
    const { socket, sockets, clock, room, goLive } = await roomForTest({
      getToken: () => `t${++asked}.e30.s`,
    });
    await clock.advance(5_000);
    for (let round = 1; round <= 5; round++) {
      socket().end(4401, "token_expired 61000");
      await clock.advance(60_999);
      expect([sockets.count, asked]).toEqual([round, round]);
      await clock.advance(1 + 1_000 * 2 ** (round - 1));
      expect([sockets.count, asked]).toEqual([round + 1, round + 1]);
      expect(room.state.status).toBe("connecting");
    }
    await goLive();
    expect(room.state.status).toBe("connected");
  });

  /** Refuses every try with the reason that `reasonOf` gives until the attempts end. Returns each wait. */
  async function refuseAll(
    { socket, clock, room }: RoomWorld,
    reasonOf: (round: number) => string,
  ): Promise<number[]> {
    const waits: number[] = [];
    for (let round = 0; round < 100; round++) {
      socket().end(4401, reasonOf(round));
      await clock.settle();
      const { state } = room;
      if (state.status === "disconnected") break;
      const waitMs = state.status === "reconnecting" ? state.retryAt - clock.now() : 0;
      waits.push(waitMs);
      await clock.advance(waitMs);
      // At most one token a second is asked for.
      if (room.state.status === "connecting") await clock.advance(1_000);
    }
    return waits;
  }

  it("[C18] 4401 with `retryAfterMs` between two others does not separate them", async () => {
    let asked = 0;
    const world = await dialedRoom({ getToken: () => `t${++asked}.e30.s` });
    await refuseAll(world, (round) => (round % 2 === 0 ? "token_expired" : "token_expired 500"));
    expect(world.room.state).toMatchObject({ status: "disconnected", error: { code: "token_expired" } });
  });

  it.each([true, false])(
    "[C106] 4401 again and again is tried for a minute (another token: %s)",
    async (isNew) => {
      let asked = 0;
      const world = await dialedRoom({ getToken: () => (isNew ? `t${++asked}.e30.s` : "kept.by.app") });
      const startedAt = world.clock.elapsed();
      const waits = await refuseAll(world, () => "unauthorized");
      expect(world.room.state).toMatchObject({ status: "disconnected", error: { code: "unauthorized" } });
      expect(waits).toEqual([0, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
      expect(world.clock.elapsed() - startedAt).toBeGreaterThanOrEqual(60_000);
    },
  );

  it("[C113] the second 4401 in a row is in the log at once, with its reason; a single one is not", async () => {
    const warned: string[] = [];
    const { socket, clock, goLive } = await dialedRoom({
      getToken: () => "same.e30.s",
      log: (level, message) => level === "warn" && warned.push(message),
    });
    await goLive();
    socket().end(4401, "token_expired");
    await clock.advance(2_000);
    expect(warned).toEqual([]);
    for (let round = 0; round < 4; round++) {
      socket().end(4401, "token_expired: the token expired 65 min ago");
      await clock.advance(2_000);
    }
    expect(warned).toEqual([expect.stringContaining("the token expired 65 min ago")]);
  });

  it("[C106] a token that is taken within the minute ends the refusals", async () => {
    const { socket, clock, room, goLive } = await dialedRoom({ getToken: () => "same.e30.s" });
    for (let round = 0; round < 3; round++) {
      socket().end(4401, "unauthorized");
      await clock.advance(5_000);
    }
    await goLive();
    expect(room.state.status).toBe("connected");
  });

  it("[C18] 4401 twice with a live connection in between is not in a row", async () => {
    let asked = 0;
    const { socket, clock, room, goLive } = await dialedRoom({ getToken: () => `t${++asked}.e30.s` });
    for (let round = 0; round < 3; round++) {
      await goLive();
      socket().end(4401, "token_expired");
      await clock.advance(2_000);
      expect(room.state.status).toBe("connecting");
    }
  });

  it("[C106] 4401 without a token is final: there is none to ask for", async () => {
    const { socket, sockets, clock, room } = await dialedRoom({ getToken: () => null });
    const before = sockets.count;
    socket().end(4401, "unauthorized");
    await clock.advance(2_000);
    expect(room.state).toMatchObject({ status: "disconnected", error: { code: "unauthorized" } });
    expect(sockets.count).toBe(before);
    room.reconnect();
    await clock.advance(2_000);
    expect(sockets.count).toBe(before + 1);
  });
});

it("[C106] a token that is taken, and soon refused, again and again is asked for with back-off", () => {
  const policy = new RetryPolicy(Number.POSITIVE_INFINITY, { clock: new FakeClock(), random: () => 0.5 });
  const waits = [500, 500, 500, 60_000, 500].map((liveForMs) => {
    const end = closeEnd(4401, "unauthorized");
    const verdict = policy.judge({ end, liveForMs }, { minMs: 1_000, maxMs: 30_000 });
    return verdict.next === "retry" ? verdict.backoffMs : verdict.next;
  });
  expect(waits).toEqual([0, 1_000, 2_000, 0, 0]);
});

describe("the inbox of an anonymous client", () => {
  it("[C106] ends alone with 4401: a public room needs no token", async () => {
    const { client, clock, room, socket, sockets, goLive } = await roomForTest(
      { getToken: () => null },
      {},
      { user: null },
    );
    const own = socket();
    const inbox = inboxOf(client);
    inbox.on("notification", () => {});
    await clock.advance(1_000);
    expect(sockets.last).not.toBe(own);
    sockets.last.end(4401, "unauthorized");
    await clock.advance(2_000);
    expect(inbox.state).toMatchObject({ status: "disconnected", error: { code: "unauthorized" } });
    own.end(1006);
    await clock.advance(2_000);
    await goLive({ user: null });
    expect(room.state.status).toBe("connected");
  });
});
