// Who may do what in a room.

import { type Actor, userOf } from "../auth/identity.ts";
import { includes } from "../auth/room-permission.ts";
import { matchesTopics, type Refusal, refuse } from "../protocol/index.ts";

export const NO_WRITE = refuse("forbidden", "you may not write in this room");
export const NO_MODERATE = refuse("forbidden", "you may not moderate this room");

export const mayWrite = ({ identity, permission }: Actor): boolean =>
  identity.kind === "server" || (identity.kind === "user" && includes(permission, "write"));

export const mayModerate = ({ identity, permission }: Actor): boolean =>
  identity.kind === "server" || (identity.kind === "user" && includes(permission, "moderate"));

/** Why `event` is not for this actor, if it is kept for server code. Moderators are no exception. */
export function keptForServer(
  serverEvents: readonly string[],
  { identity }: Actor,
  event: string,
): Refusal | undefined {
  if (identity.kind === "server" || !matchesTopics(serverEvents, event)) return undefined;
  return refuse("forbidden", `only server code sends ${event}`, { path: ["event"] });
}

/** User id, or `null` for server code. */
export const nameOf = ({ identity }: Actor): string | null => userOf(identity)?.id ?? null;
