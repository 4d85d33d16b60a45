// `edge-rooms/server`: for code with an API key. Only `fetch`, WebCrypto, `URL` and `AbortController`, no other package.

export type {
  AppendResult,
  Ban,
  BansResult,
  BroadcastEntry,
  ChangeResult,
  ErrorCode,
  ListedRoom,
  ListedUser,
  Member,
  NotifyEntry,
  Occupancy,
  OwnSettings,
  Permission,
  Priority,
  ReceiptEntry,
  Refusal,
  RoomInfo,
  RoomsResult,
  Sender,
  StatsResult,
  StreamLine,
  StreamState,
  TakeoverResult,
  Topics,
  UsersResult,
} from "../../src/protocol/index.ts";
export type {
  DeletedMessage,
  MessageOf as Message,
  MessagesResultOf as MessagesResult,
  PresentMessage,
} from "../events/app-events.ts";
export type { DefaultEvents, EventMap, EventName, Register, RegisteredEvents } from "../events/event-map.ts";
export type { HttpMethod } from "../http/http-call.ts";
export { RoomsError, type RoomsErrorCode, type RoomsErrorDetails } from "../util/errors.ts";
export type { AnswerPiece, AnswerSource, ByteSource } from "./answer-source.ts";
export { modelText } from "./model-text.ts";
export {
  type BroadcastToSend,
  createServerApi,
  type IssuedToken,
  type ListOptions,
  type NotificationToSend,
  type ServerApi,
  type TokenRequest,
} from "./server-api.ts";
export type { ServerCallOptions } from "./server-call.ts";
export type { ServerApiOptions } from "./server-context.ts";
export type {
  AppendToMessage,
  MessageEnding,
  MessagesOptions,
  MessageToPublish,
  PublishedMessage,
  RoomMembers,
  ServerBansOptions,
  ServerKickOptions,
  ServerRoom,
  SignalToRoom,
} from "./server-room.ts";
export type { DisconnectOptions, ServerUser, SignalToUser, UserPresence } from "./server-user.ts";
export type { AnswerOptions, EndedAnswer } from "./stream-answer.ts";
export { type SignatureOptions, verifySignature } from "./verify-signature.ts";
