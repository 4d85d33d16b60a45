// The Svelte binding: `edge-rooms/svelte`. Plain functions: an app's bundler has nothing of it to compile.

export type { UseRoomOptions } from "../bindings/held-room.ts";
export type { MembersPart, OutboxPart } from "../bindings/parts.ts";
export type { UseMessagesOptions } from "../bindings/source.ts";
export {
  type MessagesPart,
  type OlderPart,
  type SendPart,
  type TypingPart,
  useConnection,
  useMembers,
  useMessages,
  useSend,
  useTyping,
  useUnread,
} from "./parts.ts";
export { provideRooms, useClient } from "./rooms-client.ts";
export { type NotificationsOptions, type NotificationsPart, useNotifications } from "./use-notifications.ts";
export { type Current, type MaybeRoom, useRoom, useRoomEvent, useSnapshot } from "./use-room.ts";
