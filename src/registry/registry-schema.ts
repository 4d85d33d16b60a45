// The tables of one shard. Without a rowid, so that a report is one row written.

export const REGISTRY_SCHEMA = [
  [
    `CREATE TABLE rooms (
       name TEXT PRIMARY KEY,
       members INTEGER NOT NULL,
       connections INTEGER NOT NULL,
       anonymous INTEGER NOT NULL,
       sessions INTEGER NOT NULL,
       head INTEGER NOT NULL,
       messages INTEGER NOT NULL,
       asks INTEGER NOT NULL,
       since INTEGER NOT NULL,
       at INTEGER NOT NULL
     ) WITHOUT ROWID`,
    `CREATE TABLE users (
       name TEXT PRIMARY KEY,
       sessions INTEGER NOT NULL,
       notifications INTEGER NOT NULL,
       asks INTEGER NOT NULL,
       since INTEGER NOT NULL,
       at INTEGER NOT NULL
     ) WITHOUT ROWID`,
    // A single row. `messages`: of rooms that are no longer known. `counters` is JSON: a row for each name would be written with each report.
    `CREATE TABLE shard (
       id INTEGER PRIMARY KEY CHECK (id = 1),
       since INTEGER NOT NULL,
       messages INTEGER NOT NULL DEFAULT 0,
       counters TEXT NOT NULL DEFAULT '{}'
     )`,
  ],
];
