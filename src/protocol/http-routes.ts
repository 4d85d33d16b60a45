// The HTTP API: what each route takes as its body, and what it answers where it is not refused.

import { CHANGE_RESULT, NOTIFICATIONS_RESULT, UNREAD_RESULT } from "./answers.ts";
import { READ_RESULT } from "./events.ts";
import * as answers from "./http-answers.ts";
import * as bodies from "./http-bodies.ts";
import * as queries from "./http-queries.ts";
import { COMMANDS_HEAD, POLL_END_LINES, POLL_HEAD } from "./polling.ts";
import * as portable from "./portable.ts";
import { PREFERENCES } from "./preferences.ts";
import * as scheduled from "./scheduled.ts";
import type { Fields, Schema } from "./schema.ts";
import { APPEND_RESULT, TAKEOVER_RESULT } from "./streams.ts";

export interface HttpRoute {
  /** Its name in generated clients, which never changes. Default: made of the method and the path. */
  readonly operation?: string;
  /** The parameters that it reads from the query; each may be left out. */
  readonly query?: Fields;
  /** Left out: the route reads no body. */
  readonly body?: Schema;
  /** The body is lines (NDJSON): `body` is the first one, and this is each further one. */
  readonly bodyLines?: Schema;
  /** One JSON object. */
  readonly answer: Schema;
  /** Each line of the answer where it is lines (NDJSON): to a caller that accepts them. */
  readonly answerLines?: Schema;
}

/** A route whose answer may be text: lines of a connection, or the format of others. */
export interface OtherRoute extends Omit<HttpRoute, "answer"> {
  /** Left out: the answer is text, of `answerType`. */
  readonly answer?: Schema;
  readonly answerType?: string;
  /** The last line of the answer, where it has another form than the lines before it. */
  readonly answerLastLine?: Schema;
}

const NOTHING = {} as const satisfies Schema;

