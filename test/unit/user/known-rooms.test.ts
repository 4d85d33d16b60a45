import { describe, expect, it } from "vitest";
import { migrate } from "../../../src/object/storage/migrate.ts";
import { FollowedRooms, MAX_FOLLOWED } from "../../../src/user/followed-rooms.ts";
import { USER_SCHEMA } from "../../../src/user/inbox/user-schema.ts";
import { KnownRooms, MAX_ROOMS } from "../../../src/user/known-rooms.ts";
import { type NoticedRoom, RoomNotices, retryMs } from "../../../src/user/room-notices.ts";
import { TokenRevocations } from "../../../src/user/token-revocations.ts";
import { SqliteForTest } from "../../support/sqlite.ts";

const NOW = 1_790_000_000_000;

/** The rooms that one user opens: rooms in `inUse` have an open connection, rooms in `down` do not answer. */
function userWith(database = new SqliteForTest()) {
  migrate(database, USER_SCHEMA);
  database.sql.exec(
    "INSERT OR IGNORE INTO inbox_state (id, epoch, ring, floor, head, unread) VALUES (1, 'e', 9, 0, 0, 0)",
  );
  const inUse = new Set<string>();
  const down = new Set<string>();
  const told: string[] = [];
  const released: string[] = [];
  const work: Promise<void>[] = [];
  const rooms = new KnownRooms(database.sql);
  const revocations = new TokenRevocations(database.sql, rooms);
  const room = (name: string): NoticedRoom => ({
    async revoke() {
      if (down.has(name)) throw new Error("unreachable");
      told.push(name);
      return true;
    },
    async release() {
      if (down.has(name)) throw new Error("unreachable");
      if (inUse.has(name)) return false;
      released.push(name);
      return true;
    },
  });
  const notices = new RoomNotices({
    revocations,
    rooms,
    user: "bo",
    room,
    now: () => NOW,
    random: () => 0.5,
    goOn: (done) => work.push(done),
    failed: () => {},
  });
  const settled = async () => {
    while (work.length > 0) await work.shift();
  };
  return {
    ...{
      database,
      rooms,
      revocations,
      followed: new FollowedRooms(rooms),
      notices,
      inUse,
      down,
      told,
      released,
    },
    settled,
  };
}

describe("the rooms that a user's object knows", () => {
  it("[U29] are limited: rooms without a connection are removed, followed rooms and rooms in use stay", async () => {
    const { notices, rooms, followed, inUse, released, settled, database } = userWith();
    for (let n = 0; n < MAX_FOLLOWED; n++) followed.follow(`followed${n}`);
    for (let n = 0; n < 5_000; n++) {
      if (n % 10 === 0) inUse.add(`r${n}`);
      expect(notices.registerRoom(`r${n}`)).toMatchObject({ ok: true });
      await settled();
      expect(rooms.all.size).toBeLessThanOrEqual(MAX_ROOMS + 1);
    }
    const restarted = new KnownRooms(database.sql).all;
    expect(restarted).toEqual(rooms.all);
    for (const name of [...followed.list(), ...inUse, "r4999"]) expect(restarted.has(name), name).toBe(true);
    expect(followed.list()).toHaveLength(MAX_FOLLOWED);
    expect(released).toHaveLength(new Set(released).size);
  });

  it("[U29] keep a room that is opened while its removal is under way", async () => {
    const { notices, rooms, released, settled } = userWith();
    for (let n = 0; n <= MAX_ROOMS; n++) notices.registerRoom(`r${n}`);
    // The rooms are being asked now.
    for (let n = 0; n <= MAX_ROOMS; n++) notices.registerRoom(`r${n}`);
    await settled();
    expect(released.length).toBeGreaterThan(0);
    for (const name of released) expect(rooms.all.has(name)).toBe(true);
  });

  it("[U29] refuse one more for now if all are in use, and none of them is removed", async () => {
    const { notices, rooms, inUse, followed, settled } = userWith();
    for (let n = 0; n < 4_000; n++) inUse.add(`r${n}`);
    const outcomes = [];
    for (let n = 0; n < 4_000; n++) {
      outcomes.push(notices.registerRoom(`r${n}`));
      await settled();
    }
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(rooms.all.size);
    expect(rooms.all.size).toBeLessThan(3_000);
    expect(outcomes.at(-1)).toMatchObject({ refusal: { code: "room_full", retryAfterMs: 5_000 } });
    expect(followed.follow("one more")).toMatchObject({ ok: false });
    expect(notices.registerRoom("r0")).toMatchObject({ ok: true });
  });

  it("[U29] are reduced although one room does not answer", async () => {
    const { notices, rooms, down, settled } = userWith();
    for (let n = 0; n < 4_000; n++) {
      if (n % 100 === 0) down.add(`r${n}`);
      expect(notices.registerRoom(`r${n}`).ok).toBe(true);
      await settled();
    }
    expect(rooms.all.size).toBeLessThanOrEqual(MAX_ROOMS + 40);
  });

  it("[B7][G17] receive a revocation in portions, and those that do not answer once more later", async () => {
    const { notices, revocations, down, told } = userWith();
    for (let n = 0; n < 1_800; n++) {
      notices.registerRoom(`r${n}`);
      if (n % 3 === 0) down.add(`r${n}`);
    }
    revocations.revokeAll(NOW);
    const rounds = [];
    do rounds.push((await notices.propagateRevocation()).again);
    while (rounds.at(-1) === NOW);
    expect(rounds).toEqual([NOW, NOW, NOW, NOW + 30_000]);
    expect([told.length, new Set(told).size]).toEqual([1_200, 1_200]);
    down.clear();
    expect(await notices.propagateRevocation()).toEqual({ told: 500, again: NOW });
    expect(await notices.propagateRevocation()).toEqual({ told: 100, again: null });
    expect(await notices.propagateRevocation()).toEqual({ told: 0, again: null });
  });
});

