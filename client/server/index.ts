// `edge-rooms/server`: for code with an API key. Only `fetch`, WebCrypto, `URL` and `AbortController`, no other package.

export type {
  AppendResult,
  Ban,
  BansResult,
  BroadcastEntry,
  ChangeResult,
  ErasureResult,
  ErrorCode,
  ImportResult,
  ListedRoom,
  ListedUser,
  Member,
  NotifyEntry,
  Occupancy,
  OwnSettings,
  Permission,
  Priority,
  PublishQuestion,
  ReceiptEntry,
  Refusal,
  RoomExportLine,
  RoomInfo,
  RoomsResult,
  ScheduleResult,
  Sender,
  StatsResult,
  StreamLine,
  StreamState,
  TakeoverResult,
  Topics,
  UserExportLine,
  UsersResult,
  WebhookEventType,
} from "../../src/protocol/index.ts";
export type {
  DeletedMessage,
  MessageOf as Message,
  MessagesResultOf as MessagesResult,
  PresentMessage,
  ScheduledOf as ScheduledMessage,
} from "../events/app-events.ts";
export type { DefaultEvents, EventMap, EventName, Register, RegisteredEvents } from "../events/event-map.ts";
export type { HttpMethod } from "../http/http-call.ts";
export type { ScheduleChange } from "../http/schedule-api.ts";
export { RoomsError, type RoomsErrorCode, type RoomsErrorDetails } from "../util/errors.ts";
export {
  answerPublishQuestion,
  type PublishDecision,
  type PublishReply,
} from "./answer-publish-question.ts";
export type { AnswerPiece, AnswerSource, ByteSource } from "./answer-source.ts";
export type { ExportedLines, PortableOptions } from "./exported-lines.ts";
export type { ImportOptions, ImportSource } from "./import-lines.ts";
export { modelText } from "./model-text.ts";
export { type ReceivedWebhook, readWebhook, type WebhookEventOf as WebhookEvent } from "./read-webhook.ts";
export type { ExportOfBinding, RoomOfBinding, RoomsBinding, UserOfBinding } from "./rooms-binding.ts";
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
export type { ServerRoom } from "./server-room.ts";
export type {
  AppendToMessage,
  MessageEnding,
  MessagesOptions,
  MessageToPublish,
  MessageToSchedule,
  PublishedMessage,
  RoomMembers,
  ServerBansOptions,
  ServerKickOptions,
  SignalToRoom,
} from "./server-room-types.ts";
export type {
  DisconnectOptions,
  EraseOptions,
  ServerUser,
  SignalToUser,
  UserPresence,
} from "./server-user.ts";
export type { SignedRequest, UntrustedRequest } from "./signed-request.ts";
export type { AnswerOptions, EndedAnswer } from "./stream-answer.ts";
export { textStream } from "./text-stream.ts";
export {
  type Secrets,
  type SignatureHeader,
  type SignatureOptions,
  verifySignature,
} from "./verify-signature.ts";
