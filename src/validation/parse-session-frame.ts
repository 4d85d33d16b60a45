import { exceedsBytes, isRoomName, MAX_FRAME_BYTES, type SessionCommand } from "../protocol/index.ts";
import { type Parsed, parseFrame } from "./parse-frame.ts";
import { SESSION_COMMANDS } from "./session-commands.ts";

/** What a session says to one of its rooms, as it came: the room reads it. */
export interface RoomFrame {
  readonly type: "roomFrame";
  readonly room: string;
  readonly frame: string;
  /** Of a single command. */
  readonly id?: string;
}

/** Turns what a session sent into commands of its own and frames for its rooms. `room` on a batch holds for all in it. */
export function parseSessionFrame(frame: string | ArrayBuffer): Parsed<SessionCommand | RoomFrame>[] {
  const value = typeof frame === "string" && !exceedsBytes(frame, MAX_FRAME_BYTES) ? parse(frame) : undefined;
  const room = roomOf(value);
  if (typeof frame !== "string" || room === undefined)
    return parseFrame<SessionCommand>(frame, SESSION_COMMANDS);
  return [{ kind: "command", command: { type: "roomFrame", room, frame, ...idOf(value) } }];
}

/** `join` and `leave` name a room, and are for the session. */
function roomOf(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null || !("room" in value) || !("type" in value))
    return undefined;
  const { room, type } = value;
  if (typeof room !== "string" || !isRoomName(room) || type === "join" || type === "leave") return undefined;
  return room;
}

const idOf = (value: unknown) =>
  typeof value === "object" && value !== null && "id" in value && typeof value.id === "string"
    ? { id: value.id }
    : {};

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
