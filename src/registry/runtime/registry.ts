// The registry as its callers see it: all shards as one.

import type { Env } from "../../env.ts";
import { objectStub, type Placement } from "../../object/runtime/object-stub.ts";
import { addCounters } from "../counter-sums.ts";
import { type Counters, isActive, type RoomCounts, type UserCounts } from "../counts.ts";
import { byCodePoints, type KnownEntry, type NamesQuery } from "../known-objects.ts";
import type { RegistryEntry } from "../known-store.ts";
import type { ShardSums } from "../registry-shard.ts";
import { SHARD_NAMES, shardOf } from "../shards.ts";

export type RegistryNamespace = NonNullable<Env["REGISTRY"]>;

/** A part of a list, ascending. `next`: the `after` to ask on with. */
export interface RegistryPage<C extends RoomCounts | UserCounts> {
  readonly entries: readonly RegistryEntry<C>[];
  readonly next?: string;
  readonly unconfirmed: number;
}

type Shard = ReturnType<typeof shardFor>;

/** The shard that knows a room or a user. */
export const shardFor = (namespace: RegistryNamespace, name: string, placement: Placement) =>
  objectStub(namespace, shardOf(name), placement);

export class Registry {
  readonly #namespace: RegistryNamespace;
  readonly #placement: Placement;

  constructor(namespace: RegistryNamespace, placement: Placement) {
    this.#namespace = namespace;
    this.#placement = placement;
  }

  sums(): Promise<ShardSums[]> {
    return this.#all((shard) => shard.sums());
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
    await this.#stub(shard).count(counters);
  }

  /**
   * The names first, and then those of the page are looked at: so only these are asked. Of a page of active ones some may
   * turn out not to be: then it is shorter.
   */
  async #list<C extends RoomCounts | UserCounts>(
    kind: "rooms" | "users",
    query: NamesQuery,
    look: (shard: Shard, names: readonly string[]) => Promise<KnownEntry<C>[]>,
  ): Promise<RegistryPage<C>> {
    const found = (await this.#all((shard) => shard.namesOf(kind, query))).flat().sort(byCodePoints);
    const names = found.slice(0, query.limit);
    const byShard = Map.groupBy(names, shardOf);
    const looked = await Promise.all([...byShard].map(([shard, names]) => look(this.#stub(shard), names)));
    const known = looked.flat().filter(({ counts }) => !query.active || isActive(counts));
    const next = found.length >= query.limit ? names.at(-1) : undefined;
    return {
      entries: known.sort((one, other) => byCodePoints(one.name, other.name)),
      ...(next !== undefined && { next }),
      unconfirmed: known.filter(({ isConfirmed }) => !isConfirmed).length,
    };
  }

  #all<T>(ask: (shard: Shard) => Promise<T>): Promise<T[]> {
    return Promise.all(SHARD_NAMES.map((name) => ask(this.#stub(name))));
  }

  #stub(shard: string): Shard {
    return objectStub(this.#namespace, shard, this.#placement);
  }
}