describe("rooms that could not receive a revocation", () => {
  it("[G17] are tried again after 30 s, later the longer it lasts, and at least every 90 minutes", () => {
    expect([0, 0.5, 1].map((random) => retryMs(-60_000, random))).toEqual([15_000, 30_000, 45_000]);
    expect(retryMs(600_000, 0.5)).toBe(600_000);
    expect([0, 1].map((random) => retryMs(86_400_000, random))).toEqual([1_800_000, 5_400_000]);
  });
});

describe("tokens without a date", () => {
  const undated = (expiresAt: number) => ({ issuedAt: null, expiresAt });

  it("[B13] are recorded in a row if one expires later than all before, and survive a restart", () => {
    const { revocations, database } = userWith();
    const written = (run: () => void) => {
      const before = database.changes;
      run();
      return database.changes - before;
    };
    expect(written(() => revocations.admit(undated(NOW + 5_000), NOW))).toBe(1);
    expect(written(() => revocations.admit(undated(NOW + 5_000), NOW))).toBe(0);
    expect(written(() => revocations.admit(undated(NOW + 1), NOW))).toBe(0);
    expect(written(() => revocations.admit({ issuedAt: NOW, expiresAt: NOW + 9_000 }, NOW))).toBe(0);
    const { revocations: restarted } = userWith(database);
    restarted.revokeAll(NOW);
    for (const now of [NOW, NOW + 3_600_000]) {
      expect(restarted.admit(undated(NOW + 5_000), now)).toMatchObject({ code: "token_expired" });
      expect(restarted.admit(undated(NOW + 6_000), now)).toBe(undefined);
    }
    // A later token was accepted, and the next disconnect revokes it.
    restarted.revokeAll(NOW + 1);
    expect(userWith(database).revocations.refusalFor(undated(NOW + 6_000), NOW)).toBeDefined();
    expect(userWith(database).revocations.refusalFor(undated(NOW + 7_000), NOW)).toBe(undefined);
  });

  it("[B13] are not recorded if they are revoked", () => {
    const { revocations } = userWith();
    revocations.revokeAll(NOW);
    expect(revocations.admit(undated(NOW + 5_000), NOW)).toMatchObject({
      message: expect.stringContaining("iat"),
    });
    revocations.revokeAll(NOW + 1);
    expect(revocations.revokedTokens.undatedUpTo).toBe(0);
  });
});
