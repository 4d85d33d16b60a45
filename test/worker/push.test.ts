import { env } from "cloudflare:workers";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { until } from "../support/until.ts";
import { advanceClock, crash, stopClock } from "./support/objects.ts";
import {
  alarm,
  answering,
  holdAlarms,
  notify,
  prefer,
  startPushService,
  unsubscribe,
} from "./support/push-service.ts";
import { callAs, openSession, tokenFor, uniqueName, userObject } from "./support/worker.ts";

const KEY = Reflect.get(env, "VAPID_PUBLIC_KEY");

async function subscribed() {
  const service = startPushService();
  const user = uniqueName("u");
  await holdAlarms(user);
  const endpoint = await service.subscribe(user);
  return { ...service, user, endpoint };
}

describe("a push", () => {
  it("[U19] goes to every subscription of a user who is away, encrypted, from the alarm only", async () => {
    const { user, endpoint, subscribe, pushes } = await subscribed();
    const other = await subscribe(user, "https://web.push.apple.com");
    const fields = { id: "b-1", priority: "high", topic: "builds", link: "/b/1", data: { secret: 1 } };
    const expiresAt = Date.now() + 3_600_000;
    await notify(user, { ...fields, expiresAt });
    expect(pushes).toEqual([]);
    expect(await alarm(user)).toBe(true);
    const payload = {
      web_push: 8030,
      notification: {
        ...{ title: "Build", body: "done", navigate: "/b/1", tag: "b-1", app_badge: "1" },
        data: { seq: 1, priority: "high", topic: "builds" },
      },
    };
    expect(pushes.map((push) => push.endpoint).sort()).toEqual([endpoint, other].sort());
    for (const push of pushes) {
      expect(push.payload).toEqual(payload);
      expect(push.headers).toMatchObject({
        urgency: "high",
        topic: expect.stringMatching(/^[\w-]{32}$/),
        "content-encoding": "aes128gcm",
      });
      expect(Number(push.headers.ttl)).toBeGreaterThan(3_590);
      expect(Number(push.headers.ttl)).toBeLessThanOrEqual(3_600);
      expect(push.vapid.key).toBe(KEY);
      const { aud, sub, exp } = push.vapid.claims;
      expect([aud, sub]).toEqual([new URL(push.endpoint).origin, "mailto:push@example.com"]);
      const livesForS = Number(exp) - Date.now() / 1_000;
      expect(livesForS).toBeGreaterThan(0);
      expect(livesForS).toBeLessThan(24 * 3_600);
    }
    await alarm(user);
    expect(pushes).toHaveLength(2);
  });

  it("[U19] comes once and in order, also if several wait and after a restart", async () => {
    const { user, titles } = await subscribed();
    for (const title of ["a", "b", "c"]) await notify(user, { title, id: title });
    await notify(user, { title: "again", id: "b" });
    await alarm(user);
    await crash(userObject(user));
    await holdAlarms(user);
    await notify(user, { title: "d" });
    await alarm(user);
    expect(titles()).toEqual(["a", "b", "c", "d"]);
  });

  it("[U19] is not sent to a subscription that is newer than the notification", async () => {
    const { user, subscribe, pushes, endpoint } = await subscribed();
    await notify(user, { title: "before" });
    const late = await subscribe(user);
    await alarm(user);
    expect(pushes.map((push) => push.endpoint)).toEqual([endpoint]);
    await notify(user, { title: "after" });
    await alarm(user);
    expect(
      pushes
        .slice(1)
        .map((push) => push.endpoint)
        .sort(),
    ).toEqual([endpoint, late].sort());
  });
});

