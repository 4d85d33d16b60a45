// What a server answers to a command: one of these, with the command's `id`.

import type { Refusal } from "./errors.ts";
import type {
  Message,
  Notification,
  NotificationEvent,
  NotificationUpdated,
  Permission,
  Receipt,
  SequencedEvent,
} from "./events.ts";
import type { Topics } from "./topics.ts";

export interface SendResult {
  readonly seq: number;
  readonly at: number;
  readonly duplicate?: true;
}

/** Of `edit`, `delete` and `react`: the `seq` of the change, 0 where nothing changed. */
export interface ChangeResult {
  readonly seq: number;
}

/** How far a user has read, as `GET /v1/rooms/:room/receipts` lists it. */
export type ReceiptEntry = Omit<Receipt, "type">;

export interface HistoryResult {
  readonly messages?: readonly Message[];
  readonly events?: readonly (SequencedEvent | NotificationEvent | NotificationUpdated)[];
  readonly seq: number;
  readonly more?: true;
  /** With `events`: how far back the log reaches now. */
  readonly floor?: number;
}

export interface AuthResult {
  readonly expiresAt: number;
  readonly permission?: Permission;
}

export interface TopicsResult {
  readonly topics: Topics;
  readonly seq: number;
}

export interface NotificationsResult {
  readonly notifications: readonly Notification[];
  readonly unread: number;
  readonly more?: true;
}

export interface Ok {
  readonly type: "ok";
  readonly id: string;
}

/** Without `id` where the refused frame had none to read. */
export interface ErrorAnswer extends Refusal {
  readonly type: "error";
  readonly id?: string;
}

export interface Pong {
  readonly type: "pong";
  readonly id?: string;
  readonly at?: number;
}

export type Answer = (Ok & Readonly<Record<string, unknown>>) | ErrorAnswer | Pong;
