// Who may do what in a room, and how an act of moderation is signed.

import { type Actor, userOf } from "../../access/identity.ts";
import { includes, notPermitted } from "../../access/room-permission.ts";
import { matchesTopics, type Permission, type Refusal, refuse } from "../../protocol/index.ts";

/** One act of moderation, for the log: who did what to whom. Never what was written. */
export interface AuditEntry {
  readonly act: "edit" | "delete" | "kick" | "hold" | "unban" | "settings" | "purge";
  /** User id; `null` is server code. */
  readonly by: string | null;
  /** The name of the API key that server code used, if it has one. */
  readonly key?: string;
  /** The user it concerns; `null` is server code. */
  readonly user?: string | null;
  readonly seq?: number;
  readonly banSeconds?: number;
  /** The end of a hold, in milliseconds. */
  readonly until?: number;
  readonly settings?: object;
}

const may = ({ identity, permission }: Actor, needed: Permission): boolean =>
  identity.kind === "server" || (identity.kind === "user" && includes(permission, needed));

export const mayWrite = (actor: Actor): boolean => may(actor, "write");
export const mayModerate = (actor: Actor): boolean => may(actor, "moderate");

/** For an actor that has less than what is `needed`. */
export const tooLittle = ({ permission }: Actor, needed: "write" | "moderate"): Refusal =>
  notPermitted(needed, `your permission here is ${permission}`);

/** Why `event` is not for this actor, if it is kept for server code. Moderators are no exception. */
export function keptForServer(
  serverEvents: readonly string[],
  { identity }: Actor,
  event: string,
  field: "event" | "seq" = "event",
): Refusal | undefined {
  if (identity.kind === "server" || !matchesTopics(serverEvents, event)) return undefined;
  return refuse("forbidden", `${event} is for server code only`, { path: [field] });
}

/** User id, or `null` for server code. */
export const nameOf = ({ identity }: Actor): string | null => userOf(identity)?.id ?? null;

/** Who signs an act of moderation. */
export const signatureOf = ({ identity }: Actor): Pick<AuditEntry, "by" | "key"> => ({
  by: userOf(identity)?.id ?? null,
  ...(identity.kind === "server" && identity.key !== undefined && { key: identity.key }),
});
