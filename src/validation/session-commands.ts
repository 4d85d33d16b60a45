import * as v from "valibot";
import { MAX_HISTORY, type SessionCommand } from "../protocol/index.ts";
import {
  commandId,
  notificationId,
  notificationState,
  pageLimit,
  roomName,
  seq,
  topicList,
} from "./fields.ts";
import { integer, listOf } from "./ranges.ts";
import { auth, history, ping, presence, topics } from "./room-commands.ts";

const oneTarget = <M extends { ids?: unknown; upTo?: unknown; all?: unknown }>() =>
  v.check<M, string>(
    (mark) => [mark.ids, mark.upTo, mark.all].filter((target) => target !== undefined).length === 1,
    "takes one of ids, upTo and all",
  );

const MAX_MARKED = 1_000;

const markFields = {
  ids: v.exactOptional(listOf(notificationId, 0, MAX_MARKED, "ids")),
  upTo: v.exactOptional(seq),
  all: v.exactOptional(v.literal(true)),
  state: notificationState,
};

export const markBody = v.pipe(v.object(markFields), oneTarget());

const mark = v.pipe(v.object({ type: v.literal("mark"), id: commandId, ...markFields }), oneTarget());

const notifications = v.object({
  type: v.literal("notifications"),
  id: commandId,
  before: v.exactOptional(seq),
  limit: v.exactOptional(pageLimit(MAX_HISTORY)),
  state: v.exactOptional(notificationState),
});

const join = v.object({
  type: v.literal("join"),
  id: commandId,
  room: roomName,
  since: v.exactOptional(v.string()),
  history: v.exactOptional(integer(0, MAX_HISTORY)),
  topics: v.exactOptional(v.nullable(topicList)),
  presence: v.exactOptional(v.literal("off")),
  replaces: v.exactOptional(v.string()),
});

const leave = v.object({ type: v.literal("leave"), id: commandId, room: roomName });

export const SESSION_COMMANDS = {
  mark,
  notifications,
  join,
  leave,
  presence,
  topics,
  history,
  auth,
  ping,
} satisfies Record<SessionCommand["type"], v.GenericSchema<unknown, SessionCommand>>;

/** The schema has seen to it that just one of them is there. */
export function targetOf({ ids, upTo }: { readonly ids?: readonly string[]; readonly upTo?: number }) {
  if (ids !== undefined) return { ids };
  return upTo !== undefined ? { upTo } : ({ all: true } as const);
}
