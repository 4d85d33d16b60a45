// What a room tells by itself, and the first frames of a connection.

import { MESSAGE_CONTENT, REACTION_CONTENT, SENDER, STORED_CONTENT } from "./content.ts";
import { ERRORS } from "./errors.ts";
import { LIMITS, RECONNECT_LIMITS, SESSION_LIMITS } from "./limits.ts";
import { NOTIFICATION_EVENTS, type NotificationEvent, type NotificationUpdated } from "./notifications.ts";
import { type Fields, type Infer, merge } from "./schema.ts";
import {
  APPEND,
  type Append,
  OPEN_CONTENT,
  STOP,
  STREAM,
  STREAM_CONTENT,
  type Stop,
  type Stream,
} from "./streams.ts";

export const USER = {
  ...SENDER,
  /** An `https` address, of a host that the deployer allows. */
  picture: ["optional", "text"],
} as const satisfies Fields;
export interface User extends Infer<typeof USER> {}

/** A user present through one or more connections. */
export const MEMBER = {
  ...USER,
  /** The best that the user's connections have said; `online` where none said one. */
  status: "status",
  /** What a connection of the user said last with `presence`; `null` where none said something. */
  data: "any",
  /** When the first of the user's connections came, in milliseconds since 1970. */
  joinedAt: "instant",
} as const satisfies Fields;
export interface Member extends Infer<typeof MEMBER> {}

export const OCCUPANCY = {
  /** Users, each once. */
  members: "int",
  /** Sockets and sessions, those of anonymous readers too. */
  connections: "int",
} as const satisfies Fields;
export interface Occupancy extends Infer<typeof OCCUPANCY> {}

// ---- sequenced: stored, in one order, replayed ----

/** A message as it is stored first. */
export const NEW_MESSAGE = {
  type: ["is", "message"],
  /** Its place in the room's log. */
  seq: "eventSeq",
  /** Of the `send` that stored it: with `from.id` and `byServer` it names the message for good. */
  id: "commandId",
  event: "eventName",
  /** `null`: server code in its own name. */
  from: ["nullable", SENDER],
  /** Server code says this in the name of `from`. */
  byServer: ["optional", ["is", true]],
  /** When it was stored, in milliseconds since 1970. */
  at: "instant",
  ...MESSAGE_CONTENT,
  ...STORED_CONTENT,
  ...STREAM_CONTENT,
} as const satisfies Fields;

export const MESSAGE = {
  ...NEW_MESSAGE,
  /** When it was edited last, in milliseconds since 1970. */
  editedAt: ["optional", "instant"],
  /** Who wrote what `data` says now, if that is not `from`: a user id, or `null` for server code. */
  editedBy: ["optional", ["nullable", "userId"]],
  /** When it was deleted, in milliseconds since 1970. `data` is `null` then. */
  deletedAt: ["optional", "instant"],
  /** By emoji, the ids of the users who reacted with it. */
  reactions: ["optional", ["record", "emoji", ["list", "userId"]]],
  /** `seq` of the last change: of two versions the one with the greater is newer. */
  changed: ["optional", "eventSeq"],
  ...OPEN_CONTENT,
} as const satisfies Fields;
export interface Message extends Infer<typeof MESSAGE> {}

export const MESSAGE_UPDATED = {
  type: ["is", "messageUpdated"],
  /** Of the change. */
  seq: "eventSeq",
  /** In milliseconds since 1970. */
  at: "instant",
  /** As it is now, with the `seq` that it always had. */
  message: MESSAGE,
  /** User id of the editor; `null`: server code. */
  by: ["nullable", "userId"],
} as const satisfies Fields;
export interface MessageUpdated extends Infer<typeof MESSAGE_UPDATED> {}

export const MESSAGE_DELETED = {
  type: ["is", "messageDeleted"],
  /** Of the change. */
  seq: "eventSeq",
  /** In milliseconds since 1970. */
  at: "instant",
  /** `seq` of the message. */
  target: "eventSeq",
  /** User id; `null`: server code. */
  by: ["nullable", "userId"],
} as const satisfies Fields;
export interface MessageDeleted extends Infer<typeof MESSAGE_DELETED> {}

