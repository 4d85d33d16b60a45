// Who calls. Settled before any object is called.

import {
  type Actor,
  anonymous,
  SERVER,
  type ServerIdentity,
  type VerifiedToken,
} from "../access/identity.ts";
import { findApiKey } from "../auth/api-key.ts";
import { authorizeRoom, permitted } from "../auth/authorize-room.ts";
import { type Credential, credentialOf } from "../auth/credentials.ts";
import { noteRefusedToken } from "../auth/token-log.ts";
import { type TokenRefusalReason, tokenRefusal } from "../auth/token-refusals.ts";
import { verifyToken } from "../auth/verify-token.ts";
import { type Outcome, type Permission, reject } from "../protocol/index.ts";
import type { AppContext } from "./app-context.ts";
import { addressKey, READING_SHARES } from "./client-address.ts";
import { accepted, refusing } from "./refusal-error.ts";
import { namedRoom } from "./request-url.ts";
import { trustedCaller } from "./trusted-caller.ts";

export type Bearer =
  | ServerIdentity
  | { readonly kind: "user"; readonly token: VerifiedToken }
  | { readonly kind: "none" };

/** Who opens a connection: no API key does. */
export type SocketBearer = Exclude<Bearer, { kind: "server" }>;

/** Refuses a token that is present but not valid, also for calls that need none. */
export async function authenticateCall(c: AppContext): Promise<Bearer> {
  const trusted = trustedCaller(c.req.raw);
  if (trusted !== undefined) return asServer(c, trusted.key);
  const credential = credentialOf(c.req.raw, { inQuery: false });
  if (credential.kind === "token") {
    const key = await findApiKey(c.get("config").apiKeys, credential.token);
    if (key !== undefined) return asServer(c, key.name);
  }
  return authenticateToken(c, credential);
}

function asServer(c: AppContext, key: string | undefined): ServerIdentity {
  const named = key === undefined ? {} : { key };
  c.set("caller", { user: null, ...named });
  return { kind: "server", ...named };
}

/** For sockets: no API key opens one, and the token may stand in the URL. */
export const authenticateSocket = (c: AppContext): Promise<SocketBearer> =>
  authenticateToken(c, credentialOf(c.req.raw, { inQuery: true }));

/**
 * For a connection over calls: the token stands in the header. `readBody` is called once the token is valid, and says
 * which connection the call names, if any.
 */
export async function authenticatePoll<Body extends { readonly head: { readonly connection?: string } }>(
  c: AppContext,
  readBody: () => Promise<Body>,
): Promise<Body & { readonly bearer: SocketBearer }> {
  const credential = credentialOf(c.req.raw, { inQuery: false });
  if (credential.kind === "none" && trustedCaller(c.req.raw) === undefined) {
    const body = await readBody();
    const names = body.head.connection !== undefined;
    await (names ? spendReading(c) : spendAnonymous(c));
    return { ...body, bearer: { kind: "none" } };
  }
  const bearer = await authenticateCall(c);
  if (bearer.kind === "server") throw userNeeded("server");
  return { ...(await readBody()), bearer };
}

async function authenticateToken(c: AppContext, credential: Credential) {
  if (credential.kind === "none") {
    await spendAnonymous(c);
    return { kind: "none" } as const;
  }
  const verified = await verify(c, credential);
  if (verified.ok) c.set("caller", { user: verified.value.identity.user.id });
  await spendAllowance(
    c,
    verified.ok ? `user ${verified.value.identity.user.id}` : `address ${addressOf(c)}`,
  );
  return { kind: "user", token: accepted(verified) } as const;
}

async function verify(
  c: AppContext,
  credential: Exclude<Credential, { kind: "none" }>,
): Promise<Outcome<VerifiedToken>> {
  const { token, apiKeys } = c.get("config");
  const now = Date.now();
  let reason: TokenRefusalReason = "not_bearer";
  if (credential.kind === "token" && credential.token === "") reason = "empty";
  else if (credential.kind === "token") {
    // A call has found its key before this. A JWT has dots: the keys are not searched for it.
    const isKey = !credential.token.includes(".") && (await findApiKey(apiKeys, credential.token));
    if (!isKey) return verifyToken(token, credential.token, now);
    reason = "key_on_socket";
  }
  noteRefusedToken({ reason }, {}, now);
  return reject(tokenRefusal({ reason }));
}

/** The API key that calls; its name is for log lines. */
export async function requireServer(c: AppContext): Promise<ServerIdentity> {
  const bearer = await authenticateCall(c);
  if (bearer.kind === "server") return bearer;
  if (bearer.kind === "user")
    throw refusing("forbidden", "this call takes an API key, and this is a user's token");
  throw refusing("unauthorized", "this call takes an API key: Authorization: Bearer <key>");
}

export async function requireUser(c: AppContext): Promise<VerifiedToken> {
  const bearer = await authenticateCall(c);
  if (bearer.kind === "user") return bearer.token;
  throw userNeeded(bearer.kind);
}

/** For a call that acts for a user. */
export const userNeeded = (kind: "none" | "anonymous" | "server") =>
  kind === "server"
    ? refusing("forbidden", "this call acts for a user: send their token")
    : refusing("unauthorized", "this call takes a user's token: Authorization: Bearer <token>");

/** The actor in the room that the path names. Refuses less than `needed`. */
export async function requireRoom(c: AppContext, bearer: Bearer, needed: Permission) {
  const room = namedRoom(c);
  return { room, actor: await actIn(c, bearer, room, needed) };
}

async function actIn(c: AppContext, bearer: Bearer, room: string, needed: Permission): Promise<Actor> {
  if (bearer.kind === "server") return actorOf(bearer);
  const who = bearer.kind === "user" ? bearer.token : anonymous(addressOf(c));
  const actor = accepted(await authorizeRoom(c.get("config"), who, room));
  return accepted(permitted(c.get("config"), who, actor, needed));
}

/** Server code as an actor, in any room. */
export const actorOf = (identity: ServerIdentity): Actor => ({ ...SERVER, identity });

/** Cloudflare sets the header, and drops one that the client sends. Local development has none. */
const addressOf = (c: AppContext): string => addressKey(c.req.header("CF-Connecting-IP"));

const TOO_MANY_CALLS = () => refusing("rate_limited", "too many calls", { retryAfterMs: 10_000 });

/** Counts twice, as no user's budget pays for it. */
export async function spendAnonymous(c: AppContext): Promise<void> {
  for (let n = 0; n < 2; n++) await spendAllowance(c, `address ${addressOf(c)}`);
}

/**
 * A call of a reader whose connection was let in counts once, in an allowance of its own: behind one address there may
 * be many readers. That it names a connection which exists is not known here, so all such calls of an address are
 * bounded together; its room answers those of one connection at a pace (`src/object/poll-pace.ts`).
 */
async function spendReading(c: AppContext): Promise<void> {
  const first = Math.floor(Math.random() * READING_SHARES);
  for (let n = 0; n < READING_SHARES; n++)
    if (await isAllowed(c, `reading ${(first + n) % READING_SHARES} ${addressOf(c)}`)) return;
  throw TOO_MANY_CALLS();
}

async function spendAllowance(c: AppContext, key: string): Promise<void> {
  if (!(await isAllowed(c, key))) throw TOO_MANY_CALLS();
}

/** Without the binding nothing is limited here. */
async function isAllowed(c: AppContext, key: string): Promise<boolean> {
  return (await c.env.RATE_LIMITER?.limit({ key }))?.success ?? true;
}
