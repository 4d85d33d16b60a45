// What the HTTP API answers where no command has the same answer.

import { LOG_EVENTS, MEMBER, MESSAGE, OCCUPANCY, RECEIPT_ENTRY } from "./events.ts";
import { ERROR_ANSWER, REFUSAL } from "./refusals.ts";
import type { Fields, Infer, InferTable } from "./schema.ts";
import { STOP, STREAM_STATES } from "./streams.ts";

/** The 1,000 users who read last. */
export const RECEIPTS_RESULT = { receipts: ["list", RECEIPT_ENTRY] } as const satisfies Fields;
export interface ReceiptsResult extends Infer<typeof RECEIPTS_RESULT> {}

/** One user who is kept out of a room. */
export const BAN = {
  /** Id of the user. */
  user: "userId",
  /** When it ends, in milliseconds since 1970. */
  until: "instant",
  /** When it began, in milliseconds since 1970. */
  at: "instant",
  /** User id of the moderator; `null`: server code. */
  by: ["nullable", "userId"],
  /** At most 500 characters. */
  reason: ["optional", "text"],
} as const satisfies Fields;
export interface Ban extends Infer<typeof BAN> {}

export const BANS_RESULT = {
  /** At most 1,000, the next to end first. */
  bans: ["list", BAN],
  /** There are more: ask on with `after`, the last user of these. */
  more: ["optional", ["is", true]],
} as const satisfies Fields;
export interface BansResult extends Infer<typeof BANS_RESULT> {}

/** The settings of one room: its own where somebody set them, else those of the deployment. */
export const OWN_SETTINGS = {
  /** How long each member waits between two messages, in milliseconds; 0 to 3,600,000, 0 is off. */
  slowModeMs: "int",
  maxConnections: "int",
  /** How many messages the room keeps. Only server code may change it. */
  historyLimit: "int",
  /**
   * So many answers of agents may follow each other until a user says something; 0: no limit. Left out by a server of
   * 1.0.0-beta, which has no such limit.
   */
  maxAgentTurns: ["optional", "int"],
  /**
   * How long the room keeps a message, in seconds; 0: no limit. Only server code may change it. Left out by a server of
   * 1.0.0-beta, which has no such limit.
   */
  historySeconds: ["optional", "int"],
} as const satisfies Fields;
export interface OwnSettings extends Infer<typeof OWN_SETTINGS> {}

export const SETTINGS_RESULT = { settings: OWN_SETTINGS } as const satisfies Fields;
export interface SettingsResult extends Infer<typeof SETTINGS_RESULT> {}

export const ROOM_INFO = {
  room: "roomName",
  /** The life of its log. Left out while nothing was ever stored in the room. */
  epoch: ["optional", "text"],
  head: "seq",
  floor: "seq",
  occupancy: OCCUPANCY,
  settings: OWN_SETTINGS,
  /** In milliseconds since 1970. Left out while nothing was ever stored in the room. */
  createdAt: ["optional", "instant"],
} as const satisfies Fields;
export interface RoomInfo extends Infer<typeof ROOM_INFO> {}

export const MEMBERS_RESULT = {
  members: ["list", MEMBER],
  occupancy: OCCUPANCY,
} as const satisfies Fields;

export const MESSAGES_RESULT = {
  /** Ascending. */
  messages: ["list", MESSAGE],
  /** The life of the log. Left out while nothing was ever stored in the room. */
  epoch: ["optional", "text"],
  head: "seq",
  floor: "seq",
  /** How far the page looked: the next older page is `before` this. */
  seq: "seq",
  /** There are older ones. */
  more: ["optional", ["is", true]],
} as const satisfies Fields;
export interface MessagesResult extends Infer<typeof MESSAGES_RESULT> {}