export const REACTION = {
  type: ["is", "reaction"],
  /** Of the change. */
  seq: "eventSeq",
  /** In milliseconds since 1970. */
  at: "instant",
  /** `seq` of the message. */
  target: "eventSeq",
  ...REACTION_CONTENT,
  /** Id of the user who reacted. */
  user: "userId",
} as const satisfies Fields;
export interface Reaction extends Infer<typeof REACTION> {}

/** What a room stores and replays, by `type`. */
export const SEQUENCED_EVENTS = {
  message: MESSAGE,
  messageUpdated: MESSAGE_UPDATED,
  messageDeleted: MESSAGE_DELETED,
  reaction: REACTION,
} as const satisfies Readonly<Record<SequencedEvent["type"], Fields>>;

export type SequencedEvent = Message | MessageUpdated | MessageDeleted | Reaction;

export const isSequenced = (event: { readonly type: string }): event is SequencedEvent =>
  Object.hasOwn(SEQUENCED_EVENTS, event.type);

// ---- unsequenced: never replayed ----

export const SIGNAL = {
  type: ["is", "signal"],
  event: "eventName",
  /** Who said it, without a name; `null`: server code. */
  from: ["nullable", { id: SENDER.id }],
  /** Any JSON; `null` where none was given. */
  data: "any",
  /** In milliseconds since 1970. */
  at: "instant",
} as const satisfies Fields;
export interface Signal extends Infer<typeof SIGNAL> {}

export const MEMBER_JOINED = { type: ["is", "memberJoined"], member: MEMBER } as const satisfies Fields;
export interface MemberJoined extends Infer<typeof MEMBER_JOINED> {}

export const MEMBER_UPDATED = { type: ["is", "memberUpdated"], member: MEMBER } as const satisfies Fields;
export interface MemberUpdated extends Infer<typeof MEMBER_UPDATED> {}

export const MEMBER_LEFT = {
  type: ["is", "memberLeft"],
  /** Id of the user. */
  user: "userId",
  /** In milliseconds since 1970. */
  at: "instant",
} as const satisfies Fields;
export interface MemberLeft extends Infer<typeof MEMBER_LEFT> {}

/** The whole list, when a big room became a small one again; or the next part of a list that did not fit one frame. */
export const MEMBERS = {
  type: ["is", "members"],
  members: ["list", MEMBER],
  /** The next `members` adds to this list. */
  more: ["optional", ["is", true]],
} as const satisfies Fields;
export interface Members extends Infer<typeof MEMBERS> {}

export const OCCUPANCY_CHANGED = { type: ["is", "occupancy"], ...OCCUPANCY } as const satisfies Fields;
export interface OccupancyChanged extends Infer<typeof OCCUPANCY_CHANGED> {}

/** How far a user has read. */
export const RECEIPT_ENTRY = {
  /** Id of the user. */
  user: "userId",
  seq: "seq",
  /** When the user read that far, in milliseconds since 1970. */
  at: "instant",
} as const satisfies Fields;
export interface ReceiptEntry extends Infer<typeof RECEIPT_ENTRY> {}

export const RECEIPT = { type: ["is", "receipt"], ...RECEIPT_ENTRY } as const satisfies Fields;
export interface Receipt extends Infer<typeof RECEIPT> {}

/** What a room tells and does not store, by `type`. */
export const UNSEQUENCED_EVENTS = {
  signal: SIGNAL,
  memberJoined: MEMBER_JOINED,
  memberUpdated: MEMBER_UPDATED,
  memberLeft: MEMBER_LEFT,
  members: MEMBERS,
  occupancy: OCCUPANCY_CHANGED,
  receipt: RECEIPT,
  append: APPEND,
  stream: STREAM,
  stop: STOP,
} as const satisfies Readonly<Record<UnsequencedEvent["type"], Fields>>;

export type UnsequencedEvent =
  | Signal
  | MemberJoined
  | MemberUpdated
  | MemberLeft
  | Members
  | OccupancyChanged
  | Receipt
  | Append
  | Stream
  | Stop;

