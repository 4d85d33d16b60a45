// Parameters of a URL, in its path and its query. An empty one counts as absent; a wrong one is refused, never clamped.

import * as v from "valibot";
import {
  CONNECTION_QUERY,
  type Compound,
  DEFAULT_HISTORY,
  type Fields,
  type Infer,
  isCompound,
  isRoomName,
  isUserId,
  MAX_HAVE_LENGTH,
  ROOM_REPLAY_QUERY,
  ROOM_SOCKET_QUERY,
  type Schema,
} from "../protocol/index.ts";
import { ROOM_NAME, USER_ID } from "../validation/atoms.ts";
import { validator } from "../validation/validator.ts";
import type { AppContext } from "./app-context.ts";
import { refusing } from "./refusal-error.ts";

const validationRefusal = (name: string, what: string) =>
  refusing("bad_request", `${name} ${what}`, { path: [name] });

/** The parameters of the query that `fields` describe. */
export function readQuery<F extends Fields>(c: AppContext, fields: F): Infer<F>;
// The signature above joins the type that the fields describe to what is read by them.
export function readQuery(c: AppContext, fields: Fields): Readonly<Record<string, unknown>> {
  const read = Object.entries(fields).flatMap(([name, schema]) => {
    const text = c.req.query(name);
    return text ? [[name, parseParameter(name, text, withoutOptional(schema))]] : [];
  });
  return Object.fromEntries(read);
}

const withoutOptional = (schema: Schema): Schema =>
  typeof schema !== "string" && isCompound(schema) && schema[0] === "optional" ? schema[1] : schema;

/** What the text of a parameter says. */
function parseParameter(name: string, text: string, schema: Schema): unknown {
  if (schema === "seq") return parseInteger(name, text, 0, Number.MAX_SAFE_INTEGER);
  if (typeof schema === "string") return fitting(name, text, schema);
  if (!isCompound(schema)) return text;
  switch (schema[0]) {
    case "int":
      return parseInteger(name, text, schema[1], schema[2] ?? Number.MAX_SAFE_INTEGER);
    case "is":
      if (text === String(schema[1])) return schema[1];
      throw validationRefusal(name, `can only be ${schema[1]}`);
    case "list":
      return parseList(name, text.split(","), schema);
    default:
      return fitting(name, text, schema);
  }
}

function fitting(name: string, text: string, schema: Schema): unknown {
  const result = v.safeParse(validator(schema), text, { abortEarly: true });
  if (result.success) return result.output;
  throw validationRefusal(name, result.issues[0].message);
}

function parseList(name: string, items: readonly string[], [, item, , max, noun]: ListSchema): unknown {
  const each = validator(item);
  if (items.length <= (max ?? items.length) && items.every((text) => v.is(each, text))) return items;
  throw validationRefusal(name, `must be 1 to ${max} ${noun}, separated by commas`);
}

type ListSchema = Extract<Compound, readonly ["list", ...unknown[]]>;

/** The message that the path names. */
export const readSeq = (c: AppContext): number =>
  parseInteger("seq", c.req.param("seq") ?? "", 1, Number.MAX_SAFE_INTEGER);

function parseInteger(name: string, text: string, min: number, max: number): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw validationRefusal(name, `must be a whole number from ${min} to ${max}`);
}

/** Longer than any cursor or name of a connection: what is longer names nothing, and is cut. */
const MAX_REFERENCE_LENGTH = 64;

/** Of a cursor, or of the name of a connection. */
const cut = (text: string): string => text.slice(0, MAX_REFERENCE_LENGTH);

/** Parameters of a socket that stays open. */
export function readSocketBounds(c: AppContext) {
  const { frame, replaces } = readQuery(c, CONNECTION_QUERY);
  return {
    ...(frame !== undefined && { frameBytes: frame }),
    ...(replaces !== undefined && { replaces: cut(replaces) }),
  };
}

/** In which form a connection to a room takes batches. */
export function readBatchForm(c: AppContext): { readonly envelopes?: true } {
  const { batch } = readQuery(c, ROOM_SOCKET_QUERY);
  return batch === undefined ? {} : { envelopes: true };
}

/** Parameters of a socket, and of a poll. */
export function readSocketQuery(c: AppContext) {
  const { since, have, history = DEFAULT_HISTORY, topics = null, presence } = readQuery(c, ROOM_REPLAY_QUERY);
  return {
    ...(since !== undefined && { since: cut(since) }),
    // A part of it would say something else.
    ...(have !== undefined && have.length <= MAX_HAVE_LENGTH && { have }),
    history,
    topics,
    presence: presence === undefined,
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
