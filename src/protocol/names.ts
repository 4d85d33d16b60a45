// The grammar of names, topics and cursors. All are case-sensitive.

import type { Infer, Schema } from "./schema.ts";

export const ROOM_NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$/;
export const EVENT_NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/;
/** Ends of lines, marks of direction and what shows nothing, such as joiners: with them two ids could look alike. */
const NOT_PRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const BLANK = /^\p{Zs}+$/u;
const EPOCH = /^[A-Za-z0-9]{1,16}$/;

/** Of the `id` of a command, in UTF-16 units. */
export const MAX_ID_LENGTH = 64;

/** In UTF-16 units. */
export const MAX_USER_ID_LENGTH = 255;

/** Not `isWellFormed`, which browsers have later than what else the client needs. */
const LONE_SURROGATE = /\p{Surrogate}/u;

export const isRoomName = (value: string): boolean => ROOM_NAME_PATTERN.test(value);

/** A room name, or the beginning of one and `*`; `*` alone is every room. */
export const isRoomPattern = (value: string): boolean =>
  value === "*" || isRoomName(value.endsWith("*") ? value.slice(0, -1) : value);

/** The name of an event, or a topic. */
export const isEventName = (value: string): boolean => EVENT_NAME_PATTERN.test(value);

/** Any printable text that is not blank. `.` and `..` are refused: no URL can carry them as a part of its path. */
export const isUserId = (value: string): boolean =>
  value.length >= 1 &&
  value.length <= MAX_USER_ID_LENGTH &&
  !LONE_SURROGATE.test(value) &&
  !NOT_PRINTABLE.test(value) &&
  !BLANK.test(value) &&
  value !== "." &&
  value !== "..";

/** A lone surrogate cannot be carried in UTF-8, so two ids could become one on their way. */
export const isCommandId = (value: string): boolean =>
  value.length >= 1 && value.length <= MAX_ID_LENGTH && !LONE_SURROGATE.test(value);

/** `"22:00"`: hours and minutes of a day. */
export const isTimeOfDay = (value: string): boolean => /^([01]\d|2[0-3]):[0-5]\d$/.test(value);

/** A place of the IANA database, as far as this engine knows it. An offset such as `+02:00` is no place. */
export function isTimeZone(value: string): boolean {
  if (!/^[A-Za-z][\w+/-]{0,63}$/.test(value)) return false;
  try {
    return new Intl.DateTimeFormat("en-GB", { timeZone: value }).resolvedOptions().timeZone !== undefined;
  } catch {
    return false;
  }
}

export const isEpoch = (value: string): boolean => EPOCH.test(value);

// ---- topics: one or more first segments of an event name, where `.` and `:` end a segment ----

export const MAX_TOPICS = 20;

export const TOPIC_LIST = ["list", "eventName", 0, MAX_TOPICS, "topics"] as const satisfies Schema;
export const TOPICS = ["nullable", TOPIC_LIST] as const satisfies Schema;

/** At most 20. `null` is every event, `[]` none. */
export type Topics = Infer<typeof TOPICS>;

export function topicCovers(topic: string, event: string): boolean {
  if (!event.startsWith(topic)) return false;
  if (event.length === topic.length) return true;
  const next = event[topic.length];
  return next === "." || next === ":";
}

export const matchesTopics = (topics: Topics, event: string): boolean =>
  topics === null || topics.some((topic) => topicCovers(topic, event));

// ---- cursors ----

/** A position in a log. `epoch` is the life of the log, `seq` the last event that was handled. */
export interface Cursor {
  readonly epoch: string;
  readonly seq: number;
}

export const formatCursor = ({ epoch, seq }: Cursor): string => `${epoch}.${seq}`;

export function parseCursor(text: string): Cursor | undefined {
  const dot = text.indexOf(".");
  const epoch = text.slice(0, dot);
  const digits = text.slice(dot + 1);
  if (dot < 0 || !isEpoch(epoch) || !/^\d{1,15}$/.test(digits)) return undefined;
  return { epoch, seq: Number(digits) };
}
