// The SQL of an import: the rows of a log that another room has written. Until its last line the room has a mark, and what
// was written by then is no log: a room that wakes with the mark is emptied.

import { type Database, firstRow } from "../../object/storage/sql.ts";
import { ExpiringStore } from "./expiring-store.ts";
import type { Speaker } from "./recent-ids.ts";
import { voiceOf } from "./recent-ids.ts";

export interface ImportedMessage extends Speaker {
  readonly seq: number;
  readonly event: string;
  readonly id: string;
  readonly at: number;
  readonly body: string;
  readonly keyed: boolean;
  readonly deleted: boolean;
  readonly isOpen: boolean;
  /** When the room will delete it, in milliseconds. */
  readonly expiresAt: number | undefined;
  readonly change: { readonly seq: number; readonly at: number; readonly by: string | null } | undefined;
}

/** What stands in the row of a room after an import. */
export interface ImportedState {
  readonly epoch: string;
  readonly createdAt: number;
  readonly head: number;
}

export class ImportedLog {
  readonly #database: Database;
  readonly #expiring: ExpiringStore;
  readonly #ring: number;
  /** How many messages the room has ever stored. */
  #number: number;
  #count = 0;
  #hasExpiring = false;
  /** The open messages that the log holds, with their places in the order of the import. */
  readonly #open = new Map<number, number>();

  /** Marks the room. `ring` is how many messages it keeps: of more the latest; `messages`: how many it ever stored. */
  constructor(database: Database, { ring, messages }: { readonly ring: number; readonly messages: number }) {
    this.#database = database;
    this.#expiring = new ExpiringStore(database);
    this.#ring = ring;
    this.#number = messages;
    database.sql.exec("UPDATE room SET importing = 1");
  }

  /** Whether the log has a message whose id was given over HTTP, and which is the same. */
  hasKeyed(speaker: Speaker, id: string): boolean {
    const query = "SELECT 1 FROM log WHERE author = ? AND id = ? AND voice = ? AND voice <= 2";
    const voice = voiceOf({ ...speaker, keyed: true });
    return firstRow(this.#database.sql.exec(query, speaker.author, id, voice)) !== undefined;
  }

  /** Writes a message behind those before. */
  add(message: ImportedMessage): void {
    const { seq, event, author, id, at, body, deleted, change, expiresAt } = message;
    const { sql } = this.#database;
    const values = [
      ...[this.#count % this.#ring, seq, event, author, id, at, body, voiceOf(message)],
      ...[change?.seq ?? null, change?.at ?? null, change?.by ?? null, deleted ? 1 : null, this.#number + 1],
    ];
    sql.exec(
      `INSERT INTO log (slot, seq, event, author, id, at, body, voice, changed, changed_at, changed_by, deleted, number)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (slot) DO UPDATE SET seq = excluded.seq, event = excluded.event, author = excluded.author,
         id = excluded.id, at = excluded.at, body = excluded.body, voice = excluded.voice, changed = excluded.changed,
         changed_at = excluded.changed_at, changed_by = excluded.changed_by, deleted = excluded.deleted,
         number = excluded.number`,
      ...values,
    );
    if (expiresAt !== undefined && !deleted) {
      this.#hasExpiring = true;
      this.#expiring.make();
      this.#expiring.add(expiresAt, seq);
    }
    if (message.isOpen) this.#open.set(seq, this.#count);
    this.#count += 1;
    this.#number += 1;
  }

  /** The log is whole. `along` runs in the same transaction. */
  finish({ epoch, createdAt, head }: ImportedState, along: () => void): void {
    const { sql, transaction } = this.#database;
    const open = [...this.#open].flatMap(([seq, at]) => (at >= this.#count - this.#ring ? [seq] : []));
    transaction(() => {
      along();
      if (open.length > 0) {
        const newest = (this.#count - 1) % this.#ring;
        sql.exec("UPDATE log SET open = ? WHERE slot = ?", JSON.stringify(open), newest);
      }
      if (this.#hasExpiring && this.#count > this.#ring) this.#expiring.removeBefore(this.#oldest);
      sql.exec(
        "UPDATE room SET epoch = ?, created_at = ?, head = ?, ring = ?, importing = NULL",
        ...[epoch, createdAt, head, this.#ring],
      );
    });
  }

  /** The `seq` of the oldest message of a ring that is full: the next one would replace it. */
  get #oldest(): number {
    const query = "SELECT seq FROM log WHERE slot = ?";
    const row = firstRow(this.#database.sql.exec<{ seq: number }>(query, this.#count % this.#ring));
    return row?.seq ?? 0;
  }
}
