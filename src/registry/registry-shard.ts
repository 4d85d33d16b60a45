// The rules of one shard of the registry. Synchronous: who is asked, and what was answered, is passed in.

import { migrate } from "../object/storage/migrate.ts";
import { type Database, firstRow } from "../object/storage/sql.ts";
import { addCounters } from "./counter-sums.ts";
import type { Counters, Report, RoomCounts, UserCounts } from "./counts.ts";
import { type KnownKind, KnownObjects, type LedgerSums } from "./known-objects.ts";
import { KnownStore, ROOMS, USERS } from "./known-store.ts";
import { REGISTRY_SCHEMA } from "./registry-schema.ts";

export interface ShardSums {
  readonly rooms: LedgerSums<RoomCounts>;
  readonly users: LedgerSums<UserCounts>;
  /** Since when the shard counts, in milliseconds. */
  readonly since: number;
}

type ShardRow = { since: number; messages: number; counters: string };

export class RegistryShard {
  readonly rooms: KnownObjects<RoomCounts>;
  readonly users: KnownObjects<UserCounts>;
  readonly #database: Database;

  constructor(database: Database, now: number) {
    this.#database = database;
    const { sql } = database;
    migrate(database, REGISTRY_SCHEMA);
    sql.exec("INSERT INTO shard (id, since) VALUES (1, ?) ON CONFLICT DO NOTHING", now);
    this.rooms = new KnownObjects(new KnownStore(sql, ROOMS), KNOWN_ROOMS);
    this.users = new KnownObjects(new KnownStore(sql, USERS), KNOWN_USERS);
  }

  recordRoom(name: string, report: Report<RoomCounts>, now: number): void {
    const gone = this.rooms.record(name, report, now);
    const left = Math.max(gone?.messages ?? 0, report.left?.messages ?? 0);
    if (gone !== undefined && left > 0)
      this.#database.sql.exec("UPDATE shard SET messages = messages + ?", left);
    this.count(report.counters ?? {});
  }

  recordUser(name: string, report: Report<UserCounts>, now: number): void {
    this.users.record(name, report, now);
    this.count(report.counters ?? {});
  }

  /** With the messages of rooms that have forgotten themselves. A user never does. */
  sums(now: number): ShardSums {
    const { since, messages } = this.#row;
    const rooms = this.rooms.sums(now);
    return {
      rooms: { ...rooms, counts: { ...rooms.counts, messages: rooms.counts.messages + messages } },
      users: this.users.sums(now),
      since,
    };
  }

  /** Adds to the counters. */
  count(more: Counters): void {
    if (Object.keys(more).length === 0) return;
    const sums = JSON.stringify(addCounters(this.counters, more));
    this.#database.sql.exec("UPDATE shard SET counters = ?", sums);
  }

  get counters(): Counters {
    const counters: Counters = JSON.parse(this.#row.counters);
    return counters;
  }

  get #row(): ShardRow {
    const query = "SELECT since, messages, counters FROM shard";
    const row = firstRow(this.#database.sql.exec<ShardRow>(query));
    return row ?? { since: 0, messages: 0, counters: "{}" };
  }
}

/** There are few rooms beside users, so when each became occupied or empty is written. */
const KNOWN_ROOMS: KnownKind<RoomCounts> = {
  none: { members: 0, connections: 0, anonymous: 0, sessions: 0, head: 0, messages: 0 },
  add: (sum, one, times) => ({
    members: sum.members + times * one.members,
    connections: sum.connections + times * one.connections,
    anonymous: sum.anonymous + times * one.anonymous,
    sessions: sum.sessions + times * one.sessions,
    head: sum.head + times * one.head,
    messages: sum.messages + times * one.messages,
  }),
  maxUnwritten: 0,
};

/** Users who come and go would be most of what a registry costs. */
const KNOWN_USERS: KnownKind<UserCounts> = {
  none: { sessions: 0, notifications: 0 },
  add: (sum, one, times) => ({
    sessions: sum.sessions + times * one.sessions,
    notifications: sum.notifications + times * one.notifications,
  }),
  // Of the 500 that one answer asks.
  maxUnwritten: 350,
};
