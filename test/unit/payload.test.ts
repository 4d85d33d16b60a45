import { describe, expect, it } from "vitest";
import { utf8Length } from "../../src/protocol/index.ts";
import { headersOf, payloadOf } from "../../src/push/payload.ts";
import type { PushNotification } from "../../src/push/push.ts";

const NOW = 1_790_000_000_000;
const plain: PushNotification = { id: "n1", seq: 7, title: "Build", message: "done", priority: "medium" };

describe("the payload of a push", () => {
  it("[U19] is what the service worker shows, as JSON", () => {
    expect(JSON.parse(payloadOf(plain))).toEqual(plain);
    const whole = { ...plain, topic: "builds", link: "/b/1", priority: "urgent" } as const;
    expect(JSON.parse(payloadOf({ ...whole, expiresAt: NOW }))).toEqual(whole);
    expect(JSON.parse(payloadOf(whole, false))).toEqual({ ...whole, message: "" });
  });

  it("[U19] fits whatever it is of: the message is cut, and a link that is too long is left out", () => {
    const extremes = {
      long: { message: "x".repeat(4_000) },
      wide: { message: "€".repeat(4_000), title: "€".repeat(200) },
      escaped: { message: "\u0001".repeat(4_000), title: "\ud800".repeat(200), id: "\u0001".repeat(200) },
      pairs: { message: "👍".repeat(2_000) },
      linked: { message: "x".repeat(4_000), link: `https://example.com/${"é".repeat(2_000)}` },
    };
    for (const [name, fields] of Object.entries(extremes)) {
      const json = payloadOf({ ...plain, ...fields });
      const { message } = JSON.parse(json);
      expect(utf8Length(json), name).toBeLessThanOrEqual(3_900);
      expect(utf8Length(json), name).toBeGreaterThan(3_880);
      expect(message, name).toMatch(/…$/);
      expect(fields.message.startsWith(message.slice(0, -1)), name).toBe(true);
      expect(message.isWellFormed(), name).toBe(true);
    }
    expect(JSON.parse(payloadOf({ ...plain, ...extremes.linked }))).not.toHaveProperty("link");
    expect(JSON.parse(payloadOf({ ...plain, message: "x".repeat(3_000), link: "/b" }))).toHaveProperty(
      "link",
    );
  });
});

describe("the headers of a push", () => {
  it("[U19] say how long it counts, how much it matters, and which one it repeats", async () => {
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
