import { describe, expect, it } from "vitest";
import { isTimeOfDay, isTimeZone, type QuietHours } from "../../../src/protocol/index.ts";
import { NotificationStore } from "../../../src/user/inbox/notification-store.ts";
import { DEFAULT_PREFERENCES, PreferenceStore } from "../../../src/user/inbox/preferences.ts";
import { quietUntil } from "../../../src/user/inbox/quiet-hours.ts";
import { SqliteForTest } from "../../support/sqlite.ts";

function preferencesForTest() {
  const database = new SqliteForTest();
  new NotificationStore(database, 10, "e1");
  return { database, start: () => new PreferenceStore(database.sql) };
}

describe("preferences", () => {
  it("[U14] are one row, and the same after a restart; an omitted field keeps its value", () => {
    const { database, start } = preferencesForTest();
    const first = start();
    expect(first.current).toEqual(DEFAULT_PREFERENCES);
    const before = database.changes;
    expect(first.change({ mutedTopics: ["build"] })).toEqual({
      ...DEFAULT_PREFERENCES,
      mutedTopics: ["build"],
    });
    first.change({ push: false });
    expect(database.changes - before).toBe(2);
    first.change({ push: false });
    expect(database.changes - before).toBe(2);
    expect(start().current).toEqual({ ...DEFAULT_PREFERENCES, mutedTopics: ["build"], push: false });
  });

  it("[U13] mute by topic what it covers, and by room what is about it", () => {
    const preferences = preferencesForTest().start();
    preferences.change({ mutedTopics: ["task", "chat.typing"], mutedRooms: ["lobby"] });
    const mutes = (topic?: string, room?: string) => preferences.mutes({ topic, room });
    expect([mutes("task"), mutes("task.created"), mutes("task:7"), mutes("chat.typing")]).toEqual([
      ...[true, true, true, true],
    ]);
    expect([mutes(), mutes("tasks"), mutes("chat"), mutes("chat", "hall")]).toEqual(Array(4).fill(false));
    expect([mutes(undefined, "lobby"), mutes("chat", "lobby"), mutes("lobby")]).toEqual([true, true, false]);
  });
});

describe("quiet hours", () => {
  const at = (text: string) => Date.parse(text);
  const berlin = (from: string, to: string): QuietHours => ({ from, to, timeZone: "Europe/Berlin" });
  const until = (hours: QuietHours | null, now: string) => {
    const end = quietUntil(hours, at(now));
    return end === null ? null : new Date(end).toISOString().slice(0, 16);
  };

  it("[U15] end by the user's local time, over midnight or within a day", () => {
    const night = berlin("22:00", "07:00");
    expect(until(night, "2026-11-20T21:30:12Z")).toBe("2026-11-21T06:00");
    expect(until(night, "2026-11-20T21:00:00Z")).toBe("2026-11-21T06:00");
    expect(until(night, "2026-11-20T20:59:59Z")).toBeNull();
    expect(until(night, "2026-11-21T05:59:59Z")).toBe("2026-11-21T06:00");
    expect(until(night, "2026-11-21T06:00:00Z")).toBeNull();
    expect(until(berlin("12:00", "12:30"), "2026-11-20T11:29:00Z")).toBe("2026-11-20T11:30");
    expect(until(berlin("12:00", "12:30"), "2026-11-20T11:30:00Z")).toBeNull();
    expect(until(null, "2026-11-20T23:00:00Z")).toBeNull();
    expect(until({ ...night, timeZone: "Asia/Kathmandu" }, "2026-11-20T18:00:00Z")).toBe("2026-11-21T01:15");
  });

  it("[U15] end correctly in nights in which clocks change", () => {
    const night = berlin("22:00", "07:00");
    // One hour less, and one hour more.
    expect(until(night, "2026-03-28T22:00:00Z")).toBe("2026-03-29T05:00");
    expect(until(night, "2026-10-24T21:00:00Z")).toBe("2026-10-25T06:00");
    // A time of day that does not exist on this day.
    expect(until(berlin("22:00", "02:30"), "2026-03-28T22:00:00Z")).toBe("2026-03-29T01:00");
    // A time of day that occurs twice: the first counts.
    expect(until(berlin("22:00", "02:30"), "2026-10-24T21:00:00Z")).toBe("2026-10-25T00:30");
    const howe = { from: "22:00", to: "07:00", timeZone: "Australia/Lord_Howe" };
    expect(until(howe, "2026-04-04T13:00:00Z")).toBe("2026-04-04T20:30");
  });

  it("[U15] always end, and are over then: every half hour of the days around", () => {
    for (const hours of [berlin("22:00", "07:00"), berlin("02:15", "02:45"), berlin("07:00", "06:59")]) {
      for (let step = 0; step < 4 * 48; step++) {
        const day = at(step % 2 === 0 ? "2026-03-28T00:07:00Z" : "2026-10-24T00:07:00Z");
        const now = day + Math.floor(step / 2) * 30 * 60_000;
        const end = quietUntil(hours, now);
        if (end === null) continue;
        expect(end).toBeGreaterThan(now);
        expect(end - now).toBeLessThan(26 * 3_600_000);
        expect([new Date(end).toISOString(), quietUntil(hours, end)]).toEqual([
          new Date(end).toISOString(),
          null,
        ]);
      }
    }
  });

  it("[U14] accept times and time zones only", () => {
    expect(["00:00", "23:59", "07:05"].map(isTimeOfDay)).toEqual([true, true, true]);
    expect(["24:00", "7:00", "07:60", "07:00:00", "", "٠٧:٠٠"].map(isTimeOfDay)).toEqual(
      Array(6).fill(false),
    );
    expect(["Europe/Berlin", "UTC", "America/Argentina/Ushuaia", "Etc/GMT+3"].map(isTimeZone)).toEqual(
      Array(4).fill(true),
    );
    expect(["Mars/Base", "+02:00", "", "Europe/Berlin ", "x".repeat(1_000)].map(isTimeZone)).toEqual(
      Array(5).fill(false),
    );
  });
});
