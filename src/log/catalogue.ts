// Every line that the server logs. A new event is one entry here: its name, what it means, what an operator does about
// it, and its fields. `log` takes nothing else. Never a token, a key, message data or an address.

import type { LogFieldValues } from "./field-values.ts";

type LogLevel = "info" | "warn" | "error";

interface CatalogueEntry {
  readonly level: LogLevel;
  /** The operation that logs it. A list: calls of another object, the line names the one in its field `operation`. */
  readonly from: string | readonly string[];
  readonly means: string;
  /** What an operator does about it. */
  readonly action: string;
  readonly fields: readonly (keyof LogFieldValues)[];
  /** Fields that a line may lack. */
  readonly optional?: readonly (keyof LogFieldValues)[];
}

export const LOG_CATALOGUE = {
  // Settings and objects
  wrong_settings: {
    level: "error",
    from: "the first request of an isolate",
    means: "A setting is missing or wrong: every call is refused with internal.",
    action: "Correct the settings that problems names and deploy again.",
    fields: ["problems"],
  },
  cannot_open: {
    level: "error",
    from: "opening a room's or a user's object",
    means: "The object cannot start: newer code has changed its tables, or its storage failed.",
    action:
      "If the reason names a version, deploy the newer code again. Otherwise look at error. Nothing is lost.",
    fields: ["reason", "error"],
    optional: ["room", "user"],
  },
  state_of_other_code: {
    level: "warn",
    from: "waking of a room's or a user's object",
    means:
      "Another version of the code wrote the state of these connections: they were closed and reconnect.",
    action: "Expected once after a deployment. If it goes on, two versions serve the same objects.",
    fields: [],
    optional: ["room", "user", "sockets", "sessions"],
  },
  flush_failed: {
    level: "error",
    from: "a flush of a room for which no caller waits",
    means: "A flush failed; the next one goes on with what waits. At most one line a second.",
    action: "A bug, or an outage of the platform: look at error.",
    fields: ["room", "error"],
    optional: ["leftOut"],
  },
  alarm_failed: {
    level: "error",
    from: "the alarm of a room's or a user's object",
    means: "Work of the alarm failed. It runs again in 8 to 23 minutes.",
    action:
      "Look at error. If the same object repeats it for hours, its cleanup, pushes or revocations stand still.",
    fields: ["error"],
    optional: ["room", "user"],
  },

  // Requests
  request_failed: {
    level: "error",
    from: "an HTTP call",
    means: "The call failed with an unexpected error; the caller was answered internal.",
    action: "A bug, or an outage of the platform: look at error.",
    fields: ["path", "error"],
  },
  connect_failed: {
    level: "error",
    from: "opening a socket",
    means: "The upgrade failed with an unexpected error; the client was refused with internal and retries.",
    action: "A bug, or an outage of the platform: look at error.",
    fields: ["path", "error"],
  },
  export_failed: {
    level: "error",
    from: "GET /v1/rooms/:room/export or GET /v1/users/:user/export",
    means:
      "An export broke off: its last line is missing. The room or user may have been purged or erased meanwhile.",
    action: "The caller exports again. If it fails again, look at error.",
    fields: ["error"],
    optional: ["room", "user"],
  },
  room_imported: {
    level: "info",
    from: "POST /v1/rooms/:room/import",
    means: "Server code has imported the log of a room.",
    action: "None: it is the record of who did it.",
    fields: ["room", "messages"],
    optional: ["key"],
  },
  broadcast_failed: {
    level: "error",
    from: "POST /v1/broadcast",
    means: "One room of the broadcast was not reached; the result of that room says so.",
    action: "The caller sends it again with the same id.",
    fields: ["room", "error"],
  },
  notify_failed: {
    level: "error",
    from: "POST /v1/notify",
    means: "One recipient was not reached; the result of that user says so.",
    action: "The caller sends it again with the same id.",
    fields: ["user", "error"],
  },
  refused: {
    level: "warn",
    from: "an HTTP call, the opening of a connection, or a command",
    means:
      "The caller was answered an error. At most one line a second for each code and reason in an isolate; leftOut " +
      "counts the others.",
    action:
      "Look at reason: it is what the caller was told. Many of one code: forbidden often means ALLOWED_ORIGINS or the " +
      "rooms claim, not_found a wrong address, rate_limited a flood.",
    fields: ["kind", "code", "reason"],
    optional: ["method", "path", "room", "user", "key", "connection", "command", "at", "leftOut"],
  },
  frame_too_big_for_client: {
    level: "warn",
    from: "a client's close of its socket",
    means:
      "A client's WebSocket library cannot take frames of the size that was sent. Once in the life of an object.",
    action: "Raise the limit of that library, or open the socket with ?frame=<bytes>.",
    fields: ["hint"],
    optional: ["room", "user"],
  },

  // Connections
  connection_opened: {
    level: "info",
    from: "a connection to a room, or a session",
    means:
      "A client is connected: to the room, or, without room, to its inbox. For a part of the connections.",
    action: "Nothing. LOG_SAMPLE says for how many.",
    fields: ["connection"],
    optional: ["room", "user", "sample"],
  },
  connection_closed: {
    level: "info",
    from: "a connection to a room, or a session",
    means:
      "A connection has ended. closeCode 1000 and 1005: its client left; 1001: a page was closed or loaded anew; 1006: " +
      "it was lost; of a room on a session always 1000 or 1006, as the line without room has the code of the client. " +
      "With code: the server closed it, and closed_by_server has left this line out.",
    action: "Nothing. Many 1006 at once: a deployment, or a network that fails.",
    fields: ["connection", "closeCode"],
    optional: ["room", "user", "code", "sample"],
  },
  closed_by_server: {
    level: "info",
    from: "a connection to a room, or a session",
    means:
      "The server closed a connection. At most one line a second for each code and reason in an isolate; leftOut counts " +
      "the others.",
    action:
      "replaced, timeout and token_expired happen every day. Many slow_consumer: messages are too big or too many for " +
      "the networks of your users. rate_limited: a client that does not wait. internal: look for an error line.",
    fields: ["connection", "code", "reason", "closeCode"],
    optional: ["room", "user", "leftOut"],
  },
  command_accepted: {
    level: "info",
    from: "a command that sends, changes or deletes a message or a signal",
    means: "A command whose event LOG_EVENTS names was accepted. Never its data.",
    action: "Nothing; for finding out who sends what.",
    fields: ["command", "topic"],
    optional: ["room", "user", "connection", "sample"],
  },
  stream_interrupted: {
    level: "warn",
    from: "a room",
    means:
      "The room ended an open message as interrupted: its producer was silent for STREAM_TIMEOUT_SECONDS, or so many messages came that the log holds it no longer. user is its author, null server code. At most one line a second in an isolate; leftOut counts the others.",
    action: "Look whether the program that writes these answers fails, or loses its connection.",
    fields: ["seq", "topic"],
    optional: ["room", "user", "leftOut"],
  },

  count_failed: {
    level: "error",
    from: "metrics",
    means:
      "The registry was not reached, or Analytics Engine took a point no more: some numbers are too low. At most one " +
      "line a second.",
    action: "Expected now and then when objects restart. Often: look at error.",
    fields: ["error"],
    optional: ["leftOut"],
  },

  // Tokens and permissions
  token_refused: {
    level: "warn",
    from: "the check of a token",
    means: "A token was refused. At most one line a second for each reason.",
    action: "Many wrong_issuer, wrong_audience or bad_signature: compare the JWT_ settings with the issuer.",
    fields: ["reason"],
    optional: ["claim", "issuer", "kid", "alg", "leftOut"],
  },
  token_check_failed: {
    level: "error",
    from: "the check of a token",
    means: "The check failed with an unexpected error; the token was refused with internal.",
    action: "A bug: look at error.",
    fields: ["error"],
  },
  jwks_unavailable: {
    level: "error",
    from: "fetching the issuer's keys",
    means: "The keys at JWT_JWKS_URL could not be fetched. Keys that are held still count for 24 hours.",
    action: "Check that the issuer is up, and JWT_JWKS_URL.",
    fields: ["error"],
  },
  authorize_unavailable: {
    level: "error",
    from: "the question to AUTHORIZE_URL",
    means: "The back end gave no valid answer: the user was refused with overloaded, and the client retries.",
    action: "Check that the back end is up, answers within 3 seconds and in the documented form.",
    fields: ["room", "user", "error"],
  },
  publish_unanswered: {
    level: "error",
    from: "the question to BEFORE_PUBLISH_URL",
    means: "The back end gave no valid answer in time: the message passed or was refused, as why says.",
    action: "Check that it is up, and answers within BEFORE_PUBLISH_TIMEOUT_MS in the documented form.",
    fields: ["room", "user", "topic", "why", "error"],
    optional: ["leftOut"],
  },
  message_flagged: {
    level: "info",
    from: "a message or an edit that BEFORE_PUBLISH_URL marked",
    means: "The back end let it pass and marked it: all readers see the flag.",
    action: "A moderator looks at the message seq of the room.",
    fields: ["seq", "topic", "flag"],
    optional: ["room", "user", "connection"],
  },
  token_made: {
    level: "info",
    from: "POST /v1/tokens",
    means: "Server code had a token made for this user.",
    action: "Nothing; for an audit.",
    fields: ["user"],
    optional: ["key"],
  },
  disconnected: {
    level: "info",
    from: "POST /v1/users/:user/disconnect",
    means: "All tokens of the user were revoked; rooms says how many rooms know it already.",
    action: "Nothing; for an audit.",
    fields: ["user", "rooms"],
    optional: ["key"],
  },
  user_erased: {
    level: "info",
    from: "DELETE /v1/users/:user",
    means:
      "The user was erased, or the call asked how far it is; rooms says in how many rooms something is left.",
    action: "Nothing; for an audit.",
    fields: ["user", "rooms"],
    optional: ["key"],
  },
  erasure_done: {
    level: "info",
    from: "the alarm of a user's object or DELETE /v1/users/:user",
    means:
      "Nothing is left of an erased user in the rooms that were known: so many messages and reactions were erased.",
    action: "Nothing; for an audit.",
    fields: ["user", "messages", "reactions"],
  },
  moderated: {
    level: "info",
    from: "an act of moderation in a room",
    means: "Who did what to whom in a room.",
    action: "Nothing; for an audit.",
    fields: ["room", "act", "by"],
    optional: ["key", "user", "seq", "banSeconds", "until", "settings"],
  },

  // Rooms and sessions
  command_failed: {
    level: "error",
    from: "a command in a room",
    means:
      "A command failed with an unexpected error; the client was answered internal and nothing was stored.",
    action: "A bug: look at error.",
    fields: ["room", "error"],
  },
  session_command_failed: {
    level: "error",
    from: "a command in an inbox",
    means:
      "A command failed with an unexpected error; the client was answered internal and nothing was stored.",
    action: "A bug: look at error.",
    fields: ["user", "error"],
  },
  session_not_written: {
    level: "error",
    from: "storing a joined session in a room",
    means:
      "The row of a joined session could not be written. It is tried again with what is next sent to the session; if the " +
      "room sleeps before that, the session joins again.",
    action: "A bug, or full storage: look at error.",
    fields: ["room", "error"],
  },
  session_failed: {
    level: "error",
    from: "passing a room's frames to a session",
    means: "The state of a session does not fit: the session was closed, and its client reconnects.",
    action: "A bug: look at error.",
    fields: ["room", "user", "error"],
  },
  room_call_failed: {
    level: "error",
    from: "a queued call from a session to a room",
    means:
      "A leave or a change of presence did not reach the room. The room finds the session gone by itself.",
    action: "Expected now and then when objects restart. Often: look at error.",
    fields: ["room", "connection", "error"],
  },
  delivery_failed: {
    level: "error",
    from: "delivering a room's events to joined sessions",
    means:
      "A user's object was not reached four times: the room ends for these sessions, and they join again.",
    action: "Expected now and then when objects restart. Often: look at error.",
    fields: ["room", "error"],
  },
  mention_failed: {
    level: "error",
    from: "notifying a mentioned user",
    means: "The user's object was not reached three times: the notification of this mention is lost.",
    action: "Expected now and then when objects restart. Often: look at error.",
    fields: ["room", "user", "error"],
  },
  user_unreachable: {
    level: "error",
    from: ["registerRoom", "mayCreateRoom", "revokedTokens", "unfollow", "reportSpending"],
    means:
      "A room could not call a user's object. registerRoom, mayCreateRoom and revokedTokens refuse their caller with " +
      "overloaded; unfollow and reportSpending are left out.",
    action: "Expected now and then when objects restart. Often: look at error.",
    fields: ["room", "user", "error"],
  },
  report_failed: {
    level: "error",
    from: "a room or a user's object",
    means:
      "It could not report to the registry: statistics and lists are out of date. At most one line a second.",
    action:
      "Expected now and then when objects restart; the next report says it again. Often: look at error.",
    fields: ["error"],
    optional: ["leftOut"],
  },
  registry_unanswered: {
    level: "error",
    from: "the registry",
    means:
      "A room or a user's object did not answer the registry: it counts as unconfirmed. Or one of the registry's own objects did not answer: it is missing in the statistics. At most one line a second.",
    action: "Expected now and then when objects restart. Often: look at error.",
    fields: ["error"],
    optional: ["leftOut"],
  },
  room_unreachable: {
    level: "error",
    from: ["join", "receive", "renew", "revoke", "release", "unreadOf", "userData", "erase"],
    means:
      "A user's object could not call a room. join is refused with overloaded; after receive and renew the room ends " +
      "for the session, which joins again; revoke, release and erase are tried again; after unreadOf the room is listed with unread null, and " +
      "after userData the export has a line of type missing.",
    action: "Expected now and then when objects restart. Often: look at error.",
    fields: ["room", "user", "error"],
  },

  // Pushes
  push_gone: {
    level: "info",
    from: "sending a push",
    means: "The push service does not know the subscription any more: it was removed.",
    action: "Nothing.",
    fields: ["user", "host", "seq"],
  },
  push_later: {
    level: "info",
    from: "sending a push",
    means: "The push service was busy or out of reach. The push is sent again, up to 6 times in about a day.",
    action: "Nothing; for one host over hours, look at the status page of the push service.",
    fields: ["user", "host", "seq", "retryAfterMs", "why"],
  },
  push_refused: {
    level: "error",
    from: "sending a push",
    means: "The push service refused this push for good; the next ones are tried.",
    action: "401 or 403: check the VAPID settings. 400 or 413: a bug.",
    fields: ["user", "host", "seq", "status"],
  },
  // Webhooks
  webhook_later: {
    level: "warn",
    from: "telling WEBHOOK_URL what happened",
    means: "The receiver did not take a batch. It is tried again, with longer and longer pauses.",
    action:
      "Look at why: the receiver's status, or that no answer came. One line for the first failure, and for each sixteenth.",
    fields: ["why", "events", "tries"],
    optional: ["room", "user"],
  },
  webhook_events_lost: {
    level: "error",
    from: "telling WEBHOOK_URL what happened",
    means:
      "The receiver will never be told of these events: they were a day old, too many waited, or the log was purged. The event events.lost says so too.",
    action: "Have the receiver read what it needs over HTTP, and look at webhook_later for the cause.",
    fields: ["reason", "count"],
    optional: ["room", "user"],
  },
  webhook_failed: {
    level: "error",
    from: "telling WEBHOOK_URL what happened",
    means: "Events could not be read or written. They wait for the next flush or the alarm.",
    action: "A bug, or an outage of the platform: look at error.",
    fields: ["error"],
    optional: ["room", "user"],
  },
} as const satisfies Readonly<Record<string, CatalogueEntry>>;

type Catalogue = typeof LOG_CATALOGUE;

export type LogEventName = keyof Catalogue;

type FieldsWith<Event extends LogEventName, Part extends "fields" | "optional"> = Catalogue[Event] extends {
  readonly [part in Part]: readonly (infer Field extends keyof LogFieldValues)[];
}
  ? Field
  : never;

type Operation<Event extends LogEventName> = Catalogue[Event]["from"] extends readonly (infer Name)[]
  ? { readonly operation: Name }
  : object;

/** The fields that a line of this event has. */
export type LogFields<Event extends LogEventName> = {
  readonly [field in FieldsWith<Event, "fields">]: LogFieldValues[field];
} & {
  readonly [field in FieldsWith<Event, "optional">]?: LogFieldValues[field] | undefined;
} & Operation<Event>;
