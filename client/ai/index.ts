// Chats of the AI SDK over rooms: `edge-rooms/ai`.

export {
  type AnyRoomMessage,
  type ChatRole,
  type ChatRoom,
  type RoleOf,
  type RoleOptions,
  roomMessageOf,
} from "./chat-room.ts";
export { ChunkReader, type ReadableMessage } from "./chunk-reader.ts";
export type { ChunkSource } from "./chunk-source.ts";
export { type Question, RoomChatTransport, type RoomChatTransportOptions } from "./room-chat-transport.ts";
export { type StreamLinesOptions, toStreamLines } from "./to-stream-lines.ts";
export { toUIMessages } from "./to-ui-messages.ts";
