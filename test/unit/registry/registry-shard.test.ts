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
  return { database, open, shard: open() };
}

describe("a shard", () => {
  it("[K20] writes one row for a report, and none for one that says nothing new", () => {
    const { database, shard } = shardForTest();
    const changesOf = (run: () => void) => {
      const before = database.changes;
      run();
      return database.changes - before;
    };
    for (const connections of [1, 2])
      expect(changesOf(() => shard.recordRoom("a", { counts: counts(connections), asks: true }, START))).toBe(
        1,
      );
    expect(changesOf(() => shard.recordRoom("a", { counts: counts(2), asks: true }, START + 1))).toBe(0);
  });

  it("[O2] sums up the same before and after a sleep", () => {
    const { open, shard } = shardForTest();
    shard.sums(START);
    shard.recordRoom("a", { counts: counts(2, 5), asks: true }, START);
    shard.recordRoom("b", { counts: counts(0, 7), asks: false }, START);
    shard.recordRoom("a", { counts: counts(3, 6), asks: true }, START + 1);
    shard.recordUser("ada", { counts: { sessions: 1, notifications: 2 }, asks: true }, START);
    const sums = shard.sums(START + 2);
    expect(sums.rooms).toMatchObject({ known: 2, active: 1, counts: { connections: 3, messages: 13 } });
    expect(sums.users).toMatchObject({ known: 1, active: 1, counts: { sessions: 1, notifications: 2 } });
    expect(open().sums(START + 2)).toEqual(sums);
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
    shard.count(Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`n${n}`, 1])));
    expect(shard.counters).toMatchObject({ signals: 3, n0: 1, other: 102 });
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
