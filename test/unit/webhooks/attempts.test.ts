import { describe, expect, it } from "vitest";
import { outcomeOf } from "../../../src/webhooks/attempts.ts";

const NOW = Date.parse("2026-11-30T05:00:00Z");

describe("an answer to a webhook", () => {
  it.each([200, 201, 202, 204, 299])(
    "[Z81] of status %i takes the batch, whatever else it says",
    (status) => {
      expect(outcomeOf(status, "60", NOW)).toEqual({ kind: "told" });
    },
  );

  it.each([
    [101, false],
    [301, false],
    [302, false],
    [304, false],
    [400, true],
    [401, true],
    [404, true],
    [408, false],
    [410, true],
    [413, true],
    [429, false],
    [500, false],
    [503, false],
  ])("[Z81] of status %i is a failure", (status, isRefusal) => {
    expect(outcomeOf(status, null, NOW)).toEqual({
      ...{ kind: "failed", why: `answered ${status}`, retryAfterMs: 0 },
      isRefusal,
    });
  });

  it.each([
    ["120", 120_000],
    ["0", 0],
    ["-5", 0],
    ["soon", 0],
    ["1e9", 0],
    ["Mon, 30 Nov 2026 05:01:00 GMT", 60_000],
    ["Mon, 30 Nov 2026 04:00:00 GMT", 0],
  ])("[Z81] may ask to wait: %s", (retryAfter, retryAfterMs) => {
    expect(outcomeOf(503, retryAfter, NOW)).toMatchObject({ retryAfterMs });
  });
});
