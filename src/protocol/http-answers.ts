// What the HTTP API answers to a user where no command has the same answer.

import type { ReceiptEntry } from "./answers.ts";
import type { Message } from "./events.ts";

/** `GET /v1/rooms/:room/receipts`: the 1,000 users who read last. */
export interface ReceiptsResult {
  readonly receipts: readonly ReceiptEntry[];
}

/** One user who is kept out of a room. Times are in milliseconds since 1970. */
export interface Ban {
  readonly user: string;
  readonly until: number;
  readonly at: number;
  /** User id of the moderator; `null`: server code. */
  readonly by: string | null;
  readonly reason?: string;
}

/** `GET /v1/rooms/:room/bans`: at most 1,000, the next to end first. With `more` go on `after` the last user. */
export interface BansResult {
  readonly bans: readonly Ban[];
  readonly more?: true;
}

/** The settings of one room: its own where somebody set them, else those of the deployment. */
export interface OwnSettings {
  /** How long each member waits between two messages, in milliseconds; 0 to 3,600,000, 0 is off. */
  readonly slowModeMs: number;
  readonly maxConnections: number;
  /** How many messages the room keeps. Only server code may change it. */
  readonly historyLimit: number;
}

/** `PATCH /v1/rooms/:room`. */
export interface SettingsResult {
  readonly settings: OwnSettings;
}

/** `GET /v1/rooms/:room/messages`, ascending. With `more` the next older page is `before` this `seq`. */
export interface MessagesResult {
  readonly messages: readonly Message[];
  /** Left out while nothing was ever stored in the room. */
  readonly epoch?: string;
  readonly head: number;
  readonly floor: number;
  readonly seq: number;
  readonly more?: true;
}

/** A room that a user follows; `unread` is counted to at most 1,000, and `null` where the room did not answer. */
export interface FollowedRoom {
  readonly room: string;
  readonly head: number;
  readonly readSeq: number;
  readonly unread: number | null;
}

/** `GET /v1/me/rooms`, by name. */
export interface FollowedRoomsResult {
  readonly rooms: readonly FollowedRoom[];
  /** There are more: the `after` to go on with. */
  readonly next?: string;
}

/** Hours of a user's day, in the time of the place where they are. */
export interface QuietHours {
  /** `"22:00"`. May be later than `to`: then midnight lies between. */
  readonly from: string;
  readonly to: string;
  /** Of the IANA database. */
  readonly timeZone: string;
}

/** What a user wants to be told of, and how: `GET` and `PUT /v1/me/preferences`. */
export interface Preferences {
  /** At most 100. */
  readonly mutedTopics: readonly string[];
  /** By name, at most 500. What concerns no room is not meant. */
  readonly mutedRooms: readonly string[];
  /** No push then, but for what is `urgent`. */
  readonly quietHours: QuietHours | null;
  /** Whether anything is pushed at all. */
  readonly push: boolean;
}