describe("no push is sent", () => {
  it("[U24] while a device is connected, unless the notification is urgent", async () => {
    const { user, titles } = await subscribed();
    const phone = await openSession(user);
    await notify(user, { title: "quiet" });
    await notify(user, { title: "loud", priority: "urgent" });
    await alarm(user);
    expect(titles()).toEqual(["loud"]);
    // It is still connected when it has certainly shown the other one.
    advanceClock(70_000);
    await phone.settled();
    advanceClock(85_000);
    await alarm(user);
    phone.close(1000);
    await phone.closed;
    await alarm(user);
    expect(titles()).toEqual(["loud"]);
  });

  it("[U24] only while the device lives: after it is found to have vanished, the push is sent", async () => {
    const { user, titles } = await subscribed();
    const ghost = await (await openSession(user)).beats();
    await notify(user, { title: "missed" });
    await alarm(user);
    expect(titles()).toEqual([]);
    advanceClock(85_000);
    expect(await alarm(user)).toBe(true);
    expect((await ghost.closed).code).toBe(4408);
    expect(titles()).toEqual(["missed"]);
  });

  it("[U24] for what was read, archived or expired before, or is muted", async () => {
    const { user, titles } = await subscribed();
    await prefer(user, { mutedTopics: ["task"] });
    for (const id of ["read", "archived", "stays"]) await notify(user, { title: id, id });
    await notify(user, { title: "muted", topic: "task", priority: "urgent" });
    await notify(user, { title: "expired", expiresAt: Date.now() + 5_000 });
    for (const state of ["read", "archived"]) {
      const mark = { ids: [state], state };
      await callAs(await tokenFor(user), "POST", "/v1/me/notifications/mark", mark);
    }
    advanceClock(6_000);
    await alarm(user);
    expect(titles()).toEqual(["stays"]);
  });

  it("[U24] in quiet hours; it is sent when they end, and urgent ones are sent at once", async () => {
    const { user, titles } = await subscribed();
    const now = new Date();
    const time = (inHours: number) =>
      new Date(now.getTime() + inHours * 3_600_000).toISOString().slice(11, 16);
    await prefer(user, { quietHours: { from: time(-1), to: time(2), timeZone: "UTC" } });
    await notify(user, { title: "waits", id: "waits" });
    await notify(user, { title: "read by then", id: "read" });
    await notify(user, { title: "urgent", priority: "urgent" });
    await alarm(user);
    expect(titles()).toEqual(["urgent"]);
    await callAs(await tokenFor(user), "POST", "/v1/me/notifications/mark", { ids: ["read"], state: "read" });
    advanceClock(2 * 3_600_000);
    expect(await alarm(user)).toBe(true);
    expect(titles()).toEqual(["urgent", "waits"]);
  });

  it("[U24] with push off, nor afterwards; removing quiet hours sends what waits", async () => {
    const { user, titles } = await subscribed();
    await prefer(user, { push: false });
    await notify(user, { title: "off", priority: "urgent" });
    await alarm(user);
    const hour = (h: number) => new Date(Date.now() + h * 3_600_000).toISOString().slice(11, 16);
    await prefer(user, { push: true, quietHours: { from: hour(-1), to: hour(3), timeZone: "UTC" } });
    await notify(user, { title: "on" });
    await alarm(user);
    expect(titles()).toEqual([]);
    await prefer(user, { quietHours: null });
    expect(await alarm(user)).toBe(true);
    expect(titles()).toEqual(["on"]);
  });

  it("[U24] to a user without a subscription, and no alarm is set", async () => {
    const { user, endpoint, pushes } = await subscribed();
    await unsubscribe(user, endpoint);
    await notify(user, { priority: "urgent" });
    expect(await alarm(user)).toBe(false);
    expect(pushes).toEqual([]);
  });
});