/** What one long poll answers. */
export const POLL_RESULT = {
  events: ["list", ["by type", LOG_EVENTS]],
  /** The `since` of the next poll. */
  cursor: "text",
  recovery: "recovery",
  /** There is more: poll again at once. */
  more: ["optional", ["is", true]],
  /** What the caller holds up to this `seq` may have changed or gone without a record. */
  floor: "seq",
  members: ["list", MEMBER],
  occupancy: OCCUPANCY,
  /** Why the room ended a poll that was waiting. */
  error: ["optional", REFUSAL],
} as const satisfies Fields;

/** A stored message: `id` is the one of the body, or the one that was made for it. */
export const MESSAGE_STORED = {
  seq: "eventSeq",
  /** When it was stored, in milliseconds since 1970. */
  at: "instant",
  id: "commandId",
  /** It was stored by an earlier request. */
  duplicate: ["optional", ["is", true]],
} as const satisfies Fields;
export interface MessageStored extends Infer<typeof MESSAGE_STORED> {}

/** `POST /v1/rooms/:room/messages/stream` */
export const STREAMED_RESULT = {
  ...MESSAGE_STORED,
  /** How many appends are in it. Left out where it had ended before this call. */
  n: ["optional", "int"],
  stream: ["one of", STREAM_STATES],
  /** Who asked to stop, if somebody did: a user id, or `null` for server code. */
  stop: ["optional", ["nullable", "userId"]],
} as const satisfies Fields;
export interface StreamedResult extends Infer<typeof STREAMED_RESULT> {}

/** What the streaming POST answers line by line, if the caller accepts that. The last one is `done` or `error`. */
export const STREAMED_LINES = {
  /** The first one: the message is open. */
  opened: { type: ["is", "opened"], ...MESSAGE_STORED },
  /** A member asks to stop. Only the caller may end the message. */
  stop: STOP,
  done: { type: ["is", "done"], ...STREAMED_RESULT },
  /** What came up to here is in the message. */
  error: ERROR_ANSWER,
} as const satisfies Readonly<Record<string, Fields>>;
export type StreamedLine = InferTable<typeof STREAMED_LINES>;

/** A room that a user follows. */
export const FOLLOWED_ROOM = {
  room: "roomName",
  head: "seq",
  /** How far the user has read. */
  readSeq: "seq",
  /** How many messages are left to read, counted to at most 1,000; `null` where the room did not answer. */
  unread: ["nullable", "int"],
} as const satisfies Fields;
export interface FollowedRoom extends Infer<typeof FOLLOWED_ROOM> {}

export const FOLLOWED_ROOMS_RESULT = {
  /** Ascending by name. */
  rooms: ["list", FOLLOWED_ROOM],
  /** There are more: the `after` to ask on with. */
  next: ["optional", "text"],
} as const satisfies Fields;
export interface FollowedRoomsResult extends Infer<typeof FOLLOWED_ROOMS_RESULT> {}

export const BROADCAST_ENTRY = {
  room: "roomName",
  /** Of the message. Left out for a signal, and where there is an `error`. */
  seq: ["optional", "eventSeq"],
  error: ["optional", REFUSAL],
} as const satisfies Fields;
export interface BroadcastEntry extends Infer<typeof BROADCAST_ENTRY> {}

/** One entry for each room. */
export const BROADCAST_RESULT = { results: ["list", BROADCAST_ENTRY] } as const satisfies Fields;

export const NOTIFY_ENTRY = {
  user: "userId",
  /** Of the notification in the user's inbox. */
  seq: ["optional", "eventSeq"],
  /** To how many sessions of the user it was delivered at once. */
  delivered: ["optional", "int"],
  /** An earlier request stored it. */
  duplicate: ["optional", ["is", true]],
  error: ["optional", REFUSAL],
} as const satisfies Fields;
export interface NotifyEntry extends Infer<typeof NOTIFY_ENTRY> {}

/** One entry for each user. */
export const NOTIFY_RESULT = { results: ["list", NOTIFY_ENTRY] } as const satisfies Fields;

export const USER_RESULT = {
  user: "userId",
  /** Whether a session socket of the user is open. */
  online: "boolean",
  /** How many are. */
  connections: "int",
  /** How many notifications are neither read nor archived. */
  unread: "int",
} as const satisfies Fields;

