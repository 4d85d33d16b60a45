// What objects use, by the storage API's own counters. Not estimated: test/worker/room-cost.test.ts,
// test/worker/inbox-cost.test.ts, test/worker/webhook-cost.test.ts and test/worker/hubs.test.ts measure each figure again
// and fail if it differs.

/** Rows of one operation. A `setAlarm` is a row written. */
interface Rows {
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly requests?: number;
}

export const ROOM_COUNTERS = {
  /** Size of a room in which nothing is stored. */
  emptyBytes: 53_248,
  /**
   * Once in the life of a room: its tables, the state of its log, its first user, the alarm that forgets an empty room.
   */
  firstOpening: { rowsRead: 20, rowsWritten: 22 },
  /** Once for each further user. */
  firstVisit: { rowsRead: 0, rowsWritten: 1 },
  /** In a full log: the message replaces the row that it retires. */
  message: { rowsRead: 1, rowsWritten: 1 },
  /** A newcomer gets the last 50 messages, and their own read position. */
  newcomer: { rowsRead: 54, rowsWritten: 0 },
  /** Beside `newcomer`: to count each unread message, up to 1,000. To find the first one is a row more. */
  unreadMessage: { rowsRead: 1, rowsWritten: 0 },
  /** Back after 100 messages, all of them unread. */
  resumeOf100: { rowsRead: 206, rowsWritten: 0 },
  leave: { rowsRead: 0, rowsWritten: 0 },
  /** Of all messages: a connection of the user keeps the position. */
  read: { rowsRead: 0, rowsWritten: 0 },
  /** How far up to 256 users have read, together. An object that starts reads it once. */
  readSheet: { rowsRead: 1, rowsWritten: 1 },
  /**
   * An edit, a delete or a reaction of the newest message: its row, and its place among the changes. An older message
   * takes up to 20 rows read to find it.
   */
  change: { rowsRead: 2, rowsWritten: 2 },
  /** Of a message with `expiresInSeconds`, beside it and its deletion: its row of the times. The alarm of both is one more. */
  expiring: { rowsRead: 0, rowsWritten: 2 },
  /** Of a scheduled message, beside the message, whose id is one more: its row, there and gone, and its alarms. */
  scheduled: { rowsRead: 0, rowsWritten: 4 },
  /** A message that goes for its age, beside it. All that go together are a row and an alarm more. */
  aged: { rowsRead: 1, rowsWritten: 1 },
  /** A message of an import that was never changed; one that was changed is a row more. Read again, in an export: one. */
  importedMessage: { rowsRead: 1, rowsWritten: 1 },
  exportedMessage: { rowsRead: 1, rowsWritten: 0 },
  /** A message of a user who is erased: its row, and its place among the changes, as of any deleted message. */
  erasedMessage: { rowsRead: 4, rowsWritten: 2 },
  /** Whenever a room gets its second connection and no sweep is planned. */
  sweepPlanned: { rowsRead: 0, rowsWritten: 1 },
  /** 100 connections that only ping. The object sleeps between the sweeps; the rows read are those of its 4 wakes. */
  idleHour: { requests: 4, rowsRead: 72, rowsWritten: 4 },
  /** Of a room that keeps 1,000 messages. It finds the newest by binary search: 4 rows more with 10,000. */
  wake: { rowsRead: 18, rowsWritten: 0 },
  /** What a message of 200 bytes takes beside its data: envelope, ids twice, and the empty space in SQLite's pages. */
  storedBytesBesideData: 292,
} as const satisfies Readonly<Record<string, Rows | number>>;

/** Of objects between a room and its clients. The room itself counts as if it had the sockets. */
export const RELAY_COUNTERS = {
  /** In the room, when a relay begins or ends. */
  begin: { rowsRead: 1, rowsWritten: 1 },
  /** In a room that has one, beside `wake` of the room. */
  wake: { rowsRead: 1, rowsWritten: 0 },
  /** At a relay, and at a hub: what a flush has for it, or what comes up through it. */
  call: { requests: 1, rowsRead: 0, rowsWritten: 0 },
} as const satisfies Readonly<Record<string, Rows | number>>;

export const REGISTRY_COUNTERS = {
  /** What a room or a user says of itself: the row that there was, and the one in its place. */
  report: { requests: 1, rowsRead: 1, rowsWritten: 1 },
} as const satisfies Readonly<Record<string, Rows | number>>;

export const INBOX_COUNTERS = {
  emptyBytes: 36_864,
  /** Once in the life of a user: the tables. */
  firstOpening: { rowsRead: 19, rowsWritten: 16 },
  /** Once for each room that the user opens: its row, and the budget of the day. */
  firstVisit: { rowsRead: 0, rowsWritten: 2 },
  /** The same in a full inbox and with a device connected, as the unread count is carried along. */
  notify: { rowsRead: 2, rowsWritten: 2 },
  /** One notification, by its id, in a full inbox. */
  markOne: { rowsRead: 8, rowsWritten: 2 },
  /** All notifications up to one, in a full inbox. */
  markAll: { rowsRead: 3, rowsWritten: 1 },
  /** A newcomer gets the last 50 notifications of a full inbox. */
  newcomer: { rowsRead: 52, rowsWritten: 0 },
  /** To one subscription of an offline user, beside the notify: the alarm, and the progress of the subscription. */
  push: { requests: 1, rowsRead: 13, rowsWritten: 2 },
  leave: { rowsRead: 0, rowsWritten: 0 },
  /** When the second device connects. */
  sweepPlanned: { rowsRead: 0, rowsWritten: 1 },
  sweep: { requests: 1, rowsRead: 16, rowsWritten: 1 },
  wake: { rowsRead: 15, rowsWritten: 0 },
  storedBytesBesideData: 193,
} as const satisfies Readonly<Record<string, Rows | number>>;

/** What webhooks add, each beside what the same costs without them. */
export const WEBHOOK_COUNTERS = {
  /** One that is told alone: how far the back end was told. */
  message: { rowsRead: 6, rowsWritten: 1 },
  /** A member who comes or goes, told alone: that it happened, of whom, that it was told, and the removal. */
  coming: { rowsRead: 7, rowsWritten: 4 },
  /** A room reads how far the back end was told, and what else is untold. */
  wake: { rowsRead: 2, rowsWritten: 0 },
  /** Of a user who is away. The alarm that would send after a crash goes off a minute later. */
  notify: { requests: 1, rowsRead: 7, rowsWritten: 2 },
} as const satisfies Readonly<Record<string, Rows | number>>;
