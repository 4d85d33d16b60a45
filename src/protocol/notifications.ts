// The inbox: what is stored for a user, and what a session socket tells of it.

import { MAX_INSTANT_MS } from "./limits.ts";
import { type Fields, type Infer, merge } from "./schema.ts";

/** What server code says in a notification. */
export const NOTIFICATION_CONTENT = {
  /** At most 200 characters. */
  title: ["text", 0, 200],
  /** At most 4,000 characters. */
  message: ["text", 0, 4_000],
  topic: ["optional", "eventName"],
  /** An `http(s)` URL, or a path that starts with one `/`; at most 2,048 characters. */
  link: ["optional", "text"],
  /** In milliseconds since 1970. From then on it is neither listed nor counted. Default: it stays until retention ends it. */
  expiresAt: ["optional", ["int", 1, MAX_INSTANT_MS]],
} as const satisfies Fields;

/** What stands in a list of the inbox. */
export const NOTIFICATION = /* @__PURE__ */ merge(NOTIFICATION_CONTENT, {
  type: ["is", "notification"],
  seq: "eventSeq",
  /** Of the user's inbox: the same `id` again is the same notification. */
  id: "notificationId",
  priority: "priority",
  /** Any JSON; `null` where none was given. */
  data: "any",
  /** When it was stored, in milliseconds since 1970. */
  at: "instant",
  /** The user had muted its topic or room: it is listed, and neither sent nor counted. */
  muted: ["optional", ["is", true]],
  state: "notificationState",
});
export interface Notification extends Infer<typeof NOTIFICATION> {}

export const NOTIFICATION_EVENT = /* @__PURE__ */ merge(NOTIFICATION, {
  /** How many are neither read nor archived, in all, when this was sent. */
  unread: "int",
});
export interface NotificationEvent extends Infer<typeof NOTIFICATION_EVENT> {}

export const NOTIFICATION_UPDATED = {
  type: ["is", "notificationUpdated"],
  seq: "eventSeq",
  /** In milliseconds since 1970. */
  at: "instant",
  /** Which have changed. Left out where `upTo` says it. */
  ids: ["optional", ["list", "notificationId"]],
  /** All up to this `seq` have changed. Left out where `ids` say it. */
  upTo: ["optional", "seq"],
  /** What they are now, unless they are further along already. */
  state: "notificationState",
  /** How many are neither read nor archived, in all, when this was sent. */
  unread: "int",
} as const satisfies Fields;
export interface NotificationUpdated extends Infer<typeof NOTIFICATION_UPDATED> {}

const MAX_MARKED = 1_000;

/** Marks notifications as `state`: exactly one of `ids`, `upTo` and `all` says which. */
export const MARK_CONTENT = {
  /** At most 1,000; unknown ones are ignored. */
  ids: ["optional", ["list", "notificationId", 0, MAX_MARKED, "ids"]],
  /** All up to this `seq`. */
  upTo: ["optional", "seq"],
  all: ["optional", ["is", true]],
  state: "notificationState",
} as const satisfies Fields;

/** What a page of the inbox's log has, by `type`. */
export const NOTIFICATION_EVENTS = {
  notification: NOTIFICATION_EVENT,
  notificationUpdated: NOTIFICATION_UPDATED,
} as const satisfies Readonly<Record<string, Fields>>;
