// When an object reports to the registry, and when its alarm has to.

import { describe, expect, it } from "vitest";
import type { RoomCounts } from "../../../src/registry/counts.ts";
import { REPORT_EVERY_MS, Reporter } from "../../../src/registry/reporter.ts";

const START = 1_790_000_000_000;
const counts = (connections: number, messages = 0): RoomCounts => ({
  ...{ members: connections, connections, anonymous: 0, sessions: 0, head: messages, messages },
});

describe("a report", () => {
  it("[O1] is made at once when an empty room is occupied", () => {
    const reporter = new Reporter(counts(0), START);
    expect(reporter.take(counts(0), START)).toBeUndefined();
    expect(reporter.take(counts(1), START)).toEqual({ counts: counts(1), asks: true });
  });

  it("[K20] follows another one after 30 s, when the room is empty; while it is not, the registry asks", () => {
    const reporter = new Reporter(counts(0), START);
    reporter.take(counts(1), START);
    expect(reporter.take(counts(2, 1), START + 2 * REPORT_EVERY_MS)).toBeUndefined();
    expect(reporter.take(counts(0, 2), START + REPORT_EVERY_MS - 1)).toBeUndefined();
    expect(reporter.alarmAt(counts(0, 2), START)).toBeNull();
    expect(reporter.take(counts(0, 2), START + REPORT_EVERY_MS)).toEqual({
      counts: counts(0, 2),
      asks: false,
    });
  });

  it("[K20] of a user who is away is made for the first of eight notifications", () => {
    const reporter = new Reporter({ sessions: 0, notifications: 0 }, START);
    const reported = Array.from({ length: 17 }, (_, n) => n + 1).filter(
      (notifications) =>
        reporter.take({ sessions: 0, notifications }, START + notifications * REPORT_EVERY_MS) !== undefined,
    );
    expect(reported).toEqual([1, 9, 17]);
  });

  it("[K20] comes no sooner after a sleep with connections", () => {
    const reporter = new Reporter(counts(2), START);
    expect(reporter.take(counts(0), START + REPORT_EVERY_MS - 1)).toBeUndefined();
    expect(reporter.take(counts(0), START + REPORT_EVERY_MS)).toBeDefined();
  });

  it("[O4] of a room that fills again after it was reported empty is for the alarm", () => {
    const reporter = new Reporter(counts(1), START);
    const emptyAt = START + REPORT_EVERY_MS;
    expect(reporter.take(counts(0), emptyAt)).toEqual({ counts: counts(0), asks: false });
    expect(reporter.alarmAt(counts(0), emptyAt)).toBeNull();
    expect(reporter.take(counts(1), emptyAt + 1)).toBeUndefined();
    expect(reporter.alarmAt(counts(1), emptyAt + 1)).toBe(emptyAt + REPORT_EVERY_MS);
    // The object may have slept before the alarm.
    const woken = new Reporter(counts(1), emptyAt + REPORT_EVERY_MS);
    woken.doubt();
    expect(woken.take(counts(1), emptyAt + REPORT_EVERY_MS)).toEqual({ counts: counts(1), asks: true });
  });

  it("[O2] of a message in an empty room says that more may follow, until the registry asked", () => {
    const reporter = new Reporter(counts(0), START);
    expect(reporter.take(counts(0, 1), START)).toEqual({ counts: counts(0, 1), asks: true });
    expect(reporter.take(counts(0, 2), START + 1)).toBeUndefined();
    expect(reporter.answered(counts(0, 2), START + 2)).toEqual({ counts: counts(0, 2), asks: false });
    expect(reporter.take(counts(0, 2), START + REPORT_EVERY_MS)).toBeUndefined();
  });

  it("[O4] that failed is made again, with its counters", () => {
    const reporter = new Reporter(counts(0), START);
    reporter.count("signals", 2);
    const report = reporter.take(counts(1), START);
    expect(report).toEqual({ counts: counts(1), asks: true, counters: { signals: 2 } });
    reporter.count("signals", 1);
    if (report !== undefined) reporter.failed(report, 0);
    expect(reporter.alarmAt(counts(1), START)).toBe(START + REPORT_EVERY_MS);
    expect(reporter.take(counts(1), START + REPORT_EVERY_MS)).toEqual({
      counts: counts(1),
      asks: true,
      counters: { signals: 3 },
    });
  });

  it("[O4] does not wait for a time that a clock set back has not reached", () => {
    const reporter = new Reporter(counts(0), START);
    reporter.take(counts(1), START);
    expect(reporter.take(counts(0), START - 1)).toBeDefined();
  });

  it("[O4] is not doubted by an object that has called since it woke", () => {
    const reporter = new Reporter(counts(0), START);
    reporter.take(counts(2), START);
    reporter.doubt();
    expect(reporter.take(counts(2), START + REPORT_EVERY_MS)).toBeUndefined();
  });

  it("[O4] that is in doubt wants its alarm now, not at a time that no alarm can have", () => {
    const reporter = new Reporter(counts(0), START);
    reporter.doubt();
    // A flush that was under way when the alarm went off asks before the doubt is resolved.
    expect(reporter.alarmAt(counts(1), START)).toBe(START);
  });

  it("[O8] right behind the answer that the room is empty waits: it could arrive first, and be overwritten", () => {
    const reporter = new Reporter(counts(1), START);
    const askedAt = START + 10 * REPORT_EVERY_MS;
    expect(reporter.answered(counts(0), askedAt)).toEqual({ counts: counts(0), asks: false });
    expect(reporter.take(counts(1), askedAt)).toBeUndefined();
    expect(reporter.alarmAt(counts(1), askedAt)).toBe(askedAt + REPORT_EVERY_MS);
    expect(reporter.take(counts(1), askedAt + REPORT_EVERY_MS)).toBeDefined();
  });

  it("[O8] of a message right behind the report that the room is empty is for the alarm", () => {
    const reporter = new Reporter(counts(1), START);
    const emptyAt = START + REPORT_EVERY_MS;
    reporter.take(counts(0, 1), emptyAt);
    expect(reporter.alarmAt(counts(0, 1), emptyAt)).toBeNull();
    expect(reporter.take(counts(0, 2), emptyAt + 1)).toBeUndefined();
    expect(reporter.alarmAt(counts(0, 2), emptyAt + 1)).toBe(emptyAt + REPORT_EVERY_MS);
  });

  it("[O7] is made ever later while calls fail, at most 10 min, and not by all objects at once", () => {
    const reporter = new Reporter(counts(0), START);
    let now = START;
    const waits = Array.from({ length: 12 }, () => {
      const report = reporter.take(counts(1), now);
      if (report !== undefined) reporter.failed(report, 0.5);
      const at = reporter.alarmAt(counts(1), now) ?? 0;
      const wait = at - now;
      now = at;
      return wait;
    });
    expect(waits.slice(0, 3)).toEqual([45_000, 67_500, 101_250]);
    expect(waits.at(-1)).toBe(600_000);
    reporter.take(counts(1), now);
    reporter.arrived();
    reporter.take(counts(0), now + REPORT_EVERY_MS);
    expect(reporter.alarmAt(counts(1), now + REPORT_EVERY_MS)).toBe(now + 2 * REPORT_EVERY_MS);
  });

  it("[O3] of a room that forgets itself says what it had stored", () => {
    const reporter = new Reporter(counts(0, 5), START);
    expect(reporter.gone(counts(0, 5), START)).toEqual({ counts: null, left: counts(0, 5), asks: false });
    // It could not be told, or somebody came meanwhile.
    expect(reporter.take(counts(1, 5), START + REPORT_EVERY_MS)).toBeDefined();
  });
});
