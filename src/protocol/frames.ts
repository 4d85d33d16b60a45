// What a server sends: each frame is one of these.

import { OK, type Ok, PONG, type Pong } from "./answers.ts";
import {
  CAUGHT_UP,
  type CaughtUp,
  INBOX_EVENTS,
  type InboxEvent,
  LEFT,
  type Left,
  type RoomConnected,
  type RoomEvent,
  SEQUENCED_EVENTS,
  type SessionConnected,
  UNSEQUENCED_EVENTS,
} from "./events.ts";
import type { ErrorAnswer } from "./refusals.ts";
import type { Fields } from "./schema.ts";

/** What a command is answered with. An `ok` has the fields of its command in `ANSWERS`. */
export type Answer = (Ok & Readonly<Record<string, unknown>>) | ErrorAnswer | Pong;

export type ServerEvent = RoomEvent | InboxEvent | CaughtUp | Left | Answer;

/** What stands alone in a frame, or with others in a `batch`, by `type`. `error` is apart: clients read it leniently. */
export const SERVER_EVENTS = {
  ...SEQUENCED_EVENTS,
  ...UNSEQUENCED_EVENTS,
  ...INBOX_EVENTS,
  caughtUp: CAUGHT_UP,
  left: LEFT,
  ok: OK,
  pong: PONG,
} as const satisfies Readonly<Record<Exclude<ServerEvent["type"], "error">, Fields>>;

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
