"use client";

// The React binding: `edge-rooms/react`.

export type { UseRoomOptions } from "../bindings/held-room.ts";
export type { OlderPages } from "../bindings/older-pages.ts";
export type { MembersPart, OutboxPart } from "../bindings/parts.ts";
export type { UseMessagesOptions } from "../bindings/source.ts";
export { EdgeRooms, type EdgeRoomsProps, useClient } from "./edge-rooms.ts";
export {
  type MessagesPart,
  type SendPart,
  type TypingPart,
  useConnection,
  useMembers,
  useMessages,
  useSend,
  useTyping,
  useUnread,
} from "./parts.ts";
export { type NotificationsOptions, type NotificationsPart, useNotifications } from "./use-notifications.ts";
export { useRoom, useRoomEvent, useSnapshot } from "./use-room.ts";
