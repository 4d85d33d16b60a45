// Counters that objects and isolates report: sums by name. A name is a family, and after a blank what it is told apart by.

import type { Counters } from "./counts.ts";

/**
 * Of one family: what users choose, such as events, must not take the place of what they do not. Further ones count as
 * the family's `other`.
 */
const MAX_NAMES = 101;
const OTHER = "other";

/** The sums after `more`. What is no number counts nothing. */
export function addCounters(sums: Counters, more: Counters): Counters {
  const added = new Map(Object.entries(sums));
  const sizes = new Map<string, number>();
  for (const name of added.keys()) sizes.set(familyOf(name), (sizes.get(familyOf(name)) ?? 0) + 1);
  for (const [given, by] of Object.entries(more)) {
    if (!Number.isFinite(by)) continue;
    const family = familyOf(given);
    const size = sizes.get(family) ?? 0;
    const name = added.has(given) || size < MAX_NAMES ? given : `${family} ${OTHER}`;
    if (!added.has(name)) sizes.set(family, size + 1);
    added.set(name, (added.get(name) ?? 0) + by);
  }
  return Object.fromEntries(added);
}

const familyOf = (name: string): string => name.split(" ", 1)[0] ?? "";
