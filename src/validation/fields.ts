// Schemas of the fields that commands and HTTP bodies share. Nothing is clamped: what does not fit is refused.

import * as v from "valibot";
import {
  isCommandId,
  isEventName,
  isRoomName,
  isUserId,
  MAX_INSTANT,
  MAX_MENTIONS,
  MAX_TOPICS,
  NOTIFICATION_STATES,
} from "../protocol/index.ts";
import { isEmoji } from "./emoji.ts";

export const commandId = v.pipe(v.string(), v.check(isCommandId, "must have 1 to 64 characters"));
export const eventName = v.pipe(
  v.string(),
  v.check(isEventName, "must be 1 to 64 of A-Z a-z 0-9 _ . : - and start with a letter or digit"),
);
export const roomName = v.pipe(v.string(), v.check(isRoomName, "must be a room name"));
export const userId = v.pipe(v.string(), v.check(isUserId, "must be a user id"));
export const seq = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const messageSeq = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
/** Milliseconds since 1970 that a `Date` holds. */
export const instant = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(MAX_INSTANT));
export const emoji = v.pipe(v.string(), v.check(isEmoji, "must be one emoji"));
export const mentions = v.pipe(v.array(userId), v.maxLength(MAX_MENTIONS));
export const topicList = v.pipe(v.array(eventName), v.maxLength(MAX_TOPICS));
export const notificationId = v.pipe(
  v.string(),
  v.minLength(1),
  v.maxLength(200),
  v.check((id) => id.isWellFormed(), "must be text that UTF-8 can carry"),
);
export const notificationState = v.picklist(NOTIFICATION_STATES);

export const pageLimit = (max: number) => v.pipe(v.number(), v.safeInteger(), v.minValue(1), v.maxValue(max));

/** Any JSON, but there: `undefined` is what a missing field reads as. */
export const presentJson = v.custom<unknown>((value) => value !== undefined, "is missing");
