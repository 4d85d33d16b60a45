// Lines of the log about rooms and sessions.

import type { CatalogueEntries } from "./catalogue-entry.ts";

export const ROOM_LINES = {
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
} as const satisfies CatalogueEntries;