/** By method and path. Tests hold the routes of `src/http`, their answers and the HTTP reference against it. */
export const HTTP_ROUTES = {
  "GET /v1/stats": { operation: "getStats", answer: answers.STATS_RESULT },
  "GET /v1/rooms": { operation: "listRooms", query: queries.ROOMS_QUERY, answer: answers.ROOMS_RESULT },
  "GET /v1/rooms/:room": { operation: "getRoom", answer: answers.ROOM_INFO },
  "PATCH /v1/rooms/:room": {
    operation: "configureRoom",
    body: bodies.SETTINGS_BODY,
    answer: answers.SETTINGS_RESULT,
  },
  "DELETE /v1/rooms/:room": { operation: "purgeRoom", answer: NOTHING },
  "GET /v1/rooms/:room/events": {
    operation: "pollEvents",
    query: queries.EVENTS_QUERY,
    answer: answers.POLL_RESULT,
  },
  "GET /v1/rooms/:room/members": { operation: "listMembers", answer: answers.MEMBERS_RESULT },
  "GET /v1/rooms/:room/receipts": { operation: "listReceipts", answer: answers.RECEIPTS_RESULT },
  "PUT /v1/rooms/:room/receipts/me": {
    operation: "setReadPosition",
    body: bodies.RECEIPT_BODY,
    answer: READ_RESULT,
  },
  "GET /v1/rooms/:room/messages": {
    operation: "listMessages",
    query: queries.MESSAGES_QUERY,
    answer: answers.MESSAGES_RESULT,
  },
  "POST /v1/rooms/:room/messages": {
    operation: "publishMessage",
    body: bodies.MESSAGE_BODY,
    answer: answers.MESSAGE_STORED,
  },
  "POST /v1/rooms/:room/messages/stream": {
    operation: "streamMessage",
    body: bodies.STREAM_HEAD,
    bodyLines: bodies.STREAM_LINE,
    answer: answers.STREAMED_RESULT,
    answerLines: ["by type", answers.STREAMED_LINES],
  },
  "POST /v1/rooms/:room/messages/:seq/append": {
    operation: "appendToMessage",
    body: bodies.APPEND_BODY,
    answer: APPEND_RESULT,
  },
  "POST /v1/rooms/:room/messages/:seq/finish": {
    operation: "finishMessage",
    body: bodies.FINISH_BODY,
    answer: CHANGE_RESULT,
  },
  "POST /v1/rooms/:room/messages/:seq/stop": { operation: "stopMessage", answer: NOTHING },
  "POST /v1/rooms/:room/messages/:seq/takeover": { operation: "takeOverMessage", answer: TAKEOVER_RESULT },
  "PATCH /v1/rooms/:room/messages/:seq": {
    operation: "editMessage",
    body: bodies.EDIT_BODY,
    answer: CHANGE_RESULT,
  },
  "DELETE /v1/rooms/:room/messages/:seq": { operation: "deleteMessage", answer: CHANGE_RESULT },
  "PUT /v1/rooms/:room/messages/:seq/reactions/:emoji": { operation: "addReaction", answer: CHANGE_RESULT },
  "DELETE /v1/rooms/:room/messages/:seq/reactions/:emoji": {
    operation: "removeReaction",
    answer: CHANGE_RESULT,
  },
  "GET /v1/rooms/:room/scheduled": { operation: "listScheduled", answer: scheduled.SCHEDULED_RESULT },
  "POST /v1/rooms/:room/scheduled": {
    operation: "scheduleMessage",
    body: scheduled.SCHEDULE_BODY,
    answer: scheduled.SCHEDULE_RESULT,
  },
  "PATCH /v1/rooms/:room/scheduled/:id": {
    operation: "rescheduleMessage",
    body: scheduled.RESCHEDULE_BODY,
    answer: scheduled.SCHEDULED,
  },
  "DELETE /v1/rooms/:room/scheduled/:id": { operation: "unscheduleMessage", answer: NOTHING },
  "POST /v1/rooms/:room/import": {
    operation: "importRoom",
    query: queries.IMPORT_QUERY,
    body: portable.ROOM_EXPORT_LINES.room,
    bodyLines: ["by type", portable.ROOM_EXPORT_LINES],
    answer: portable.IMPORT_RESULT,
  },
  "POST /v1/rooms/:room/signals": { operation: "sendSignal", body: bodies.SIGNAL_BODY, answer: NOTHING },
  "POST /v1/rooms/:room/kick": { operation: "kickUser", body: bodies.KICK_BODY, answer: NOTHING },
  "GET /v1/rooms/:room/bans": {
    operation: "listBans",
    query: queries.BANS_QUERY,
    answer: answers.BANS_RESULT,
  },
  "DELETE /v1/rooms/:room/bans/:user": { operation: "unbanUser", answer: NOTHING },
  "POST /v1/broadcast": {
    operation: "broadcast",
    body: bodies.BROADCAST_BODY,
    answer: answers.BROADCAST_RESULT,
  },
  "POST /v1/notify": { operation: "notify", body: bodies.NOTIFY_BODY, answer: answers.NOTIFY_RESULT },
  "GET /v1/me/preferences": { operation: "getPreferences", answer: PREFERENCES },
  "PUT /v1/me/preferences": {
    operation: "updatePreferences",
    body: bodies.PREFERENCES_BODY,
    answer: PREFERENCES,
  },
  "POST /v1/me/push": {
    operation: "subscribeToPush",
    body: bodies.SUBSCRIPTION_BODY,
    answer: answers.SUBSCRIBED_RESULT,
  },
  "DELETE /v1/me/push": { operation: "unsubscribeFromPush", body: bodies.ENDPOINT_BODY, answer: NOTHING },
  "GET /v1/me/rooms": {
    operation: "listFollowedRooms",
    query: queries.FOLLOWED_ROOMS_QUERY,
    answer: answers.FOLLOWED_ROOMS_RESULT,
  },
  "PUT /v1/me/rooms/:room": { operation: "followRoom", answer: NOTHING },
  "DELETE /v1/me/rooms/:room": { operation: "unfollowRoom", answer: NOTHING },
  "GET /v1/me/notifications": {
    operation: "listNotifications",
    query: queries.NOTIFICATIONS_QUERY,
    answer: NOTIFICATIONS_RESULT,
  },
  "POST /v1/me/notifications/mark": {
    operation: "markNotifications",
    body: bodies.MARK_BODY,
    answer: UNREAD_RESULT,
  },
  "GET /v1/push/key": { operation: "getPushKey", answer: answers.PUSH_KEY_RESULT },
  "GET /v1/users": { operation: "listUsers", query: queries.USERS_QUERY, answer: answers.USERS_RESULT },
  "GET /v1/users/:user": { operation: "getUser", answer: answers.USER_RESULT },
  "DELETE /v1/users/:user": { operation: "eraseUser", answer: portable.ERASURE_RESULT },
  "POST /v1/users/:user/signals": {
    operation: "signalUser",
    body: bodies.USER_SIGNAL_BODY,
    answer: answers.DELIVERED_RESULT,
  },
  "PUT /v1/users/:user/rooms/:room": { operation: "addFollowedRoom", answer: NOTHING },
  "DELETE /v1/users/:user/rooms/:room": { operation: "removeFollowedRoom", answer: NOTHING },
  "POST /v1/users/:user/disconnect": {
    operation: "disconnectUser",
    body: bodies.DISCONNECT_BODY,
    answer: answers.DISCONNECTED_RESULT,
  },
  "POST /v1/tokens": { operation: "createToken", body: bodies.TOKEN_BODY, answer: answers.TOKEN_RESULT },
} as const satisfies Readonly<Record<string, HttpRoute>>;

