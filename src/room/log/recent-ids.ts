// The ids of recent messages, in memory: the idempotency of `send`.

import { VOICES } from "./room-schema.ts";

/** At least this many ids are remembered, until the room sleeps. */
const REMEMBERED = 1_000;

export interface StoredAt {
  readonly seq: number;
  readonly at: number;
}

/** Who sent a message. Ids that server code uses in a user's name are not the user's own. */
export interface Speaker {
  /** User id, or "" for server code in its own name. */
  readonly author: string;
  readonly byServer: boolean;
}

export interface IdRecord extends StoredAt, Speaker {
  readonly id: string;
}

/** No user id has a line break, so the keys of two speakers never collide. */
const key = ({ author, byServer }: Speaker, id: string) => `${byServer ? "\n" : ""}${author}\n${id}`;

export class RecentIds {
  /** Oldest first. */
  #ids = new Map<string, StoredAt>();
  /** The ids of all messages after this `seq` are known. */
  #since: number;
  /** Grows when the log was read back for a retry: so a storm of retries reads it once. */
  #capacity = REMEMBERED;

  constructor(head: number) {
    this.#since = head;
  }

  find(speaker: Speaker, id: string): StoredAt | undefined {
    return this.#ids.get(key(speaker, id));
  }

  /** Whether all ids after this `seq` are known. */
  knowsAfter(seq: number): boolean {
    return seq >= this.#since;
  }

  add(record: IdRecord): void {
    this.#ids.set(key(record, record.id), { seq: record.seq, at: record.at });
    if (this.#ids.size > this.#capacity) this.#forgetOldest();
  }

  /** Makes all ids after `seq` known. `read` returns the missing ones, with `after` < seq ≤ `upTo`. */
  reachBack(seq: number, read: (after: number, upTo: number) => Iterable<IdRecord>): void {
    if (this.knowsAfter(seq)) return;
    const older = new Map<string, StoredAt>();
    for (const row of read(seq, this.#since)) older.set(key(row, row.id), { seq: row.seq, at: row.at });
    for (const [known, stored] of this.#ids) older.set(known, stored);
    this.#ids = older;
    this.#since = seq;
    this.#capacity = Math.max(this.#capacity, older.size + REMEMBERED);
  }

  #forgetOldest(): void {
    for (const [oldest, { seq }] of this.#ids) {
      this.#ids.delete(oldest);
      this.#since = Math.max(this.#since, seq);
      return;
    }
  }
}

/** How the row of a message says who speaks, and whether its id was given over HTTP (`VOICES`). */
export function voiceOf({ author, byServer, keyed }: Speaker & { readonly keyed: boolean }): number | null {
  if (!byServer || author === "") return keyed ? VOICES.keyed : null;
  return keyed ? VOICES.keyedByServer : VOICES.byServer;
}
