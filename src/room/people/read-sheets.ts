// Where read positions are written: many in one row, a sheet. A row is what costs, whatever its size, and those who read a
// room read the same messages at about the same time. Here are the last readers of a room; whoever read before them has a
// row of their own (`receipt-store.ts`).
//
// Each user stays in their sheet. A position that moves is `kept` elsewhere until it is written, where it survives a
// sleep, or it is `alone` in memory, and written soon.

import { sinceMs } from "../../object/liveness.ts";
import type { Sql } from "../../object/storage/sql.ts";
import type { ReceiptEntry } from "../../protocol/index.ts";

/** Users of one sheet: about 10 KB. */
export const SHEET_USERS = 256;
/** A room has at most so many: they are read after each start. */
export const MAX_SHEETS = 128;
/** A sheet is written at most this often. */
const WRITE_EVERY_MS = 5_000;
/** Positions that are kept elsewhere are written when so many of them wait for so long: a row takes that many along. */
export const READ_TOGETHER = { users: 8, afterMs: 60_000 } as const;
/** Fewer of them are written after this long. */
export const READ_ALONE_AFTER_MS = 180_000;

/** How far a user has read, and when they got there, in milliseconds. */
export interface UserPosition {
  readonly seq: number;
  readonly at: number;
}

type Whereabouts = "kept" | "alone";

interface Sheet {
  readonly number: number;
  readonly positions: Map<string, UserPosition>;
  /** Users whose position the row does not have, and where it is. */
  readonly unwritten: Map<string, Whereabouts>;
  /** When the first of them moved, in milliseconds. */
  since: number;
  /** When it was written, or could not be, in milliseconds. */
  triedAt: number;
}

type SheetRow = { sheet: number; positions: string };

export class ReadSheets {
  readonly #sql: Sql;
  /** Gives a user a row of their own. */
  readonly #retire: (entry: ReceiptEntry) => void;
  /** `undefined`: not read since the start. */
  #sheets: Sheet[] | undefined;
  readonly #sheetOf = new Map<string, Sheet>();
  /** Those that have to be written. */
  readonly #unwritten = new Set<Sheet>();
  readonly #maxSheets: number;

  constructor(sql: Sql, retire: (entry: ReceiptEntry) => void, maxSheets = MAX_SHEETS) {
    this.#sql = sql;
    this.#retire = retire;
    this.#maxSheets = maxSheets;
  }

  find(user: string): UserPosition | undefined {
    this.#all();
    return this.#sheetOf.get(user)?.positions.get(user);
  }

