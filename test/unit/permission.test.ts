import { describe, expect, it } from "vitest";
import { roomPermission } from "../../src/access/room-permission.ts";
import { allowsOrigin, isOriginPattern } from "../../src/config/origins.ts";
import { SettingsReader } from "../../src/config/settings-reader.ts";
import { FORGET_AFTER_MS, planAlarm, SWEEP_EVERY_MS } from "../../src/object/object-alarm.ts";
import {
  closeReason,
  formatCursor,
  isCommandId,
  isEventName,
  isRoomName,
  isUserId,
  parseCloseReason,
  parseCursor,
  utf8Length,
} from "../../src/protocol/index.ts";

describe("permission", () => {
  const closed = { defaultAccess: "none", anonymousRooms: ["public_*", "hall"] } as const;
  const claim = {
    "project_*": "write",
    project_secret: "none",
    "project_a*": "moderate",
    announcements: "read",
    "team:7": "moderate",
    odd: "owner",
    "": "write",
  };
  const may = (room: string) => roomPermission(closed, claim, room);

  it("[A4] of an exact name takes precedence over a prefix, a longer prefix over a shorter one; an unknown value is none", () => {
    const rooms = [
      "project_1",
      "project_secret",
      "project_abc",
      "announcements",
      "team:7",
      "odd",
      "elsewhere",
    ];
    expect(rooms.map(may)).toEqual(["write", "none", "moderate", "read", "moderate", "none", "none"]);
    expect(roomPermission(closed, { "*": "read" }, "anything")).toBe("read");
    for (const room of ["constructor", "toString", "__proto__"]) expect(may(room)).toBe("none");
  });

  it("[A4] without the claim is the default; everyone may read rooms for anonymous readers", () => {
    expect(roomPermission({ ...closed, defaultAccess: "write" }, undefined, "x")).toBe("write");
    expect(roomPermission({ ...closed, defaultAccess: "write" }, {}, "x")).toBe("none");
    expect(roomPermission({ ...closed, defaultAccess: "write" }, null, "x")).toBe("none");
    expect(["public_1", "hall", "public", "hall2"].map((room) => roomPermission(closed, null, room))).toEqual(
      [...["read", "read", "none", "none"]],
    );
    expect(roomPermission(closed, { hall: "write" }, "hall")).toBe("write");
    expect(roomPermission(closed, { hall: "none" }, "hall")).toBe("read");
  });
});

