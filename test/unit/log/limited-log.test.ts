import { describe, expect, it, onTestFinished, vi } from "vitest";
import { LimitedLog } from "../../../src/log/limited-log.ts";

const NOW = 1_800_000_000_000;

describe("the log of events that callers can cause", () => {
  it("[A34] has one line per second of each kind, which says how many were left out", () => {
    const lines: unknown[] = [];
    const spy = vi.spyOn(console, "warn").mockImplementation((line) => lines.push(JSON.parse(String(line))));
    onTestFinished(() => spy.mockRestore());
    const log = new LimitedLog("token_refused");
    const note = (reason: string, at: number) => log.note(reason, { reason, claim: `${at}` }, NOW + at);
    for (let at = 0; at < 5_000; at += 100) note("flood", at);
    note("rare", 5_001);
    // The clock was set back.
    note("flood", -60_000);
    const line = { level: "warn", event: "token_refused", reason: "flood" };
    expect(lines).toEqual([
      { ...line, claim: "0" },
      ...[1_000, 2_000, 3_000, 4_000].map((at) => ({ ...line, claim: `${at}`, leftOut: 9 })),
      { ...line, reason: "rare", claim: "5001" },
      { ...line, claim: "-60000", leftOut: 9 },
    ]);
    expect(log.seen()).toEqual([
      { kind: "rare", count: 1, lastAt: NOW + 5_001 },
      { kind: "flood", count: 51, lastAt: NOW - 60_000 },
    ]);
  });
});
