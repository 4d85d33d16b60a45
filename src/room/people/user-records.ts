// The SQL of who may come into a room, and with which tokens: one row a user. No query reads more rows than it returns.
//
// A connect asks for a record several times, so records are kept in memory. A crowd comes at once, so that somebody is
// known from now on is written with the flush that lets them in: one commit for all of them.

import { NONE_REVOKED, type RevokedTokens } from "../../object/revocation.ts";
import { firstRow, type Sql, type SqlValue } from "../../object/storage/sql.ts";
import type { Ban } from "../../protocol/index.ts";

/** What decides whether a user may come in. */
export interface AdmissionRecord {
  readonly revokedTokens: RevokedTokens;
  /** Whether the user's object tells this room when it revokes tokens. */
  readonly isKnown: boolean;
  /** In milliseconds; 0: not banned. */
  readonly bannedUntil: number;
  /** The user has used up what one may cost a day. In milliseconds; 0: not held. */
  readonly heldUntil: number;
}

type ClearanceRow = {
  void_up_to: number;
  void_undated_up_to: number;
  is_known: number;
  banned_until: number | null;
  held_until: number | null;
};
type BanRow = {
  user: string;
  banned_until: number;
  banned_at: number;
  banned_by: string | null;
  ban_reason: string | null;
};

const NOTHING_KNOWN: AdmissionRecord = {
  revokedTokens: NONE_REVOKED,
  isKnown: false,
  bannedUntil: 0,
  heldUntil: 0,
};

/** A record is some 100 bytes. */
const MAX_KEPT = 2_000;

const LAST_BAN =
  "SELECT banned_until AS ends FROM users WHERE banned_until IS NOT NULL ORDER BY banned_until DESC LIMIT 1";

export class UserRecords {
  readonly #sql: Sql;
  /** As the rows are, or will be with the next flush. The one that was used last stands last. */
  readonly #kept = new Map<string, AdmissionRecord>();
  /** Records of users who are known since their opening, which no row says yet. */
  readonly #unwritten = new Map<string, AdmissionRecord>();
  /** When the last ban ends, in milliseconds; 0: there is none; `undefined`: to be read. */
  #lastBanEnds: number | undefined;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  admissionRecord(user: string): AdmissionRecord {
    const record = this.#unwritten.get(user) ?? this.#kept.get(user) ?? this.#read(user);
    this.#keep(user, record);
    return record;
  }

  #keep(user: string, record: AdmissionRecord): void {
    this.#kept.delete(user);
    this.#kept.set(user, record);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest);
  }

  #read(user: string): AdmissionRecord {
    const row = firstRow(
      this.#sql.exec<ClearanceRow>(
        "SELECT void_up_to, void_undated_up_to, is_known, banned_until, held_until FROM users WHERE user = ?",
        user,
      ),
    );
    if (row === undefined) return NOTHING_KNOWN;
    return {
      revokedTokens: { upTo: row.void_up_to, undatedUpTo: row.void_undated_up_to },
      isKnown: row.is_known === 1,
      bannedUntil: row.banned_until ?? 0,
      heldUntil: row.held_until ?? 0,
    };
  }

  /** What the user's object said, asked with an opening (`isKnown`) or by itself. A revocation stays. */
  setRevoked(user: string, { upTo, undatedUpTo }: RevokedTokens, isKnown: boolean): void {
    const record = this.admissionRecord(user);
    const { revokedTokens: before } = record;
    const revokedTokens = {
      upTo: Math.max(before.upTo, upTo),
      undatedUpTo: Math.max(before.undatedUpTo, undatedUpTo),
    };
    this.#write(user, { ...record, revokedTokens, isKnown });
  }

  /**
   * The user's object knows this room from now on, and revoked nothing that the room does not know. It counts at once.
   * If it is lost before it is written, the next opening asks again.
   */
  becomeKnown(user: string): void {
    this.#unwritten.set(user, { ...this.admissionRecord(user), isKnown: true });
  }

  /** Writes who has become known. What fails is written with the next flush. */
  writeKnown(): void {
    for (const [user, record] of this.#unwritten) this.#write(user, record);
  }

  #write(user: string, record: AdmissionRecord): void {
    const { isKnown, revokedTokens } = record;
    const { upTo, undatedUpTo } = revokedTokens;
    this.#sql.exec(
      `INSERT INTO users (user, void_up_to, void_undated_up_to, is_known) VALUES (?, ?, ?, ?)
       ON CONFLICT (user) DO UPDATE SET void_up_to = MAX(void_up_to, excluded.void_up_to),
         void_undated_up_to = MAX(void_undated_up_to, excluded.void_undated_up_to), is_known = excluded.is_known`,
      user,
      upTo,
      undatedUpTo,
      Number(isKnown),
    );
    this.#unwritten.delete(user);
    this.#keep(user, record);
  }

  /** A row changes by a statement of its own, after what was not written of it. */
  #change(user: string, query: string, ...bindings: SqlValue[]): void {
    const unwritten = this.#unwritten.get(user);
    if (unwritten !== undefined) this.#write(user, unwritten);
    this.#sql.exec(query, ...bindings);
    this.#kept.delete(user);
  }

  /** The user's object is asked again with their next opening. A revocation stays. */
  unknow(user: string): void {
    this.#change(user, "UPDATE users SET is_known = 0 WHERE user = ? AND is_known = 1", user);
  }

  setBan({
    user,
    until,
    at,
    by,
    reason = null,
  }: Omit<Ban, "reason"> & { reason?: string | undefined | null }) {
    this.#change(
      user,
      `INSERT INTO users (user, banned_until, banned_at, banned_by, ban_reason) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (user) DO UPDATE SET banned_until = excluded.banned_until, banned_at = excluded.banned_at,
         banned_by = excluded.banned_by, ban_reason = excluded.ban_reason`,
      user,
      until,
      at,
      by,
      reason,
    );
    this.#lastBanEnds = undefined;
  }

  setHold(user: string, until: number): void {
    this.#change(
      user,
      "INSERT INTO users (user, held_until) VALUES (?, ?) ON CONFLICT (user) DO UPDATE SET held_until = excluded.held_until",
      user,
      until,
    );
  }

  liftBan(user: string): void {
    this.#change(
      user,
      `UPDATE users SET banned_until = NULL, banned_at = NULL, banned_by = NULL, ban_reason = NULL
       WHERE user = ? AND banned_until IS NOT NULL`,
      user,
    );
    this.#lastBanEnds = undefined;
  }

  hasBans(now: number): boolean {
    this.#lastBanEnds ??= firstRow(this.#sql.exec<{ ends: number }>(LAST_BAN))?.ends ?? 0;
    return this.#lastBanEnds > now;
  }

  /** At most `limit` bans in force, the next to end first; `after`: those that follow that ban. */
  bans(now: number, limit: number, after: Pick<Ban, "until" | "user"> | undefined): Ban[] {
    // In whole milliseconds: the first ban in force follows on the empty user id.
    const { until, user } = after !== undefined && after.until > now ? after : { until: now + 1, user: "" };
    const rows = this.#sql.exec<BanRow>(
      `SELECT user, banned_until, banned_at, banned_by, ban_reason FROM users
       WHERE banned_until >= ? AND (banned_until, user) > (?, ?) ORDER BY banned_until, user LIMIT ?`,
      until,
      until,
      user,
      limit,
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
