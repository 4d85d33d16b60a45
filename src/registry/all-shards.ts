// The registry as its callers see it: all shards as one.

import { addCounters } from "./counter-sums.ts";
import { type Counters, isActive, type RoomCounts, type UserCounts } from "./counts.ts";
import { byCodePoints, type KnownEntry, type NamesQuery } from "./known-objects.ts";
import type { RegistryEntry } from "./known-store.ts";
import type { RegistryCalls } from "./registry-calls.ts";
import type { ShardSums } from "./registry-shard.ts";
import { SHARD_NAMES, shardOf } from "./shards.ts";

/** A part of a list, ascending. `next`: the `after` to ask on with. */
export interface RegistryPage<C extends RoomCounts | UserCounts> {
  readonly entries: readonly RegistryEntry<C>[];
  readonly next?: string;
  readonly unconfirmed: number;
}

/** What the shards that answered know. */
export interface RegistrySums {
  readonly shards: readonly ShardSums[];
  /** How many did not answer: what they know is not in it. */
  readonly missing: number;
}

export type ShardCalls = Omit<RegistryCalls, "reportRoom" | "reportUser">;

export interface ShardPorts {
  shard(name: string): ShardCalls;
  /** Settles as the answer of a shard does, or rejects if it takes too long. */
  inTime<T>(answer: T | Promise<T>): Promise<T>;
  /** A shard did not answer. */
  failed(error: unknown): void;
}

export class AllShards {
  readonly #ports: ShardPorts;

  constructor(ports: ShardPorts) {
    this.#ports = ports;
  }

  /** One shard that cannot be reached must not keep the others from an operator. Rejects if none can be. */
  async sums(): Promise<RegistrySums> {
    const settled = await Promise.allSettled(this.#asked((shard) => shard.sums()));
    const shards = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    for (const one of settled)
      if (one.status === "rejected") {
        if (shards.length === 0) throw one.reason;
        this.#ports.failed(one.reason);
      }
    return { shards, missing: settled.length - shards.length };
  }

  listRooms(query: NamesQuery): Promise<RegistryPage<RoomCounts>> {
    return this.#list("rooms", query, (shard, names) => shard.lookAtRooms(names));
  }

  listUsers(query: NamesQuery): Promise<RegistryPage<UserCounts>> {
    return this.#list("users", query, (shard, names) => shard.lookAtUsers(names));
  }

  /** What all objects and isolates have counted, by name. */
  async counters(): Promise<Counters> {
    return (await this.#all((shard) => shard.counters())).reduce(addCounters, {});
  }

  /** Adds what this isolate counted. `random`: from 0 to below 1. */
  async count(counters: Counters, random: number): Promise<void> {
    const shard = SHARD_NAMES[Math.floor(random * SHARD_NAMES.length)] ?? "";
    await this.#ports.shard(shard).count(counters);
  }

  /**
   * The names first, and then those of the page are looked at: so only these are asked. Of a page of active ones some may
   * turn out not to be: then it is shorter. Without one shard there is no page: its names would be skipped for good.
   */
  async #list<C extends RoomCounts | UserCounts>(
    kind: "rooms" | "users",
    query: NamesQuery,
    look: (shard: ShardCalls, names: readonly string[]) => Promise<KnownEntry<C>[]>,
  ): Promise<RegistryPage<C>> {
    const found = (await this.#all((shard) => shard.namesOf(kind, query))).flat().sort(byCodePoints);
    const names = found.slice(0, query.limit);
    const byShard = Map.groupBy(names, shardOf);
    const looked = await Promise.all(
      [...byShard].map(([shard, names]) => this.#ports.inTime(look(this.#ports.shard(shard), names))),
    );
    const known = looked.flat().filter(({ counts }) => !query.active || isActive(counts));
    const next = found.length >= query.limit ? names.at(-1) : undefined;
    return {
      entries: known.sort((one, other) => byCodePoints(one.name, other.name)),
      ...(next !== undefined && { next }),
      unconfirmed: known.filter(({ isConfirmed }) => !isConfirmed).length,
    };
  }

  #all<T>(ask: (shard: ShardCalls) => T | Promise<T>): Promise<T[]> {
    return Promise.all(this.#asked(ask));
  }

  #asked<T>(ask: (shard: ShardCalls) => T | Promise<T>): Promise<T>[] {
    return SHARD_NAMES.map((name) => this.#ports.inTime(ask(this.#ports.shard(name))));
  }
}
