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

/** What of the state of a connection decides whether it is closed. */
export type ExpelledState = Pick<RoomConnectionState, "actor" | "joinedAt">;

/** How a connection is closed; `undefined`: it stays open. */
export function closingFor(expulsion: Expulsion, state: ExpelledState, now: number): Closing | undefined {
  const { identity } = state.actor;
  if ("closing" in expulsion) {
    const { closing, membersAt } = expulsion;
    const isMeant = membersAt === undefined || (state.joinedAt !== null && state.joinedAt <= membersAt);
    return isMeant ? closing : undefined;
  }
  return identity.kind === "user" ? revokedRefusal(identity, expulsion.revoked, now) : undefined;
}

/** Whether an act of moderation closes a connection. */
export function isExpelled(state: ExpelledState, whom: Expelled, expulsion: Expulsion, now: number): boolean {
  const isMeant = whom === "everybody" || userOf(state.actor.identity)?.id === whom.user;
  return isMeant && closingFor(expulsion, state, now) !== undefined;
}
