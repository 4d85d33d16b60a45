// Lines of the log about connections, tokens and permissions.

import type { CatalogueEntries } from "./catalogue-entry.ts";

export const CONNECTION_LINES = {
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
} as const satisfies CatalogueEntries;
