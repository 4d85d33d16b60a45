// What relays have in memory of the log, as far as their room has to know it.

import type { RecentBounds } from "../log/recent-log.ts";
import type { RelayEntry } from "./relay-calls.ts";

export interface RelayedLog extends Readonly<{ epoch: string; head: number }> {
  /** Below the oldest message, as far as that is known without a look. */
  readonly recentFloor: number;
  /** Before this place no page is made in memory, here or at a relay. */
  readonly recentSince: number;
  keepRecent(isKept: boolean, bounds?: RecentBounds): void;
}

/**
 * The entries of a delivery, without messages that each relay holds. A reaction names its message only, so one that is not
 * there goes along, or the relay could make no page from before it. A relay lets go of nothing before its room does, but
 * what it said is older: so the room has to have the message too when it changes. `heldByAllFrom`: each relay holds what
 * was stored or changed after it.
 */
export function entriesFor(
  entries: readonly RelayEntry[],
  heldByAllFrom: () => number,
): readonly RelayEntry[] {
  if (!entries.some((entry) => entry.kind === "stored" && entry.now !== undefined)) return entries;
  // To look for it takes all relays.
  const from = heldByAllFrom();
  return entries.map((entry) => {
    if (entry.kind !== "stored" || entry.now === undefined) return entry;
    const { now, ...rest } = entry;
    const isHeld = now.since !== undefined && now.since > from;
    return isHeld ? rest : entry;
  });
}