/** A frame: the AsyncAPI document says what it may be. */
const FRAME_LINE = ["record", "text", "any"] as const satisfies Schema;

const SENT_FRAMES = {
  body: COMMANDS_HEAD,
  bodyLines: FRAME_LINE,
  answer: NOTHING,
} as const satisfies HttpRoute;

/** The frames that came, and at last how the connection goes on. */
const POLLED_FRAMES = {
  body: POLL_HEAD,
  answerType: "text/plain; charset=utf-8",
  answerLines: FRAME_LINE,
  answerLastLine: ["by type", POLL_END_LINES],
} as const satisfies OtherRoute;

/** Beside `HTTP_ROUTES`: those that carry a connection in lines, and the text of others. */
export const OTHER_ROUTES = {
  "GET /v1/rooms/:room/export": {
    operation: "exportRoom",
    answerType: "application/x-ndjson",
    answerLines: ["by type", portable.ROOM_EXPORT_LINES],
  },
  "GET /v1/users/:user/export": {
    operation: "exportUser",
    answerType: "application/x-ndjson",
    answerLines: ["by type", portable.USER_EXPORT_LINES],
  },
  "POST /v1/rooms/:room/poll": {
    operation: "pollRoom",
    query: queries.ROOM_SOCKET_QUERY,
    ...POLLED_FRAMES,
  },
  "POST /v1/rooms/:room/commands": { operation: "sendRoomFrames", ...SENT_FRAMES },
  "POST /v1/poll": { operation: "pollSession", query: queries.SESSION_SOCKET_QUERY, ...POLLED_FRAMES },
  "POST /v1/commands": { operation: "sendSessionFrames", ...SENT_FRAMES },
  "GET /v1/metrics": { operation: "getMetrics", answerType: "text/plain; version=0.0.4" },
} as const satisfies Readonly<Record<string, OtherRoute>>;

/** What a path may name, by the name of its parameter. */
export const PATH_PARAMETERS = {
  /** Name of the room. */
  room: "roomName",
  /** Place of the message in the log of its room. */
  seq: "eventSeq",
  /** Id of the user, percent-encoded. */
  user: "userId",
  /** One emoji, percent-encoded. */
  emoji: "emoji",
  /** Id of the scheduled message, percent-encoded. */
  id: "commandId",
} as const satisfies Fields;
