// What a client sends: one of these a frame, or a `batch` of them. Each but `signal`, `append` and `ping` is answered once, with
// its `id`: see answers.ts.

import { LIFETIME_CONTENT, MESSAGE_CONTENT, REACTION_CONTENT } from "./content.ts";
import { MAX_EVENTS_PAGE, MAX_HAVE_LENGTH, MAX_HISTORY } from "./limits.ts";
import { TOPICS } from "./names.ts";
import { MARK_CONTENT } from "./notifications.ts";
import type { Fields, Infer } from "./schema.ts";
import { APPEND_CONTENT, APPEND_PLACE, FINISH_CONTENT, OPENING_CONTENT } from "./streams.ts";

export const SEND_COMMAND = {
  type: ["is", "send"],
  /** Also the idempotency key of its author. */
  id: "commandId",
  /** Default: `chat`. */
  event: ["optional", "eventName"],
  ...MESSAGE_CONTENT,
  ...LIFETIME_CONTENT,
  ...OPENING_CONTENT,
  /** `false`: the event is left out on this connection, and the `ok` stands in its place. Default: `true`. */
  echo: ["optional", "boolean"],
  /** A cursor known when this was first sent: says that this is a repeat, and how far back to look for the first. */
  retryOf: ["optional", "text"],
} as const satisfies Fields;
export interface SendCommand extends Infer<typeof SEND_COMMAND> {}

/** Edits an own message; any message with the permission `moderate`. */
export const EDIT_COMMAND = {
  type: ["is", "edit"],
  id: "commandId",
  /** Of the message. */
  seq: "eventSeq",
  /** Replaces what the message says. At most `limits.messageBytes`. */
  data: MESSAGE_CONTENT.data,
} as const satisfies Fields;
export interface EditCommand extends Infer<typeof EDIT_COMMAND> {}

/**
 * Erases `data`, `mentions`, `reactions`, `editedAt` and `editedBy` of an own message for good; of any message with the
 * permission `moderate`.
 */
export const DELETE_COMMAND = {
  type: ["is", "delete"],
  id: "commandId",
  /** Of the message. */
  seq: "eventSeq",
} as const satisfies Fields;
export interface DeleteCommand extends Infer<typeof DELETE_COMMAND> {}

export const REACT_COMMAND = {
  type: ["is", "react"],
  id: "commandId",
  /** Of the message. */
  seq: "eventSeq",
  ...REACTION_CONTENT,
} as const satisfies Fields;
export interface ReactCommand extends Infer<typeof REACT_COMMAND> {}

/** Joins an open message. It is answered only where it is refused, or has an `id`. */
export const APPEND_COMMAND = {
  type: ["is", "append"],
  id: ["optional", "commandId"],
  /** Of the message. */
  seq: "eventSeq",
  ...APPEND_PLACE,
  ...APPEND_CONTENT,
  /** With an `id`: the `ok` says how far the message is, and how far it is saved. */
  ack: ["optional", "boolean"],
} as const satisfies Fields;
export interface AppendCommand extends Infer<typeof APPEND_COMMAND> {}

/** Ends an open message. */
export const FINISH_COMMAND = {
  type: ["is", "finish"],
  id: "commandId",
  /** Of the message. */
  seq: "eventSeq",
  ...FINISH_CONTENT,
} as const satisfies Fields;
export interface FinishCommand extends Infer<typeof FINISH_COMMAND> {}

/** Asks the producer of an open message to stop. It ends nothing by itself. */
export const STOP_COMMAND = {
  type: ["is", "stop"],
  id: "commandId",
  /** Of the message. */
  seq: "eventSeq",
} as const satisfies Fields;
export interface StopCommand extends Infer<typeof STOP_COMMAND> {}

/** From now on the caller produces an open message, and nobody else. */
export const TAKEOVER_COMMAND = {
  type: ["is", "takeover"],
  id: "commandId",
  /** Of the message. */
  seq: "eventSeq",
} as const satisfies Fields;
export interface TakeoverCommand extends Infer<typeof TAKEOVER_COMMAND> {}

/** Says how far this user has read. It never moves back. */
export const READ_COMMAND = {
  type: ["is", "read"],
  id: "commandId",
  /** 0 only asks; more than `head` counts as `head`. Default: `head`. */
  seq: ["optional", "seq"],
} as const satisfies Fields;
export interface ReadCommand extends Infer<typeof READ_COMMAND> {}

/** Tells the other connections something that is not stored. It is answered only where it is refused. */
export const SIGNAL_COMMAND = {
  type: ["is", "signal"],
  id: ["optional", "commandId"],
  event: "eventName",
  /** Any JSON, of at most `limits.messageBytes` bytes of UTF-8. Default: `null`. */
  data: ["optional", "any"],
  /** Only to the connections of this user. Default: to all others. */
  to: ["optional", "userId"],
} as const satisfies Fields;
export interface SignalCommand extends Infer<typeof SIGNAL_COMMAND> {}

/** Says how this connection is. A field that is left out stays as it was. */
export const PRESENCE_COMMAND = {
  type: ["is", "presence"],
  id: "commandId",
  status: ["optional", "status"],
  /** Any JSON, of at most 1,024 bytes of UTF-8; `null` clears. */
  data: ["optional", "any"],
} as const satisfies Fields;
export interface PresenceCommand extends Infer<typeof PRESENCE_COMMAND> {}

export const TOPICS_COMMAND = {
  type: ["is", "topics"],
  id: "commandId",
  topics: TOPICS,
} as const satisfies Fields;
export interface TopicsCommand extends Infer<typeof TOPICS_COMMAND> {}

