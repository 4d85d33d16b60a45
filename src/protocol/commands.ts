// What a client sends: one of these a frame, or a `batch` of them. All but `signal` and `ping` are answered once.

import type { NotificationState, Status } from "./events.ts";
import type { Topics } from "./topics.ts";

export interface SendCommand {
  readonly type: "send";
  /** Also the idempotency key of its author. */
  readonly id: string;
  /** `chat` where left out. */
  readonly event?: string;
  readonly data: unknown;
  readonly replyTo?: number;
  readonly mentions?: readonly string[];
  /** `false`: the event is left out on this connection, and the `ok` stands in its place. */
  readonly echo?: boolean;
  /** A cursor known when this was first sent: marks a repeat, and how far back to look for the first. */
  readonly retryOf?: string;
}

/** Of one's own message; of any with `moderate`. */
export interface EditCommand {
  readonly type: "edit";
  readonly id: string;
  readonly seq: number;
  readonly data: unknown;
}

/** Erases `data`, `mentions`, `reactions`, `editedAt` and `editedBy` for good. Of one's own message; of any with `moderate`. */
export interface DeleteCommand {
  readonly type: "delete";
  readonly id: string;
  readonly seq: number;
}

export interface ReactCommand {
  readonly type: "react";
  readonly id: string;
  readonly seq: number;
  /** One RGI sequence of Unicode. */
  readonly emoji: string;
  readonly op: "add" | "remove";
}

/** How far this user has read. It never moves back; 0 only asks, more than `head` counts as `head`. */
export interface ReadCommand {
  readonly type: "read";
  readonly id: string;
  /** `head` where left out. */
  readonly seq?: number;
}

export interface SignalCommand {
  readonly type: "signal";
  readonly id?: string;
  readonly event: string;
  readonly data?: unknown;
  /** Only to the connections of this user. */
  readonly to?: string;
}

export interface PresenceCommand {
  readonly type: "presence";
  readonly id: string;
  readonly status?: Status;
  /** `null` clears, left out stays. */
  readonly data?: unknown;
}

export interface TopicsCommand {
  readonly type: "topics";
  readonly id: string;
  readonly topics: Topics;
}

export interface HistoryCommand {
  readonly type: "history";
  readonly id: string;
  readonly before?: number;
  readonly after?: number;
  readonly limit?: number;
}

export interface AuthCommand {
  readonly type: "auth";
  readonly id: string;
  readonly token: string;
}

/** Spelled as `PING_FRAME` the runtime answers it; any other wakes the object. */
export interface PingCommand {
  readonly type: "ping";
  readonly id?: string;
}

export type RoomCommand =
  | SendCommand
  | EditCommand
  | DeleteCommand
  | ReactCommand
  | SignalCommand
  | ReadCommand
  | PresenceCommand
  | TopicsCommand
  | HistoryCommand
  | AuthCommand
  | PingCommand;

export interface MarkCommand {
  readonly type: "mark";
  readonly id: string;
  readonly ids?: readonly string[];
  readonly upTo?: number;
  readonly all?: true;
  readonly state: NotificationState;
}

export interface NotificationsCommand {
  readonly type: "notifications";
  readonly id: string;
  readonly before?: number;
  readonly limit?: number;
  readonly state?: NotificationState;
}

/** On a session socket: the frames of this room come on it from here on. Joining again starts over. */
export interface JoinCommand {
  readonly type: "join";
  readonly id: string;
  readonly room: string;
  readonly since?: string;
  readonly history?: number;
  readonly topics?: Topics;
  readonly presence?: "off";
  /** A connection to this room that the client gave up, of the same user: it is closed before the first frames come. */
  readonly replaces?: string;
}

/** Counts as a close with 1000 of a room socket. */
export interface LeaveCommand {
  readonly type: "leave";
  readonly id: string;
  readonly room: string;
}

/** `presence` without a room holds for all rooms of the session. */
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

export interface CommandBatch {
  readonly type: "batch";
  readonly commands: readonly Command[];
}

export type ClientFrame = Command | CommandBatch;
