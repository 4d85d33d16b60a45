// What happens to a client whose machine sets its clock, by hand or after it slept with a wrong time.

import { describe, expect, it } from "vitest";
import { inboxOf } from "../../../client/index.ts";
import { describeBoth, dialedRoom, roomForTest } from "./support/client-for-test.ts";
import { caughtUp, LIMITS, notification, refusal, sessionConnected } from "./support/frames.ts";

const HOUR_MS = 3_600_000;

describeBoth("a wall clock that is set", () => {
  for (const byMs of [-HOUR_MS, HOUR_MS]) {
    describe(byMs < 0 ? "back by an hour" : "forth by an hour", () => {
      it("[C104] changes no wait for the next try, and shows it by the new time", async () => {
        const { clock, socket, sockets, room, wake } = await roomForTest();
        const before = sockets.count;
        socket().end(4429, "rate_limited 5000");
        await clock.settle();
        clock.setWall(byMs);
        wake();
        await clock.advance(4_999);
        expect(sockets.count).toBe(before);
        await clock.advance(1_001);
        expect(sockets.count).toBe(before + 1);
        socket().end(4429, "rate_limited 5000");
        await clock.settle();
        const { state } = room;
        const waitMs = state.status === "reconnecting" ? state.retryAt - clock.now() : undefined;
        expect(waitMs).toBeGreaterThanOrEqual(5_000);
        expect(waitMs).toBeLessThan(7_000);
      });

      it("[C104] renews the token in time", async () => {
        let asked = 0;
        const { clock } = await roomForTest({ getToken: () => `t${++asked}.e30.s` });
        clock.setWall(byMs);
        await clock.advance(HOUR_MS - 60_001);
        expect(asked).toBe(1);
        await clock.advance(1);
        expect(asked).toBe(2);
      });

      it("[C104] types once a second, and stops typing", async () => {
        const { clock, socket, room } = await roomForTest();
        const typed = () =>
          socket()
            .sentOf("signal")
            .map(({ data }) => data);
        room.startTyping();
        clock.setWall(byMs);
        room.startTyping();
        await clock.advance(0);
        expect(typed()).toEqual([{ isTyping: true }]);
        await clock.advance(1_000);
        room.startTyping();
        clock.setWall(byMs);
        room.stopTyping();
        await clock.advance(0);
        // Of both only the last one goes.
        expect(typed()).toEqual([{ isTyping: true }, { isTyping: false }]);
      });

      it("[C104] keeps the pace of the rate and of slow mode", async () => {
        const limits = { ...LIMITS, slowModeMs: 5_000 };
        const { clock, socket, room } = await roomForTest({}, {}, { limits });
        const sent = () => socket().sentOf("send").length;
        for (const n of [1, 2]) void room.send(n);
        await clock.advance(0);
        clock.setWall(byMs);
        await clock.advance(4_999);
        expect(sent()).toBe(1);
        await clock.advance(1);
        expect(sent()).toBe(2);
      });

      it("[C104] waits as long as before for what was refused for a moment", async () => {
        const { clock, socket, room } = await roomForTest();
        void room.send("a");
        await clock.advance(0);
        socket().deliver(refusal(socket().sentOf("send")[0], "overloaded", { retryAfterMs: 1_000 }));
        clock.setWall(byMs);
        await clock.advance(999);
        expect(socket().sentOf("send").length).toBe(1);
        await clock.advance(1_000);
        expect(socket().sentOf("send").length).toBe(2);
      });

      it("[C105] shows what waits by the server's time", async () => {
        const { clock, room } = await roomForTest();
        const serverNow = clock.now();
        clock.setWall(byMs);
        void room.send("a");
        await clock.advance(100);
        void room.send("b");
        expect(room.messages.map(({ at }) => at)).toEqual([serverNow, serverNow + 100]);
      });
    });
  }
});

describe("how long a connection lived", () => {
  it.each([-HOUR_MS, HOUR_MS])("[C104] counts when the clock is set by %i ms", async (byMs) => {
    const { clock, socket, room, goLive } = await roomForTest();
    const waits: number[] = [];
    for (let round = 0; round < 4; round++) {
      clock.setWall(byMs);
      socket().end(1006);
      await clock.settle();
      const { state } = room;
      if (state.status === "reconnecting") waits.push(state.retryAt - clock.now());
      await clock.advance(30_000);
      await goLive({ recovery: "complete" });
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000]);
  });
});

describe("the list of notifications", () => {
  it.each([-HOUR_MS, HOUR_MS])("[C105] is the same when the clock is set by %i ms", async (byMs) => {
    const { client, clock, sockets } = await dialedRoom();
    const inbox = inboxOf(client);
    inbox.on("notification", () => {});
    await clock.advance(0);
    const at = clock.now();
    const expiring = notification(1, { at, expiresAt: at + 10_000 });
    sockets.last.deliver(sessionConnected({ head: 1, unread: 1 }), expiring, caughtUp(1));
    clock.setWall(byMs);
    await clock.advance(9_999);
    expect([inbox.notifications.length, inbox.unread]).toEqual([1, 1]);
    await clock.advance(1);
    expect([inbox.notifications.length, inbox.unread]).toEqual([0, 0]);
  });

  it("[C133] is timed anew by each greeting, as timers may have slept", async () => {
    const { client, clock, sockets } = await dialedRoom();
    const inbox = inboxOf(client);
    inbox.on("notification", () => {});
    await clock.advance(0);
    const at = clock.now();
    const expiring = notification(1, { at, expiresAt: at + 3_000_000 });
    sockets.last.deliver(sessionConnected({ head: 1, unread: 1 }), expiring, caughtUp(1));
    sockets.last.end(1006);
    await clock.advance(2_000);
    // The machine slept for 49 minutes, and no clock of it noticed.
    const later = { head: 1, unread: 1, recovery: "complete", at: at + 2_942_000 };
    sockets.last.deliver(sessionConnected(later), caughtUp(1));
    await clock.advance(57_999);
    expect(inbox.notifications.length).toBe(1);
    await clock.advance(1);
    expect([inbox.notifications.length, inbox.unread]).toEqual([0, 0]);
  });
});
