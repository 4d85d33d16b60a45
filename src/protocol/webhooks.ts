// What the server tells the deployer's back end, and what it asks before a message is stored. PROTOCOL.md §13.

import { MESSAGE_CONTENT, SENDER } from "./content.ts";
import { MESSAGE, OCCUPANCY, USER } from "./events.ts";
import { NOTIFICATION } from "./notifications.ts";
import type { Fields, Infer, InferTable, Schema } from "./schema.ts";

/** Names the event for good: the same one delivered again has the same `id`. */
const WEBHOOK_EVENT = {
  id: "text",
  /** In milliseconds since 1970. */
  at: "instant",
} as const satisfies Fields;

const OF_ROOM = { ...WEBHOOK_EVENT, room: "roomName" } as const satisfies Fields;

/** By `type`. A receiver ignores a type that it does not know: a newer server may have more. */
export const WEBHOOK_EVENTS = {
  /** The first connection has come. */
  "room.occupied": { type: ["is", "room.occupied"], ...OF_ROOM, occupancy: OCCUPANCY },
  /** The last one is gone. */
  "room.vacated": { type: ["is", "room.vacated"], ...OF_ROOM },
  "member.joined": { type: ["is", "member.joined"], ...OF_ROOM, user: USER },
  "member.left": { type: ["is", "member.left"], ...OF_ROOM, user: { id: "userId" } },
  /** `message` is as it is when the event is delivered. */
  "message.stored": { type: ["is", "message.stored"], ...OF_ROOM, epoch: "text", message: MESSAGE },
  /** An edit, a reaction, a delete, or the end of a stream. Of several changes in a row the last one is told. */
  "message.changed": {
    type: ["is", "message.changed"],
    ...OF_ROOM,
    epoch: "text",
    /** Of the change. */
    seq: "eventSeq",
    /** User id; `null`: server code. */
    by: ["nullable", "userId"],
    message: MESSAGE,
  },
  "notification.stored": {
    type: ["is", "notification.stored"],
    ...WEBHOOK_EVENT,
    user: { id: "userId" },
    notification: NOTIFICATION,
  },
  /** Events of this room, or of this user's inbox, that will never be delivered. */
  "events.lost": {
    type: ["is", "events.lost"],
    ...WEBHOOK_EVENT,
    room: ["optional", "roomName"],
    user: ["optional", { id: "userId" }],
    /** `expired`: they were a day old, or their messages had gone; `overflow`: too many waited; `purged`. */
    reason: ["one of", ["expired", "overflow", "purged"]],
    /** At least so many. */
    count: "int",
  },
} as const satisfies Readonly<Record<string, Fields>>;
export type WebhookEvent = InferTable<typeof WEBHOOK_EVENTS>;
export type WebhookEventType = keyof typeof WEBHOOK_EVENTS;

/** The events that a deployer chooses from. `events.lost` comes with each of them. */
export const WEBHOOK_EVENT_TYPES = [
  "room.occupied",
  "room.vacated",
  "member.joined",
  "member.left",
  "message.stored",
  "message.changed",
  "notification.stored",
] as const satisfies readonly WebhookEventType[];

/** What `WEBHOOK_URL` is sent: 1 to 100 events of one room or one inbox, in order. */
export const WEBHOOK_BODY = {
  events: ["list", ["by type", WEBHOOK_EVENTS], 1, 100],
} as const satisfies Fields;
export interface WebhookBody extends Infer<typeof WEBHOOK_BODY> {}

/** What `BEFORE_PUBLISH_URL` is asked about a message that a user wants to store, or to change. */
export const PUBLISH_QUESTION = {
  type: ["one of", ["send", "edit"]],
  room: "roomName",
  user: SENDER,
  event: "eventName",
  /** Of an edit: which message. */
  seq: ["optional", "eventSeq"],
  ...MESSAGE_CONTENT,
} as const satisfies Fields;
export interface PublishQuestion extends Infer<typeof PUBLISH_QUESTION> {}

export const PUBLISH_ACTIONS = ["pass", "change", "refuse", "flag"] as const;

/** What it answers. */
export const PUBLISH_ANSWER = {
  action: ["one of", PUBLISH_ACTIONS],
  /** With `change`: what is stored in place of what the user wrote. */
  data: ["optional", "any"],
  /** With `refuse`: what the sender reads. */
  message: ["optional", ["text", 1, 200]],
  /** With `flag`, and with `change` if wanted: the word that marks the message. All readers see it. */
  flag: ["optional", ["text", 1, 64]],
} as const satisfies Schema;
export interface PublishAnswer extends Infer<typeof PUBLISH_ANSWER> {}
