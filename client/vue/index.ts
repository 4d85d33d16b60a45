// The Vue binding: `edge-rooms/vue`.

export type { UseRoomOptions } from "../bindings/held-room.ts";
export type { UseMessagesOptions } from "../bindings/source.ts";
export {
  type MembersPart,
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
export { edgeRooms, provideRooms, useClient } from "./rooms-client.ts";
export { type NotificationsOptions, type NotificationsPart, useNotifications } from "./use-notifications.ts";
export { type MaybeRoom, useRoom, useRoomEvent, useSnapshot } from "./use-room.ts";
