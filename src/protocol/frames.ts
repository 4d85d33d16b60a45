// What a server sends: each frame is one of these.

import type { Answer } from "./answers.ts";
import type { CaughtUp, InboxEvent, Left, RoomConnected, RoomEvent, SessionConnected } from "./events.ts";

export type ServerEvent = RoomEvent | InboxEvent | CaughtUp | Left | Answer;

export interface Batch {
  readonly type: "batch";
  readonly events: readonly ServerEvent[];
  readonly replay?: true;
  readonly room?: string;
}

export type ServerFrame = RoomConnected | SessionConnected | ServerEvent | Batch;
