// What a server sends: each frame is one of these.

import type { Answer } from "./answers.ts";
import type { CaughtUp, InboxEvent, Left, RoomConnected, RoomEvent, SessionConnected } from "./events.ts";

export type ServerEvent = RoomEvent | InboxEvent | CaughtUp | Left | Answer;

/** Several frames in one, in their order. */
export interface Batch {
  readonly type: "batch";
  readonly events: readonly ServerEvent[];
  /** They are part of a replay. */
  readonly replay?: true;
  /** On a session: all are of this room. */
  readonly room?: string;
}

export type ServerFrame = RoomConnected | SessionConnected | ServerEvent | Batch;
