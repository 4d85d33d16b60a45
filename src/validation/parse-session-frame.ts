import {
  accept,
  isRecord,
  isRoomName,
  type JsonObject,
  refuse,
  reject,
  type SessionCommand,
} from "../protocol/index.ts";
import { ROOM_NAME } from "./atoms.ts";
import { SESSION_VALIDATORS } from "./commands.ts";
import { numberBeyondDouble } from "./number-range.ts";
import { type Parsed, parseEach } from "./parse-frame.ts";

/** What a session says to one of its rooms: the text as it came, for the room to parse. */
export interface RoomFrame {
  readonly type: "roomFrame";
  readonly room: string;
  readonly frame: string;
  /** The ids of the commands in it. */
  readonly ids: readonly string[];
  /** The id, where it is one command. */
  readonly id?: string;
}

type SessionFrame = Parsed<SessionCommand | RoomFrame>;

const NO_ROOM_NAME = refuse("bad_request", `room: ${ROOM_NAME}`, { path: ["room"] });

/**
 * Turns what a session sent into commands of its own and frames for its rooms. `room` on a batch holds for all in it;
 * in a batch without one each command may name its own.
 */
export const parseSessionFrame = (frame: string | ArrayBuffer): SessionFrame[] =>
  parseEach<SessionCommand, RoomFrame>(frame, SESSION_VALIDATORS, (value, text) => {
    const { type, room } = value;
    // `join` and `leave` name a room, but are for the session. A batch within a batch is refused as unknown.
    if (room === undefined || type === "join" || type === "leave") return undefined;
    if (type === "batch" && text === undefined) return undefined;
    if (typeof room !== "string" || !isRoomName(room)) return reject(NO_ROOM_NAME);
    const ids = idsOf(value);
    const [id] = ids;
    const single = ids.length === 1 && id !== undefined ? { id } : {};
    const frame = text ?? JSON.stringify(value);
    // A text that is passed on as it came is checked by the room.
    const refusal = text === undefined ? numberBeyondDouble(value, frame) : undefined;
    return refusal === undefined
      ? accept({ type: "roomFrame", room, frame, ids, ...single })
      : reject(refusal);
  });

function idsOf(value: JsonObject): string[] {
  const commands: unknown[] = Array.isArray(value.commands) ? value.commands : [value];
  return commands.flatMap((command) =>
    isRecord(command) && typeof command.id === "string" ? [command.id] : [],
  );
}