  /** Those of all sheets, in no order. */
  entries(): ReceiptEntry[] {
    return this.#all().flatMap(({ positions }) =>
      Array.from(positions, ([user, { seq, at }]) => ({ user, seq, at })),
    );
  }

  /** At least so many of those who read last, if there are so many, in no order. Faster than sorting all. */
  latest(count: number): ReceiptEntry[] {
    const entries: ReceiptEntry[] = [];
    const since = this.#timeOfLast(count);
    for (const { positions } of this.#all())
      for (const [user, { seq, at }] of positions) if (at >= since) entries.push({ user, seq, at });
    return entries;
  }

  #timeOfLast(count: number): number {
    const sheets = this.#all();
    const times = new Float64Array(this.#sheetOf.size);
    let place = 0;
    for (const { positions } of sheets) for (const { at } of positions.values()) times[place++] = at;
    return times.sort().at(-count) ?? Number.NEGATIVE_INFINITY;
  }

  /** A user has read on. */
  put(user: string, position: UserPosition, whereabouts: Whereabouts): void {
    const sheet = this.#placeOf(user);
    sheet.positions.set(user, position);
    if (sheet.unwritten.size === 0) sheet.since = position.at;
    // After a wake they come in any order.
    else sheet.since = Math.min(sheet.since, position.at);
    sheet.unwritten.set(user, whereabouts);
    this.#unwritten.add(sheet);
  }

  get haveUnwritten(): boolean {
    return this.#unwritten.size > 0;
  }

  /** The position of this user if it is kept elsewhere, and not written. */
  keptOf(user: string): UserPosition | undefined {
    const sheet = this.#sheetOf.get(user);
    return sheet?.unwritten.get(user) === "kept" ? sheet.positions.get(user) : undefined;
  }

  /** Nobody keeps the position of this user any more. */
  leaveAlone(user: string): void {
    this.#sheetOf.get(user)?.unwritten.set(user, "alone");
  }

  /** When something has to be written although nothing happens, in milliseconds; `null`: there is no such time. */
  dueAt(): number | null {
    let soonest = Number.POSITIVE_INFINITY;
    for (const sheet of this.#unwritten)
      if (hasLonely(sheet)) soonest = Math.min(soonest, sheet.triedAt + WRITE_EVERY_MS);
    return soonest === Number.POSITIVE_INFINITY ? null : soonest;
  }

  /** Writes what has waited long enough. */
  writeDue(now: number): void {
    const due = [...this.#unwritten].filter((sheet) => isDue(sheet, now));
    // Set first: if one write throws, all are tried again after the normal interval.
    for (const sheet of due) sheet.triedAt = now;
    for (const sheet of due) this.#write(sheet);
  }

  /** Forgets a user: the row is written at once. */
  remove(user: string): void {
    this.#all();
    const sheet = this.#sheetOf.get(user);
    if (sheet !== undefined) this.#writeWithout(sheet, new Set([user]));
  }

  /** All are gone, with the log that they are positions in. */
  purge(): void {
    this.#sql.exec("DELETE FROM read_sheets");
    this.#sheets = [];
    this.#sheetOf.clear();
    this.#unwritten.clear();
  }

  #all(): Sheet[] {
    if (this.#sheets !== undefined) return this.#sheets;
    const query = "SELECT sheet, positions FROM read_sheets ORDER BY sheet";
    const sheets = Array.from(this.#sql.exec<SheetRow>(query), sheetOf);
    for (const sheet of sheets) for (const user of sheet.positions.keys()) this.#sheetOf.set(user, sheet);
    this.#sheets = sheets;
    return sheets;
  }

  /** The sheet of a user, or one with a place for them. */
  #placeOf(user: string): Sheet {
    const sheets = this.#all();
    const own = this.#sheetOf.get(user);
    if (own !== undefined) return own;
    const isFull = sheets.length >= this.#maxSheets && this.#sheetOf.size >= sheets.length * SHEET_USERS;
    if (isFull) this.#retireOldest();
    let sheet = sheets.findLast(({ positions }) => positions.size < SHEET_USERS);
    if (sheet === undefined) {
      sheet = emptySheet((sheets.at(-1)?.number ?? 0) + 1);
      sheets.push(sheet);
    }
    this.#sheetOf.set(user, sheet);
    return sheet;
  }

  /** Makes as many places as a sheet has: those who read longest ago get a row each. */
  #retireOldest(): void {
    const oldest = this.entries()
      .sort((a, b) => a.at - b.at)
      .slice(0, SHEET_USERS);
    for (const entry of oldest) this.#retire(entry);
    const users = new Set(oldest.map(({ user }) => user));
    const theirs = new Set(oldest.map(({ user }) => this.#sheetOf.get(user)));
    for (const sheet of theirs) if (sheet !== undefined) this.#writeWithout(sheet, users);
  }

  /** Written before memory forgets them: if it throws, they are still there, and are removed again. */
  #writeWithout(sheet: Sheet, users: ReadonlySet<string>): void {
    this.#save(
      sheet.number,
      [...sheet.positions].filter(([user]) => !users.has(user)),
    );
    for (const user of users) if (sheet.positions.delete(user)) this.#sheetOf.delete(user);
    this.#written(sheet);
  }

  #write(sheet: Sheet): void {
    this.#save(sheet.number, sheet.positions);
    this.#written(sheet);
  }

  #written(sheet: Sheet): void {
    sheet.unwritten.clear();
    this.#unwritten.delete(sheet);
  }

  #save(number: number, positions: Iterable<readonly [string, UserPosition]>): void {
    const text = JSON.stringify(Array.from(positions, ([user, { seq, at }]) => [user, seq, at]));
    const query = `INSERT INTO read_sheets VALUES (?, ?)
      ON CONFLICT (sheet) DO UPDATE SET positions = excluded.positions`;
    this.#sql.exec(query, number, text);
  }
}

const emptySheet = (number: number): Sheet => ({
  number,
  positions: new Map(),
  unwritten: new Map(),
  since: 0,
  triedAt: 0,
});

function sheetOf({ sheet, positions }: SheetRow): Sheet {
  const entries: readonly (readonly [string, number, number])[] = JSON.parse(positions);
  const made = emptySheet(sheet);
  for (const [user, seq, at] of entries) made.positions.set(user, { seq, at });
  return made;
}

function hasLonely({ unwritten }: Sheet): boolean {
  for (const whereabouts of unwritten.values()) if (whereabouts === "alone") return true;
  return false;
}

function isDue(sheet: Sheet, now: number): boolean {
  if (sinceMs(sheet.triedAt, now) < WRITE_EVERY_MS) return false;
  const ageMs = sinceMs(sheet.since, now);
  const together = sheet.unwritten.size >= READ_TOGETHER.users && ageMs >= READ_TOGETHER.afterMs;
  return together || ageMs >= READ_ALONE_AFTER_MS || hasLonely(sheet);
}
