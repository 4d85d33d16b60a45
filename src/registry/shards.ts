// Which shard of the registry knows a room or a user.

/** Each takes a few hundred reports a second. Another number would count what is known twice. */
export const SHARDS = 16;

export const shardName = (shard: number): string => `shard-${shard}`;
export const SHARD_NAMES: readonly string[] = Array.from({ length: SHARDS }, (_, shard) => shardName(shard));

/** FNV-1a: spreads names that differ in their last character too. */
export function shardOf(name: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193);
  return shardName((hash >>> 0) % SHARDS);
}
