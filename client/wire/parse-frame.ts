import {
  type Answer,
  type CaughtUp,
  type ErrorAnswer,
  type InboxEvent,
  isErrorCode,
  type Left,
  type NotificationEvent,
  type NotificationUpdated,
  type Ok,
  type RoomConnected,
  type RoomEvent,
  type SequencedEvent,
  type SessionConnected,
} from "../../src/protocol/index.ts";
import { isRecord } from "./shape.ts";
import * as shapes from "./shapes.ts";

export type Connected = RoomConnected | SessionConnected;
export type LogEvent = SequencedEvent | NotificationEvent | NotificationUpdated;
export type IncomingFrame = Connected | RoomEvent | InboxEvent | CaughtUp | Left | Answer;

/** A frame, and the room that it names on a session. */
export interface AddressedFrame {
  readonly room: string | undefined;
  readonly frame: IncomingFrame;
}

/**
 * The frames in one text, those of a batch in their order. What is unknown or malformed is left out, so that the
 * protocol can grow and a faulty server breaks no page.
 */
export function parseFrames(text: string): readonly AddressedFrame[] {
  const value = parseJson(text);
  if (!isRecord(value)) return [];
  if (value.type !== "batch") return present(parseAddressed(value, undefined));
  const { room, events } = value;
  return Array.isArray(events) ? events.flatMap((event) => present(parseAddressed(event, room))) : [];
}

/** `room` stands in the frame, or on the batch for all in it. Apps get to see it only in `connected`. */
function parseAddressed(value: unknown, ofBatch: unknown): AddressedFrame | undefined {
  if (!isRecord(value)) return undefined;
  const { room = ofBatch, ...rest } = value;
  if (typeof room !== "string") return addressed(parseFrame(value), undefined);
  const namesRoom = value.type === "connected" || value.type === "left";
  return addressed(parseFrame(namesRoom ? { ...rest, room } : rest), room);
}

const addressed = (frame: IncomingFrame | undefined, room: string | undefined) => frame && { room, frame };

/** A page of `history`. */
export const parseLogEvents = (values: readonly unknown[]): readonly LogEvent[] =>
  values.flatMap((value) => {
    const frame = parseFrame(value);
    return frame !== undefined && isLogEvent(frame) ? [frame] : [];
  });

export const isLogEvent = (frame: IncomingFrame): frame is LogEvent => LOG_EVENTS.has(frame.type);

const LOG_EVENTS: ReadonlySet<string> = new Set<LogEvent["type"]>([
  "message",
  "messageUpdated",
  "messageDeleted",
  "reaction",
  "notification",
  "notificationUpdated",
]);

const GUARDS: Readonly<Record<string, ((value: unknown) => value is IncomingFrame) | undefined>> = {
  message: shapes.isMessage,
  messageUpdated: shapes.isMessageUpdated,
  messageDeleted: shapes.isMessageDeleted,
  reaction: shapes.isReaction,
  signal: shapes.isSignal,
  memberJoined: shapes.isMemberJoined,
  memberUpdated: shapes.isMemberUpdated,
  memberLeft: shapes.isMemberLeft,
  members: shapes.isMembers,
  occupancy: shapes.isOccupancyChanged,
  receipt: shapes.isReceipt,
  notification: shapes.isNotification,
  notificationUpdated: shapes.isNotificationUpdated,
  caughtUp: shapes.isCaughtUp,
  left: shapes.isLeft,
  pong: shapes.isPong,
  ok: isOk,
};

function parseFrame(value: unknown): IncomingFrame | undefined {
  if (!isRecord(value) || typeof value.type !== "string") return undefined;
  if (value.type === "connected") return parseConnected(value);
  if (value.type === "error") return parseError(value);
  const guard = Object.hasOwn(GUARDS, value.type) ? GUARDS[value.type] : undefined;
  return guard?.(value) ? value : undefined;
}

function parseConnected(value: unknown): Connected | undefined {
  if (shapes.isRoomConnected(value) || shapes.isSessionConnected(value)) return value;
  return undefined;
}

function isOk(value: unknown): value is Ok & Readonly<Record<string, unknown>> {
  return isRecord(value) && value.type === "ok" && typeof value.id === "string";
}

/** An unknown code counts as `internal`: the command may be tried again. */
export function parseError(value: Readonly<Record<string, unknown>>): ErrorAnswer {
  const { id, code, message, retryAfterMs, path } = value;
  return {
    type: "error",
    code: typeof code === "string" && isErrorCode(code) ? code : "internal",
    message: typeof message === "string" ? message : String(code),
    ...(typeof id === "string" && { id }),
    ...(typeof retryAfterMs === "number" && { retryAfterMs }),
    ...(isPath(path) && { path }),
  };
}

const isPath = (value: unknown): value is readonly (string | number)[] =>
  Array.isArray(value) && value.every((step) => typeof step === "string" || typeof step === "number");

export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const present = <T>(value: T | undefined): readonly T[] => (value === undefined ? [] : [value]);
