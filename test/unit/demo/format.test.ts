// Durations in words.

import { describe, expect, it } from "vitest";
import { durationText, everyText } from "../../../demo/ui/format.js";

describe("a duration in words", () => {
  it.each([
    [500, "1 second", "every second"],
    [5_000, "5 seconds", "every 5 seconds"],
    [60_000, "1 minute", "every minute"],
    [90_000, "90 seconds", "every 90 seconds"],
    [3_600_000, "1 hour", "every hour"],
    [86_400_000, "1 day", "every day"],
  ])("[W50] has the singular and the plural of its unit: %i ms", (ms, duration, every) => {
    expect([durationText(ms), everyText(ms)]).toEqual([duration, every]);
  });
});
