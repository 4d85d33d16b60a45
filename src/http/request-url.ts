// Parameters of a URL, in its path and its query. An empty one counts as absent; a wrong one is refused, never clamped.

import {
  DEFAULT_HISTORY,
  isEventName,
  isRoomName,
  isUserId,
  MAX_FRAME_BYTES,
  MAX_HAVE_LENGTH,
  MAX_HISTORY,
  MAX_TOPICS,
  MIN_FRAME_BYTES,
  type Topics,
} from "../protocol/index.ts";
import { ROOM_NAME, USER_ID } from "../validation/atoms.ts";
import type { AppContext } from "./app-context.ts";
import { refusing } from "./refusal-error.ts";

const validationRefusal = (name: string, what: string) =>
  refusing("bad_request", `${name} ${what}`, { path: [name] });

export const readParameter = (c: AppContext, name: string): string | undefined =>
  c.req.query(name) || undefined;

export function readInteger(c: AppContext, name: string, min: number, max: number): number | undefined {
  const text = readParameter(c, name);
  if (text === undefined) return undefined;
  return parseInteger(name, text, min, max);
}

/** The message that the path names. */
export const readSeq = (c: AppContext): number =>
  parseInteger("seq", c.req.param("seq") ?? "", 1, Number.MAX_SAFE_INTEGER);

function parseInteger(name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw validationRefusal(name, `must be a whole number from ${min} to ${max}`);
}

export function readTopics(c: AppContext): Topics {
  const topics = readParameter(c, "topics")?.split(",");
  if (topics === undefined) return null;
  if (topics.length <= MAX_TOPICS && topics.every(isEventName)) return topics;
  throw validationRefusal("topics", `must be 1 to ${MAX_TOPICS} names of events, separated by commas`);
}

/** "" where it is absent. */
export function readName(c: AppContext, name: string, fits: (text: string) => boolean, what: string): string {
  const text = readParameter(c, name) ?? "";
  if (text === "" || fits(text)) return text;
  throw validationRefusal(name, `must be ${what}`);
}

export function readFlag(c: AppContext, name: string): boolean {
  const text = readParameter(c, name);
  if (text === undefined || text === "true") return text !== undefined;
  throw validationRefusal(name, "can only be true");
}

function readPresence(c: AppContext): boolean {
  const presence = readParameter(c, "presence");
  if (presence === undefined || presence === "off") return presence === undefined;
  throw validationRefusal("presence", "can only be off");
}

/** Longer than any cursor or name of a connection: what is longer names nothing, and is cut. */
const MAX_REFERENCE_LENGTH = 64;

const readReference = (c: AppContext, name: string) => readParameter(c, name)?.slice(0, MAX_REFERENCE_LENGTH);

/** Parameters of a socket that stays open. */
export function readSocketBounds(c: AppContext) {
  const frameBytes = readInteger(c, "frame", MIN_FRAME_BYTES, MAX_FRAME_BYTES);
  const replaces = readReference(c, "replaces");
  return { ...(frameBytes !== undefined && { frameBytes }), ...(replaces !== undefined && { replaces }) };
}

/** Parameters of a socket, and of a poll. */
export function readSocketQuery(c: AppContext) {
  const since = readReference(c, "since");
  const have = readParameter(c, "have");
  return {
    ...(since !== undefined && { since }),
    // A part of it would say something else.
    ...(have !== undefined && have.length <= MAX_HAVE_LENGTH && { have }),
    history: readInteger(c, "history", 0, MAX_HISTORY) ?? DEFAULT_HISTORY,
    topics: readTopics(c),
    presence: readPresence(c),
  };
}

/** The room in the path. */
export function namedRoom(c: AppContext): string {
  const room = c.req.param("room") ?? "";
  if (!isRoomName(room)) throw refusing("bad_request", `room ${ROOM_NAME}`, { path: ["room"] });
  return room;
}

/** Whether every `%` of a path escapes a character. */
export function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

/** The user in the path. */
export function namedUser(c: AppContext): string {
  const user = c.req.param("user") ?? "";
  if (!isUserId(user)) throw refusing("bad_request", `user ${USER_ID}`, { path: ["user"] });
  return user;
}