/** A signal to a user: how many sessions it was sent to. */
export const DELIVERED_RESULT = { delivered: "int" } as const satisfies Fields;

/** How many rooms know of it. */
export const DISCONNECTED_RESULT = { rooms: "int" } as const satisfies Fields;

export const TOKEN_RESULT = {
  token: "text",
  /** In milliseconds since 1970. */
  expiresAt: "instant",
} as const satisfies Fields;

/** The public VAPID key, base64url. */
/** `null`: the deployment sends no pushes. A page asks each deployment, so it is no error, which the browser would log. */
export const PUSH_KEY_RESULT = { key: ["nullable", "text"] } as const satisfies Fields;

/** Whose the subscription is now: a browser may have been another user's before. */
export const SUBSCRIBED_RESULT = { user: "userId" } as const satisfies Fields;

/** A room that the registry knows. */
export const LISTED_ROOM = {
  room: "roomName",
  /** Users, each once. */
  members: "int",
  /** Sockets and sessions, with those of anonymous readers. More than 0: the room is occupied. */
  connections: "int",
  /** Connections without a token. */
  anonymous: "int",
  /** Connections that are this room on a session. */
  sessions: "int",
  /** The last `seq` of its log. */
  head: "seq",
  /** How many messages it has ever stored. */
  messages: "int",
  /** Since when it is occupied or empty, as it was reported, in milliseconds since 1970. */
  since: "instant",
  /** When the room said so, in milliseconds since 1970. */
  at: "instant",
} as const satisfies Fields;
export interface ListedRoom extends Infer<typeof LISTED_ROOM> {}

export const ROOMS_RESULT = {
  /** Ascending by name. */
  rooms: ["list", LISTED_ROOM],
  /** There may be more: the `after` to ask on with. */
  next: ["optional", "roomName"],
  /** How many of these did not say how they are within the last minute. */
  unconfirmed: "int",
} as const satisfies Fields;
export interface RoomsResult extends Infer<typeof ROOMS_RESULT> {}

/** A user whom the registry knows. */
export const LISTED_USER = {
  user: "userId",
  /** How many sessions are open. More than 0: the user is online. */
  sessions: "int",
  /** How many notifications the user ever got. */
  notifications: "int",
  /** Since when the user is online or not, as it was reported, in milliseconds since 1970. */
  since: "instant",
  /** When the user's object said so, in milliseconds since 1970. */
  at: "instant",
} as const satisfies Fields;
export interface ListedUser extends Infer<typeof LISTED_USER> {}

export const USERS_RESULT = {
  /** Ascending by id. */
  users: ["list", LISTED_USER],
  /** There may be more: the `after` to ask on with. */
  next: ["optional", "userId"],
  /** How many of these did not say how they are within the last minute. */
  unconfirmed: "int",
} as const satisfies Fields;
export interface UsersResult extends Infer<typeof USERS_RESULT> {}

/** The deployment at a glance. */
export const STATS_RESULT = {
  /** Summed over rooms. */
  connections: "int",
  /** Connections without a token, summed over rooms. */
  anonymous: "int",
  /** Summed over rooms: a user in two rooms counts twice. */
  members: "int",
  /** Session sockets of users. */
  sessions: "int",
  /** Rooms that the registry knows, and how many of them have connections. */
  rooms: { known: "int", occupied: "int" },
  /** Users whom the registry knows, and how many of them have a session open. */
  users: { known: "int", online: "int" },
  totals: {
    /** How many messages were ever stored. */
    messages: "int",
    /** How many notifications. */
    notifications: "int",
    /** Since when rooms and users are known, in milliseconds since 1970. */
    since: "instant",
  },
  /** In milliseconds since 1970. */
  at: "instant",
  /** How many rooms and users did not say how they are within the last minute: they count as they did before. */
  unconfirmed: "int",
  /** How many of the 16 parts of the registry did not answer: what they know is missing in all numbers. */
  missing: "int",
} as const satisfies Fields;
export interface StatsResult extends Infer<typeof STATS_RESULT> {}
