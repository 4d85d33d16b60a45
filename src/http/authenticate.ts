// Who asks: before any object is touched.

import { isApiKey } from "../auth/api-key.ts";
import { authorizeRoom } from "../auth/authorize-room.ts";
import { tokenOf } from "../auth/credentials.ts";
import { type Actor, SERVER } from "../auth/identity.ts";
import { includes } from "../auth/room-permission.ts";
import { type VerifiedToken, verifyToken } from "../auth/verify-token.ts";
import type { Permission } from "../protocol/index.ts";
import type { AppContext } from "./app-env.ts";
import { namedRoom } from "./path-names.ts";
import { accepted, refusing } from "./refusal-error.ts";

export type Bearer =
  | { readonly kind: "server" }
  | { readonly kind: "user"; readonly token: VerifiedToken }
  | { readonly kind: "nobody" };

/** A token that is present but not valid is refused, also where nobody would be let in. */
export async function authenticateCall(c: AppContext): Promise<Bearer> {
  const credential = tokenOf(c.req.raw, { inQuery: false });
  if (credential !== undefined && (await isApiKey(c.get("config").apiKeys, credential)))
    return { kind: "server" };
  return authenticateToken(c, credential);
}

/** For sockets: an API key opens none, and a token may stand in the URL. */
export const authenticateSocket = (c: AppContext): Promise<Exclude<Bearer, { kind: "server" }>> =>
  authenticateToken(c, tokenOf(c.req.raw, { inQuery: true }));

async function authenticateToken(c: AppContext, credential: string | undefined) {
  if (credential === undefined) {
    await spendAllowance(c, addressOf(c));
    return { kind: "nobody" } as const;
  }
  const verified = await verifyToken(c.get("config").token, credential, Date.now());
  await spendAllowance(c, verified.ok ? `user ${verified.value.identity.user.id}` : addressOf(c));
  return { kind: "user", token: accepted(verified) } as const;
}

export async function requireServer(c: AppContext): Promise<void> {
  const bearer = await authenticateCall(c);
  if (bearer.kind === "nobody") throw refusing("unauthorized", "this call takes an API key");
  if (bearer.kind === "user") throw refusing("forbidden", "this call takes an API key");
}

export async function requireUser(c: AppContext): Promise<VerifiedToken> {
  const bearer = await authenticateCall(c);
  if (bearer.kind === "nobody") throw refusing("unauthorized", "this call takes a user's token");
  if (bearer.kind === "server") throw refusing("forbidden", "this call acts for a user: send their token");
  return bearer.token;
}

/** The actor in the room that the path names, with at least `needed`. */
export async function requireRoom(c: AppContext, bearer: Bearer, needed: Permission) {
  const room = namedRoom(c);
  return { room, actor: await actIn(c, bearer, room, needed) };
}

async function actIn(c: AppContext, bearer: Bearer, room: string, needed: Permission): Promise<Actor> {
  if (bearer.kind === "server") return SERVER;
  const token = bearer.kind === "user" ? bearer.token : null;
  const actor = accepted(await authorizeRoom(c.get("config"), token, room));
  if (includes(actor.permission, needed)) return actor;
  if (bearer.kind === "nobody") throw refusing("unauthorized", "a token is required");
  throw refusing("forbidden", `you may not ${DOING[needed]} this room`);
}

const DOING = { none: "enter", read: "read", write: "write in", moderate: "moderate" } as const;

const addressOf = (c: AppContext): string => `address ${c.req.header("CF-Connecting-IP") ?? "unknown"}`;

/** The binding may be absent: then nothing is limited here. */
async function spendAllowance(c: AppContext, key: string): Promise<void> {
  const { success } = (await c.env.RATE_LIMITER?.limit({ key })) ?? { success: true };
  if (!success) throw refusing("rate_limited", "too many calls", { retryAfterMs: 10_000 });
}
