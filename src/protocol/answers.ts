// What a server answers to a command, with the command's `id`: `ok` and the fields below, `error`, or `pong`.

import type { Command } from "./commands.ts";
import { LOG_EVENTS, MESSAGE, READ_RESULT } from "./events.ts";
import { TOPICS } from "./names.ts";
import { NOTIFICATION } from "./notifications.ts";
import { type Fields, type Infer, merge } from "./schema.ts";
import { APPEND_RESULT, TAKEOVER_RESULT } from "./streams.ts";

export const SEND_RESULT = {
  seq: "eventSeq",
  /** When it was stored, in milliseconds since 1970. */
  at: "instant",
  /** It was stored by an earlier try. */
  duplicate: ["optional", ["is", true]],
} as const satisfies Fields;
export interface SendResult extends Infer<typeof SEND_RESULT> {}

/** Answers `edit`, `delete`, `react` and `finish`. */
export const CHANGE_RESULT = {
  /** Of the change; 0 where nothing changed. */
  seq: "seq",
} as const satisfies Fields;
export interface ChangeResult extends Infer<typeof CHANGE_RESULT> {}

/** A page of `history`, without the events of its log. */
export const PAGE = {
  /** Ascending. Left out where `after` was asked for. */
  messages: ["optional", ["list", MESSAGE]],
  /** How far the page looked: the next `before` or `after`. */
  seq: "seq",
  /** There is more beyond `seq`. */
  more: ["optional", ["is", true]],
  /** With `events`: `floor` as it is now. */
  floor: ["optional", "seq"],
} as const satisfies Fields;

export const HISTORY_RESULT = /* @__PURE__ */ merge(PAGE, {
  /** As in a replay. Only where `after` was asked for. */
  events: ["optional", ["list", ["by type", LOG_EVENTS]]],
});
export interface HistoryResult extends Infer<typeof HISTORY_RESULT> {}

export const AUTH_RESULT = {
  /** When the new token expires, in milliseconds since 1970. */
  expiresAt: "instant",
  /** In the room. Left out on a session. */
  permission: ["optional", "permission"],
} as const satisfies Fields;
export interface AuthResult extends Infer<typeof AUTH_RESULT> {}

export const TOPICS_RESULT = {
  topics: TOPICS,
  /** From which `seq` on they hold. */
  seq: "seq",
} as const satisfies Fields;
export interface TopicsResult extends Infer<typeof TOPICS_RESULT> {}

/** Answers `mark`. */
export const UNREAD_RESULT = {
  /** How many notifications are neither read nor archived, in all. */
  unread: "int",
} as const satisfies Fields;

export const NOTIFICATIONS_RESULT = /* @__PURE__ */ merge(UNREAD_RESULT, {
  /** Ascending. */
  notifications: ["list", NOTIFICATION],
  /** There are older ones. */
  more: ["optional", ["is", true]],
});
export interface NotificationsResult extends Infer<typeof NOTIFICATIONS_RESULT> {}

/** What stands in the `ok` of each command beside `type` and `id`; `null`: it is not answered with `ok`. */
export const ANSWERS = {
  send: SEND_RESULT,
  edit: CHANGE_RESULT,
  delete: CHANGE_RESULT,
  react: CHANGE_RESULT,
  /** Only with `ack`. */
  append: APPEND_RESULT,
  finish: CHANGE_RESULT,
  stop: {},
  takeover: TAKEOVER_RESULT,
  signal: null,
  read: READ_RESULT,
  presence: {},
  topics: TOPICS_RESULT,
  history: HISTORY_RESULT,
  auth: AUTH_RESULT,
  ping: null,
  mark: UNREAD_RESULT,
  notifications: NOTIFICATIONS_RESULT,
  join: {},
  leave: {},
} as const satisfies Readonly<Record<Command["type"], Fields | null>>;

export const OK = { type: ["is", "ok"], id: "commandId" } as const satisfies Fields;
export interface Ok extends Infer<typeof OK> {}

export const PONG = {
  type: ["is", "pong"],
  /** Of the `ping`. */
  id: ["optional", "commandId"],
  /** The server's clock, in milliseconds since 1970. Left out where the runtime answered by itself. */
  at: ["optional", "instant"],
} as const satisfies Fields;
export interface Pong extends Infer<typeof PONG> {}
