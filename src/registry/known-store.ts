// The SQL of the rooms, or of the users, that a shard knows: a row each.

import { firstRow, readInPages, type Sql } from "../object/storage/sql.ts";
import type { Counts, RoomCounts, UserCounts } from "./counts.ts";

/** What a shard knows of one room or user. */
export interface RegistryEntry<C extends Counts> {
  readonly name: string;
  readonly counts: C;
  /** Whether the object is asked before this is answered. */
  readonly asks: boolean;
  /** Since when it is occupied, online, or neither, as it was reported. In milliseconds. */
  readonly since: number;
  /** When it was reported, in milliseconds. */
  readonly at: number;
}

type EntryRow = { readonly [column: string]: string | number };

/** How the numbers of one kind stand in a table. */
export interface EntryKind<C extends Counts> {
  readonly table: "rooms" | "users";
  readonly columns: readonly (keyof C & string)[];
  read(row: EntryRow): C;
}

export const ROOMS: EntryKind<RoomCounts> = {
  table: "rooms",
  columns: ["members", "connections", "anonymous", "sessions", "head", "messages"],
  read: (row) => ({
    members: Number(row.members),
    connections: Number(row.connections),
    anonymous: Number(row.anonymous),
    sessions: Number(row.sessions),
    head: Number(row.head),
    messages: Number(row.messages),
  }),
};

export const USERS: EntryKind<UserCounts> = {
  table: "users",
  columns: ["sessions", "notifications"],
  read: (row) => ({ sessions: Number(row.sessions), notifications: Number(row.notifications) }),
};

export class KnownStore<C extends Counts> {
  readonly #sql: Sql;
  readonly #kind: EntryKind<C>;
  readonly #select: string;

  constructor(sql: Sql, kind: EntryKind<C>) {
    this.#sql = sql;
    this.#kind = kind;
    this.#select = `SELECT name, ${kind.columns.join(", ")}, asks, since, at FROM ${kind.table}`;
  }

  find(name: string): RegistryEntry<C> | undefined {
    const row = firstRow(this.#sql.exec<EntryRow>(`${this.#select} WHERE name = ?`, name));
    return row && this.#entryOf(row);
  }

  put({ name, counts, asks, since, at }: RegistryEntry<C>): void {
    const { table, columns } = this.#kind;
    const all = [...columns, "asks", "since", "at"];
    this.#sql.exec(
      `INSERT INTO ${table} (name, ${all.join(", ")}) VALUES (?${", ?".repeat(all.length)})
       ON CONFLICT (name) DO UPDATE SET ${all.map((column) => `${column} = excluded.${column}`).join(", ")}`,
      name,
      ...columns.map((column) => Number(counts[column])),
      asks ? 1 : 0,
      since,
      at,
    );
  }

  remove(name: string): void {
    this.#sql.exec(`DELETE FROM ${this.#kind.table} WHERE name = ?`, name);
  }

  /** At most `max` behind `after` whose names begin with `prefix`, in the order of code points, read while iterating. */
  *behind(after: string, prefix: string, max: number): Generator<RegistryEntry<C>> {
    let left = max;
    const rows = readInPages<EntryRow>(
      (last, limit) =>
        this.#sql.exec<EntryRow>(
          `${this.#select} WHERE name > ? AND name >= ? ORDER BY name LIMIT ?`,
          String(last?.name ?? after),
          prefix,
          limit,
        ),
      max,
    );
    for (const row of rows) {
      if (left-- <= 0 || !String(row.name).startsWith(prefix)) return;
      yield this.#entryOf(row);
    }
  }

  #entryOf(row: EntryRow): RegistryEntry<C> {
    return {
      name: String(row.name),
      counts: this.#kind.read(row),
      asks: row.asks === 1,
      since: Number(row.since),
      at: Number(row.at),
    };
  }
}
