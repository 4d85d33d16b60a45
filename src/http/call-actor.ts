// Who calls over HTTP, and whether their token was withdrawn.

import type { VerifiedToken } from "../auth/verify-token.ts";
import type { Permission } from "../protocol/index.ts";
import { withdrawn } from "../realtime/withdrawn.ts";
import type { AppContext } from "./app-env.ts";
import { authenticateCall, requireRoom, requireUser } from "./authenticate.ts";
import { userStub } from "./objects.ts";
import { RefusalError } from "./refusal-error.ts";

/** A user's object is asked once in so long, by each isolate. */
const KNOWN_FOR_MS = 60_000;
const MAX_KNOWN = 10_000;

interface Known {
  readonly voidUpTo: number;
  readonly askedAt: number;
}

/** By user, the one asked longest ago first. */
const known = new Map<string, Known>();

/** The actor in the room that the path names, with at least `needed`. */
export async function callInRoom(c: AppContext, needed: Permission) {
  const { room, actor } = await requireRoom(c, await authenticateCall(c), needed);
  if (actor.identity.kind === "user") await requireCurrent(c, actor.identity);
  return { room, actor };
}

/** The user who calls. */
export async function callAsUser(c: AppContext): Promise<VerifiedToken> {
  const token = await requireUser(c);
  await requireCurrent(c, token.identity);
  return token;
}

/** Last of all checks, so that no object is asked for somebody who may not call anyway. */
async function requireCurrent(c: AppContext, { user, issuedAt }: VerifiedToken["identity"]): Promise<void> {
  const now = Date.now();
  const refusal = withdrawn(issuedAt, await voidUpToOf(c, user.id, now), now);
  if (refusal !== undefined) throw new RefusalError(refusal);
}

async function voidUpToOf(c: AppContext, user: string, now: number): Promise<number> {
  const { voidUpTo, askedAt } = known.get(user) ?? NEVER_ASKED;
  // A clock that was set back is no reason to trust for longer.
  if (Math.abs(now - askedAt) < KNOWN_FOR_MS) return voidUpTo;
  const answer = await userStub(c, user).voidUpTo();
  known.delete(user);
  known.set(user, { voidUpTo: answer, askedAt: now });
  const [oldest] = known.keys();
  if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest);
  return answer;
}

const NEVER_ASKED: Known = { voidUpTo: 0, askedAt: Number.NEGATIVE_INFINITY };
