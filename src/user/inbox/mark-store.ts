// The SQL of marks: those of single notifications stand in their rows, those of everything up to a `seq` are one
// watermark for each state.

import { firstRow, type Sql } from "../../object/storage/sql.ts";
import { type NotificationState, stateRank } from "../../protocol/index.ts";
import { type CountedFields, type SlotRange, stateAt, type Tally } from "./notification-row.ts";

export interface Watermark {
  readonly state: NotificationState;
  readonly upTo: number;
  /** `seq` of the mark itself. */
  readonly seq: number;
  readonly at: number;
  /** The unread count after the mark. */
  readonly unread: Tally;
}

type WatermarkRow = {
  state: number;
  up_to: number;
  seq: number;
  at: number;
  unread: number;
  unread_until: number | null;
};

/** A notification that is to be marked. */
export interface RowToMark extends CountedFields {
  readonly slot: number;
  readonly id: string;
}

type MarkedRow = {
  slot: number;
  id: string;
  seq: number;
  state: number;
  expires_at: number | null;
  muted: number;
};

/** One mark of single notifications. */
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

  /** The rows of those `ids` that exist, in no order. */
  find(ids: readonly string[]): RowToMark[] {
    const rows = this.#sql.exec<MarkedRow>(
      `SELECT slot, id, seq, state, expires_at, muted FROM notification
       WHERE id IN (SELECT value FROM json_each(?))`,
      JSON.stringify(ids),
    );
    return Array.from(rows, ({ expires_at, muted, state, ...row }) => {
      return { ...row, expiresAt: expires_at, muted: muted === 1, state: stateAt(state) };
    });
  }

  /** Moves the rows at `slots` to a state. */
  markAt(slots: readonly number[], { state, seq, at, unread }: Omit<Watermark, "upTo">): void {
    this.#sql.exec(
      `UPDATE notification SET state = ?, changed = ?, changed_at = ?, unread = ?, unread_until = ?
       WHERE slot IN (SELECT value FROM json_each(?))`,
      stateRank(state),
      seq,
      at,
      unread.count,
      unread.until,
      JSON.stringify(slots),
    );
  }

  /** Whether a row in `ranges` would move to `state`. */
  anyBelow(state: NotificationState, ranges: readonly SlotRange[], now: number): boolean {
    const query = `SELECT 1 FROM notification WHERE slot BETWEEN ? AND ? AND state < ?
                   AND (expires_at IS NULL OR expires_at > ?) ORDER BY slot DESC LIMIT 1`;
    return ranges
      .toReversed()
      .some(({ from, to }) => firstRow(this.#sql.exec(query, from, to, stateRank(state), now)) !== undefined);
  }

  markUpTo({ state, upTo, seq, at, unread }: Watermark): void {
    this.#sql.exec(
      "INSERT OR REPLACE INTO watermark VALUES (?, ?, ?, ?, ?, ?)",
      stateRank(state),
      upTo,
      seq,
      at,
      unread.count,
      unread.until,
    );
  }

  watermarks(): Watermark[] {
    const rows = this.#sql.exec<WatermarkRow>("SELECT * FROM watermark");
    return Array.from(rows, ({ state, up_to, unread, unread_until, ...mark }) => ({
      ...mark,
      state: stateAt(state),
      upTo: up_to,
      unread: { count: unread, until: unread_until },
    }));
  }

  /** Marks after `after`, of notifications up to `after`. */
  marksAfter(after: number, now: number): MarkedIds[] {
    const rows = this.#sql.exec<{ id: string; state: number; changed: number; changed_at: number }>(
      `SELECT id, state, changed, changed_at FROM notification
       WHERE changed > ? AND seq <= ? AND (expires_at IS NULL OR expires_at > ?) ORDER BY changed`,
      after,
      after,
      now,
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
