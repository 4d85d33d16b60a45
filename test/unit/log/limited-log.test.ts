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

  it("[O22] gives five reasons lines of their own within a second, and the others share that of their kind", () => {
    const lines: { code: string; reason: string; leftOut?: number }[] = [];
    const spy = vi.spyOn(console, "warn").mockImplementation((line) => lines.push(JSON.parse(String(line))));
    onTestFinished(() => spy.mockRestore());
    const log = new LimitedLog("refused");
    const note = (code: string, reason: string, at: number) =>
      log.note(code, { kind: "call", code, reason }, NOW + at, reason);
    for (let n = 0; n < 100; n++) note("not_found", `no ${n}`, n);
    note("forbidden", "not you", 101);
    expect(lines.map(({ code, reason, leftOut }) => [code, reason, leftOut])).toEqual([
      ...[0, 1, 2, 3, 4, 5].map((n) => ["not_found", `no ${n}`, undefined]),
      ["forbidden", "not you", undefined],
    ]);
    expect(note("not_found", "no 0", 500)).toBe(false);
    lines.length = 0;
    // Reasons that are not fresh give their place to others, and what was left out of them is not lost.
    for (let n = 200; n < 206; n++) note("not_found", `no ${n}`, 2_000);
    expect(lines.map(({ reason, leftOut }) => [reason, leftOut])).toEqual([
      ...[200, 201, 202, 203, 204].map((n) => [`no ${n}`, undefined]),
      ["no 205", 95],
    ]);
  });
});
