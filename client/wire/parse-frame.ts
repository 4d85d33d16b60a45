import {
  type Answer,
  type CaughtUp,
  type ErrorAnswer,
  type InboxEvent,
  isErrorCode,
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
export type IncomingFrame = Connected | RoomEvent | InboxEvent | CaughtUp | Answer;

/**
 * The frames in one text, those of a batch in their order. What is unknown or malformed is left out, so that the
 * protocol can grow and a faulty server breaks nobody's page.
 */
export function parseFrames(text: string): readonly IncomingFrame[] {
  const value = parseJson(text);
  if (!isRecord(value)) return [];
  if (value.type !== "batch") return present(parseFrame(value));
  return Array.isArray(value.events) ? value.events.flatMap((event) => present(parseFrame(event))) : [];
}

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

/** The answer to a command, read by itself. */
export function parseAnswer(value: Readonly<Record<string, unknown>>): Answer | undefined {
  if (value.type === "error") return parseError(value);
  return isOk(value) ? value : undefined;
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
