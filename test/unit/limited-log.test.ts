import { describe, expect, it, onTestFinished, vi } from "vitest";
import { LimitedLog } from "../../src/log/limited-log.ts";

const NOW = 1_800_000_000_000;

describe("a log of what anybody can cause", () => {
  it("[A34] has a line a second of each kind, which says how many were left out", () => {
    const lines: unknown[] = [];
    const spy = vi.spyOn(console, "warn").mockImplementation((line) => lines.push(JSON.parse(String(line))));
    onTestFinished(() => spy.mockRestore());
    const log = new LimitedLog("refused");
    for (let at = 0; at < 5_000; at += 100) log.note("flood", { n: at }, NOW + at);
    log.note("rare", {}, NOW + 5_001);
    // A clock that was set back.
    log.note("flood", { n: -1 }, NOW - 60_000);
    expect(lines).toEqual([
      { level: "warn", event: "refused", n: 0 },
      ...[1_000, 2_000, 3_000, 4_000].map((n) => ({ level: "warn", event: "refused", n, leftOut: 9 })),
      { level: "warn", event: "refused" },
      { level: "warn", event: "refused", n: -1, leftOut: 9 },
    ]);
    expect(log.seen()).toEqual([
      { kind: "rare", count: 1, lastAt: NOW + 5_001 },
      { kind: "flood", count: 51, lastAt: NOW - 60_000 },
    ]);
  });
});
