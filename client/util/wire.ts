// What the client makes of JSON: frames, events of pages and answers, each checked by its schema. Unknown and malformed
// frames are left out, so that the protocol can grow and a faulty server breaks no page.

import {
  type Answer,
  type Compound,
  type ErrorAnswer,
  eventsIn,
  type Infer,
  isCompound,
  isErrorCode,
  isRecord,
  type JsonObject,
  MAX_INSTANT_MS,
  parseJson,
  type ROOM_CONNECTED,
  type RoomConnected,
  type Schema,
  type SERVER_EVENTS,
  type SESSION_CONNECTED,
  type ServerEvent,
  type SessionConnected,
} from "../../src/protocol/index.ts";
import { RoomsError, refusalError, unreadable } from "./errors.ts";

export type Connected = RoomConnected | SessionConnected;
export type IncomingFrame = Connected | ServerEvent;

type Schemas = typeof SERVER_EVENTS & {
  readonly connected: typeof ROOM_CONNECTED | typeof SESSION_CONNECTED;
};
/** The schemas of the frames that a channel takes, by `type`. Each names its own, so a page ships only those it needs. */
export type FrameTable = { readonly [Type in keyof Schemas]?: Schemas[Type] };

/** What stands in a text, and the room that it names on a session. */
interface AddressedValue {
  readonly room: string | undefined;
  readonly value: JsonObject;
}

/** The frames in one text, those of a batch in their order, not checked yet. */
export function valuesIn(text: string): readonly AddressedValue[] {
  const value = parseJson(text);
  if (!isRecord(value)) return [];
  if (value.type !== "batch") return [addressed(value, undefined)];
  return eventsIn(value)
    .filter(isRecord)
    .map((event) => addressed(event, value.room));
}

/** `room` stands in the frame, or on the batch for all in it. Apps get to see it only in `connected`. */
function addressed(value: JsonObject, ofBatch: unknown): AddressedValue {
  const { room = ofBatch, ...rest } = value;
  if (typeof room !== "string") return { room: undefined, value };
  const namesRoom = value.type === "connected" || value.type === "left";
  return { room, value: namesRoom ? { ...rest, room } : rest };
}

/** `undefined`: it is malformed, or of a type that is not in the table. An `error` needs no schema. */
export function knownFrame(value: JsonObject, table: FrameTable): IncomingFrame | undefined {
  const { type } = value;
  if (type === "error") return parseError(value);
  const schema = typeof type === "string" && isTypeIn(table, type) ? table[type] : undefined;
  return schema !== undefined && fits(schema, value) ? value : undefined;
}

export const isTypeIn = (table: FrameTable, type: string): type is keyof FrameTable =>
  Object.hasOwn(table, type);

/** An unknown code counts as `internal`: the command may be tried again. */
export function parseError({ id, code, message, retryAfterMs, path, seq }: JsonObject): ErrorAnswer {
  return {
    type: "error",
    code: typeof code === "string" && isErrorCode(code) ? code : "internal",
    message: typeof message === "string" ? message : String(code),
    ...(typeof id === "string" && { id }),
    ...(typeof retryAfterMs === "number" && { retryAfterMs }),
    ...(isPath(path) && { path }),
    ...(typeof seq === "number" && { seq }),
  };
}

const isPath = (value: unknown): value is readonly (string | number)[] =>
  Array.isArray(value) && value.every((step) => typeof step === "string" || typeof step === "number");

/**
 * Whether a value from the wire has the form that `schema` describes, as far as a client relies on it: unknown fields
 * are ignored, and so are ranges and grammars; a text may be one that only a newer server knows.
 */
export const fits = <S extends Schema>(schema: S, value: unknown): value is Infer<S> => check(schema, value);

function check(schema: Schema, value: unknown): boolean {
  if (typeof schema === "string") return isOfKind(schema, value);
  if (isCompound(schema)) return checkCompound(schema, value);
  if (!isRecord(value)) return false;
  // Not `Object.entries`, which would make a list for each object of each frame.
  for (const name in schema) {
    const field = schema[name];
    if (field !== undefined && !check(field, value[name])) return false;
  }
  return true;
}

function checkCompound(schema: Compound, value: unknown): boolean {
  switch (schema[0]) {
    case "optional":
      return value === undefined || check(schema[1], value);
    case "nullable":
      return value === null || check(schema[1], value);
    case "is":
      return value === schema[1];
    case "list":
      return Array.isArray(value) && value.every((item) => check(schema[1], item));
    case "record":
      return isRecord(value) && Object.values(value).every((item) => check(schema[2], item));
    case "strict":
      return check(schema[1], value);
    case "by type":
      // The reader of such a list checks each item by itself, as one may be of a type that is not known here.
      return true;
    default:
      return isOfKind(schema[0], value);
  }
}

/** `kind` is an atom, or a compound that only adds a range to one. */
function isOfKind(kind: string, value: unknown): boolean {
  switch (kind) {
    case "any":
      return true;
    case "boolean":
    case "number":
      return typeof value === kind;
    case "int":
    case "seq":
    case "eventSeq":
      return Number.isSafeInteger(value);
    case "instant":
      return typeof value === "number" && Math.abs(value) <= MAX_INSTANT_MS;
    default:
      return typeof value === "string";
  }
}

/** What an answer brings; a `RoomsError` where it is a refusal, or has not the form that `schema` describes. */
export function resultOf<S extends Schema>(answer: Answer, schema: S): Infer<S> | RoomsError {
  if (answer.type === "error") return refusalError(answer);
  return answer.type === "ok" && fits(schema, answer) ? answer : unreadable();
}

/** The answer, if it has the form that `schema` describes. Else it rejects with `offline`. */
export async function checked<S extends Schema>(answer: Promise<unknown>, schema: S): Promise<Infer<S>> {
  const value = await answer;
  if (fits(schema, value)) return value;
  throw unreadable();
}

/** As JSON has it: without the fields that are `undefined`. */
type Given<T> = { readonly [Field in keyof T]: T[Field] | undefined };

/** The value as it is now, whatever the app does with its own later. Throws `bad_request` where JSON cannot write it. */
export function jsonCopy<T extends object>(value: Given<T>): T {
  let copy: T | undefined;
  try {
    copy = JSON.parse(JSON.stringify(value));
  } catch {}
  // JSON leaves out what it cannot write, such as a function.
  if (copy === undefined || ("data" in value && !("data" in copy))) {
    throw new RoomsError("bad_request", "This cannot be written as JSON.");
  }
  return copy;
}