describe("the grammar of names", () => {
  it("[A12] covers rooms and events", () => {
    for (const name of ["a", "A9", "team:7", "a_b-c.d", "x".repeat(128)])
      expect([name, isRoomName(name)]).toEqual([name, true]);
    for (const name of ["", "_a", ".a", "a b", "ä", "a/b", "a\n", "x".repeat(129)])
      expect([name, isRoomName(name)]).toEqual([name, false]);
    expect([isEventName("x".repeat(64)), isEventName("x".repeat(65))]).toEqual([true, false]);
  });

  it("[A12][A29] covers users and commands", () => {
    for (const id of [
      ...[
        "a",
        "auth0|1",
        "a@b.c",
        "~",
        "!",
        "...",
        "a/b",
        "a?b",
        "a#b",
        "a%b",
        "a b",
        " a",
        "ä",
        "日本",
        "👍🏽",
      ],
      ...["https://idp.example/users/1", "spiffe://example.org/ns/a/sa/b", "did:web:example.com%3A3000:u"],
      ...["CN=Ada Lovelace,OU=R&D,O=Example", "q83vEjRWeJA/+w==", "x".repeat(255), "👍".repeat(127)],
    ])
      expect([id, isUserId(id)]).toEqual([id, true]);
    for (const id of [
      ...["", ".", "..", "a\n", "a\u0000", "\u007f", "\u0085", "\u2028", "\u2029", "\ud83d", "a\ude00"],
      ...["x".repeat(256), "👍".repeat(128)],
      // Invisible characters would make two ids look alike.
      ...[
        "a\u200b",
        "a\u00adb",
        "a\u200db",
        "a\u200e",
        "\u202ea",
        "\u2066a",
        "\ufeffa",
        "a\u2060",
        "\u{e0041}",
      ],
      ...["\u3164", "a\ufe0f", "a\u034f", "\u115f", " ", "  ", "\u00a0", "\u3000 "],
    ])
      expect([id, isUserId(id)]).toEqual([id, false]);
    expect([isCommandId("👍"), isCommandId(""), isCommandId("x".repeat(65)), isCommandId("\ud800")]).toEqual([
      ...[true, false, false, false],
    ]);
  });

  it("[A12] covers cursors", () => {
    expect(parseCursor("k3x9.57")).toEqual({ epoch: "k3x9", seq: 57 });
    expect(formatCursor({ epoch: "k3x9", seq: 57 })).toBe("k3x9.57");
    for (const text of [
      "",
      "k3x9",
      "k3x9.",
      ".57",
      "k3x9.5.7",
      "k3x9.-1",
      "k 9.1",
      "k3x9.1e3",
      `${"k".repeat(17)}.1`,
    ]) {
      expect([text, parseCursor(text)]).toEqual([text, undefined]);
    }
  });

  it("[A7] a close reason contains the code and the time to wait", () => {
    expect(closeReason({ code: "rate_limited", retryAfterMs: 1_999.5 })).toBe("rate_limited 2000");
    expect(parseCloseReason("rate_limited 2000")).toEqual({ code: "rate_limited", retryAfterMs: 2_000 });
    expect(parseCloseReason("forbidden")).toEqual({ code: "forbidden" });
    for (const reason of ["", "nonsense", "forbidden soon", "constructor", "forbidden: ", "forbidden:no"])
      expect(parseCloseReason(reason)).toBeUndefined();
  });

  it("[A20] a close reason may contain a text, as long as 123 bytes allow", () => {
    const closing = { code: "unauthorized", message: "the token has no exp: none at all" } as const;
    expect(closeReason(closing)).toBe("unauthorized: the token has no exp: none at all");
    expect(parseCloseReason(closeReason(closing))).toEqual(closing);
    const busy = { code: "overloaded", retryAfterMs: 2_000, message: "wait" } as const;
    expect([closeReason(busy), parseCloseReason(closeReason(busy))]).toEqual(["overloaded 2000: wait", busy]);
    expect(closeReason({ code: "timeout", message: "" })).toBe("timeout");
    for (const character of ["a", "é", "日", "👍"]) {
      const reason = closeReason({ code: "forbidden", message: character.repeat(123) });
      const size = Buffer.byteLength(character);
      expect(reason).toBe(`forbidden: ${character.repeat(Math.floor((123 - "forbidden: ".length) / size))}`);
      expect(reason.isWellFormed()).toBe(true);
    }
  });

  it("[S9] the size of a text is its number of bytes in UTF-8", () => {
    for (const text of ["", "abc", "äöü", "€", "👍🏽", "a\ud800b", "\udc00", "日本"]) {
      expect([text, utf8Length(text)]).toEqual([text, Buffer.byteLength(text)]);
    }
  });
});

