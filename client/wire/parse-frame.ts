import {
  type ErrorAnswer,
  isErrorCode,
  isRecord,
  type JsonObject,
  LOG_EVENTS,
  type LogEvent,
  parseJson,
  ROOM_CONNECTED,
  type RoomConnected,
  SERVER_EVENTS,
  SESSION_CONNECTED,
  type ServerEvent,
  type SessionConnected,
} from "../../src/protocol/index.ts";
import { fits } from "./fits.ts";

export type Connected = RoomConnected | SessionConnected;
export type IncomingFrame = Connected | ServerEvent;

/** A frame, and the room that it names on a session. */
export interface AddressedFrame {
  readonly room: string | undefined;
  readonly frame: IncomingFrame;
}

/**
 * The frames in one text, those of a batch in their order. Unknown and malformed ones are left out, so that the protocol
 * can grow and a faulty server breaks no page.
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

/** The events of a page of `history`, without unknown and malformed ones. */
export const parseLogEvents = (values: readonly unknown[]): readonly LogEvent[] =>
  values.flatMap((value) => {
    const frame = isRecord(value) ? parseFrame(value) : undefined;
    return frame !== undefined && isLogEvent(frame) ? [frame] : [];
  });

export const isLogEvent = (frame: IncomingFrame): frame is LogEvent => Object.hasOwn(LOG_EVENTS, frame.type);

const isEventType = (type: unknown): type is keyof typeof SERVER_EVENTS =>
  typeof type === "string" && Object.hasOwn(SERVER_EVENTS, type);

function parseFrame(value: JsonObject): IncomingFrame | undefined {
  const { type } = value;
  if (type === "error") return parseError(value);
  if (type === "connected")
    return fits(ROOM_CONNECTED, value) || fits(SESSION_CONNECTED, value) ? value : undefined;
  return isEventType(type) && fits(SERVER_EVENTS[type], value) ? value : undefined;
}

/** An unknown code counts as `internal`: the command may be tried again. */
export function parseError({ id, code, message, retryAfterMs, path }: JsonObject): ErrorAnswer {
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

const present = <T>(value: T | undefined): readonly T[] => (value === undefined ? [] : [value]);
