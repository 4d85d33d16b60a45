// Whom an act of moderation closes, and why: as data, so that relays can be told.

import { userOf } from "../../access/identity.ts";
import { type RevokedTokens, revokedRefusal } from "../../object/revocation.ts";
import type { Closing } from "../../protocol/index.ts";
import type { RoomConnectionState } from "./room-connection.ts";

/** `"everybody"`, or one user. */
export type Expelled = "everybody" | { readonly user: string };

/**
 * With which close: the same for all of them, or for each connection whose token is revoked. `membersAt`: for
 * those only who were members at that time, in milliseconds.
 */
export type Expulsion =
  | { readonly closing: Closing; readonly membersAt?: number }
  | { readonly revoked: RevokedTokens };

/** How an act of moderation closes a connection; `undefined`: it stays open. */
export function closingFor(
  whom: Expelled,
  expulsion: Expulsion,
  { actor: { identity }, joinedAt }: Pick<RoomConnectionState, "actor" | "joinedAt">,
  now: number,
): Closing | undefined {
  if (whom !== "everybody" && userOf(identity)?.id !== whom.user) return undefined;
  if ("closing" in expulsion) {
    const { closing, membersAt } = expulsion;
    const isMeant = membersAt === undefined || (joinedAt !== null && joinedAt <= membersAt);
    return isMeant ? closing : undefined;
  }
  return identity.kind === "user" ? revokedRefusal(identity, expulsion.revoked, now) : undefined;
}