describe("the answer of a push service", () => {
  it.each([404, 410])("[U21] %i ends the subscription", async (status) => {
    const { user, pushes, answerWith } = await subscribed();
    answerWith(answering(status));
    await notify(user);
    await alarm(user);
    answerWith(answering(201));
    await notify(user);
    expect(await alarm(user)).toBe(false);
    expect(pushes).toHaveLength(1);
  });

  it("[U21] 413 causes a second try without the message", async () => {
    const { user, pushes, answerWith } = await subscribed();
    answerWith(({ payload }) => new Response(null, { status: payload.notification.body === "" ? 201 : 413 }));
    await notify(user);
    await alarm(user);
    await alarm(user);
    expect(pushes.map(({ payload }) => payload.notification)).toMatchObject([
      { title: "Build", body: "done" },
      { title: "Build", body: "" },
    ]);
  });

  it.each([
    ["429", answering(429)],
    ["500", answering(500)],
    ["503", answering(503)],
    ["nothing, as it cannot be reached", () => Promise.reject(new TypeError("network"))],
  ])("[U21] %s causes a later try, and the next pushes wait", async (_, answer) => {
    const { user, titles, answerWith } = await subscribed();
    const now = stopClock();
    const at = (ms: number) => vi.spyOn(Date, "now").mockReturnValue(now + ms);
    onTestFinished(() => void vi.restoreAllMocks());
    answerWith(answer);
    await notify(user, { title: "a" });
    await alarm(user);
    await notify(user, { title: "b" });
    await alarm(user);
    expect(titles()).toEqual(["a"]);
    answerWith(answering(201));
    at(90_000);
    expect(await alarm(user)).toBe(true);
    expect(titles()).toEqual(["a", "a", "b"]);
  });

  it("[U21] with Retry-After is obeyed, in seconds or as a date", async () => {
    const { user, pushes, answerWith } = await subscribed();
    const now = stopClock();
    const at = (ms: number) => vi.spyOn(Date, "now").mockReturnValue(now + ms);
    onTestFinished(() => void vi.restoreAllMocks());
    answerWith(answering(429, { "Retry-After": "7200" }));
    await notify(user);
    await alarm(user);
    at(7_199_000);
    await alarm(user);
    expect(pushes).toHaveLength(1);
    const date = new Date(now + 20 * 3_600_000).toUTCString();
    answerWith(answering(503, { "Retry-After": date }));
    at(8_000_000);
    await alarm(user);
    expect(pushes).toHaveLength(2);
    at(19 * 3_600_000);
    await alarm(user);
    expect(pushes).toHaveLength(2);
  });

  it("[U21] six failures in a day drop what waited; what comes later is tried", async () => {
    const { user, titles, answerWith } = await subscribed();
    const now = stopClock();
    onTestFinished(() => void vi.restoreAllMocks());
    answerWith(answering(500));
    await notify(user, { title: "a" });
    await notify(user, { title: "b" });
    let ms = 0;
    for (let n = 0; n < 10; n++) {
      await alarm(user);
      ms += 2 * 3_600_000 + n * 3_600_000;
      vi.spyOn(Date, "now").mockReturnValue(now + ms);
    }
    expect(titles()).toEqual(Array(6).fill("a"));
    answerWith(answering(201));
    await notify(user, { title: "c" });
    await alarm(user);
    expect(titles().slice(6)).toEqual(["c"]);
  });

  it.each([400, 401, 403, 301, 307])("[U21] %i drops the push, and is logged", async (status) => {
    const logged = vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => logged.mockRestore());
    const { user, endpoint, titles, answerWith } = await subscribed();
    answerWith(answering(status, { Location: "https://evil.example/" }));
    await notify(user, { title: "a" });
    await alarm(user);
    answerWith(answering(201));
    await notify(user, { title: "b" });
    await alarm(user);
    expect(titles()).toEqual(["a", "b"]);
    const lines = logged.mock.calls.flat().join();
    expect(lines).toContain(`"status":${status}`);
    expect(lines).not.toContain(new URL(endpoint).pathname);
  });

  it("[U21] one failing browser does not delay the others", async () => {
    const { user, endpoint, subscribe, pushes, answerWith } = await subscribed();
    const fine = await subscribe(user);
    answerWith((push) => new Response(null, { status: push.endpoint === endpoint ? 500 : 201 }));
    await notify(user, { title: "a" });
    await alarm(user);
    await notify(user, { title: "b" });
    await alarm(user);
    expect(
      pushes.filter((push) => push.endpoint === fine).map(({ payload }) => payload.notification.title),
    ).toEqual(["a", "b"]);
    expect(pushes.filter((push) => push.endpoint === endpoint)).toHaveLength(1);
  });

  it("[U22] at most five requests run at once, each for at most 10 s", async () => {
    const { user, subscribe, pushes, answerWith } = await subscribed();
    for (let n = 0; n < 11; n++) await subscribe(user);
    const timers = vi.spyOn(globalThis, "setTimeout");
    onTestFinished(() => timers.mockRestore());
    let underWay = 0;
    let most = 0;
    answerWith(async () => {
      underWay++;
      most = Math.max(most, underWay);
      await scheduler.wait(20);
      underWay--;
      return new Response(null, { status: 201 });
    });
    await notify(user);
    await alarm(user);
    expect([pushes.length, most]).toEqual([12, 5]);
    expect(timers.mock.calls.filter(([, ms]) => ms === 10_000)).toHaveLength(12);
  });

  it("[U22] a long queue is sent in limited series, one right after the other", async () => {
    const { user, titles } = await subscribed();
    const count = 45;
    await Promise.all(
      Array.from({ length: count }, (_, n) => notify(user, { title: `${n}`, priority: "urgent" })),
    );
    await until(async () => {
      await alarm(user);
      // Retention keeps 10 here.
      expect(titles().length).toBeGreaterThanOrEqual(10);
    });
    expect(new Set(titles()).size).toBe(titles().length);
  });
});
