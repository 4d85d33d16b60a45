// Which relay a new connection goes to: one of its region that has places, always the same one for a user.

import { type Identity, userOf } from "../../access/identity.ts";

export interface RelayPlace {
  readonly number: number;
  /** Where it is placed; "": anywhere. */
  readonly region: string;
  readonly hasPlace: boolean;
}

/** Connections of one user, or from one address, go to the same relay: so it can count them. */
export function placeKeyOf(identity: Identity): string {
  const user = userOf(identity);
  if (user !== null) return placeKeyOfUser(user.id);
  return identity.kind === "anonymous" ? `address ${identity.address}` : "server";
}

/** As `placeKeyOf`, by the id of a user. */
export const placeKeyOfUser = (user: string): string => `user ${user}`;

/**
 * The relay for `key`: of those of the region with places the one that a hash of both ranks first, so that one relay more
 * or less moves only those who go there. `undefined`: none has a place.
 */
export function chooseRelay(
  relays: Iterable<RelayPlace>,
  key: string,
  region: string,
): RelayPlace | undefined {
  let best: RelayPlace | undefined;
  let bestRank = -1;
  for (const relay of relays) {
    if (!relay.hasPlace || relay.region !== region) continue;
    const rank = hash(`${key}\n${relay.number}`);
    if (rank > bestRank) [best, bestRank] = [relay, rank];
  }
  return best;
}

/** The relays that `chooseRelay` would have chosen for `key` since the first of the region began, as they came one by one. */
export function chosenSoFar(relays: Iterable<RelayPlace>, key: string, region: string): RelayPlace[] {
  const inOrder = [...relays].toSorted((a, b) => a.number - b.number);
  const chosen: RelayPlace[] = [];
  for (const relay of inOrder) {
    const among = [...chosen.slice(-1), relay];
    const best = chooseRelay(among, key, region);
    if (best === relay) chosen.push(relay);
  }
  return chosen;
}

/** FNV-1a, with its bits mixed once more, as keys that differ at their end alone are to rank differently. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
