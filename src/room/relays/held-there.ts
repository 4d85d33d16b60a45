// What relays have in memory of the log, as far as their room has to know it.

import type { RecentBounds } from "../log/recent-log.ts";
import type { Position, RelayEntry } from "./relay-calls.ts";

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
 * what it said is older: so the room has to have the message too when it changes.
 */
export function entriesFor(
  entries: readonly RelayEntry[],
  allHold: (place: Position) => boolean,
  { epoch }: RelayedLog,
): readonly RelayEntry[] {
  if (!entries.some((entry) => entry.kind === "stored" && entry.now !== undefined)) return entries;
  return entries.map((entry) => {
    if (entry.kind !== "stored" || entry.now === undefined) return entry;
    const { now, ...rest } = entry;
    const isHeld = now.since !== undefined && allHold({ epoch, seq: now.since - 1 });
    return isHeld ? rest : entry;
  });
}
