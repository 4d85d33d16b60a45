// What our objects use, as the storage API's own counters tell it. Not estimated: test/worker/room-cost.test.ts and
// test/worker/inbox-cost.test.ts count each figure anew and fail where it is not this one.

/** Rows of one thing done. A `setAlarm` is a row written. */
interface Rows {
  readonly rowsRead: number;
  readonly rowsWritten: number;
  readonly requests?: number;
}

export const ROOM_COUNTERS = {
  /** What a room takes before anything is stored in it. */
  emptyBytes: 49_152,
  /** Once in the life of a room: its tables, where its log stands, its first user, the alarm that forgets it if nothing comes. */
  firstOpening: { rowsRead: 20, rowsWritten: 20 },
  /** Once for each further user. */
  firstVisit: { rowsRead: 0, rowsWritten: 1 },
  /** Retention engaged: it replaces the row that it retires. */
  message: { rowsRead: 1, rowsWritten: 1 },
  /** A newcomer is given the last 50 messages, and told how far they have read. */
  newcomer: { rowsRead: 55, rowsWritten: 0 },
  /** Beside `newcomer`, for each message that is unread, up to 1,000: it is counted. Where the first stands is a row more. */
  unreadMessage: { rowsRead: 1, rowsWritten: 0 },
  /** Back after 100 messages, all of them unread. */
  resumeOf100: { rowsRead: 208, rowsWritten: 0 },
  leave: { rowsRead: 0, rowsWritten: 0 },
  /** Of everything there is. Again within 5 s is written later, once. */
  read: { rowsRead: 2, rowsWritten: 1 },
  /** More than that, when a user is put among those who read last: once, where no more than 1,000 read. */
  readEntry: { rowsRead: 0, rowsWritten: 1 },
  /**
   * An edit, a delete or a reaction of the newest message: its row, and where the change stands among the changes. Of an
   * older one it reads up to 20 rows to find it.
   */
  change: { rowsRead: 2, rowsWritten: 2 },
  /** Whenever a room gets its second connection and no sweep is planned. */
  sweepPlanned: { rowsRead: 0, rowsWritten: 1 },
  /** 100 connections that only ping, asleep between the sweeps; the rows read are those of its 4 wakes. */
  idleHour: { requests: 4, rowsRead: 72, rowsWritten: 4 },
  /** Of a room that keeps 1,000 messages: it finds the newest by halving, which is 4 rows more where it keeps 10,000. */
  wake: { rowsRead: 18, rowsWritten: 0 },
  /** What a message of 200 bytes takes beside them: its envelope, its ids twice, and what SQLite leaves empty in its pages. */
  storedBytesBesideData: 320,
} as const satisfies Readonly<Record<string, Rows | number>>;

export const INBOX_COUNTERS = {
  emptyBytes: 36_864,
  /** Once in the life of a user: the tables. */
  firstOpening: { rowsRead: 23, rowsWritten: 16 },
  /** Once for each room that the user opens: it is known from then on, and counts in what they may cost a day. */
  firstVisit: { rowsRead: 0, rowsWritten: 2 },
  /** Also to a full inbox, and with a device connected: what is unread is carried along. */
  notify: { rowsRead: 2, rowsWritten: 2 },
  /** Of one notification, by its id, in a full inbox. */
  markOne: { rowsRead: 8, rowsWritten: 2 },
  /** Of everything up to one, in a full inbox. */
  markAll: { rowsRead: 3, rowsWritten: 1 },
  /** A newcomer is given the last 50 notifications of a full inbox. */
  newcomer: { rowsRead: 52, rowsWritten: 0 },
  /** To one subscription of somebody who is away, beside its notify: the alarm set, and how far it has come. */
  push: { requests: 1, rowsRead: 13, rowsWritten: 2 },
  leave: { rowsRead: 0, rowsWritten: 0 },
  /** With the second device. */
  sweepPlanned: { rowsRead: 0, rowsWritten: 1 },
  sweep: { requests: 1, rowsRead: 22, rowsWritten: 1 },
  wake: { rowsRead: 21, rowsWritten: 0 },
  storedBytesBesideData: 193,
} as const satisfies Readonly<Record<string, Rows | number>>;
