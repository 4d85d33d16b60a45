// The atoms of the contract's schemas in JSON Schema. A test compares each with what validates it. Lengths here count code
// points and there UTF-16 units, so a text of rare characters may be too long there only.

import {
  type Atom,
  EVENT_NAME_PATTERN,
  MAX_EMOJI_LENGTH,
  MAX_ID_LENGTH,
  MAX_INSTANT_MS,
  MAX_USER_ID_LENGTH,
  NOTIFICATION_STATES,
  PERMISSIONS,
  PRIORITIES,
  RECOVERIES,
  ROOM_NAME_PATTERN,
  STATUSES,
} from "../../protocol/index.ts";

export type JsonSchema = Readonly<Record<string, unknown>>;

/** Of a whole number; a client whose numbers are no doubles needs 64 bits where it may be large. */
export const wholeNumber = (minimum: number, maximum = Number.MAX_SAFE_INTEGER): JsonSchema => ({
  type: "integer",
  format: maximum < 2 ** 31 ? "int32" : "int64",
  minimum,
  maximum,
});

const textOf = (description: string, rest: JsonSchema): JsonSchema => ({
  type: "string",
  ...rest,
  description,
});

const ROOM = ROOM_NAME_PATTERN.source;

/** Those that have a name of their own in the documents. */
export const NAMED_ATOMS = {
  seq: { ...wholeNumber(0), description: "A position in a log." },
  eventSeq: { ...wholeNumber(1), description: "The position of an event in a log." },
  instant: { ...wholeNumber(0, MAX_INSTANT_MS), description: "Milliseconds since 1970 UTC." },
  commandId: textOf("1 to 64 characters, with no half of a surrogate pair.", {
    minLength: 1,
    maxLength: MAX_ID_LENGTH,
  }),
  emoji: textOf("One emoji, fully qualified.", { minLength: 1, maxLength: MAX_EMOJI_LENGTH }),
  eventName: textOf("The name of an event, or a topic.", {
    maxLength: 64,
    pattern: EVENT_NAME_PATTERN.source,
  }),
  notificationId: textOf("1 to 200 characters, with no half of a surrogate pair.", {
    minLength: 1,
    maxLength: 200,
  }),
  roomName: textOf("The name of a room.", { maxLength: 128, pattern: ROOM }),
  roomPattern: textOf("A room name, or the beginning of one and `*`; `*` alone is every room.", {
    maxLength: 129,
    pattern: `^(?:\\*|${ROOM.slice(1, -1)}\\*?)$`,
  }),
  timeOfDay: textOf("Hours and minutes of a day, such as `22:00`.", {
    pattern: "^([01][0-9]|2[0-3]):[0-5][0-9]$",
  }),
  timeZone: textOf("A place of the IANA database, such as `Europe/Berlin`.", { maxLength: 64 }),
  userId: textOf("The id of a user: printable characters, not all of them blank, and not `.` or `..`.", {
    minLength: 1,
    maxLength: MAX_USER_ID_LENGTH,
  }),
} as const satisfies Partial<Record<Atom, JsonSchema>>;

/** What is written where it stands. */
export const PLAIN_ATOMS = {
  any: {},
  boolean: { type: "boolean" },
  number: { type: "number" },
  int: wholeNumber(0),
  text: { type: "string" },
  step: { type: ["string", "number"] },
} as const satisfies Partial<Record<Atom, JsonSchema>>;

/** One of a few texts. */
export const WORD_ATOMS = {
  notificationState: NOTIFICATION_STATES,
  permission: PERMISSIONS,
  priority: PRIORITIES,
  recovery: RECOVERIES,
  status: STATUSES,
} as const satisfies Partial<Record<Atom, readonly string[]>>;
