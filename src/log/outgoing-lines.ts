// Lines of the log about what is sent to others: pushes and webhooks.

import type { CatalogueEntries } from "./catalogue-entry.ts";

export const OUTGOING_LINES = {
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
  webhook_again: {
    level: "info",
    from: "telling WEBHOOK_URL what happened",
    means: "The receiver took a batch, after so many failures in a row.",
    action: "Nothing: what waited is told now, in order.",
    fields: ["events", "tries"],
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
} as const satisfies CatalogueEntries;
