// The parameters that calls read from the query of their URL. A list stands there separated by commas; an empty parameter
// counts as absent.

import { MAX_FRAME_BYTES, MAX_HISTORY, MIN_FRAME_BYTES } from "./limits.ts";
import { MAX_USER_ID_LENGTH, TOPIC_LIST } from "./names.ts";
import { MAX_POLL_WAIT_S } from "./polling.ts";
import type { Fields } from "./schema.ts";

/** Of the lists of the registry. */
const LIST_PAGE = {
  /** How many at most. Default: 50. */
  limit: ["optional", ["int", 1, 200]],
} as const satisfies Fields;

/** `GET /v1/rooms` */
export const ROOMS_QUERY = {
  /** Only names that begin with it. */
  prefix: ["optional", "roomName"],
  /** The `next` of the page before. */
  after: ["optional", "roomName"],
  ...LIST_PAGE,
  /** Only occupied rooms. */
  active: ["optional", ["is", true]],
} as const satisfies Fields;

/** `GET /v1/users` */
export const USERS_QUERY = {
  /** Only ids that begin with it. */
  prefix: ["optional", ["text", 1, MAX_USER_ID_LENGTH]],
  /** The `next` of the page before. */
  after: ["optional", ["text", 1, MAX_USER_ID_LENGTH]],
  ...LIST_PAGE,
  /** Only users with a session open. */
  active: ["optional", ["is", true]],
} as const satisfies Fields;

/** `GET /v1/rooms/:room/messages` */
export const MESSAGES_QUERY = {
  /** Only messages before this `seq`. Default: from the newest on. */
  before: ["optional", "seq"],
  /** How many at most. Default: 50. */
  limit: ["optional", ["int", 1, MAX_HISTORY]],
  /** Only events of these topics. Default: all. */
  topics: ["optional", TOPIC_LIST],
} as const satisfies Fields;

/** `GET /v1/me/notifications` */
export const NOTIFICATIONS_QUERY = {
  /** Only those with a smaller `seq`. Default: from the newest on. */
  before: ["optional", "seq"],
  /** How many at most. Default: 50. */
  limit: ["optional", ["int", 1, MAX_HISTORY]],
  /** Only those in this state. Default: all but the archived. */
  state: ["optional", "notificationState"],
} as const satisfies Fields;

/** `GET /v1/me/rooms` */
export const FOLLOWED_ROOMS_QUERY = {
  /** The `next` of the page before. */
  after: ["optional", "text"],
} as const satisfies Fields;

/** `GET /v1/rooms/:room/bans` */
export const BANS_QUERY = {
  /** The last user of the page before. Default: from the beginning. */
  after: ["optional", "text"],
} as const satisfies Fields;

/** Of what gives a replay: sockets and polls. */
const REPLAY_QUERY = {
  /** A cursor: what came after it is replayed. One that cannot be read is `lost`. */
  since: ["optional", "text"],
  /** How many of the latest messages a newcomer gets. Default: 50. */
  history: ["optional", ["int", 0, MAX_HISTORY]],
  /** Only events of these topics. Default: all. */
  topics: ["optional", TOPIC_LIST],
} as const satisfies Fields;

/** Of a room. */
export const ROOM_REPLAY_QUERY = {
  ...REPLAY_QUERY,
  /** `off`: no list of members and no events of them. */
  presence: ["optional", ["is", "off"]],
  /** How far the client has open messages: `<seq>:<n>`, several separated by commas. */
  have: ["optional", "text"],
} as const satisfies Fields;

/** Of a connection that stays open. */
export const CONNECTION_QUERY = {
  /** The largest frame that the library of the client accepts, in bytes of UTF-8. */
  frame: ["optional", ["int", MIN_FRAME_BYTES, MAX_FRAME_BYTES]],
  /** The connection that this one replaces, by the `connection` of its `connected` frame. */
  replaces: ["optional", "text"],
} as const satisfies Fields;

/** `GET /v1/rooms/:room/events` */
export const EVENTS_QUERY = {
  /** For how many seconds the call may wait for an event, from its arrival on. Default: 0. */
  wait: ["optional", ["int", 0, MAX_POLL_WAIT_S]],
  ...ROOM_REPLAY_QUERY,
} as const satisfies Fields;

/** `GET /v1/rooms/:room/connect`, and the first `POST /v1/rooms/:room/poll` of a connection. */
export const ROOM_SOCKET_QUERY = {
  ...ROOM_REPLAY_QUERY,
  ...CONNECTION_QUERY,
  /** `envelopes`: batches say sender and event once for many messages. */
  batch: ["optional", ["is", "envelopes"]],
} as const satisfies Fields;

/** `GET /v1/connect`, and the first `POST /v1/poll` of a connection. */
export const SESSION_SOCKET_QUERY = { ...REPLAY_QUERY, ...CONNECTION_QUERY } as const satisfies Fields;

/** `GET /v1/connect` */
export const PROBE_QUERY = {
  /** The socket is closed at once, with 4200: the client asks whether a WebSocket gets through. */
  probe: ["optional", ["is", true]],
} as const satisfies Fields;

/** `POST /v1/rooms/:room/import` */
export const IMPORT_QUERY = {
  /** `keep`: the log keeps its epoch, so cursors of the exported room stay valid. Default: a new one. */
  epoch: ["optional", ["is", "keep"]],
} as const satisfies Fields;
