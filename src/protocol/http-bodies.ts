// The JSON bodies of HTTP requests. A `strict` one says how things are to be (settings, a kick, a token …), and refuses
// unknown fields: a misspelt one would change the effect without notice. The others are commands over HTTP, and ignore
// unknown fields as commands do.

import { LIFETIME_CONTENT, MESSAGE_CONTENT, SENDER } from "./content.ts";
import { MARK_CONTENT, NOTIFICATION_CONTENT } from "./notifications.ts";
import { PREFERENCES } from "./preferences.ts";
import type { Fields, Infer, Schema } from "./schema.ts";
import { APPEND_CONTENT, APPEND_PLACE, FINISH_CONTENT, OPENING_CONTENT } from "./streams.ts";

/** `POST /v1/rooms/:room/messages` */
export const MESSAGE_BODY = {
  /** Default: `chat`. */
  event: ["optional", "eventName"],
  ...MESSAGE_CONTENT,
  ...LIFETIME_CONTENT,
  ...OPENING_CONTENT,
  /** The idempotency key. Default: a random one. */
  id: ["optional", "commandId"],
  /** As in the command `send`. */
  retryOf: ["optional", "text"],
  /** In whose name server code says this. Only with an API key. */
  from: ["optional", SENDER],
} as const satisfies Fields;

/** `PATCH /v1/rooms/:room/messages/:seq` */
export const EDIT_BODY = { data: MESSAGE_CONTENT.data } as const satisfies Fields;

/** `POST /v1/rooms/:room/messages/:seq/append` */
export const APPEND_BODY = { ...APPEND_PLACE, ...APPEND_CONTENT } as const satisfies Fields;

/** `POST /v1/rooms/:room/messages/:seq/finish` */
export const FINISH_BODY = { ...FINISH_CONTENT } as const satisfies Fields;

/** By `Content-Type`, how the lines of `POST /v1/rooms/:room/messages/stream` are written: by themselves, or as events. */
export const STREAM_FORMATS = {
  "application/x-ndjson": "lines",
  "text/event-stream": "events",
} as const;
export type StreamFormat = (typeof STREAM_FORMATS)[keyof typeof STREAM_FORMATS];

/** The first line of `POST /v1/rooms/:room/messages/stream`, which opens the message. */
export const STREAM_HEAD = {
  /** Default: `chat`. */
  event: ["optional", "eventName"],
  ...MESSAGE_CONTENT,
  ...LIFETIME_CONTENT,
  /** As in the command `send`. */
  field: ["optional", ["text", 1, 64]],
  /** The idempotency key: the whole body sent again under it goes on where the first one ended. Default: a random one. */
  id: ["optional", "commandId"],
  /** In whose name server code says this. Only with an API key. */
  from: ["optional", SENDER],
} as const satisfies Fields;
export interface StreamHead extends Infer<typeof STREAM_HEAD> {}

/** Each further line: an append; the last one says how the message ends. */
export const STREAM_LINE = {
  ...APPEND_CONTENT,
  status: ["optional", FINISH_CONTENT.status],
  data: FINISH_CONTENT.data,
} as const satisfies Fields;
export interface StreamLine extends Infer<typeof STREAM_LINE> {}

/** `POST /v1/rooms/:room/signals` */
export const SIGNAL_BODY = {
  event: "eventName",
  /** Any JSON, of at most `limits.messageBytes`. Default: `null`. */
  data: ["optional", "any"],
  /** Only to the connections of this user. Default: to all. */
  to: ["optional", "userId"],
  /** In whose name server code says this. Only with an API key. */
  from: ["optional", SENDER],
  /** To none of this user's connections. Only with an API key. */
  except: ["optional", "userId"],
} as const satisfies Fields;

/** `POST /v1/users/:user/signals` */
export const USER_SIGNAL_BODY = {
  event: "eventName",
  /** Any JSON, of at most `limits.messageBytes`. Default: `null`. */
  data: ["optional", "any"],
} as const satisfies Fields;

/** `PUT /v1/rooms/:room/receipts/me` */
export const RECEIPT_BODY = {
  /** 0 only asks; more than `head` counts as `head`. Default: `head`. */
  seq: ["optional", "seq"],
} as const satisfies Fields;

/** A year, in seconds. */
const MAX_BAN_S = 31_536_000;

/** `POST /v1/rooms/:room/kick` */
export const KICK_BODY = [
  "strict",
  {
    /** Id of the user. */
    user: "userId",
    /** How long the user stays out, in seconds; 0: may return at once. Default: 3,600. */
    banSeconds: ["optional", ["int", 0, MAX_BAN_S]],
    /** For moderators to read, at most 500 characters. */
    reason: ["optional", ["text", 0, 500]],
    /** For the user to read as the connections close. At most 100 bytes of UTF-8 arrive. */
    message: ["optional", ["text", 1, 100]],
  },
] as const satisfies Schema;

