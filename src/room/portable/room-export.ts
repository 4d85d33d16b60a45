// The export of a room, page by page: each page is read in one turn, as the room is then. It goes up to the head that it
// began with. So a long export holds neither the room nor much memory.

import { type Ban, EXPORT_VERSION, type ReceiptEntry } from "../../protocol/index.ts";
import { isKeyed } from "../log/log-rows.ts";
import type { RoomLog } from "../log/room-log.ts";
import type { Moderation } from "../moderation.ts";
import type { Receipts } from "../people/receipts.ts";
import type { RoomSettings } from "../people/room-settings.ts";
import type { Streams } from "../streams.ts";

/** Of one page, in UTF-16 units. The last line may go beyond it. */
const PAGE_LENGTH = 262_144;
/** Of one page. */
const PAGE_ROWS = 500;

export interface ExportRules {
  readonly name: string;
  readonly log: RoomLog;
  readonly streams: Pick<Streams, "inPage">;
  readonly settings: Pick<RoomSettings, "changed">;
  readonly receipts: Receipts;
  readonly moderation: Pick<Moderation, "bansAfter">;
  /** Messages that wait for their time, each as JSON. */
  scheduled(): Iterable<string>;
}

/** How far an export has come: what the next page begins with. */
type Place =
  | { readonly part: "room" }
  | { readonly part: "messages"; readonly after: number }
  | { readonly part: "receipts"; readonly after: number }
  /** Of those who read last: they come last, in the order in which they read. */
  | { readonly part: "readers"; readonly left: readonly ReceiptEntry[] }
  | { readonly part: "bans"; readonly after?: Pick<Ban, "until" | "user"> }
  | { readonly part: "scheduled" }
  | { readonly part: "end" }
  | { readonly part: "over" };

export class RoomExport {
  readonly #rules: ExportRules;
  readonly #epoch: string;
  readonly #head: number;
  #messages = 0;
  /** Users with a row of their own who read last when it was passed. */
  readonly #later = new Set<string>();
  #place: Place = { part: "room" };

  constructor(rules: ExportRules) {
    this.#rules = rules;
    this.#epoch = rules.log.epoch;
    this.#head = rules.log.head;
  }

  /** How many messages were exported by now. */
  get messages(): number {
    return this.#messages;
  }

  /** The next lines, each with its end; `undefined`: that was all. Throws if the log was purged meanwhile. */
  next(now: number): string | undefined {
    if (this.#rules.log.epoch !== this.#epoch) throw new Error("the log was purged during its export");
    switch (this.#place.part) {
      case "room":
        return this.#room(now);
      case "messages":
        return this.#someMessages(this.#place.after);
      case "receipts":
        return this.#someReceipts(this.#place.after);
      case "readers":
        return this.#someReaders(this.#place.left);
      case "bans":
        return this.#someBans(this.#place.after, now);
      case "scheduled":
        this.#place = { part: "end" };
        return linesOf(Array.from(this.#rules.scheduled(), (json) => typed("scheduled", json)));
      case "end":
        this.#place = { part: "over" };
        return linesOf([JSON.stringify({ type: "end", messages: this.#messages })]);
      case "over":
        return undefined;
    }
  }

  #room(now: number): string {
    const { name, log, settings } = this.#rules;
    this.#place = { part: "messages", after: 0 };
    const { epoch, createdAt } = log;
    const line = {
      ...{ type: "room", version: EXPORT_VERSION, room: name, epoch, head: this.#head, createdAt },
      ...{ settings: settings.changed, at: now },
    };
    return linesOf([JSON.stringify(line)]);
  }

  #someMessages(after: number): string {
    const { log, streams } = this.#rules;
    const lines: string[] = [];
    let length = 0;
    for (const row of log.whole(after, this.#head, PAGE_ROWS)) {
      const { seq, body, changed, changed_at: at, changed_by: by } = row;
      const change = changed === null ? "" : `,"change":${JSON.stringify({ at, by })}`;
      const keyed = isKeyed(row) ? ',"keyed":true' : "";
      const line = `{"type":"message","message":${streams.inPage(body)}${change}${keyed}}`;
      lines.push(line);
      this.#messages += 1;
      length += line.length;
      this.#place = { part: "messages", after: seq };
      if (length >= PAGE_LENGTH || lines.length === PAGE_ROWS) return linesOf(lines);
    }
    this.#place = { part: "receipts", after: 0 };
    return linesOf(lines);
  }

  #someReceipts(after: number): string {
    const { receipts } = this.#rules;
    const page = receipts.earlierAfter(after, PAGE_ROWS);
    const last = page.at(-1);
    const isLast = last === undefined || page.length < PAGE_ROWS;
    const ready = page.filter(({ user }) => !receipts.isLatest(user));
    for (const { user } of page) {
      if (receipts.isLatest(user)) this.#later.add(user);
      else this.#later.delete(user);
    }
    this.#place = isLast
      ? { part: "readers", left: this.#readers() }
      : { part: "receipts", after: last.entry };
    return this.#receiptLines(ready);
  }

  #readers(): ReceiptEntry[] {
    const { receipts } = this.#rules;
    const readers = receipts.latest();
    // Others may have taken their places since.
    for (const user of this.#later) {
      const at = receipts.readAt(user);
      if (at !== undefined && !receipts.isLatest(user)) readers.push({ user, seq: receipts.seqOf(user), at });
    }
    return readers.sort((a, b) => a.at - b.at);
  }

  #someReaders(left: readonly ReceiptEntry[]): string {
    this.#place =
      left.length <= PAGE_ROWS ? { part: "bans" } : { part: "readers", left: left.slice(PAGE_ROWS) };
    return this.#receiptLines(left.slice(0, PAGE_ROWS));
  }

  /** Who has read on meanwhile has read all that is exported. */
  #receiptLines(entries: readonly ReceiptEntry[]): string {
    const shown = entries.map(({ user, seq, at }) => ({ user, seq: Math.min(seq, this.#head), at }));
    return linesOf(shown.map((receipt) => JSON.stringify({ type: "receipt", ...receipt })));
  }

  #someBans(after: Pick<Ban, "until" | "user"> | undefined, now: number): string {
    const page = this.#rules.moderation.bansAfter(after, PAGE_ROWS, now);
    const last = page.at(-1);
    this.#place =
      last === undefined || page.length < PAGE_ROWS ? { part: "scheduled" } : { part: "bans", after: last };
    return linesOf(page.map((ban) => JSON.stringify({ type: "ban", ...ban })));
  }
}

const linesOf = (lines: readonly string[]): string => lines.map((line) => `${line}\n`).join("");

/** Adds a `type` to an encoded object. */
const typed = (type: string, json: string): string => `{"type":"${type}",${json.slice(1)}`;
