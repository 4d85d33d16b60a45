// All shards as one: what callers see if one of them does not answer, and pages over all of them.

import { describe, expect, it, vi } from "vitest";
import { AllShards, type ShardCalls } from "../../../src/registry/all-shards.ts";
import type { UserCounts } from "../../../src/registry/counts.ts";
import { RegistryShard } from "../../../src/registry/registry-shard.ts";
import { SHARD_NAMES, shardOf } from "../../../src/registry/shards.ts";
import { SqliteForTest } from "../../support/sqlite.ts";

const NOW = 1_790_000_000_000;
const AWAY: UserCounts = { sessions: 0, notifications: 1 };

/** Shards that answer at once, unless `fails` rejects. */
function shardsForTest(fails: (shard: string) => Promise<void> = async () => {}) {
  const shards = new Map<string, RegistryShard>();
  const shardAt = (name: string) => {
    const shard = shards.get(name) ?? new RegistryShard(new SqliteForTest(), NOW);
    shards.set(name, shard);
    return shard;
  };
  const failed = vi.fn<(error: unknown) => void>();
  const all = new AllShards({
    shard(name): ShardCalls {
      const shard = shardAt(name);
      const answer = async <T>(look: () => T) => {
        await fails(name);
        return look();
      };
      return {
        sums: () => answer(() => shard.sums(NOW)),
        namesOf: (kind, query) => answer(() => shard[kind].page(query, NOW)),
        lookAtRooms: (names) => answer(() => shard.rooms.look(names, NOW)),
        lookAtUsers: (names) => answer(() => shard.users.look(names, NOW)),
        counters: () => shard.counters,
        count: (counters) => shard.count(counters),
      };
    },
    inTime: async (answer) => answer,
    failed,
  });
  const add = (user: string) => shardAt(shardOf(user)).recordUser(user, { counts: AWAY, asks: false }, NOW);
  return { all, add, failed };
}

const PAGE = { prefix: "", after: "", limit: 3, active: false };
const broken = SHARD_NAMES[3] ?? "";

async function allUsers(registry: AllShards, prefix = "", between: () => void = () => {}): Promise<string[]> {
  const names: string[] = [];
  for (let after: string | undefined = ""; after !== undefined; ) {
    const { entries, next } = await registry.listUsers({ ...PAGE, prefix, after });
    names.push(...entries.map(({ name }) => name));
    after = next;
    between();
  }
  return names;
}

describe("the registry", () => {
  it("[O9] sums up without a shard that fails, and says that it is missing", async () => {
    const { all, add, failed } = shardsForTest(async (shard) => {
      if (shard === broken) throw new Error("it restarts");
    });
    for (let n = 0; n < 160; n++) add(`u${n}`);
    const { shards, missing } = await all.sums();
    expect(missing).toBe(1);
    expect(failed).toHaveBeenCalledOnce();
    const known = shards.reduce((sum, { users }) => sum + users.known, 0);
    expect(known).toBeGreaterThan(130);
    expect(known).toBeLessThan(160);
  });

  it("[O9] fails if no shard answers, and has no page without one of them", async () => {
    const none = shardsForTest(async () => {
      throw new Error("none is there");
    });
    await expect(none.all.sums()).rejects.toThrow("none is there");
    const one = shardsForTest(async (shard) => {
      if (shard === broken) throw new Error("it restarts");
    });
    await expect(one.all.listUsers(PAGE)).rejects.toThrow("it restarts");
  });

  it("[H61] lists each name once, in the order of code points, whatever is in it", async () => {
    const { all, add } = shardsForTest();
    const names = [
      "%",
      "_",
      "a%b",
      "a_b",
      "axb",
      "A",
      "é",
      "e\u0301",
      "ﬀ",
      "￼",
      "😀",
      "𝒳",
      "\\",
      "'",
      '"',
      "a b",
      "ab",
    ];
    for (const name of names) add(name);
    const inUtf8 = names.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
    expect(await allUsers(all)).toEqual(inUtf8);
    expect(await allUsers(all, "a_")).toEqual(["a_b"]);
    expect(await allUsers(all, "a%")).toEqual(["a%b"]);
    expect(await allUsers(all, "😀")).toEqual(["😀"]);
  });

  it("[H61] neither skips nor doubles a name while others come between two pages", async () => {
    const { all, add } = shardsForTest();
    const names = Array.from({ length: 40 }, (_, n) => `u${String(n * 10).padStart(4, "0")}`);
    for (const name of names) add(name);
    let n = 5;
    const found = await allUsers(all, "", () => {
      add(`u${String(n).padStart(4, "0")}`);
      n += 50;
    });
    expect(new Set(found).size).toBe(found.length);
    expect(found).toEqual(found.toSorted());
    expect(found).toEqual(expect.arrayContaining(names));
  });
});
