// How each atom of the contract's schemas is validated. Nothing is clamped: a value that does not fit is refused.

import * as v from "valibot";
import {
  type Atom,
  type Infer,
  isCommandId,
  isEventName,
  isRoomName,
  isRoomPattern,
  isTimeOfDay,
  isTimeZone,
  isUserId,
  MAX_EMOJI_LENGTH,
  MAX_USER_ID_LENGTH,
  NOTIFICATION_STATES,
  PERMISSIONS,
  PRIORITIES,
  RECOVERIES,
  STATUSES,
} from "../protocol/index.ts";
import { instant, integer, text } from "./ranges.ts";

/** What a name must be: words for a refusal, after the name of the field. */
export const ROOM_NAME = "must be 1 to 128 of A-Z a-z 0-9 _ . : - and start with a letter or digit";
export const USER_ID = `must be 1 to ${MAX_USER_ID_LENGTH} printable characters, not all of them blank, and not . or ..`;

/** As far as the engine's Unicode knows emojis. Fully qualified ones only, so that one emoji is one text. */
const ONE_EMOJI = /^\p{RGI_Emoji}$/v;

export const isEmoji = (text: string): boolean => text.length <= MAX_EMOJI_LENGTH && ONE_EMOJI.test(text);

const textThat = (fits: (value: string) => boolean, words: string) =>
  v.pipe(v.string(), v.check(fits, words));

export const ATOMS = {
  // `undefined` is what a missing field reads as.
  any: v.custom<unknown>((value) => value !== undefined, "is missing"),
  boolean: v.boolean(),
  number: v.number(),
  int: integer(0),
  seq: integer(0),
  eventSeq: integer(1),
  instant,
  text: v.string(),
  commandId: textThat(isCommandId, "must have 1 to 64 characters"),
  emoji: textThat(isEmoji, "must be one emoji"),
  eventName: textThat(isEventName, "must be 1 to 64 of A-Z a-z 0-9 _ . : - and start with a letter or digit"),
  notificationId: v.pipe(
    text(1, 200),
    v.check((id) => id.isWellFormed(), "must be text that UTF-8 can carry"),
  ),
  roomName: textThat(isRoomName, ROOM_NAME),
  roomPattern: textThat(isRoomPattern, "must be a room name, or a prefix ending in *"),
  timeOfDay: textThat(isTimeOfDay, "must be a time such as 22:00"),
  timeZone: textThat(isTimeZone, "must be a time zone such as Europe/Berlin"),
  userId: textThat(isUserId, USER_ID),
  notificationState: v.picklist(NOTIFICATION_STATES),
  permission: v.picklist(PERMISSIONS),
  priority: v.picklist(PRIORITIES),
  recovery: v.picklist(RECOVERIES),
  status: v.picklist(STATUSES),
  step: v.union([v.string(), v.number()]),
} satisfies { readonly [A in Atom]: v.GenericSchema<unknown, Infer<A>> };
