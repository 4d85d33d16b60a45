// The SQL of how far a user has come with their notifications: marks of single ones stand in their rows, marks of
// everything up to a `seq` are one watermark a state.

import { firstRow, type Sql } from "../platform/sql.ts";
import { type NotificationState, stateRank } from "../protocol/index.ts";
import { stateAt } from "./notification-store.ts";

export interface Watermark {
  readonly state: NotificationState;
  readonly upTo: number;
  /** Of the mark itself. */
  readonly seq: number;
  readonly at: number;
}

/** Marks of single notifications that were made at once. */
export interface MarkedIds {
  readonly state: NotificationState;
  readonly ids: readonly string[];
  readonly seq: number;
  readonly at: number;
}

export class MarkStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** How many are neither read nor archived nor expired, above `after`; and when the next of them expires. */
  countUnread(after: number, now: number): { count: number; nextExpiry: number | null } {
    const row = firstRow(
      this.#sql.exec<{ count: number; next: number | null }>(
        `SELECT COUNT(*) AS count, MIN(expires_at) AS next FROM notification
         WHERE seq > ? AND state < ? AND (expires_at IS NULL OR expires_at > ?)`,
        ...[after, stateRank("read"), now],
      ),
    );
    return { count: row?.count ?? 0, nextExpiry: row?.next ?? null };
  }

  /** Moves those of `ids` forward that are not there yet, and answers which. `above`: the rest is marked already. */
  markIds(
    ids: readonly string[],
    mark: { state: NotificationState; seq: number; at: number; above: number },
  ): string[] {
    const changed = this.#sql.exec<{ id: string }>(
      `UPDATE notification SET state = ?, changed = ?, changed_at = ?
       WHERE id IN (SELECT value FROM json_each(?)) AND state < ? AND seq > ?
         AND (expires_at IS NULL OR expires_at > ?) RETURNING id`,
      ...[
        stateRank(mark.state),
        mark.seq,
        mark.at,
        JSON.stringify(ids),
        stateRank(mark.state),
        mark.above,
        mark.at,
      ],
    );
    return Array.from(changed, ({ id }) => id);
  }

  /** Whether `mark` would change anything above `above`. */
  wouldChange({ state, upTo, at }: Watermark, above: number): boolean {
    const query = `SELECT 1 FROM notification WHERE seq > ? AND seq <= ? AND state < ?
                   AND (expires_at IS NULL OR expires_at > ?) LIMIT 1`;
    return firstRow(this.#sql.exec(query, above, upTo, stateRank(state), at)) !== undefined;
  }

  markUpTo({ state, upTo, seq, at }: Watermark): void {
    this.#sql.exec("INSERT OR REPLACE INTO watermark VALUES (?, ?, ?, ?)", stateRank(state), upTo, seq, at);
  }

  watermarks(): Watermark[] {
    const rows = this.#sql.exec<{ state: number; up_to: number; seq: number; at: number }>(
      "SELECT * FROM watermark",
    );
    return Array.from(rows, ({ state, up_to, seq, at }) => ({ state: stateAt(state), upTo: up_to, seq, at }));
  }

  /** Marks made after `after` of notifications that are not after it. */
  marksAfter(after: number, now: number): MarkedIds[] {
    const rows = this.#sql.exec<{ id: string; state: number; changed: number; changed_at: number }>(
      `SELECT id, state, changed, changed_at FROM notification
       WHERE changed > ? AND seq <= ? AND (expires_at IS NULL OR expires_at > ?) ORDER BY changed`,
      ...[after, after, now],
    );
    const marks = new Map<number, { state: NotificationState; ids: string[]; seq: number; at: number }>();
    for (const { id, state, changed, changed_at } of rows) {
      const mark = marks.get(changed);
      if (mark === undefined)
        marks.set(changed, { state: stateAt(state), ids: [id], seq: changed, at: changed_at });
      else mark.ids.push(id);
    }
    return [...marks.values()];
  }
}
