// Exports and imports: lines of JSON. The last line is `end`, so that a broken download is recognized. PROTOCOL.md §14.

import { MESSAGE, RECEIPT_ENTRY } from "./events.ts";
import { BAN, FOLLOWED_ROOM } from "./http-answers.ts";
import { SETTINGS_BODY } from "./http-bodies.ts";
import { NOTIFICATION } from "./notifications.ts";
import { PREFERENCES } from "./preferences.ts";
import { SCHEDULED } from "./scheduled.ts";
import type { Fields, Infer, InferTable } from "./schema.ts";

/** Rises with a change that an older server could not import. */
export const EXPORT_VERSION = 1;

/** Of one line of an import, in bytes of UTF-8: about what one row of an object holds. */
export const MAX_IMPORT_LINE_BYTES = 1_900_000;
/** Of all bans of an import, in bytes. */
export const MAX_IMPORT_BANS_BYTES = 16_777_216;

/** `GET /v1/rooms/:room/export`, by `type`, in this order. `POST /v1/rooms/:room/import` takes the same. */
export const ROOM_EXPORT_LINES = {
  /** The first line. */
  room: {
    type: ["is", "room"],
    version: "int",
    room: "roomName",
    epoch: "text",
    /** The last `seq` of the log. */
    head: "seq",
    createdAt: "instant",
    /** Those that were set for this room. It has the others of its deployment. */
    settings: SETTINGS_BODY,
    /** When the export was made, in milliseconds since 1970. */
    at: "instant",
  },
  /** Ascending by `seq`. */
  message: {
    type: ["is", "message"],
    message: MESSAGE,
    /** The last change: left out where there was none. */
    change: ["optional", { at: "instant", by: ["nullable", "userId"] }],
    /** The `id` was given over HTTP: it is remembered as long as the message. */
    keyed: ["optional", ["is", true]],
  },
  /** A user who reads while the export is made may stand twice: the later line counts. */
  receipt: { type: ["is", "receipt"], ...RECEIPT_ENTRY },
  ban: { type: ["is", "ban"], ...BAN },
  scheduled: { type: ["is", "scheduled"], ...SCHEDULED },
  /** The last line. */
  end: { type: ["is", "end"], messages: "int" },
} as const satisfies Readonly<Record<string, Fields>>;
export type RoomExportLine = InferTable<typeof ROOM_EXPORT_LINES>;

type RoomLines = typeof ROOM_EXPORT_LINES;
export interface ExportedRoom extends Infer<RoomLines["room"]> {}
export interface ExportedMessage extends Infer<RoomLines["message"]> {}
export interface ExportedBan extends Infer<RoomLines["ban"]> {}

/** `POST /v1/rooms/:room/import` */
export const IMPORT_RESULT = {
  epoch: "text",
  head: "seq",
  messages: "int",
} as const satisfies Fields;
export interface ImportResult extends Infer<typeof IMPORT_RESULT> {}

/** `GET /v1/users/:user/export`, by `type`. */
export const USER_EXPORT_LINES = {
  /** The first line. */
  user: { type: ["is", "user"], version: "int", user: "userId", at: "instant", preferences: PREFERENCES },
  notification: { type: ["is", "notification"], notification: NOTIFICATION },
  push: { type: ["is", "push"], endpoint: "text", at: "instant" },
  /** A room that the user was in. */
  room: { type: ["is", "room"], room: "roomName", followed: "boolean" },
  /** A message of the user. */
  message: { type: ["is", "message"], room: "roomName", message: MESSAGE },
  receipt: { type: ["is", "receipt"], room: "roomName", seq: FOLLOWED_ROOM.readSeq, at: "instant" },
  scheduled: { type: ["is", "scheduled"], room: "roomName", ...SCHEDULED },
  /** A room that could not be reached: what it has is missing. */
  missing: { type: ["is", "missing"], room: "roomName" },
  /** The last line. */
  end: { type: ["is", "end"], messages: "int", notifications: "int", missing: "int" },
} as const satisfies Readonly<Record<string, Fields>>;
export type UserExportLine = InferTable<typeof USER_EXPORT_LINES>;

/** `DELETE /v1/users/:user` */
export const ERASURE_RESULT = {
  /** Whether nothing of the user is left. */
  done: "boolean",
  /** In how many rooms something is left. Alarms go on with them; the same call again says how far they are. */
  rooms: "int",
} as const satisfies Fields;
export interface ErasureResult extends Infer<typeof ERASURE_RESULT> {}