describe("origins", () => {
  const own = "rooms.example.com";

  it("[A40] of the own host are allowed under http, https, ws and wss, with or without a slash and a default port", () => {
    for (const scheme of ["http", "https", "ws", "wss", "HTTPS"]) {
      for (const rest of ["", "/", ":80", ":443", ":443/"]) {
        const origin = `${scheme}://Rooms.Example.com${rest}`;
        expect([origin, allowsOrigin([], own, origin)]).toEqual([origin, true]);
        expect([origin, allowsOrigin([], `${own}:443`, origin)]).toEqual([origin, true]);
      }
      expect(allowsOrigin([], "localhost:8787", `${scheme}://localhost:8787/`)).toBe(true);
      expect(allowsOrigin([], "[::1]:8787", `${scheme}://[::1]:8787`)).toBe(true);
    }
  });

  it("[A40] of another host or port are not the own origin, and neither is one that only looks like it", () => {
    for (const origin of [
      "https://rooms.example.com:8443",
      "https://rooms.example.com//",
      "https://rooms.example.com/x",
      "https://rooms.example.com.evil.com",
      "https://evil.com/rooms.example.com",
      "https://evil.com@rooms.example.com",
      "https://xrooms.example.com",
      "capacitor://rooms.example.com",
      "rooms.example.com",
      "null",
      "",
    ]) {
      expect([origin, allowsOrigin([], own, origin)]).toEqual([origin, false]);
    }
    expect(allowsOrigin([], "localhost:8787", "http://localhost")).toBe(false);
    expect(allowsOrigin([], "localhost:8787", "http://localhost:8788")).toBe(false);
    expect(allowsOrigin([], "", "http://")).toBe(false);
  });

  it("[A40] are the same with a slash at the end, in a request and in a setting", () => {
    for (const pattern of ["https://app.example.com", "https://app.example.com/", "https://*.example.com/"]) {
      expect(isOriginPattern(pattern)).toBe(true);
      expect(allowsOrigin([pattern], own, "https://app.example.com/")).toBe(true);
      expect(allowsOrigin([pattern], own, "https://app.example.com//")).toBe(false);
    }
  });

  it("[A6] match exactly, by one label, by any port, or all", () => {
    const patterns = [
      "https://app.example.com",
      "https://*.example.org",
      "http://localhost:*",
      "capacitor://localhost",
    ];
    const allowed = (origin: string | null) => allowsOrigin(patterns, own, origin);
    for (const origin of [
      null,
      `https://${own}`,
      "https://app.example.com",
      "https://a.example.org",
      "http://localhost:5173",
      "http://localhost",
      "capacitor://localhost",
    ]) {
      expect([origin, allowed(origin)]).toEqual([origin, true]);
    }
    for (const origin of [
      "null",
      "http://app.example.com",
      "https://app.example.com.evil.com",
      "https://a.b.example.org",
      "https://example.org",
      "https://localhost:1",
      "http://localhost.evil.com:80",
      "https://aexample.org",
      "https://app-example.com",
    ]) {
      expect([origin, allowed(origin)]).toEqual([origin, false]);
    }
    expect(allowsOrigin(["*"], own, "https://any.where")).toBe(true);
    expect(allowsOrigin([], own, "https://any.where")).toBe(false);
  });

  it("[A9] that are invalid are no patterns", () => {
    for (const text of ["https://a.com//", "a.com", "https://*", "https://*.*.com", "https://a.com:x"]) {
      expect([text, isOriginPattern(text)]).toEqual([text, false]);
    }
  });
});

describe("settings", () => {
  it("[A9] that are wrong are named, without their value", () => {
    const read = new SettingsReader({
      PING_MS: "soon",
      HISTORY_LIMIT: 0,
      RATE_BURST: 1.5,
      DEMO: "maybe",
      EMPTY: " ",
    });
    expect(read.integer("PING_MS", 25_000, 1_000, 9_000_000)).toBe(25_000);
    expect(read.integer("HISTORY_LIMIT", 10_000, 1, 100_000)).toBe(10_000);
    expect(read.number("RATE_BURST", 30, 1, 100)).toBe(1.5);
    expect(read.oneOf("DEMO", ["on", "off"], "on")).toBe("on");
    expect(read.text("EMPTY", "fallback")).toBe("fallback");
    expect(read.problems).toEqual([
      "PING_MS must be a number from 1000 to 9000000",
      "HISTORY_LIMIT must be a number from 1 to 100000",
      "DEMO must be one of on, off",
    ]);
  });
});

describe("the alarm", () => {
  const now = 1_790_000_000_000;

  it("[G2] runs every 15 minutes while two or more are connected", () => {
    const busy = { connections: 2, isKept: () => true };
    expect(planAlarm(busy, null, now)).toBe(now + SWEEP_EVERY_MS);
    expect(planAlarm(busy, now + 1, now)).toBeNull();
    expect(planAlarm(busy, now + 2 * SWEEP_EVERY_MS, now)).toBe(now + SWEEP_EVERY_MS);
    expect(planAlarm({ connections: 1, isKept: () => true }, null, now)).toBeNull();
  });

  it("[G4] removes a room that stored nothing an hour after its last use, and is not set at each use", () => {
    const empty = { connections: 0, isKept: () => false };
    const at = planAlarm(empty, null, now) ?? 0;
    expect(at - now).toBeGreaterThanOrEqual(FORGET_AFTER_MS);
    expect(planAlarm(empty, at, now + 60_000)).toBeNull();
    expect(planAlarm(empty, at, at - FORGET_AFTER_MS + 1)).toBeGreaterThan(at);
  });
});
