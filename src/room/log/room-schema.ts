// The tables of a room. Every entry of an index is a row written, so there are no more than these.
//
// A released step is never edited, as there are rooms that have taken it: test/unit/schema.test.ts holds the hash of each.
// A change is a new list at the end of `ROOM_SCHEMA`. The two tables that a purge creates again then stand twice: frozen
// in the first step, and here as they are now.

/** The values of `voice`. Another column would be one more byte in every row. */
export const VOICES = {
  /** Said by its author, with an id that only memory knows: `NULL`, as nearly all are. */
  keyed: 1,
  /** Said by server code in its author's name. */
  keyedByServer: 2,
  byServer: 3,
} as const;

/** As the first release made it. Later steps change it. */
const FIRST_LOG_TABLE = [
  `CREATE TABLE log (
     slot INTEGER PRIMARY KEY,
     seq INTEGER NOT NULL,
     event TEXT NOT NULL,
     author TEXT NOT NULL,
     id TEXT NOT NULL,
     at INTEGER NOT NULL,
     body TEXT NOT NULL,
     voice INTEGER,
     changed INTEGER,
     changed_at INTEGER,
     changed_by TEXT,
     deleted INTEGER,
     number INTEGER NOT NULL
   )`,
  // Partial: rows outside the predicate cost nothing more.
  "CREATE UNIQUE INDEX log_keyed ON log (author, id, voice) WHERE voice <= 2",
  "CREATE INDEX log_changed ON log (changed) WHERE changed IS NOT NULL",
];

/** By itself, as a purge creates it again. */
export const LOG_TABLE = [
  `CREATE TABLE log (
     slot INTEGER PRIMARY KEY,
     seq INTEGER NOT NULL,
     event TEXT NOT NULL,
     author TEXT NOT NULL,
     id TEXT NOT NULL,
     at INTEGER NOT NULL,
     body TEXT NOT NULL,
     voice INTEGER,
     changed INTEGER,
     changed_at INTEGER,
     changed_by TEXT,
     deleted INTEGER,
     number INTEGER NOT NULL,
     open TEXT
   )`,
  ...FIRST_LOG_TABLE.slice(1),
];

/** How far each user has read. By itself, as a purge creates it again. */
export const RECEIPTS_TABLE = [
  `CREATE TABLE receipts (
     user TEXT PRIMARY KEY,
     seq INTEGER NOT NULL,
     at INTEGER NOT NULL,
     entry INTEGER NOT NULL
   ) WITHOUT ROWID`,
  "CREATE INDEX receipts_entry ON receipts (entry)",
];

/** The values of `timed`, which are added up. */
export const TIMED = { expiring: 1, scheduled: 2 } as const;

// Made with the first row of theirs, as most rooms have none. They are never edited: a change is a table of another name.

/** Messages that the room deletes at a time, the next one first. */
export const EXPIRING_TABLE =
  "CREATE TABLE IF NOT EXISTS expiring (at INTEGER, seq INTEGER, PRIMARY KEY (at, seq)) WITHOUT ROWID";

/**
 * Messages that are sent later. `key`: who says it, and its id. `due_at`: when it is sent, or forgotten if it was refused.
 */
export const SCHEDULED_TABLE =
  "CREATE TABLE IF NOT EXISTS scheduled (key TEXT PRIMARY KEY, due_at INTEGER NOT NULL, body TEXT NOT NULL) WITHOUT ROWID";

export const ROOM_SCHEMA = [
  [
    // A single row. Settings are NULL until they are changed.
    `CREATE TABLE room (
       id INTEGER PRIMARY KEY CHECK (id = 1),
       epoch TEXT NOT NULL,
       created_at INTEGER NOT NULL,
       ring INTEGER NOT NULL,
       head INTEGER NOT NULL,
       messages INTEGER NOT NULL DEFAULT 0,
       slow_mode_ms INTEGER,
       max_connections INTEGER,
       history_limit INTEGER,
       inquired_head INTEGER NOT NULL DEFAULT 0,
       inquired_at INTEGER NOT NULL DEFAULT 0
     )`,
    ...FIRST_LOG_TABLE,
    ...RECEIPTS_TABLE,
    // One row a user: who may come in, and with which tokens. Without a rowid, so that it has no second index.
    `CREATE TABLE users (
       user TEXT PRIMARY KEY,
       void_up_to INTEGER NOT NULL DEFAULT 0,
       void_undated_up_to INTEGER NOT NULL DEFAULT 0,
       is_known INTEGER NOT NULL DEFAULT 0,
       banned_until INTEGER,
       banned_at INTEGER,
       banned_by TEXT,
       ban_reason TEXT,
       held_until INTEGER
     ) WITHOUT ROWID`,
    "CREATE INDEX users_banned ON users (banned_until) WHERE banned_until IS NOT NULL",
    // One row for each session that has joined: it has no socket here that would outlast the room's sleep.
    "CREATE TABLE sessions (connection TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID",
  ],
  [
    // Which messages were open when the row was written: their `seq`s as JSON; NULL is none, as in nearly all rows.
    "ALTER TABLE log ADD COLUMN open TEXT",
    "ALTER TABLE room ADD COLUMN max_agent_turns INTEGER",
    // Since when producers are silent, in milliseconds by the `seq` of their message, as JSON; NULL: nobody is.
    "ALTER TABLE room ADD COLUMN silences TEXT",
    "ALTER TABLE room ADD COLUMN history_seconds INTEGER",
    // What the back end was told of the room last, as JSON; NULL: nothing yet.
    "ALTER TABLE room ADD COLUMN webhooks TEXT",
    // 1 while an import is under way: what it has written by then is no log.
    "ALTER TABLE room ADD COLUMN importing INTEGER",
    // How far those who read last have read, as JSON: many users a row. The others stand in `receipts`.
    "CREATE TABLE read_sheets (sheet INTEGER PRIMARY KEY, positions TEXT NOT NULL)",
    // Which of the tables below this room has: 1 `expiring`, 2 `scheduled`, or their sum. NULL is none.
    "ALTER TABLE room ADD COLUMN timed INTEGER",
    // Which relays it has, as JSON; NULL: none.
    "ALTER TABLE room ADD COLUMN relays TEXT",
  ],
];
