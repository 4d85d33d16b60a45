// What a server sends: each frame is one of these.

import { OK, type Ok, PONG, type Pong } from "./answers.ts";
import { REFUSAL } from "./errors.ts";
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
import type { Fields, Infer } from "./schema.ts";

export const ERROR_ANSWER = {
  type: ["is", "error"],
  /** Of the refused command; left out where the frame had none that could be read. */
  id: ["optional", "commandId"],
  ...REFUSAL,
} as const satisfies Fields;
export interface ErrorAnswer extends Infer<typeof ERROR_ANSWER> {}

/** What a command is answered with. An `ok` has the fields of its command in `ANSWERS`. */
export type Answer = (Ok & Readonly<Record<string, unknown>>) | ErrorAnswer | Pong;

export type ServerEvent = RoomEvent | InboxEvent | CaughtUp | Left | Answer;

/** What stands alone in a frame, or with others in a `batch`, by `type`. */
export const SERVER_EVENTS = {
  ...SEQUENCED_EVENTS,
  ...UNSEQUENCED_EVENTS,
  ...INBOX_EVENTS,
  caughtUp: CAUGHT_UP,
  left: LEFT,
  ok: OK,
  error: ERROR_ANSWER,
  pong: PONG,
} as const satisfies Readonly<Record<ServerEvent["type"], Fields>>;

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
