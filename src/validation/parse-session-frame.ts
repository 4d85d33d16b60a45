import { accept, isRoomName, refuse, reject, type SessionCommand } from "../protocol/index.ts";
import { ROOM_NAME } from "./fields.ts";
import { numberBeyondDouble } from "./number-range.ts";
import { type Parsed, parseEach } from "./parse-frame.ts";
import { SESSION_COMMANDS } from "./session-commands.ts";

/** What a session says to one of its rooms, as it came: the room reads it. */
export interface RoomFrame {
  readonly type: "roomFrame";
  readonly room: string;
  readonly frame: string;
  /** Of the commands in it. */
  readonly ids: readonly string[];
  /** Of a single one. */
  readonly id?: string;
}

type SessionFrame = Parsed<SessionCommand | RoomFrame>;
type Json = Readonly<Record<string, unknown>>;

const NO_ROOM_NAME = refuse("bad_request", `room: ${ROOM_NAME}`, { path: ["room"] });

/**
 * Turns what a session sent into commands of its own and frames for its rooms. `room` on a batch holds for all in it;
 * in a batch without one each command may name its own.
 */
export const parseSessionFrame = (frame: string | ArrayBuffer): SessionFrame[] =>
  parseEach<SessionCommand, RoomFrame>(frame, SESSION_COMMANDS, (value, text) => {
    const { type, room } = value;
    // `join` and `leave` name a room, and are for the session; a batch in a batch is nothing for anybody.
    if (room === undefined || type === "join" || type === "leave") return undefined;
    if (type === "batch" && text === undefined) return undefined;
    if (typeof room !== "string" || !isRoomName(room)) return reject(NO_ROOM_NAME);
    const ids = idsOf(value);
    const [id] = ids;
    const single = ids.length === 1 && id !== undefined ? { id } : {};
    const frame = text ?? JSON.stringify(value);
    // What is passed on as it came is checked by the room.
    const refusal = text === undefined ? numberBeyondDouble(value, frame) : undefined;
    return refusal === undefined
      ? accept({ type: "roomFrame", room, frame, ids, ...single })
      : reject(refusal);
  });

function idsOf(value: Json): string[] {
  const commands: unknown[] = Array.isArray(value.commands) ? value.commands : [value];
  return commands.flatMap((command) =>
    typeof command === "object" && command !== null && "id" in command && typeof command.id === "string"
      ? [command.id]
      : [],
  );
}
