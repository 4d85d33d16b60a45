import type { Actor, AnonymousIdentity, VerifiedToken } from "../access/identity.ts";
import { includes, notPermitted, roomPermission } from "../access/room-permission.ts";
import type { BackEnd } from "../config/back-end-config.ts";
import type { Config } from "../config/config.ts";
import type { TokenConfig } from "../config/token-config.ts";
import { log } from "../log/log.ts";
import { accept, type Outcome, type Permission, refuse, reject, type User } from "../protocol/index.ts";
import { authorizeWebhook } from "./authorize-webhook.ts";
import { NoAnswers } from "./no-answers.ts";
import { PermissionCache } from "./permission-cache.ts";
import { QuestionSlots } from "./question-slots.ts";
import { REQUEST_WITHIN_MS } from "./request-json.ts";

const NO_ANSWER = reject(
  refuse("overloaded", "who may enter this room cannot be found out now", { retryAfterMs: 2_000 }),
);

/** The back end is asked about an open connection at most this often, also if its answers may not be kept. */
const MIN_KNOWN_MS = 1_000;

type Authorizing = Pick<Config, "access" | "backEnd">;
type Explaining = Authorizing & { readonly token: Pick<TokenConfig, "roomsClaim"> };

/** At most 109 bytes, so that a close frame holds it with its code. */
export const TOKEN_REQUIRED = refuse(
  "unauthorized",
  "a token is required: Authorization: Bearer <token>, or on a socket the subprotocol token.<token>",
);

/**
 * The actor that a bearer of a token, or an anonymous caller, is in `room`. Refused with `overloaded` if the back end
 * decides and does not answer, also in rooms that everyone may read: the back end may allow more. Never rejects.
 */
export async function authorizeRoom(
  { access, backEnd }: Authorizing,
  who: VerifiedToken | AnonymousIdentity,
  room: string,
): Promise<Outcome<Actor>> {
  if ("kind" in who) return accept({ identity: who, permission: roomPermission(access, null, room) });
  const { identity, rooms } = who;
  if (backEnd === undefined || !isAsked({ backEnd }, who))
    return accept({ identity, permission: roomPermission(access, rooms, room) });
  const answered = await questionsTo(backEnd).permissionOf(identity.user, room);
  if (answered === undefined) return NO_ANSWER;
  const permission = roomPermission({ ...access, defaultAccess: answered.permission }, undefined, room);
  return accept({ identity, permission, permissionUntil: answered.until });
}

/**
 * `actor` as `authorizeRoom` found it, if it may do what takes `needed`. Else the refusal says what it has instead, and
 * from which claim or setting.
 */
export function permitted(
  config: Explaining,
  who: VerifiedToken | AnonymousIdentity,
  actor: Actor,
  needed: Permission,
): Outcome<Actor> {
  if (includes(actor.permission, needed)) return accept(actor);
  if ("kind" in who) return reject(TOKEN_REQUIRED);
  return reject(notPermitted(needed, sourceOf(config, who, actor.permission)));
}

function sourceOf({ access, backEnd, token }: Explaining, { rooms }: VerifiedToken, has: Permission): string {
  if (rooms !== undefined) return `the ${token.roomsClaim} claim of the token gives ${has} here`;
  if (backEnd !== undefined) return `AUTHORIZE_URL gives ${has} here`;
  return `the token has no ${token.roomsClaim} claim, and DEFAULT_ROOM_ACCESS is ${access.defaultAccess}`;
}

/** Whether the back end decides what the bearer may, and not the token. */
export const isAsked = ({ backEnd }: Pick<Config, "backEnd">, { rooms }: VerifiedToken): boolean =>
  rooms === undefined && backEnd !== undefined;

/** Whether `authorizeRoom` would ask the back end: it decides, and its answer is not known here. */
export const takesQuestion = ({ backEnd }: Authorizing, token: VerifiedToken, room: string) =>
  backEnd !== undefined &&
  isAsked({ backEnd }, token) &&
  !questionsTo(backEnd).isKnown(token.identity.user.id, room);

interface Known {
  readonly permission: Permission;
  /** Until when it counts, in milliseconds. */
  readonly until: number;
}

/**
 * The questions of this isolate to one back end. Two requests that ask the same at once are two questions: on Workers
 * no request may wait for a promise of another one.
 */
class BackEndQuestions {
  readonly #backEnd: BackEnd;
  readonly #answers = new PermissionCache();
  readonly #noAnswers = new NoAnswers(() => Math.random());
  readonly #slots = new QuestionSlots(
    { now: () => Date.now(), wait: (ms) => scheduler.wait(ms) },
    { maxWaitMs: 1_000, withinMs: REQUEST_WITHIN_MS },
  );

  constructor(backEnd: BackEnd) {
    this.#backEnd = backEnd;
  }

  isKnown(user: string, room: string): boolean {
    const now = Date.now();
    return this.#answers.get(user, room, now) !== undefined || this.#noAnswers.has(user, room, now);
  }

  /** `undefined`: there is no answer. */
  async permissionOf(user: User, room: string): Promise<Known | undefined> {
    if (this.isKnown(user.id, room)) return this.#known(user.id, room);
    try {
      return await this.#slots.run(async () =>
        // Another request may have got the answer while this one waited.
        this.isKnown(user.id, room) ? this.#known(user.id, room) : this.#ask(user, room),
      );
    } catch (error) {
      log("authorize_unavailable", { room, user: user.id, error });
      return undefined;
    }
  }

  #known(user: string, room: string): Known | undefined {
    const answer = this.#answers.get(user, room, Date.now());
    return answer && { permission: answer.permission, until: answer.keptUntil };
  }

  async #ask(user: User, room: string): Promise<Known> {
    const askedAt = Date.now();
    try {
      const { permission, maxAgeMs } = await authorizeWebhook(this.#backEnd, user, room, askedAt);
      this.#answers.keep(user.id, room, permission, askedAt, maxAgeMs);
      this.#noAnswers.answered(user.id, room);
      return { permission, until: Math.max(askedAt + maxAgeMs, Date.now() + MIN_KNOWN_MS) };
    } catch (error) {
      this.#noAnswers.failed(user.id, room, Date.now());
      throw error;
    }
  }
}

/** By URL. Settings only change with a deployment, so there is one. */
const questions = new Map<string, BackEndQuestions>();

function questionsTo(backEnd: BackEnd): BackEndQuestions {
  const known = questions.get(backEnd.url) ?? new BackEndQuestions(backEnd);
  questions.set(backEnd.url, known);
  return known;
}
