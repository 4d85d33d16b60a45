// One shard of the registry: what it knows, whom it asks, what it sums up.

import { describe, expect, it } from "vitest";
import type { RoomCounts } from "../../../src/registry/counts.ts";
import { byCodePoints } from "../../../src/registry/known-objects.ts";
import { RegistryShard } from "../../../src/registry/registry-shard.ts";
import { SHARD_NAMES, shardOf } from "../../../src/registry/shards.ts";
import { SqliteForTest } from "../../support/sqlite.ts";

const START = 1_790_000_000_000;
const MINUTE_MS = 60_000;
const counts = (connections: number, messages = 0): RoomCounts => ({
  ...{ members: connections, connections, anonymous: 0, sessions: 0, head: messages, messages },
});
const PAGE = { prefix: "", after: "", limit: 10, active: false };

function shardForTest() {
  const database = new SqliteForTest();
  const open = () => new RegistryShard(database, START);
  const rowsOf = (run: () => void) => {
    const before = database.changes;
    run();
    return database.changes - before;
  };
  return { open, rowsOf, shard: open() };
}

describe("a shard", () => {
  it("[K20] writes one row when a room becomes occupied or empty, and none for other numbers of an occupied one", () => {
    const { rowsOf, shard } = shardForTest();
    const report = (connections: number) => () =>
      shard.recordRoom("a", { counts: counts(connections), asks: connections > 0 }, START);
    expect([1, 2, 2, 3, 0, 0, 1].map((connections) => rowsOf(report(connections)))).toEqual([
      1, 0, 0, 0, 1, 0, 1,
    ]);
  });

  it("[O2] sums up the same after a sleep, when those were asked who may have changed", () => {
    const { open, shard } = shardForTest();
    shard.sums(START);
    shard.recordRoom("a", { counts: counts(2, 5), asks: true }, START);
    shard.recordRoom("b", { counts: counts(0, 7), asks: false }, START);
    shard.recordRoom("a", { counts: counts(3, 6), asks: true }, START + 1);
    shard.recordUser("ada", { counts: { sessions: 1, notifications: 2 }, asks: true }, START);
    const sums = shard.sums(START + 2);
    expect(sums.rooms).toMatchObject({ known: 2, active: 1, counts: { connections: 3, messages: 13 } });
    expect(sums.users).toMatchObject({ known: 1, active: 1, counts: { sessions: 1, notifications: 2 } });
    const again = open();
    expect(again.rooms.toAsk(START + MINUTE_MS, 10)).toEqual(["a"]);
    again.recordRoom("a", { counts: counts(3, 6), asks: true }, START + MINUTE_MS);
    expect(again.sums(START + 2).rooms).toMatchObject({
      active: 1,
      counts: { connections: 3, messages: 13 },
    });
    expect(again.sums(START + 2).users.counts).toEqual(sums.users.counts);
  });

  it("[O6] writes no row for users who come and go, and asks them after a start", () => {
    const { open, rowsOf, shard } = shardForTest();
    const comeAndGo = (registry: RegistryShard) => () => {
      registry.recordUser("ada", { counts: { sessions: 1, notifications: 0 }, asks: true }, START);
      registry.recordUser("ada", { counts: { sessions: 0, notifications: 0 }, asks: false }, START);
    };
    expect([1, 2, 3].map(() => rowsOf(comeAndGo(shard)))).toEqual([1, 0, 0]);
    expect(shard.users.toAsk(START + MINUTE_MS, 10)).toEqual([]);
    expect(shard.sums(START).users).toMatchObject({ known: 1, active: 0 });
    const again = open();
    expect(again.users.toAsk(START + MINUTE_MS, 10)).toEqual(["ada"]);
    expect(rowsOf(comeAndGo(again))).toBe(0);
    expect(again.sums(START).users).toMatchObject({ known: 1, active: 0 });
  });

  it("[O6] asks at most 350 users after a start who are offline", () => {
    const { open, rowsOf, shard } = shardForTest();
    const users = Array.from({ length: 400 }, (_, n) => `u${n}`);
    for (const user of users)
      shard.recordUser(user, { counts: { sessions: 1, notifications: 0 }, asks: true }, START);
    const leave = () => {
      for (const user of users)
        shard.recordUser(user, { counts: { sessions: 0, notifications: 0 }, asks: false }, START);
    };
    expect(rowsOf(leave)).toBe(50);
    expect(open().users.toAsk(START + MINUTE_MS, 1_000)).toHaveLength(350);
    // Those who are written come again.
    const come = () =>
      shard.recordUser("u0", { counts: { sessions: 1, notifications: 0 }, asks: true }, START);
    expect(rowsOf(come)).toBe(1);
    expect(shard.sums(START).users).toMatchObject({ known: 400, active: 1 });
  });

  it("[O2] asks those who may have changed and were silent for a minute, the longest silent first", () => {
    const { shard } = shardForTest();
    shard.recordRoom("b", { counts: counts(1), asks: true }, START + 1);
    shard.recordRoom("a", { counts: counts(1), asks: true }, START + 2);
    shard.recordRoom("empty", { counts: counts(0), asks: false }, START);
    expect(shard.rooms.toAsk(START + MINUTE_MS, 10)).toEqual([]);
    const later = START + MINUTE_MS + 2;
    expect(shard.rooms.toAsk(later, 10)).toEqual(["b", "a"]);
    expect(shard.rooms.toAsk(later, 1)).toEqual(["b"]);
    expect(shard.sums(later).rooms.unconfirmed).toBe(2);
    shard.recordRoom("b", { counts: counts(1), asks: true }, later);
    shard.recordRoom("a", { counts: counts(0), asks: false }, later);
    expect(shard.rooms.toAsk(later, 10)).toEqual([]);
    expect(shard.sums(later).rooms).toMatchObject({ known: 3, active: 1, unconfirmed: 0 });
  });

  it("[O3] forgets a room, and keeps how many messages it stored", () => {
    const { shard } = shardForTest();
    shard.recordRoom("a", { counts: counts(0, 5), asks: false }, START);
    shard.recordRoom("a", { counts: null, asks: false }, START);
    shard.recordRoom("a", { counts: null, asks: false }, START);
    expect(shard.rooms.look(["a"], START)).toEqual([]);
    expect(shard.sums(START).rooms).toMatchObject({ known: 0, counts: { messages: 5 } });
    // It forgot itself unnoticed, and began anew.
    shard.recordRoom("b", { counts: counts(0, 4), asks: false }, START);
    shard.recordRoom("b", { counts: counts(0, 1), asks: false }, START);
    expect(shard.sums(START).rooms.counts.messages).toBe(10);
    // What it stored since its row was written was in memory only.
    shard.recordRoom("c", { counts: counts(1, 1), asks: true }, START);
    const left = { ...counts(0), messages: 9 };
    shard.recordRoom("c", { counts: null, left, asks: false }, START);
    expect(shard.sums(START).rooms.counts.messages).toBe(19);
  });

  it("[O1] keeps since when a room is occupied", () => {
    const { shard } = shardForTest();
    const since = () => shard.rooms.look(["a"], START)[0]?.since;
    shard.recordRoom("a", { counts: counts(1), asks: true }, START);
    shard.recordRoom("a", { counts: counts(2), asks: true }, START + 1);
    expect(since()).toBe(START);
    shard.recordRoom("a", { counts: counts(0), asks: false }, START + 2);
    expect(since()).toBe(START + 2);
  });

  it("[H59] has pages of all names with a prefix, and of the occupied ones", () => {
    const { shard } = shardForTest();
    const names = ["a", "b-1", "b-2", "b-3", "c"];
    for (const [at, name] of names.entries())
      shard.recordRoom(name, { counts: counts(at % 2), asks: at % 2 === 1 }, START);
    expect(shard.rooms.page({ ...PAGE, prefix: "b" }, START)).toEqual(["b-1", "b-2", "b-3"]);
    expect(shard.rooms.page({ ...PAGE, prefix: "b", after: "b-1", limit: 1 }, START)).toEqual(["b-2"]);
    expect(shard.rooms.page({ ...PAGE, active: true }, START)).toEqual(["b-1", "b-3"]);
    expect(shard.rooms.page({ ...PAGE, active: true, after: "b-1" }, START)).toEqual(["b-3"]);
  });

  it("[H59] orders names as SQLite does", () => {
    const { shard } = shardForTest();
    const names = ["a", "é", "￿", "😀", "Z", "z"];
    for (const name of names)
      shard.recordUser(name, { counts: { sessions: 0, notifications: 0 }, asks: false }, START);
    expect(shard.users.page(PAGE, START)).toEqual(names.toSorted(byCodePoints));
  });

  it("[O5] adds up counters by name, and bounds the names", () => {
    const { open, shard } = shardForTest();
    shard.count({ signals: 1, wrong: Number.NaN });
    shard.recordRoom("a", { counts: counts(1), asks: true, counters: { signals: 2, bytes: 0.5 } }, START);
    expect(open().counters).toEqual({ signals: 3, bytes: 0.5 });
    shard.count(Object.fromEntries(Array.from({ length: 150 }, (_, n) => [`signals n${n}`, 1])));
    expect(shard.counters).toMatchObject({ signals: 3, "signals n0": 1, "signals other": 50 });
    // What users choose takes no name from another family.
    shard.count({ "refused forbidden": 1, deliveries: 2 });
    expect(shard.counters).toMatchObject({ "refused forbidden": 1, deliveries: 2 });
  });
});

describe("names", () => {
  it("[O1] are spread over all shards", () => {
    const known = Map.groupBy(
      Array.from({ length: 1_600 }, (_, n) => `room_${n}`),
      shardOf,
    );
    expect(known.size).toBe(SHARD_NAMES.length);
    for (const names of known.values()) expect(names.length).toBeLessThan(200);
  });
});
