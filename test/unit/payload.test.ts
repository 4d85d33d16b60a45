import { describe, expect, it } from "vitest";
import { noticeOf } from "../../client/service-worker/notice.ts";
import { utf8Length } from "../../src/protocol/index.ts";
import type { PushNotification } from "../../src/user/push/push.ts";
import { headersOf, payloadOf } from "../../src/user/push/runtime/payload.ts";

const NOW = 1_790_000_000_000;
const plain: PushNotification = { id: "n1", seq: 7, title: "Build", message: "done", priority: "medium" };

describe("the payload of a push", () => {
  it("[U19][U34] is a declarative push, and our service worker shows the same", () => {
    expect(JSON.parse(payloadOf(plain, 3))).toEqual({
      web_push: 8030,
      notification: {
        ...{ title: "Build", body: "done", navigate: "./", tag: "n1", app_badge: "3" },
        data: { seq: 7, priority: "medium" },
      },
    });
    const whole = { ...plain, topic: "builds", link: "/b/1", priority: "urgent" } as const;
    const pushed = JSON.parse(payloadOf({ ...whole, expiresAt: NOW }, 0));
    expect(pushed.notification).toEqual({
      ...{
        title: "Build",
        body: "done",
        navigate: "/b/1",
        tag: "n1",
        requireInteraction: true,
        app_badge: "0",
      },
      data: { seq: 7, priority: "urgent", topic: "builds" },
    });
    expect(JSON.parse(payloadOf(whole, 0, false)).notification).toMatchObject({ title: "Build", body: "" });
    expect(JSON.parse(payloadOf({ ...plain, priority: "low" }, 0)).notification.silent).toBe(true);
    for (const link of [undefined, "/b/1", "https://ci.example.org/1", "http://localhost:8787/b"]) {
      const { title, options, unread } = noticeOf(payloadOf({ ...plain, ...(link && { link }) }, 4));
      expect([title, options.body, options.tag, unread]).toEqual(["Build", "done", "n1", 4]);
      expect(options.data).toEqual({ edgeRoomsLink: link ?? "./" });
    }
  });

  it("[U34] always has a title, as browsers require one, and each text once", () => {
    expect(JSON.parse(payloadOf({ ...plain, title: "" }, 0)).notification.title).toBe("New notification");
    const json = payloadOf({ ...plain, title: "TITLE", message: "TEXT", link: "/LINK", id: "THE-ID" }, 1);
    for (const text of ["TITLE", "TEXT", "/LINK", "THE-ID"]) expect(json.split(text)).toHaveLength(2);
    // The service worker handles what only a page of the same origin may open.
    const insecure = JSON.parse(payloadOf({ ...plain, link: "http://ci.example.org" }, 1));
    expect(insecure.notification).toMatchObject({ navigate: "./", data: { link: "http://ci.example.org" } });
  });

  it("[U19][U34] fits, whatever it contains: the message is cut, and a link that is too long is left out", () => {
    const extremes = {
      long: { message: "x".repeat(4_000) },
      wide: { message: "€".repeat(4_000), title: "€".repeat(200) },
      escaped: { message: "\u0001".repeat(4_000), title: "\ud800".repeat(200), id: "\u0001".repeat(200) },
      pairs: { message: "👍".repeat(2_000) },
      linked: { message: "x".repeat(4_000), link: `https://example.com/${"é".repeat(2_000)}` },
    };
    for (const [name, fields] of Object.entries(extremes)) {
      const json = payloadOf({ ...plain, ...fields }, 1_000);
      const { body } = JSON.parse(json).notification;
      expect(utf8Length(json), name).toBeLessThanOrEqual(3_900);
      expect(utf8Length(json), name).toBeGreaterThan(3_880);
      expect(body, name).toMatch(/…$/);
      expect(fields.message.startsWith(body.slice(0, -1)), name).toBe(true);
      expect(body.isWellFormed(), name).toBe(true);
    }
    const navigate = (fields: object) =>
      JSON.parse(payloadOf({ ...plain, ...fields }, 0)).notification.navigate;
    expect(navigate(extremes.linked)).toBe("./");
    expect(navigate({ message: "x".repeat(3_000), link: "/b" })).toBe("/b");
  });
});

describe("the headers of a push", () => {
  it("[U19] state the lifetime, the urgency and the notification that it repeats", async () => {
    const headers = await headersOf(plain, NOW);
    expect(headers).toEqual({
      TTL: "2419200",
      Urgency: "normal",
      Topic: expect.stringMatching(/^[\w-]{32}$/),
    });
    expect(await headersOf({ ...plain, seq: 8, title: "again" }, NOW)).toEqual(headers);
    expect((await headersOf({ ...plain, id: "n2" }, NOW)).Topic).not.toBe(headers.Topic);
    const urgencies = (["low", "medium", "high", "urgent"] as const).map(
      async (priority) => (await headersOf({ ...plain, priority }, NOW)).Urgency,
    );
    expect(await Promise.all(urgencies)).toEqual(["low", "normal", "high", "high"]);
    const ttl = async (expiresAt: number) => (await headersOf({ ...plain, expiresAt }, NOW)).TTL;
    expect([await ttl(NOW + 90_500), await ttl(NOW + 10 ** 12)]).toEqual(["91", "2419200"]);
  });
});
