import type { BackEnd, Config } from "../config/config.ts";
import { describeError, log } from "../platform/log.ts";
import { accept, type Outcome, type Permission, refuse, reject, type User } from "../protocol/index.ts";
import { AnswerCache } from "./answer-cache.ts";
import { askBackEnd } from "./ask-back-end.ts";
import type { Actor, AnonymousIdentity } from "./identity.ts";
import { roomPermission } from "./room-permission.ts";
import type { VerifiedToken } from "./verify-token.ts";

const NO_ANSWER = reject(
  refuse("overloaded", "who may enter this room cannot be found out now", { retryAfterMs: 2_000 }),
);

/**
 * What the bearer of a token is in `room`; without a token, an anonymous reader or nobody. Where the back end decides
 * and does not answer, nothing is granted, also in rooms that anybody may read: it may have said more. Never rejects.
 */
export async function authorizeRoom(
  { access, backEnd }: Pick<Config, "access" | "backEnd">,
  who: VerifiedToken | AnonymousIdentity,
  room: string,
): Promise<Outcome<Actor>> {
  if ("kind" in who) return accept({ identity: who, permission: roomPermission(access, null, room) });
  const { identity, rooms } = who;
  if (rooms !== undefined || backEnd === undefined)
    return accept({ identity, permission: roomPermission(access, rooms, room) });
  const answered = await permissionFrom(backEnd, identity.user, room, Date.now());
  if (answered === undefined) return NO_ANSWER;
  const permission = roomPermission({ ...access, defaultAccess: answered }, undefined, room);
  return accept({ identity, permission });
}

/** One for each back end an isolate: settings change with a deployment only. */
const answersOf = new Map<string, AnswerCache>();

/**
 * Two requests that ask the same at once are two questions: on Workers neither may wait for a promise of the other,
 * and the second is as cheap as the first.
 */
async function permissionFrom(
  backEnd: BackEnd,
  user: User,
  room: string,
  now: number,
): Promise<Permission | undefined> {
  const answers = answersOf.get(backEnd.url) ?? new AnswerCache();
  answersOf.set(backEnd.url, answers);
  const kept = answers.get(user.id, room, now);
  if (kept !== undefined) return kept;
  try {
    const { permission, maxAgeMs } = await askBackEnd(backEnd, user, room, now);
    answers.keep(user.id, room, permission, now, maxAgeMs);
    return permission;
  } catch (error) {
    log("error", "authorize_unavailable", { room, error: describeError(error) });
    return undefined;
  }
}
