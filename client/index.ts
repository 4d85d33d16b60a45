export type {
  Attachment,
  Ban,
  BansResult,
  ChangeResult,
  ChatData,
  ErrorCode,
  FollowedRoom,
  Member,
  Message,
  MessageDeleted,
  MessagesResult,
  MessageUpdated,
  Notification,
  NotificationEvent,
  NotificationState,
  NotificationsResult,
  NotificationUpdated,
  Occupancy,
  OwnSettings,
  Permission,
  Preferences,
  Priority,
  QuietHours,
  Reaction,
  ReadResult,
  Receipt,
  ReceiptEntry,
  ReconnectLimits,
  Sender,
  Signal,
  Status,
  Topics,
  User,
} from "../src/protocol/index.ts";
export type { Client, ClientEvents, ClientOptions } from "./client.ts";
export type { ConnectionState } from "./connection-state.ts";
export { createClient } from "./create-client.ts";
export { RoomsError, type RoomsErrorCode, type RoomsErrorDetails } from "./errors.ts";
export type { Call, CallOptions, CallRequest, HttpMethod } from "./http/http-call.ts";
export type { BansOptions, HistoryOptions, KickOptions } from "./http/room-api.ts";
export type { NotificationsOptions } from "./http/user-api.ts";
export type { Inbox, InboxEvents, InboxSnapshot, MarkTarget } from "./inbox.ts";
export type { LogFunction, LogLevel, LogOption } from "./log.ts";
export type {
  OutboxItem,
  OutboxStatus,
  PendingMessage,
  RoomMessage,
  SendOptions,
  Stored,
} from "./outbox-entry.ts";
export type { OutboxView } from "./outbox-view.ts";
export type { RoomEvents } from "./room-events.ts";
export type { RoomHandle } from "./room-handle.ts";
export type { Presence, RoomOptions, RoomSnapshot } from "./room-types.ts";
export type { GetToken, Token } from "./token-source.ts";
export type { OnEventOptions } from "./topic-listeners.ts";
