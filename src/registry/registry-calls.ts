// What may be called on a shard of the registry, over RPC: by rooms and users who report, and by the Worker.

import type { Counters, Report, RoomCounts, UserCounts } from "./counts.ts";
import type { KnownEntry, NamesQuery } from "./known-objects.ts";
import type { ShardSums } from "./registry-shard.ts";

export interface RegistryCalls {
  reportRoom(room: string, report: Report<RoomCounts>): void | Promise<void>;
  reportUser(user: string, report: Report<UserCounts>): void | Promise<void>;
  /** What an isolate of the Worker counted since its last call. */
  count(counters: Counters): void | Promise<void>;
  /** Of all that the shard knows. What may have changed is asked first: at most 500 rooms and 500 users. */
  sums(): Promise<ShardSums>;
  /** The names of a page, ascending, as they were heard of last. */
  namesOf(kind: "rooms" | "users", query: NamesQuery): string[] | Promise<string[]>;
  /** What is known of these rooms. Those that may have changed are asked first. */
  lookAtRooms(rooms: readonly string[]): Promise<KnownEntry<RoomCounts>[]>;
  lookAtUsers(users: readonly string[]): Promise<KnownEntry<UserCounts>[]>;
  counters(): Counters | Promise<Counters>;
}
