import { describe, expect, it } from "vitest";
import {
  type Circumstances,
  judge,
  MAX_TRIES,
  type Pushable,
  pushesAfterChange,
  waitAfter,
} from "../../../src/user/push/push-rules.ts";

const NOW = 1_790_000_000_000;
const HOUR_MS = 3_600_000;

function verdictOn(notification: Partial<Pushable>, circumstances: Partial<Circumstances> = {}, now = NOW) {
  const verdict = judge(
    { priority: "medium", state: "unseen", at: NOW, ...notification },
    { online: false, doubtMs: 80_000, quietUntil: null, wanted: true, ...circumstances },
    now,
  );
  return verdict.kind === "wait" ? verdict.until - NOW : verdict.kind;
}

describe("whether a notification is pushed", () => {
  it("[U19] is yes if the user is away", () => {
    for (const priority of ["low", "medium", "high", "urgent"] as const) {
      expect(verdictOn({ priority })).toBe("send");
    }
  });

  it("[U24] is no while a device is connected; a device that may have vanished is waited for", () => {
    expect(verdictOn({}, { online: true })).toBe(80_000);
    expect(verdictOn({}, { online: true }, NOW + 79_999)).toBe(80_000);
    expect(verdictOn({ at: NOW + 1 }, { online: true }, NOW + 1)).toBe(160_000);
    expect(verdictOn({}, { online: true }, NOW + 80_000)).toBe("drop");
    expect(verdictOn({}, { online: false }, NOW + 80_000)).toBe("send");
    expect(verdictOn({ priority: "urgent" }, { online: true })).toBe("send");
  });

  it("[U24] is no in quiet hours, and yes when they end", () => {
    const quietUntil = NOW + 8 * HOUR_MS;
    expect(verdictOn({ priority: "high" }, { quietUntil })).toBe(8 * HOUR_MS);
    expect(verdictOn({}, { quietUntil: null }, quietUntil)).toBe("send");
    expect(verdictOn({ priority: "urgent" }, { quietUntil })).toBe("send");
  });

  it("[U24] is no if it is seen, read, archived, expired, muted, unwanted or days old", () => {
    for (const state of ["seen", "read", "archived"] as const) {
      expect(verdictOn({ state, priority: "urgent" })).toBe("drop");
    }
    const urgent = { priority: "urgent", expiresAt: NOW + 1 } as const;
    expect([verdictOn(urgent), verdictOn(urgent, {}, NOW + 1)]).toEqual(["send", "drop"]);
    expect(verdictOn({ priority: "urgent", muted: true })).toBe("drop");
    expect(verdictOn({ priority: "urgent" }, { wanted: false })).toBe("drop");
    expect(verdictOn({}, {}, NOW + 49 * HOUR_MS)).toBe("drop");
  });
});

describe("the wait before another try", () => {
  it("[U21] grows, is random, and all waits are within a day", () => {
    const tries = Array.from({ length: MAX_TRIES - 1 }, (_, at) => at + 1);
    const waits = (random: number) => tries.map((n) => waitAfter(n, 0, random) / 60_000);
    expect(waits(0.5)).toEqual([1, 5, 25, 125, 625]);
    expect(waits(0)).toEqual([0.5, 2.5, 12.5, 62.5, 312.5]);
    expect(waits(1).reduce((sum, one) => sum + one) / 60).toBeLessThan(24);
  });

  it("[U21] is never shorter than the service asked for, up to a day", () => {
    expect(waitAfter(1, 600_000, 0)).toBe(600_000);
    expect(waitAfter(1, 600_000, 1)).toBe(660_000);
    expect(waitAfter(4, 600_000, 0.5)).toBe(125 * 60_000);
    expect(waitAfter(1, 100 * HOUR_MS, 0.5)).toBe(24 * HOUR_MS);
  });
});

describe("a change of preferences", () => {
  const night = { from: "22:00", to: "07:00", timeZone: "UTC" };

  it("[U24] drops what came while the user wanted no pushes, and only then", () => {
    const off = { push: false, quietHours: null };
    expect(pushesAfterChange(off, { push: true })).toBe("drop");
    expect(pushesAfterChange(off, { push: false })).toBe("keep");
    expect(pushesAfterChange(off, { mutedRooms: [] })).toBe("keep");
    expect(pushesAfterChange({ push: true, quietHours: null }, { push: true })).toBe("keep");
  });

  it("[U24] sends what waits for the end of quiet hours that were removed", () => {
    const quiet = { push: true, quietHours: night };
    expect(pushesAfterChange(quiet, { quietHours: null })).toBe("send");
    expect(pushesAfterChange(quiet, { quietHours: { ...night, from: "23:00" } })).toBe("send");
    expect(pushesAfterChange(quiet, { mutedTopics: ["x"] })).toBe("keep");
    expect(pushesAfterChange({ push: true, quietHours: null }, { quietHours: night })).toBe("keep");
  });
});
