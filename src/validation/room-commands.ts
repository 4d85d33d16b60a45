import * as v from "valibot";
import { MAX_EVENTS_PAGE, MAX_HISTORY, type RoomCommand, STATUSES } from "../protocol/index.ts";
import {
  commandId,
  emoji,
  eventName,
  mentions,
  messageSeq,
  pageLimit,
  presentJson,
  seq,
  topicList,
  userId,
} from "./fields.ts";

const send = v.object({
  type: v.literal("send"),
  id: commandId,
  event: v.exactOptional(eventName),
  data: presentJson,
  replyTo: v.exactOptional(messageSeq),
  mentions: v.exactOptional(mentions),
  echo: v.exactOptional(v.boolean()),
  retryOf: v.exactOptional(v.string()),
});

const edit = v.object({ type: v.literal("edit"), id: commandId, seq: messageSeq, data: presentJson });

const remove = v.object({ type: v.literal("delete"), id: commandId, seq: messageSeq });

const react = v.object({
  type: v.literal("react"),
  id: commandId,
  seq: messageSeq,
  emoji,
  op: v.picklist(["add", "remove"]),
});

const read = v.object({ type: v.literal("read"), id: commandId, seq: v.exactOptional(seq) });

const signal = v.object({
  type: v.literal("signal"),
  id: v.exactOptional(commandId),
  event: eventName,
  data: v.exactOptional(v.unknown()),
  to: v.exactOptional(userId),
});

export const presence = v.object({
  type: v.literal("presence"),
  id: commandId,
  status: v.exactOptional(v.picklist(STATUSES)),
  data: v.exactOptional(v.unknown()),
});

export const topics = v.object({ type: v.literal("topics"), id: commandId, topics: v.nullable(topicList) });

type Page = { before?: number; after?: number; limit?: number };

const eitherWay = <P extends Page>() =>
  v.check<P, string>(
    (page) => page.before === undefined || page.after === undefined,
    "takes before or after",
  );

const limitFits = <P extends Page>() =>
  v.check<P, string>(
    (page) => page.after !== undefined || (page.limit ?? 1) <= MAX_HISTORY,
    `is at most ${MAX_HISTORY}, with after ${MAX_EVENTS_PAGE}`,
  );

export const history = v.pipe(
  v.object({
    type: v.literal("history"),
    id: commandId,
    before: v.exactOptional(seq),
    after: v.exactOptional(seq),
    limit: v.exactOptional(pageLimit(MAX_EVENTS_PAGE)),
  }),
  eitherWay(),
  v.forward(limitFits(), ["limit"]),
);

export const auth = v.object({ type: v.literal("auth"), id: commandId, token: v.string() });
export const ping = v.object({ type: v.literal("ping"), id: v.exactOptional(commandId) });

/** By `type`, so that an unknown one is told apart from a malformed one. */
export const ROOM_COMMANDS = {
  send,
  edit,
  delete: remove,
  react,
  signal,
  read,
  presence,
  topics,
  history,
  auth,
  ping,
} satisfies Record<RoomCommand["type"], v.GenericSchema<unknown, RoomCommand>>;
