// Lines of the log about settings, objects and requests.

import type { CatalogueEntries } from "./catalogue-entry.ts";

export const OBJECT_LINES = {
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
  relay_unreachable: {
    level: "error",
    from: "a room, or one of its relays",
    means:
      "A room could not call a relay, or a relay its room. The connections there are closed and come back.",
    action: "Expected now and then when objects restart. Often: look at error.",
    fields: ["room", "relay", "error"],
  },
} as const satisfies CatalogueEntries;
