import { Client, type ClientOptions } from "./core/client.ts";
import type { EventMap, RegisteredEvents } from "./events/event-map.ts";
import { systemPorts } from "./util/system-ports.ts";

export type {
  Attachment,
  Ban,
  BansResult,
  ChangeResult,
  ChatData,
  ErrorCode,
  FollowedRoom,
  Member,
  MessageDeleted,
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
  ScheduleResult,
  Sender,
  Status,
  Topics,
  TypingData,
  User,
} from "../src/protocol/index.ts";
export type { PollingMode } from "./connection/transport/fallback.ts";
export type { GetToken, TokenAnswer } from "./connection/transport/token-answer.ts";
export type { ConnectionState } from "./connection/transport/transport.ts";
export type { OnUserChange } from "./connection/transport/user-guard.ts";
export type { AnyClient, Client, ClientEvents, ClientOptions } from "./core/client.ts";
export type { TabSharing } from "./core/client-context.ts";
export type {
  AppEvent,
  DeletedMessage,
  MessageOf as Message,
  MessagesResultOf as MessagesResult,
  MessageUpdatedOf as MessageUpdated,
  PresentMessage,
  ScheduledOf as ScheduledMessage,
  SignalOf as Signal,
} from "./events/app-events.ts";
export type {
  DefaultEvents,
  EventMap,
  EventName,
  EventTopic,
  Register,
  RegisteredEvents,
} from "./events/event-map.ts";
export { type CallOptions, callApi, type HttpMethod } from "./http/http-call.ts";
export {
  type BansOptions,
  type HistoryOptions,
  type KickOptions,
  type RoomApi,
  roomApi,
} from "./http/room-api.ts";
export {
  type ScheduleApi,
  type ScheduleChange,
  type ScheduleOptions,
  scheduleApi,
} from "./http/schedule-api.ts";
export { type NotificationsOptions, type UserApi, userApi } from "./http/user-api.ts";
export type { Inbox } from "./inbox/inbox.ts";
export type { InboxEvents, InboxListenOptions, InboxSnapshot, MarkTarget } from "./inbox/inbox-types.ts";
export type { OutboxStatus, Stored } from "./room/messages/outbox.ts";
export type { SendOptions, StreamOptions } from "./room/messages/send-options.ts";
export type { AnyRoom, RoomHandle, SignalOptions } from "./room/room-handle.ts";
export type {
  OutboxItem,
  PendingMessage,
  Presence,
  RoomEvents,
  RoomMessage,
  RoomOptions,
  RoomSnapshot,
} from "./room/room-types.ts";
export type { AnswerPatch, RoomAnswer as Answer } from "./room/streams/answer.ts";
export type { OpeningData } from "./room/streams/answers.ts";
export type { PipeOptions, TextSource } from "./room/streams/pipe.ts";
export { inboxOf } from "./session/inbox-of.ts";
export { peekShared, sharedRoom } from "./session/shared-room.ts";
export { RoomsError, type RoomsErrorCode, type RoomsErrorDetails } from "./util/errors.ts";
export type { EventMeta, OnEventOptions } from "./util/listeners.ts";
export type { LogFunction, LogLevel, LogOption } from "./util/log.ts";

/**
 * A client for one user on one server. It opens no socket before a room is opened or the inbox is listened to. Throws
 * `bad_request` if `url` cannot be used. `Events` types what its rooms say, without a check at run time: see
 * {@link EventMap}. Default: the map of {@link Register}, or any events.
 *
 * @example
 * const client = createClient({ url: "", getToken: async () => (await fetch("/token")).text() });
 * const room = client.room("project_123");
 * room.on("message", (message) => console.log(message.from?.name, message.data));
 * await room.send({ text: "Hello" });
 */
export const createClient = <Events extends EventMap = RegisteredEvents>(
  options: ClientOptions,
): Client<Events> => new Client(options, systemPorts());
