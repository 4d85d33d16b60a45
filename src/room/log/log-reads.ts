// Reads of a log. What is found by `seq` is found by its place in the ring, so nothing needs an index.

import { firstRow, readInPages, type Sql, type SqlRow } from "../../object/storage/sql.ts";
import type { LogRing } from "./log-ring.ts";
import {
  type AuthorRow,
  type BodyRow,
  type ChangedRow,
  type ChangerRow,
  type IdRow,
  isByServer,
  type LatestRow,
  type PlaceRow,
  type TargetRow,
  UNTOLD,
  type UntoldRow,
  WHOLE,
  type WholeRow,
} from "./log-rows.ts";
import { type IdRecord, type Speaker, type StoredAt, voiceOf } from "./recent-ids.ts";

/** Messages with `after` < seq ≤ `upTo`. */
interface Span {
  readonly after: number;
  readonly upTo: number;
}

/** The condition on `voice` must be that of the partial index `log_keyed`, or the index is not used. */
const KEYED = "author = ? AND id = ? AND voice = ? AND voice <= 2";

export class LogReads {
  readonly #sql: Sql;
  readonly #ring: LogRing;

  constructor(sql: Sql, ring: LogRing) {
    this.#sql = sql;
    this.#ring = ring;
  }

  /** `slot`: where it stands, if that is known. */
  find(seq: number, slot = this.#ring.slotOf(this.#ring.lastUpTo(seq))): TargetRow | undefined {
    const query = "SELECT slot, seq, event, author, voice, body, deleted FROM log WHERE slot = ? AND seq = ?";
    return firstRow(this.#sql.exec<TargetRow>(query, slot, seq));
  }

  /** Messages with `after` < seq ≤ `upTo`, ascending, read while iterating. */
  ascending(after: number, upTo: number, wanted?: number): Generator<BodyRow> {
    return this.#span<BodyRow>("seq, event, body", { after, upTo }, "ASC", wanted);
  }

  /** As `ascending`, with all that an export has of a message. */
  whole(after: number, upTo: number, wanted?: number): Generator<WholeRow> {
    return this.#span<WholeRow>(WHOLE, { after, upTo }, "ASC", wanted);
  }

  /** The messages of `author` after `after`, ascending, read while iterating. */
  *ofAuthor(author: string, after: number): Generator<BodyRow> {
    const query =
      "SELECT slot, seq, event, body FROM log WHERE slot BETWEEN ? AND ? AND author = ? ORDER BY slot LIMIT ?";
    for (const { from, to } of this.#ring.slots(after, this.#ring.newestSeq))
      yield* readInPages<BodyRow & { slot: number }>((last, limit) =>
        this.#sql.exec(query, last === undefined ? from : last.slot + 1, to, author, limit),
      );
  }

  /**
   * The first `limit` messages after `after`, ascending, of which something may have to be erased with `author`: what they
   * said up to `until` (ms), and what they may have reacted to.
   */
  touchedBy(author: string, until: number, after: number, limit: number): PlaceRow[] {
    const query = `SELECT seq, slot FROM log WHERE slot BETWEEN ? AND ? AND (
        (author = ? AND at <= ? AND (deleted IS NULL OR instr(body, '"name":') > 0))
        OR (changed IS NOT NULL AND deleted IS NULL AND instr(body, ?) > 0)
      ) ORDER BY slot LIMIT ?`;
    const places: PlaceRow[] = [];
    for (const { from, to } of this.#ring.slots(after, this.#ring.newestSeq)) {
      const rest = limit - places.length;
      if (rest <= 0) break;
      const bindings = [from, to, author, until, JSON.stringify(author), rest];
      places.push(...this.#sql.exec<PlaceRow>(query, ...bindings));
    }
    return places;
  }

  /** Whether the log has a message of `author` from after `at` (ms). */
  hasSince(author: string, at: number): boolean {
    const query = "SELECT 1 FROM log WHERE author = ? AND at > ? LIMIT 1";
    return firstRow(this.#sql.exec(query, author, at)) !== undefined;
  }

  /** Messages with seq ≤ `upTo`, newest first, read while iterating. */
  descending(upTo: number, wanted?: number): Generator<BodyRow> {
    return this.#span<BodyRow>("seq, event, body", { after: 0, upTo }, "DESC", wanted);
  }

  /** Messages with seq ≤ `upTo` that were changed after `upTo`, in the order of their last changes. */
  changedAfter(upTo: number): Iterable<ChangedRow> {
    const query = `SELECT seq, event, body, changed, changed_at, changed_by, deleted FROM log
      WHERE changed > ? AND seq <= ? ORDER BY changed LIMIT ?`;
    return readInPages((last, limit) =>
      this.#sql.exec<ChangedRow>(query, last?.changed ?? upTo, upTo, limit),
    );
  }

  /** Messages with a greater `seq`, oldest first, read while iterating. */
  untold(after: number): Generator<UntoldRow> {
    return this.#span<UntoldRow>(UNTOLD, { after, upTo: this.#ring.newestSeq }, "ASC");
  }

  /** Messages that were changed after `after`, in the order of their last changes. */
  changedSince(after: number): Generator<UntoldRow> {
    const query = `SELECT ${UNTOLD} FROM log WHERE changed > ? ORDER BY changed LIMIT ?`;
    return readInPages((last, limit) => this.#sql.exec<UntoldRow>(query, last?.changed ?? after, limit));
  }

  *ids(after: number, upTo: number): Generator<IdRecord> {
    for (const row of this.#span<IdRow>("seq, author, id, at, voice", { after, upTo }, "ASC"))
      yield { ...row, byServer: isByServer(row) };
  }

  /** The authors of messages, newest first, read while iterating. */
  authors(): Generator<AuthorRow> {
    return this.#span<AuthorRow>("seq, author, at, voice", this.#everything, "DESC");
  }

  /** The users who changed a message last, but did not delete it; newest first, read while iterating. */
  changers(): Generator<ChangerRow> {
    const query = `SELECT changed AS seq, changed_by AS changer, changed_at AS at FROM log
      WHERE changed < ? AND changed_by IS NOT NULL AND deleted IS NULL ORDER BY changed DESC LIMIT ?`;
    return readInPages((last, limit) =>
      this.#sql.exec<ChangerRow>(query, last?.seq ?? Number.MAX_SAFE_INTEGER, limit),
    );
  }

  /** As `authors`, with a mark on deleted messages. */
  latestAuthors(): Generator<LatestRow> {
    return this.#span<LatestRow>("seq, author, deleted", this.#everything, "DESC");
  }

  keyed(speaker: Speaker, id: string): StoredAt | undefined {
    const query = `SELECT seq, at FROM log WHERE ${KEYED}`;
    const voice = voiceOf({ ...speaker, keyed: true });
    return firstRow(this.#sql.exec<{ seq: number; at: number }>(query, speaker.author, id, voice));
  }

  /** How many messages with `after` < seq ≤ `upTo` are neither deleted nor of `author`, counted up to `max`. */
  countOthers(after: number, upTo: number, author: string, max: number): number {
    const query = `SELECT COUNT(*) AS count FROM (
      SELECT 1 FROM log WHERE slot BETWEEN ? AND ? AND author <> ? AND deleted IS NULL LIMIT ?)`;
    let count = 0;
    for (const { from, to } of this.#ring.slots(after, upTo)) {
      const row = firstRow(this.#sql.exec<{ count: number }>(query, from, to, author, max - count));
      count += row?.count ?? 0;
    }
    return count;
  }

  get #everything(): Span {
    return { after: 0, upTo: this.#ring.newestSeq };
  }

  /** Slots have no hole, so the number of rows taken from a range tells where to read on. */
  *#span<Row extends SqlRow>(
    columns: string,
    { after, upTo }: Span,
    order: "ASC" | "DESC",
    wanted?: number,
  ): Generator<Row> {
    const ranges = this.#ring.slots(after, upTo);
    if (order === "DESC") ranges.reverse();
    const query = `SELECT ${columns} FROM log WHERE slot BETWEEN ? AND ? ORDER BY slot ${order} LIMIT ?`;
    let given = 0;
    for (const { from, to } of ranges) {
      const before = given;
      const read = (_: unknown, limit: number) => {
        const taken = given - before;
        const [first, end] = order === "ASC" ? [from + taken, to] : [from, to - taken];
        return this.#sql.exec<Row>(query, first, end, limit);
      };
      for (const row of readInPages<Row>(read, wanted && wanted - given)) {
        given++;
        yield row;
      }
    }
  }
}
