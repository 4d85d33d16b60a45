// The SQL of what a room keeps of its users: one row each, in all.

import { firstRow, type Sql } from "../platform/sql.ts";
import type { ReceiptEntry } from "../protocol/index.ts";

/** What decides whether a user may come in. */
export interface Clearance {
  /** Tokens issued up to then are void, in milliseconds; 0: none; `null`: the user's object was not asked yet. */
  readonly voidUpTo: number | null;
  /** 0: not banned. */
  readonly bannedUntil: number;
}

export interface Ban {
  readonly user: string;
  readonly until: number;
  readonly at: number;
  /** User id; `null` is server code. */
  readonly by: string | null;
  readonly reason?: string;
}

type StandingRow = { void_up_to: number | null; banned_until: number | null };
type BanRow = {
  user: string;
  banned_until: number;
  banned_at: number;
  banned_by: string | null;
  ban_reason: string | null;
};

export class UserRecords {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** `undefined`: nothing is kept of this user. */
  clearance(user: string): Clearance | undefined {
    const row = firstRow(
      this.#sql.exec<StandingRow>("SELECT void_up_to, banned_until FROM users WHERE user = ?", user),
    );
    return row && { voidUpTo: row.void_up_to, bannedUntil: row.banned_until ?? 0 };
  }

  setVoidUpTo(user: string, at: number): void {
    this.#sql.exec(
      `INSERT INTO users (user, void_up_to) VALUES (?, ?)
       ON CONFLICT (user) DO UPDATE SET void_up_to = MAX(COALESCE(void_up_to, 0), excluded.void_up_to)`,
      ...[user, at],
    );
  }

  forgetToken(user: string): void {
    this.#sql.exec("UPDATE users SET void_up_to = NULL WHERE user = ? AND void_up_to IS NOT NULL", user);
  }

  receipt(user: string): Omit<ReceiptEntry, "user"> | undefined {
    const query = "SELECT read_seq AS seq, read_at AS at FROM users WHERE user = ? AND read_seq IS NOT NULL";
    return firstRow(this.#sql.exec<{ seq: number; at: number }>(query, user));
  }

  /** The latest first. */
  receipts(limit: number): Iterable<{ user: string; seq: number; at: number }> {
    return this.#sql.exec(
      `SELECT user, read_seq AS seq, read_at AS at FROM users WHERE read_seq IS NOT NULL
       ORDER BY read_at DESC LIMIT ?`,
      limit,
    );
  }

  setReceipt({ user, seq, at }: ReceiptEntry): void {
    this.#sql.exec(
      `INSERT INTO users (user, read_seq, read_at) VALUES (?, ?, ?)
       ON CONFLICT (user) DO UPDATE SET read_seq = excluded.read_seq, read_at = excluded.read_at`,
      ...[user, seq, at],
    );
  }

  forgetReceipts(): void {
    this.#sql.exec("UPDATE users SET read_seq = NULL, read_at = NULL WHERE read_seq IS NOT NULL");
  }

  setBan({
    user,
    until,
    at,
    by,
    reason = null,
  }: Omit<Ban, "reason"> & { reason?: string | undefined | null }) {
    this.#sql.exec(
      `INSERT INTO users (user, banned_until, banned_at, banned_by, ban_reason) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (user) DO UPDATE SET banned_until = excluded.banned_until, banned_at = excluded.banned_at,
         banned_by = excluded.banned_by, ban_reason = excluded.ban_reason`,
      ...[user, until, at, by, reason],
    );
  }

  liftBan(user: string): void {
    this.#sql.exec(
      `UPDATE users SET banned_until = NULL, banned_at = NULL, banned_by = NULL, ban_reason = NULL
       WHERE user = ? AND banned_until IS NOT NULL`,
      user,
    );
  }

  hasBans(now: number): boolean {
    return firstRow(this.#sql.exec("SELECT 1 FROM users WHERE banned_until > ? LIMIT 1", now)) !== undefined;
  }

  /** Those in force, the next to end first. */
  bans(now: number): Ban[] {
    const rows = this.#sql.exec<BanRow>(
      `SELECT user, banned_until, banned_at, banned_by, ban_reason FROM users
       WHERE banned_until > ? ORDER BY banned_until`,
      now,
    );
    return Array.from(rows, (row) => ({
      user: row.user,
      until: row.banned_until,
      at: row.banned_at,
      by: row.banned_by,
      ...(row.ban_reason !== null && { reason: row.ban_reason }),
    }));
  }
}
