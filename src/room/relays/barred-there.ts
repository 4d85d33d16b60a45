// Who is kept out of a room, as a relay is told after a start of the room: the life before may have ended between a ban
// and the dispatch that closes the user's connections.

import type { Ban } from "../../protocol/index.ts";
import type { RelayLink } from "./relay-link.ts";

/** Bans that a relay is told of. */
const MAX_TOLD = 1_000;

export interface Barred {
  hasBans(now: number): boolean;
  bansAfter(after: undefined, limit: number, now: number): readonly Ban[];
}

export function sayBarred(link: RelayLink, barred: Barred, now: number): void {
  if (link.isKnown || link.question !== "due" || !barred.hasBans(now)) return;
  for (const { user, until } of barred.bansAfter(undefined, MAX_TOLD, now)) {
    const closing = { code: "banned", retryAfterMs: until - now } as const;
    link.steps.add({ do: "expel", whom: { user }, expulsion: { closing }, departure: "left" });
    link.ended.add({ kind: "many", whom: { user }, expulsion: { closing } });
  }
}
