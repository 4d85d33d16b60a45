// Whom an act of moderation closes, and why: as data, so that relays can be told.

import { type Identity, userOf } from "../../access/identity.ts";
import { type RevokedTokens, revokedRefusal } from "../../object/revocation.ts";
import type { Closing } from "../../protocol/index.ts";

/** `"everybody"`, or one user. */
export type Expelled = "everybody" | { readonly user: string };

/** With which close: the same for all of them, or for each connection whose token is revoked. */
export type Expulsion = { readonly closing: Closing } | { readonly revoked: RevokedTokens };

/** How a connection of this identity is closed; `undefined`: it stays open. */
export function closingFor(expulsion: Expulsion, identity: Identity, now: number): Closing | undefined {
  if ("closing" in expulsion) return expulsion.closing;
  return identity.kind === "user" ? revokedRefusal(identity, expulsion.revoked, now) : undefined;
}

/** Whether an act of moderation closes the connections of this identity. */
export function isExpelled(identity: Identity, whom: Expelled, expulsion: Expulsion, now: number): boolean {
  const isMeant = whom === "everybody" || userOf(identity)?.id === whom.user;
  return isMeant && closingFor(expulsion, identity, now) !== undefined;
}
