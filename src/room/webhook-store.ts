// The rows of a room's webhooks: how far the back end was told, what happened and stands in no log, and of which members
// it was told.

import { type Database, firstRow, readInPages } from "../object/storage/sql.ts";
import type { WebhookEvent } from "../protocol/index.ts";
import type { StoredOutbox } from "../webhooks/outbox.ts";

/**
 * The place of an event in the one order of a room. A message or change that stands in the log, or was copied from it,
 * is at its `seq`. What stands in no log is behind the `head` of its moment, in rows with numbers from 1 on, each with
 * some events. As a mark: all up to there are told, and `index` events of the row that follows.
 */
export interface Place {
  readonly head: number;
  readonly number: number;
  readonly index: number;
}

/** What is stored in the column `webhooks`. */
export interface StoredWebhooks extends StoredOutbox {
  readonly epoch: string;
  readonly told: readonly [head: number, number: number, index: number];
  /** The place of the last row that was written, and whether the room was occupied then. */
  readonly last: readonly [head: number, number: number];
  readonly occupied: boolean;
  /** Whether the log was looked at, and whether members were written down. Both are settings. */
  readonly log: boolean;
  readonly members: boolean;
  /** When members who did not come back after a crash have left, in milliseconds. */
  readonly missing?: number;
}

/**
 * Made when the back end is told of a room for the first time, so that other rooms pay nothing for them. Outside of the
 * steps of the schema, so they are never edited.
 */
export const WEBHOOK_TABLES = [
  // What happened in the room and stands in no log, until the back end was told: behind `head` of the log, in order of
  // `number`. With number 0: what the log has retired meanwhile, at its `seq`.
  `CREATE TABLE IF NOT EXISTS webhook_events (
     head INTEGER,
     number INTEGER,
     body TEXT NOT NULL,
     PRIMARY KEY (head, number)
   ) WITHOUT ROWID`,
  // Members of whom the back end was told, or will be, that they joined.
  "CREATE TABLE IF NOT EXISTS webhook_members (user TEXT PRIMARY KEY) WITHOUT ROWID",
];

/** What is stored of an event of the room that stands in no log. */
type Unnamed<Event> = Event extends unknown ? Omit<Event, "id" | "room"> : never;
export type RoomHappening = Unnamed<
  Extract<WebhookEvent, { readonly type: `room.${string}` | `member.${string}` }>
>;

/** A row of `webhook_events`: what happened in one flush, or a part of it. */
export interface Happenings {
  readonly occupied: boolean;
  readonly events: readonly RoomHappening[];
}

export type EventRow = { head: number; number: number; body: string };

/** The tables are there as soon as `write` was called once, or an event or a member was added. */
export class WebhookStore {
  readonly #database: Database;
  #hasTables = false;

  constructor(database: Database) {
    this.#database = database;
  }

  read(): StoredWebhooks | undefined {
    const row = firstRow(this.#sql.exec<{ webhooks: string | null }>("SELECT webhooks FROM room"));
    this.#hasTables = row?.webhooks != null;
    return row?.webhooks == null ? undefined : JSON.parse(row.webhooks);
  }

  write(state: StoredWebhooks): void {
    this.#makeTables();
    this.#sql.exec("UPDATE room SET webhooks = ?", JSON.stringify(state));
  }

  /** Does nothing if the event was copied before. */
  addEvents(head: number, number: number, body: string): void {
    this.#makeTables();
    const query = "INSERT INTO webhook_events (head, number, body) VALUES (?, ?, ?) ON CONFLICT DO NOTHING";
    this.#sql.exec(query, head, number, body);
  }

  /** The events behind a mark, read while iterating. */
  *eventsAfter({ head, number }: Omit<Place, "index">): Generator<EventRow> {
    if (!this.#hasTables) return;
    const query = `SELECT head, number, body FROM webhook_events WHERE (head, number) > (?, ?)
      ORDER BY head, number LIMIT ?`;
    yield* readInPages<EventRow>((last, limit) =>
      this.#sql.exec(query, last?.head ?? head, last?.number ?? number, limit),
    );
  }

  get lastEvents(): EventRow | undefined {
    const query = "SELECT head, number, body FROM webhook_events ORDER BY head DESC, number DESC LIMIT 1";
    return firstRow(this.#sql.exec<EventRow>(query));
  }

  get hasEvents(): boolean {
    return firstRow(this.#sql.exec("SELECT 1 FROM webhook_events LIMIT 1")) !== undefined;
  }

  countEvents(): number {
    const count = "SELECT COUNT(*) AS count FROM webhook_events";
    return firstRow(this.#sql.exec<{ count: number }>(count))?.count ?? 0;
  }

  removeEvents({ head, number }: Omit<Place, "index">): void {
    this.#sql.exec("DELETE FROM webhook_events WHERE (head, number) <= (?, ?)", head, number);
  }

  /** What happened before there was a log stands behind `head` of the log that is there now. */
  moveEvents(head: number): void {
    this.#sql.exec("DELETE FROM webhook_events WHERE head > 0 OR number = 0");
    this.#sql.exec("UPDATE webhook_events SET head = ?", head);
  }

  /** Rewrites what may name this user. */
  changeEvents(user: string, change: (row: EventRow) => string): void {
    const query = `SELECT head, number, body FROM webhook_events
      WHERE (head, number) > (?, ?) AND instr(body, ?) > 0 ORDER BY head, number LIMIT ?`;
    const name = JSON.stringify(user);
    const rows = readInPages<EventRow>((last, limit) =>
      this.#sql.exec(query, last?.head ?? -1, last?.number ?? 0, name, limit),
    );
    for (const row of rows) {
      const { head, number } = row;
      const body = change(row);
      if (body !== row.body)
        this.#sql.exec(
          "UPDATE webhook_events SET body = ? WHERE head = ? AND number = ?",
          body,
          head,
          number,
        );
    }
  }

  removeAllEvents(): void {
    this.#sql.exec("DELETE FROM webhook_events");
  }

  /** Whether it was not known before. */
  addMember(user: string): boolean {
    const query = "INSERT INTO webhook_members (user) VALUES (?) ON CONFLICT DO NOTHING RETURNING user";
    return firstRow([...this.#sql.exec(query, user)]) !== undefined;
  }

  /** Whether it was known before. */
  removeMember(user: string): boolean {
    const query = "DELETE FROM webhook_members WHERE user = ? RETURNING user";
    return firstRow([...this.#sql.exec(query, user)]) !== undefined;
  }

  get members(): readonly string[] {
    return Array.from(
      this.#sql.exec<{ user: string }>("SELECT user FROM webhook_members"),
      ({ user }) => user,
    );
  }

  forgetMembers(): void {
    this.#makeTables();
    this.#sql.exec("DELETE FROM webhook_members");
  }

  /** Writes a row only where it makes something. Each time, as it may have been rolled back. */
  #makeTables(): void {
    for (const statement of WEBHOOK_TABLES) this.#sql.exec(statement);
    this.#hasTables = true;
  }

  get #sql() {
    return this.#database.sql;
  }
}
