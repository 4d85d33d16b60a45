// Which ids are in the log, as far as memory knows: the idempotency of `send`.

/** Ids are remembered at least this long, until the room sleeps. */
const REMEMBERED = 1_000;

export interface StoredAt {
  readonly seq: number;
  readonly at: number;
}

export interface IdRecord extends StoredAt {
  readonly author: string;
  readonly id: string;
}

/** No user id has a line break, so the two cannot run into each other, whatever the id of the message holds. */
const key = (author: string, id: string) => `${author}\n${id}`;

export class RecentIds {
  /** Oldest first. */
  #ids = new Map<string, StoredAt>();
  /** Every id of a message after this `seq` is known. */
  #since: number;
  /** Grows when the log was read back for a retry, so that a storm of retries reads it once. */
  #capacity = REMEMBERED;

  constructor(head: number) {
    this.#since = head;
  }

  find(author: string, id: string): StoredAt | undefined {
    return this.#ids.get(key(author, id));
  }

  add({ author, id, seq, at }: IdRecord): void {
    this.#ids.set(key(author, id), { seq, at });
    if (this.#ids.size > this.#capacity) this.#forgetOldest();
  }

  /** Makes every id after `seq` known; `read` is asked for what is missing: after its first, up to its second `seq`. */
  reachBack(seq: number, read: (after: number, upTo: number) => Iterable<IdRecord>): void {
    if (seq >= this.#since) return;
    const older = new Map<string, StoredAt>();
    for (const row of read(seq, this.#since))
      older.set(key(row.author, row.id), { seq: row.seq, at: row.at });
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
