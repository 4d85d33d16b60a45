import { describe, expect, it } from "vitest";
import { migrate } from "../../../src/object/storage/migrate.ts";
import { FollowedRooms, MAX_FOLLOWED } from "../../../src/user/followed-rooms.ts";
import { USER_SCHEMA } from "../../../src/user/inbox/user-schema.ts";
import { KnownRooms, MAX_ROOMS } from "../../../src/user/known-rooms.ts";
import { type NoticedRoom, RoomNotices } from "../../../src/user/room-notices.ts";
import { TokenRevocations } from "../../../src/user/token-revocations.ts";
import { SqliteForTest } from "../../support/sqlite.ts";

const NOW = 1_790_000_000_000;

/** The rooms that one user opens: in those of `inUse` something is open, those of `down` do not answer. */
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
  const access = new TokenRevocations(database.sql, rooms);
  const room = (name: string): NoticedRoom => ({
    async withdraw() {
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
    access,
    rooms,
    user: "bo",
    room,
    goOn: (done) => work.push(done),
    failed: () => {},
  });
  const settled = async () => {
    while (work.length > 0) await work.shift();
  };
  return {
    ...{ database, rooms, access, followed: new FollowedRooms(rooms), notices, inUse, down, told, released },
    settled,
  };
}

describe("the rooms that a user's object knows", () => {
  it("[U29] have a bound: those in which nothing is open are let go, those followed or in use stay", async () => {
    const { notices, rooms, followed, inUse, released, settled, database } = userWith();
    for (let n = 0; n < MAX_FOLLOWED; n++) followed.follow(`followed${n}`);
    for (let n = 0; n < 5_000; n++) {
      if (n % 10 === 0) inUse.add(`r${n}`);
      expect(notices.opened(`r${n}`)).toMatchObject({ ok: true });
      await settled();
      expect(rooms.all.size).toBeLessThanOrEqual(MAX_ROOMS + 1);
    }
    const restarted = new KnownRooms(database.sql).all;
    expect(restarted).toEqual(rooms.all);
    for (const name of [...followed.list(), ...inUse, "r4999"]) expect(restarted.has(name), name).toBe(true);
    expect(followed.list()).toHaveLength(MAX_FOLLOWED);
    expect(released).toHaveLength(new Set(released).size);
  });

  it("[U29] one that is opened while it is let go stays known", async () => {
    const { notices, rooms, released, settled } = userWith();
    for (let n = 0; n <= MAX_ROOMS; n++) notices.opened(`r${n}`);
    // They are being asked now.
    for (let n = 0; n <= MAX_ROOMS; n++) notices.opened(`r${n}`);
    await settled();
    expect(released.length).toBeGreaterThan(0);
    for (const name of released) expect(rooms.all.has(name)).toBe(true);
  });

  it("[U29] where all are in use one more is refused for now, and none of them is forgotten", async () => {
    const { notices, rooms, inUse, followed, settled } = userWith();
    for (let n = 0; n < 4_000; n++) inUse.add(`r${n}`);
    const outcomes = [];
    for (let n = 0; n < 4_000; n++) {
      outcomes.push(notices.opened(`r${n}`));
      await settled();
    }
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(rooms.all.size);
    expect(rooms.all.size).toBeLessThan(3_000);
    expect(outcomes.at(-1)).toMatchObject({ refusal: { code: "room_full", retryAfterMs: 5_000 } });
    expect(followed.follow("one more")).toMatchObject({ ok: false });
    expect(notices.opened("r0")).toMatchObject({ ok: true });
  });

  it("[U29] one that does not answer is no reason to keep the others", async () => {
    const { notices, rooms, down, settled } = userWith();
    for (let n = 0; n < 4_000; n++) {
      if (n % 100 === 0) down.add(`r${n}`);
      expect(notices.opened(`r${n}`).ok).toBe(true);
      await settled();
    }
    expect(rooms.all.size).toBeLessThanOrEqual(MAX_ROOMS + 40);
  });

  it("[B7][G17] all are told of a withdrawal in portions, and those that do not answer once more later", async () => {
    const { notices, access, down, told } = userWith();
    for (let n = 0; n < 1_800; n++) {
      notices.opened(`r${n}`);
      if (n % 3 === 0) down.add(`r${n}`);
    }
    access.withdraw(NOW);
    const rests = [];
    do rests.push((await notices.propagateRevocation()).rest);
    while (rests.at(-1) === "now");
    expect(rests).toEqual(["now", "now", "now", "later"]);
    expect([told.length, new Set(told).size]).toEqual([1_200, 1_200]);
    down.clear();
    expect(await notices.propagateRevocation()).toEqual({ told: 500, rest: "now" });
    expect(await notices.propagateRevocation()).toEqual({ told: 100, rest: "none" });
    expect(await notices.propagateRevocation()).toEqual({ told: 0, rest: "none" });
  });
});

describe("tokens without a date", () => {
  const undated = (expiresAt: number) => ({ issuedAt: null, expiresAt });

  it("[B13] are kept in mind with a row where one expires later than all before, and outlive a restart", () => {
    const { access, database } = userWith();
    const written = (run: () => void) => {
      const before = database.changes;
      run();
      return database.changes - before;
    };
    expect(written(() => access.admit(undated(NOW + 5_000), NOW))).toBe(1);
    expect(written(() => access.admit(undated(NOW + 5_000), NOW))).toBe(0);
    expect(written(() => access.admit(undated(NOW + 1), NOW))).toBe(0);
    expect(written(() => access.admit({ issuedAt: NOW, expiresAt: NOW + 9_000 }, NOW))).toBe(0);
    const { access: restarted } = userWith(database);
    restarted.withdraw(NOW);
    for (const now of [NOW, NOW + 3_600_000]) {
      expect(restarted.admit(undated(NOW + 5_000), now)).toMatchObject({ code: "token_expired" });
      expect(restarted.admit(undated(NOW + 6_000), now)).toBe(undefined);
    }
    // What came later was accepted, and is void with the next one.
    restarted.withdraw(NOW + 1);
    expect(userWith(database).access.bars(undated(NOW + 6_000), NOW)).toBeDefined();
    expect(userWith(database).access.bars(undated(NOW + 7_000), NOW)).toBe(undefined);
  });

  it("[B13] one that is void is not kept in mind", () => {
    const { access } = userWith();
    access.withdraw(NOW);
    expect(access.admit(undated(NOW + 5_000), NOW)).toMatchObject({
      message: expect.stringContaining("iat"),
    });
    access.withdraw(NOW + 1);
    expect(access.voidTokens.undatedUpTo).toBe(0);
  });
});
