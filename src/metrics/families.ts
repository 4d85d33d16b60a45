// The metrics that are scraped: their names, types and labels.

interface Family {
  readonly type: "counter" | "gauge";
  readonly help: string;
  /** The name of its label; left out: it has none. */
  readonly label?: string;
}

/** Counted by rooms, users and the edge, and added up by the registry. */
export const COUNTERS = {
  connections_opened_total: { type: "counter", help: "Connections that opened." },
  connections_closed_total: {
    type: "counter",
    help: "Connections that closed, by error code of the server, or close code of the client.",
    label: "code",
  },
  messages_total: {
    type: "counter",
    help: "Messages that were stored, by first segment of the event.",
    label: "event",
  },
  signals_total: {
    type: "counter",
    help: "Signals that were sent, by first segment of the event.",
    label: "event",
  },
  changes_total: {
    type: "counter",
    help: "Edits, deletes and reactions, by first segment of the event.",
    label: "event",
  },
  notifications_total: {
    type: "counter",
    help: "Notifications that were stored, by first segment of the topic.",
    label: "event",
  },
  deliveries_total: {
    type: "counter",
    help: "Frames that rooms sent to connections, and events of inboxes to sessions.",
  },
  delivered_bytes_total: { type: "counter", help: "Text in those frames, in UTF-16 units." },
  flushes_total: {
    type: "counter",
    help: "Flushes of rooms, and deliveries of inboxes, that published or sent something.",
  },
  replays_total: { type: "counter", help: "First frames and replays that were sent to connections." },
  replayed_bytes_total: { type: "counter", help: "Text in those, in UTF-16 units." },
  refused_total: {
    type: "counter",
    help: "Calls, connections and commands that were refused, by error code.",
    label: "code",
  },
} as const satisfies Readonly<Record<string, Family>>;

/** As it is now. */
export const GAUGES = {
  rooms: { type: "gauge", help: "Rooms that are known." },
  rooms_occupied: { type: "gauge", help: "Rooms with a connection." },
  connections: { type: "gauge", help: "Connections to rooms." },
  members: { type: "gauge", help: "Members of rooms, each once a room." },
  users: { type: "gauge", help: "Users who are known." },
  users_online: { type: "gauge", help: "Users with a session." },
  sessions: { type: "gauge", help: "Sessions of users." },
  unconfirmed: { type: "gauge", help: "Rooms and users that could not be asked within the last minute." },
} as const satisfies Readonly<Record<string, Family>>;

export type CounterFamily = keyof typeof COUNTERS;
export type Gauges = Readonly<Record<keyof typeof GAUGES, number>>;

/** How a counter is called between objects and the registry: no event, no code has a blank. */
export const counterName = (family: CounterFamily, label = ""): string =>
  label === "" ? family : `${family} ${label}`;