export type RoomEvent = SequencedEvent | UnsequencedEvent;

/** What a session tells of the inbox, and signals to the user. */
export const INBOX_EVENTS = /* @__PURE__ */ merge(NOTIFICATION_EVENTS, {
  signal: SIGNAL,
}) satisfies Readonly<Record<InboxEvent["type"], Fields>>;

export type InboxEvent = NotificationEvent | NotificationUpdated | Signal;

/** What has a `seq` in some log, by `type`: such events stand in pages of `history`. */
export const LOG_EVENTS = /* @__PURE__ */ merge(SEQUENCED_EVENTS, NOTIFICATION_EVENTS) satisfies Readonly<
  Record<LogEvent["type"], Fields>
>;

export type LogEvent = SequencedEvent | NotificationEvent | NotificationUpdated;

// ---- the first frames ----

/** How far a user has read now. Also the answer to `read`. */
export const READ_RESULT = {
  seq: "seq",
  /** How many messages after `seq` are neither deleted nor the user's own, counted to at most 1,000. */
  unread: "int",
} as const satisfies Fields;
export interface ReadResult extends Infer<typeof READ_RESULT> {}

const CONNECTED = {
  type: ["is", "connected"],
  /** `PROTOCOL_VERSION` of the server. */
  protocol: "int",
  /** Names this connection: in logs, for support, and for `replaces`. */
  connection: "text",
  /** The life of the log: another one has nothing to do with this one. */
  epoch: "text",
  /** The last `seq` of the log; 0 while it is empty. */
  head: "seq",
  /** What a client holds up to this `seq` may have changed or gone without a record. 0 while nothing was removed. */
  floor: "seq",
  recovery: "recovery",
  reconnect: RECONNECT_LIMITS,
  /** The server's clock, in milliseconds since 1970. */
  at: "instant",
} as const satisfies Fields;

export const ROOM_CONNECTED = {
  ...CONNECTED,
  room: "roomName",
  /** `null`: an anonymous reader. */
  user: ["nullable", USER],
  permission: "permission",
  /** When the token expires, in milliseconds since 1970. `null`: the connection has no token that could. */
  expiresAt: ["nullable", "instant"],
  /** Empty in a big room, for an anonymous reader, and with `presence=off`. */
  members: ["list", MEMBER],
  /** The list did not fit: the next `members` adds to it. */
  moreMembers: ["optional", ["is", true]],
  occupancy: OCCUPANCY,
  /** How far this user has read, and how much is left, as of `head`. Left out for an anonymous reader. */
  read: ["optional", READ_RESULT],
  limits: LIMITS,
} as const satisfies Fields;
export interface RoomConnected extends Infer<typeof ROOM_CONNECTED> {}

export const SESSION_CONNECTED = /* @__PURE__ */ merge(CONNECTED, {
  user: USER,
  /** When the token expires, in milliseconds since 1970. */
  expiresAt: "instant",
  /** How many notifications are neither read nor archived, in all. */
  unread: "int",
  limits: SESSION_LIMITS,
});
export interface SessionConnected extends Infer<typeof SESSION_CONNECTED> {}

/** The replay is over; or, later, the cursor of a filtered connection moves on. */
export const CAUGHT_UP = {
  type: ["is", "caughtUp"],
  seq: "seq",
  /** A `partial` replay goes on: ask with `history`, `after` this `seq`. */
  more: ["optional", ["is", true]],
  /** At the end of a replay that was paged: `floor` as it is now. */
  floor: ["optional", "seq"],
} as const satisfies Fields;
export interface CaughtUp extends Infer<typeof CAUGHT_UP> {}

/** A room on a session ended as a room socket closes. The session lives on. */
export const LEFT = {
  type: ["is", "left"],
  room: "roomName",
  /** That of the close. */
  code: ["key of", ERRORS],
  /** How long to wait before joining again, in milliseconds. */
  retryAfterMs: ["optional", "number"],
  /** For people. */
  message: ["optional", "text"],
} as const satisfies Fields;
export interface Left extends Infer<typeof LEFT> {}