/** Asks for a page: of messages `before`, of events `after`; not both. With neither, the latest messages. */
export const HISTORY_COMMAND = {
  type: ["is", "history"],
  id: "commandId",
  before: ["optional", "seq"],
  after: ["optional", "seq"],
  /** 1 to 200 messages, 1 to 1,000 events. Default: 50 messages, 1,000 events. */
  limit: ["optional", ["int", 1, MAX_EVENTS_PAGE]],
} as const satisfies Fields;
export interface HistoryCommand extends Infer<typeof HISTORY_COMMAND> {}

/** Replaces the token of this connection, and of the rooms joined on it. */
export const AUTH_COMMAND = {
  type: ["is", "auth"],
  id: "commandId",
  /** Of the same user. At most 16,384 characters. */
  token: "text",
} as const satisfies Fields;
export interface AuthCommand extends Infer<typeof AUTH_COMMAND> {}

/** The runtime itself answers the one that is spelled as `PING_FRAME`; any other wakes the object. */
export const PING_COMMAND = { type: ["is", "ping"], id: ["optional", "commandId"] } as const satisfies Fields;
export interface PingCommand extends Infer<typeof PING_COMMAND> {}

/** What a room takes, by `type`. */
export const ROOM_COMMANDS = {
  send: SEND_COMMAND,
  edit: EDIT_COMMAND,
  delete: DELETE_COMMAND,
  react: REACT_COMMAND,
  append: APPEND_COMMAND,
  finish: FINISH_COMMAND,
  stop: STOP_COMMAND,
  takeover: TAKEOVER_COMMAND,
  signal: SIGNAL_COMMAND,
  read: READ_COMMAND,
  presence: PRESENCE_COMMAND,
  topics: TOPICS_COMMAND,
  history: HISTORY_COMMAND,
  auth: AUTH_COMMAND,
  ping: PING_COMMAND,
} as const satisfies Readonly<Record<RoomCommand["type"], Fields>>;

export type RoomCommand =
  | SendCommand
  | EditCommand
  | DeleteCommand
  | ReactCommand
  | AppendCommand
  | FinishCommand
  | StopCommand
  | TakeoverCommand
  | SignalCommand
  | ReadCommand
  | PresenceCommand
  | TopicsCommand
  | HistoryCommand
  | AuthCommand
  | PingCommand;

export const MARK_COMMAND = {
  type: ["is", "mark"],
  id: "commandId",
  ...MARK_CONTENT,
} as const satisfies Fields;
export interface MarkCommand extends Infer<typeof MARK_COMMAND> {}

/** Asks for a page of the inbox, the newest first page. */
export const NOTIFICATIONS_COMMAND = {
  type: ["is", "notifications"],
  id: "commandId",
  /** Only those with a smaller `seq`. Default: from the newest on. */
  before: ["optional", "seq"],
  /** 1 to 200. Default: 50. */
  limit: ["optional", ["int", 1, MAX_HISTORY]],
  /** Only those in this state. Default: all but the archived. */
  state: ["optional", "notificationState"],
} as const satisfies Fields;
export interface NotificationsCommand extends Infer<typeof NOTIFICATIONS_COMMAND> {}

/** On a session socket: from now on the frames of this room come on it. Joining again starts over. */
export const JOIN_COMMAND = {
  type: ["is", "join"],
  id: "commandId",
  room: "roomName",
  /** A cursor of this room: what came after it is replayed. */
  since: ["optional", "text"],
  /** How many of the latest messages a newcomer gets, 0 to 200. Default: 50. */
  history: ["optional", ["int", 0, MAX_HISTORY]],
  /** Default: all. */
  topics: ["optional", TOPICS],
  /** `off`: no list of members and no events of them. */
  presence: ["optional", ["is", "off"]],
  /** How far the client has open messages: `<seq>:<n>`, several separated by commas. It gets the rest of them only. */
  have: ["optional", ["text", 0, MAX_HAVE_LENGTH]],
  /** A connection of the same user to this room that the client gave up: it is closed before the first frames come. */
  replaces: ["optional", "text"],
} as const satisfies Fields;
export interface JoinCommand extends Infer<typeof JOIN_COMMAND> {}

/** Counts as a close with 1000 of a room socket. */
export const LEAVE_COMMAND = {
  type: ["is", "leave"],
  id: "commandId",
  room: "roomName",
} as const satisfies Fields;
export interface LeaveCommand extends Infer<typeof LEAVE_COMMAND> {}

/** What a session takes without `room`, by `type`. `presence` holds for all rooms of the session. */
export const SESSION_COMMANDS = {
  mark: MARK_COMMAND,
  notifications: NOTIFICATIONS_COMMAND,
  join: JOIN_COMMAND,
  leave: LEAVE_COMMAND,
  presence: PRESENCE_COMMAND,
  topics: TOPICS_COMMAND,
  history: HISTORY_COMMAND,
  auth: AUTH_COMMAND,
  ping: PING_COMMAND,
} as const satisfies Readonly<Record<SessionCommand["type"], Fields>>;

export type SessionCommand =
  | MarkCommand
  | NotificationsCommand
  | JoinCommand
  | LeaveCommand
  | PresenceCommand
  | TopicsCommand
  | HistoryCommand
  | AuthCommand
  | PingCommand;

export type Command = RoomCommand | SessionCommand;

/** 1 to 100 commands, each checked and answered by itself. */
export interface CommandBatch {
  readonly type: "batch";
  readonly commands: readonly Command[];
}

export type ClientFrame = Command | CommandBatch;
