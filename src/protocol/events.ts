// What a server tells by itself, and the first frames of a connection.

import type { ErrorCode } from "./errors.ts";
import type { Limits, ReconnectLimits, SessionLimits } from "./limits.ts";

export interface Sender {
  readonly id: string;
  readonly name?: string;
}

export interface User extends Sender {
  readonly picture?: string;
}

export const STATUSES = ["online", "away", "busy"] as const;
export type Status = (typeof STATUSES)[number];

/** A user present through one or more connections. */
export interface Member extends User {
  readonly status: Status;
  readonly data: unknown;
  readonly joinedAt: number;
}

export interface Occupancy {
  readonly members: number;
  readonly connections: number;
}

/** Each includes the one before. */
export const PERMISSIONS = ["none", "read", "write", "moderate"] as const;
export type Permission = (typeof PERMISSIONS)[number];

export type Recovery = "none" | "complete" | "partial" | "lost";

// ---- sequenced: stored, in one order, replayed ----

export interface Message {
  readonly type: "message";
  readonly seq: number;
  /** Of the `send` that stored it: with `from.id` and `byServer` it names the message for good. */
  readonly id: string;
  readonly event: string;
  /** `null`: server code. */
  readonly from: Sender | null;
  /** Server code says this in the name of `from`. */
  readonly byServer?: true;
  readonly at: number;
  readonly data: unknown;
  readonly replyTo?: number;
  readonly mentions?: readonly string[];
  readonly editedAt?: number;
  /** User id of the last editor, where somebody else said the message; `null`: server code. */
  readonly editedBy?: string | null;
  readonly deletedAt?: number;
  readonly reactions?: Readonly<Record<string, readonly string[]>>;
  /** `seq` of the last change: the greater is the newer version. */
  readonly changed?: number;
}

export interface MessageUpdated {
  readonly type: "messageUpdated";
  readonly seq: number;
  readonly at: number;
  readonly message: Message;
  readonly by: string | null;
}

export interface MessageDeleted {
  readonly type: "messageDeleted";
  readonly seq: number;
  readonly at: number;
  readonly target: number;
  readonly by: string | null;
}

export interface Reaction {
  readonly type: "reaction";
  readonly seq: number;
  readonly at: number;
  readonly target: number;
  readonly emoji: string;
  readonly user: string;
  readonly op: "add" | "remove";
}

export type SequencedEvent = Message | MessageUpdated | MessageDeleted | Reaction;

// ---- unsequenced: never replayed ----

export interface Signal {
  readonly type: "signal";
  readonly event: string;
  readonly from: { readonly id: string } | null;
  readonly data: unknown;
  readonly at: number;
}

export interface MemberJoined {
  readonly type: "memberJoined";
  readonly member: Member;
}

export interface MemberUpdated {
  readonly type: "memberUpdated";
  readonly member: Member;
}

export interface MemberLeft {
  readonly type: "memberLeft";
  readonly user: string;
  readonly at: number;
}

/** The whole list, when a big room became a small one again; or more of a list that did not fit one frame. */
export interface Members {
  readonly type: "members";
  readonly members: readonly Member[];
  /** The next `members` adds to this list. */
  readonly more?: true;
}

export interface OccupancyChanged extends Occupancy {
  readonly type: "occupancy";
}

export interface Receipt {
  readonly type: "receipt";
  readonly user: string;
  readonly seq: number;
  readonly at: number;
}

export type UnsequencedEvent =
  | Signal
  | MemberJoined
  | MemberUpdated
  | MemberLeft
  | Members
  | OccupancyChanged
  | Receipt;

export type RoomEvent = SequencedEvent | UnsequencedEvent;

// ---- the first frames ----

/** How far a user has read now, and how much is left, counted to at most 1,000: also the answer to `read`. */
export interface ReadResult {
  readonly seq: number;
  readonly unread: number;
}

interface ConnectedBase {
  readonly type: "connected";
  readonly protocol: number;
  /** For logs and support. */
  readonly connection: string;
  readonly epoch: string;
  readonly head: number;
  readonly floor: number;
  readonly recovery: Recovery;
  readonly reconnect: ReconnectLimits;
  readonly at: number;
}

export interface RoomConnected extends ConnectedBase {
  readonly room: string;
  /** `null`: an anonymous reader. */
  readonly user: User | null;
  readonly permission: Permission;
  /** `null`: the connection has no token that could expire. */
  readonly expiresAt: number | null;
  readonly members: readonly Member[];
  /** The list did not fit: the next `members` adds to it. */
  readonly moreMembers?: true;
  readonly occupancy: Occupancy;
  /** How far this user has read, and how much is left, as of `head`. Left out for an anonymous reader. */
  readonly read?: ReadResult;
  readonly limits: Limits;
}

export interface SessionConnected extends ConnectedBase {
  readonly user: User;
  readonly expiresAt: number;
  readonly unread: number;
  readonly limits: SessionLimits;
}

export interface CaughtUp {
  readonly type: "caughtUp";
  readonly seq: number;
  /** A `partial` replay goes on: ask with `history`, `after` this `seq`. */
  readonly more?: true;
  /** At the end of a replay that was paged: how far back the log reaches now. */
  readonly floor?: number;
}

// ---- notifications, on the session socket ----

export const PRIORITIES = ["low", "medium", "high", "urgent"] as const;
export type Priority = (typeof PRIORITIES)[number];

/** In the order that a notification goes through them, never back. */
export const NOTIFICATION_STATES = ["unseen", "seen", "read", "archived"] as const;
export type NotificationState = (typeof NOTIFICATION_STATES)[number];

/** How far along a state is. */
export const stateRank = (state: NotificationState): number => NOTIFICATION_STATES.indexOf(state);

export interface Notification {
  readonly type: "notification";
  readonly seq: number;
  readonly id: string;
  readonly title: string;
  readonly message: string;
  readonly priority: Priority;
  readonly topic?: string;
  readonly link?: string;
  readonly data: unknown;
  readonly at: number;
  readonly expiresAt?: number;
  readonly muted?: true;
  readonly state: NotificationState;
}

/** `unread`: the total at the time of sending. */
export interface NotificationEvent extends Notification {
  readonly unread: number;
}

export interface NotificationUpdated {
  readonly type: "notificationUpdated";
  readonly seq: number;
  readonly at: number;
  readonly ids?: readonly string[];
  readonly upTo?: number;
  readonly state: NotificationState;
  readonly unread: number;
}

/** A room on a session ended as a room socket closes: `code` is that of the close. The session lives on. */
export interface Left {
  readonly type: "left";
  readonly room: string;
  readonly code: ErrorCode;
  readonly retryAfterMs?: number;
  readonly message?: string;
}

export type InboxEvent = NotificationEvent | NotificationUpdated | Signal;
