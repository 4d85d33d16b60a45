// Who calls over HTTP, and whether their token is revoked.

import { type UserIdentity, undatedUntil, type VerifiedToken } from "../access/identity.ts";
import { NONE_REVOKED, type RevokedTokens, revokedRefusal } from "../object/revocation.ts";
import type { Permission } from "../protocol/index.ts";
import type { AppContext } from "./app-context.ts";
import { userStub } from "./app-context.ts";
import { authenticateCall, requireRoom, requireUser } from "./authenticate.ts";
import { RefusalError } from "./refusal-error.ts";

/** Each isolate asks a user's object at most this often. */
const KNOWN_FOR_MS = 60_000;
const MAX_KNOWN = 10_000;

interface Known {
  readonly revokedTokens: RevokedTokens;
  readonly askedAt: number;
  /** The latest expiry of a token without a date that this isolate has reported to the user's object. */
  readonly lastUndated: number;
}

/** By user, the one asked longest ago first. */
const known = new Map<string, Known>();

/** As `callInRoom`, for calls that leave something lasting: the room itself judges the token, at once. */
export const actInRoom = async (c: AppContext, needed: Permission) =>
  requireRoom(c, await authenticateCall(c), needed);

/**
 * The actor in the room that the path names. Refuses less than `needed`. For calls that leave nothing lasting: a
 * revoked token may pass for a minute.
 */
export async function callInRoom(c: AppContext, needed: Permission) {
  const { room, actor } = await requireRoom(c, await authenticateCall(c), needed);
  if (actor.identity.kind === "user") await requireCurrent(c, actor.identity);
  return { room, actor };
}

/** The user who calls. Calls to the user's own object take `requireUser`: the object judges the token itself. */
export async function callAsUser(c: AppContext): Promise<VerifiedToken> {
  const token = await requireUser(c);
  await requireCurrent(c, token.identity);
  return token;
}

/** The last check, so that no object is called for a request that is refused anyway. */
async function requireCurrent(c: AppContext, identity: UserIdentity): Promise<void> {
  const now = Date.now();
  const refusal = revokedRefusal(identity, await revokedTokensOf(c, identity, now), now);
  if (refusal !== undefined) throw new RefusalError(refusal);
}

async function revokedTokensOf(c: AppContext, identity: UserIdentity, now: number): Promise<RevokedTokens> {
  const { id } = identity.user;
  const { revokedTokens, askedAt, lastUndated } = known.get(id) ?? NEVER_ASKED;
  const undated = undatedUntil(identity);
  const isNews = undated !== null && undated > lastUndated;
  // `abs`: a clock that was set back must not make an answer count for longer.
  if (!isNews && Math.abs(now - askedAt) < KNOWN_FOR_MS) return revokedTokens;
  const answer = await userStub(c, id).revokedTokens(undated);
  known.delete(id);
  known.set(id, { revokedTokens: answer, askedAt: now, lastUndated: Math.max(lastUndated, undated ?? 0) });
  const [oldest] = known.keys();
  if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest);
  return answer;
}

const NEVER_ASKED: Known = { revokedTokens: NONE_REVOKED, askedAt: Number.NEGATIVE_INFINITY, lastUndated: 0 };
