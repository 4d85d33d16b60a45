import { isRoomName, type SessionCommand } from "../protocol/index.ts";
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

/**
 * Turns what a session sent into commands of its own and frames for its rooms. `room` on a batch holds for all in it;
 * in a batch without one each command may name its own.
 */
export const parseSessionFrame = (frame: string | ArrayBuffer): SessionFrame[] =>
  parseEach<SessionCommand, RoomFrame>(frame, SESSION_COMMANDS, (value, text) => {
    const { type, room } = value;
    // These two name a room, and are for the session.
    if (room === undefined || type === "join" || type === "leave") return undefined;
    if (typeof room !== "string" || !isRoomName(room)) return "unreadable";
    const ids = idsOf(value);
    const [id] = ids;
    const single = ids.length === 1 && id !== undefined ? { id } : {};
    return { type: "roomFrame", room, frame: text ?? JSON.stringify(value), ids, ...single };
  });

function idsOf(value: Json): string[] {
  const commands: unknown[] = Array.isArray(value.commands) ? value.commands : [value];
  return commands.flatMap((command) =>
    typeof command === "object" && command !== null && "id" in command && typeof command.id === "string"
      ? [command.id]
      : [],
  );
}
