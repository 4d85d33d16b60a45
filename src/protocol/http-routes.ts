// The HTTP API: what each route takes as its body, and what it answers where it is not refused.

import { CHANGE_RESULT, NOTIFICATIONS_RESULT, UNREAD_RESULT } from "./answers.ts";
import { READ_RESULT } from "./events.ts";
import * as answers from "./http-answers.ts";
import * as bodies from "./http-bodies.ts";
import * as portable from "./portable.ts";
import { PREFERENCES } from "./preferences.ts";
import * as scheduled from "./scheduled.ts";
import type { Schema } from "./schema.ts";
import { APPEND_RESULT, TAKEOVER_RESULT } from "./streams.ts";

export interface HttpRoute {
  /** Left out: the route reads no body. */
  readonly body?: Schema;
  readonly answer: Schema;
  /** Whether the body is lines of JSON, each of which is a `body`. */
  readonly bodyLines?: true;
  /** Whether the answer is lines of JSON, each of which is an `answer`. */
  readonly answerLines?: true;
}

const NOTHING = {} as const satisfies Schema;

/** By method and path. Tests hold the routes of `src/http`, their answers and the HTTP reference against it. */
export const HTTP_ROUTES = {
  "GET /v1/stats": { answer: answers.STATS_RESULT },
  "GET /v1/rooms": { answer: answers.ROOMS_RESULT },
  "GET /v1/rooms/:room": { answer: answers.ROOM_INFO },
  "PATCH /v1/rooms/:room": { body: bodies.SETTINGS_BODY, answer: answers.SETTINGS_RESULT },
  "DELETE /v1/rooms/:room": { answer: NOTHING },
  "GET /v1/rooms/:room/events": { answer: answers.POLL_RESULT },
  "GET /v1/rooms/:room/members": { answer: answers.MEMBERS_RESULT },
  "GET /v1/rooms/:room/receipts": { answer: answers.RECEIPTS_RESULT },
  "PUT /v1/rooms/:room/receipts/me": { body: bodies.RECEIPT_BODY, answer: READ_RESULT },
  "GET /v1/rooms/:room/messages": { answer: answers.MESSAGES_RESULT },
  "POST /v1/rooms/:room/messages": { body: bodies.MESSAGE_BODY, answer: answers.MESSAGE_STORED },
  // The first line of the body; the others are `STREAM_LINE`s.
  "POST /v1/rooms/:room/messages/stream": { body: bodies.STREAM_HEAD, answer: answers.STREAMED_RESULT },
  "POST /v1/rooms/:room/messages/:seq/append": { body: bodies.APPEND_BODY, answer: APPEND_RESULT },
  "POST /v1/rooms/:room/messages/:seq/finish": { body: bodies.FINISH_BODY, answer: CHANGE_RESULT },
  "POST /v1/rooms/:room/messages/:seq/stop": { answer: NOTHING },
  "POST /v1/rooms/:room/messages/:seq/takeover": { answer: TAKEOVER_RESULT },
  "PATCH /v1/rooms/:room/messages/:seq": { body: bodies.EDIT_BODY, answer: CHANGE_RESULT },
  "DELETE /v1/rooms/:room/messages/:seq": { answer: CHANGE_RESULT },
  "PUT /v1/rooms/:room/messages/:seq/reactions/:emoji": { answer: CHANGE_RESULT },
  "DELETE /v1/rooms/:room/messages/:seq/reactions/:emoji": { answer: CHANGE_RESULT },
  "GET /v1/rooms/:room/scheduled": { answer: scheduled.SCHEDULED_RESULT },
  "POST /v1/rooms/:room/scheduled": { body: scheduled.SCHEDULE_BODY, answer: scheduled.SCHEDULE_RESULT },
  "PATCH /v1/rooms/:room/scheduled/:id": { body: scheduled.RESCHEDULE_BODY, answer: scheduled.SCHEDULED },
  "DELETE /v1/rooms/:room/scheduled/:id": { answer: NOTHING },
  "GET /v1/rooms/:room/export": { answer: ["by type", portable.ROOM_EXPORT_LINES], answerLines: true },
  "POST /v1/rooms/:room/import": {
    body: ["by type", portable.ROOM_EXPORT_LINES],
    bodyLines: true,
    answer: portable.IMPORT_RESULT,
  },
  "POST /v1/rooms/:room/signals": { body: bodies.SIGNAL_BODY, answer: NOTHING },
  "POST /v1/rooms/:room/kick": { body: bodies.KICK_BODY, answer: NOTHING },
  "GET /v1/rooms/:room/bans": { answer: answers.BANS_RESULT },
  "DELETE /v1/rooms/:room/bans/:user": { answer: NOTHING },
  "POST /v1/broadcast": { body: bodies.BROADCAST_BODY, answer: answers.BROADCAST_RESULT },
  "POST /v1/notify": { body: bodies.NOTIFY_BODY, answer: answers.NOTIFY_RESULT },
  "GET /v1/me/preferences": { answer: PREFERENCES },
  "PUT /v1/me/preferences": { body: bodies.PREFERENCES_BODY, answer: PREFERENCES },
  "POST /v1/me/push": { body: bodies.SUBSCRIPTION_BODY, answer: answers.SUBSCRIBED_RESULT },
  "DELETE /v1/me/push": { body: bodies.ENDPOINT_BODY, answer: NOTHING },
  "GET /v1/me/rooms": { answer: answers.FOLLOWED_ROOMS_RESULT },
  "PUT /v1/me/rooms/:room": { answer: NOTHING },
  "DELETE /v1/me/rooms/:room": { answer: NOTHING },
  "GET /v1/me/notifications": { answer: NOTIFICATIONS_RESULT },
  "POST /v1/me/notifications/mark": { body: bodies.MARK_BODY, answer: UNREAD_RESULT },
  "GET /v1/push/key": { answer: answers.PUSH_KEY_RESULT },
  "GET /v1/users": { answer: answers.USERS_RESULT },
  "GET /v1/users/:user": { answer: answers.USER_RESULT },
  "DELETE /v1/users/:user": { answer: portable.ERASURE_RESULT },
  "GET /v1/users/:user/export": { answer: ["by type", portable.USER_EXPORT_LINES], answerLines: true },
  "POST /v1/users/:user/signals": { body: bodies.USER_SIGNAL_BODY, answer: answers.DELIVERED_RESULT },
  "PUT /v1/users/:user/rooms/:room": { answer: NOTHING },
  "DELETE /v1/users/:user/rooms/:room": { answer: NOTHING },
  "POST /v1/users/:user/disconnect": { body: bodies.DISCONNECT_BODY, answer: answers.DISCONNECTED_RESULT },
  "POST /v1/tokens": { body: bodies.TOKEN_BODY, answer: answers.TOKEN_RESULT },
} as const satisfies Readonly<Record<string, HttpRoute>>;