const HOUR_MS = 3_600_000;

/** Ten years, in seconds. */
export const MAX_HISTORY_S = 315_360_000;

/** `PATCH /v1/rooms/:room`. What is left out stays. */
export const SETTINGS_BODY = [
  "strict",
  {
    /** How long each member waits between two messages, in milliseconds; 0: no wait. */
    slowModeMs: ["optional", ["int", 0, HOUR_MS]],
    maxConnections: ["optional", ["int", 1]],
    /** How many messages the room keeps, at most 100,000. Only server code may change it. */
    historyLimit: ["optional", ["int", 1, 100_000]],
    /** How long the room keeps a message, in seconds; 0: no limit. Only server code may change it. */
    historySeconds: ["optional", ["int", 0, MAX_HISTORY_S]],
    /** So many answers of agents may follow each other until a user says something; 0: no limit. */
    maxAgentTurns: ["optional", ["int", 0, 1_000]],
  },
] as const satisfies Schema;

/** `POST /v1/broadcast` */
export const BROADCAST_BODY = [
  "strict",
  {
    rooms: ["list", "roomName", 1, 100, "rooms"],
    event: "eventName",
    /** Any JSON, of at most `limits.messageBytes`. */
    data: "any",
    ...LIFETIME_CONTENT,
    /** The idempotency key, the same in each room. Default: a random one. */
    id: ["optional", "commandId"],
    /** `true`: a signal to each room in place of a message. Default: `false`. */
    ephemeral: ["optional", "boolean"],
    /** In whose name server code says this. */
    from: ["optional", SENDER],
    /** To none of this user's connections. Only of what is `ephemeral`. */
    except: ["optional", "userId"],
  },
] as const satisfies Schema;

/** `POST /v1/notify`. Exactly one of `user` and `users`. */
export const NOTIFY_BODY = [
  "strict",
  {
    user: ["optional", "userId"],
    users: ["optional", ["list", "userId", 1, 1_000, "user ids"]],
    ...NOTIFICATION_CONTENT,
    /** Default: `medium`. */
    priority: ["optional", "priority"],
    /** Any JSON, of at most `limits.messageBytes`. Default: `null`. */
    data: ["optional", "any"],
    /** The idempotency key of each user's inbox. Default: a random one. */
    id: ["optional", "notificationId"],
  },
] as const satisfies Schema;

/** `POST /v1/me/notifications/mark`. Exactly one of `ids`, `upTo` and `all`. */
export const MARK_BODY = MARK_CONTENT;

/** `PUT /v1/me/preferences`. What is left out stays. */
export const PREFERENCES_BODY = [
  "strict",
  {
    mutedTopics: ["optional", PREFERENCES.mutedTopics],
    mutedRooms: ["optional", PREFERENCES.mutedRooms],
    quietHours: ["optional", PREFERENCES.quietHours],
    push: ["optional", PREFERENCES.push],
  },
] as const satisfies Schema;

/** `POST /v1/me/push`: a browser's `PushSubscription` as JSON. */
export const SUBSCRIPTION_BODY = {
  /** An `https` URL of a push service that the deployer allows. */
  endpoint: "text",
  /** In milliseconds since 1970. Default: it does not expire. */
  expirationTime: ["optional", ["nullable", "instant"]],
  keys: {
    /** A point of P-256: 65 bytes of base64url. */
    p256dh: "text",
    /** 16 bytes of base64url. */
    auth: "text",
  },
} as const satisfies Fields;

/** `DELETE /v1/me/push` */
export const ENDPOINT_BODY = { endpoint: "text" } as const satisfies Fields;

/** `POST /v1/tokens` */
export const TOKEN_BODY = [
  "strict",
  {
    /** Id of the user. */
    user: "userId",
    name: ["optional", ["text", 1, 128]],
    /**
     * By room name, or beginning of one and `*`: what is allowed there. Default: the token does not say, so the settings
     * `AUTHORIZE_URL` or `DEFAULT_ROOM_ACCESS` decide.
     */
    rooms: ["optional", ["record", "roomPattern", "permission", "room names and levels"]],
    /** A minute to 30 days. Default: 3,600. */
    ttlSeconds: ["optional", ["int", 60, 2_592_000]],
  },
] as const satisfies Schema;

/** `POST /v1/users/:user/disconnect`. The body may be left out. */
export const DISCONNECT_BODY = [
  "strict",
  {
    /** Default: `false`, push subscriptions end too. */
    keepPush: ["optional", "boolean"],
  },
] as const satisfies Schema;
