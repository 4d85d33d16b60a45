// Schemas of the fields that commands and HTTP bodies share. Nothing is clamped: what does not fit is refused.

import * as v from "valibot";
import {
  isCommandId,
  isEventName,
  isRoomName,
  isUserId,
  MAX_MENTIONS,
  MAX_TOPICS,
  MAX_USER_ID_LENGTH,
  NOTIFICATION_STATES,
} from "../protocol/index.ts";
import { isEmoji } from "./emoji.ts";
import { integer, listOf, text } from "./ranges.ts";

/** What a name must be, after the name of its field. */
export const ROOM_NAME = "must be 1 to 128 of A-Z a-z 0-9 _ . : - and start with a letter or digit";
export const USER_ID = `must be 1 to ${MAX_USER_ID_LENGTH} printable characters, not all of them blank, and not . or ..`;

export const commandId = v.pipe(v.string(), v.check(isCommandId, "must have 1 to 64 characters"));
export const eventName = v.pipe(
  v.string(),
  v.check(isEventName, "must be 1 to 64 of A-Z a-z 0-9 _ . : - and start with a letter or digit"),
);
export const roomName = v.pipe(v.string(), v.check(isRoomName, ROOM_NAME));
export const userId = v.pipe(v.string(), v.check(isUserId, USER_ID));
export const seq = integer(0);
export const messageSeq = integer(1);
export const emoji = v.pipe(v.string(), v.check(isEmoji, "must be one emoji"));
export const mentions = listOf(userId, 0, MAX_MENTIONS, "user ids");
export const topicList = listOf(eventName, 0, MAX_TOPICS, "topics");
export const notificationId = v.pipe(
  text(1, 200),
  v.check((id) => id.isWellFormed(), "must be text that UTF-8 can carry"),
);
export const notificationState = v.picklist(NOTIFICATION_STATES);

export const pageLimit = (max: number) => integer(1, max);

/** Any JSON, but there: `undefined` is what a missing field reads as. */
export const presentJson = v.custom<unknown>((value) => value !== undefined, "is missing");
