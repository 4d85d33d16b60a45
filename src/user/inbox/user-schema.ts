// The tables of a user. Each index costs a row written for each row, so there are no more than these.
//
// Never edit a step that was released, as users have taken it: test/unit/schema.test.ts has the hash of each. A change
// is a new list at the end of `USER_SCHEMA`.

export const USER_SCHEMA = [
  [
    // One row. `unread` is NULL until it is counted, `preferences` until they are set.
    `CREATE TABLE inbox_state (
       id INTEGER PRIMARY KEY CHECK (id = 1),
       epoch TEXT NOT NULL,
       ring INTEGER NOT NULL,
       floor INTEGER NOT NULL,
       head INTEGER NOT NULL,
       void_up_to INTEGER NOT NULL DEFAULT 0,
       void_undated_up_to INTEGER NOT NULL DEFAULT 0,
       last_undated INTEGER NOT NULL DEFAULT 0,
       unread INTEGER,
       unread_until INTEGER,
       preferences TEXT,
       budget_day INTEGER NOT NULL DEFAULT 0,
       budget_spent REAL NOT NULL DEFAULT 0
     )`,
    // The last mark of everything up to a `seq`: one row for each state.
    `CREATE TABLE watermark (
       state INTEGER PRIMARY KEY,
       up_to INTEGER NOT NULL,
       seq INTEGER NOT NULL,
       at INTEGER NOT NULL,
       unread INTEGER NOT NULL,
       unread_until INTEGER
     )`,
    // `unread` is the count after the row's last event. It is right until `unread_until`, when a counted one expires.
    `CREATE TABLE notification (
       slot INTEGER PRIMARY KEY,
       number INTEGER NOT NULL,
       seq INTEGER NOT NULL,
       id TEXT NOT NULL,
       topic TEXT,
       expires_at INTEGER,
       body TEXT NOT NULL,
       retired INTEGER NOT NULL,
       muted INTEGER NOT NULL,
       state INTEGER NOT NULL,
       changed INTEGER,
       changed_at INTEGER,
       unread INTEGER NOT NULL,
       unread_until INTEGER
     )`,
    // Rooms that the user opened or follows, and the revocation that each knows.
    `CREATE TABLE rooms (
       room TEXT PRIMARY KEY,
       told INTEGER NOT NULL,
       followed INTEGER NOT NULL
     ) WITHOUT ROWID`,
    // Where to push, how far each has come, and when to try again after a failure.
    `CREATE TABLE push_subscription (
       endpoint TEXT PRIMARY KEY,
       p256dh TEXT NOT NULL,
       auth TEXT NOT NULL,
       expires_at INTEGER,
       made_at INTEGER NOT NULL,
       done INTEGER NOT NULL,
       done_urgent INTEGER NOT NULL,
       tries INTEGER NOT NULL,
       retry_at INTEGER
     ) WITHOUT ROWID`,
    "CREATE UNIQUE INDEX notification_id ON notification (id)",
    "CREATE INDEX notification_changed ON notification (changed) WHERE changed IS NOT NULL",
  ],
  [
    // What the back end was told of the inbox last, as JSON; NULL: nothing yet.
    "ALTER TABLE inbox_state ADD COLUMN webhooks TEXT",
    // What is left to be done of an erasure, as JSON; NULL: none is under way.
    "ALTER TABLE inbox_state ADD COLUMN erasing TEXT",
  ],
];
