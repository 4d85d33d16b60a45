// Counters that objects and isolates report: sums by name.

import type { Counters } from "./counts.ts";

/** Names that a shard keeps. What comes under further ones counts as `other`. */
const MAX_NAMES = 500;
const OTHER = "other";

/** The sums after `more`. What is no number counts nothing. */
export function addCounters(sums: Counters, more: Counters): Counters {
  const added = new Map(Object.entries(sums));
  for (const [given, by] of Object.entries(more)) {
    if (!Number.isFinite(by)) continue;
    const name = added.has(given) || added.size < MAX_NAMES ? given : OTHER;
    added.set(name, (added.get(name) ?? 0) + by);
  }
  return Object.fromEntries(added);
}
