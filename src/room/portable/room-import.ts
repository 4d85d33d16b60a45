// One import, line by line, into a room without a log. What takes effect at once (settings, bans, scheduled messages) is
// kept until the last line, so an import that ends before has changed nothing but the log, which is emptied.

import { encodeData } from "../../object/encode-data.ts";
import type { Database } from "../../object/storage/sql.ts";
import {
  type ExportedBan,
  type ExportedRoom,
  type ImportResult,
  MAX_IMPORT_BANS_BYTES,
  MAX_SCHEDULED,
  type Outcome,
  type Refusal,
  type RoomExportLine,
  refuse,
  type Scheduled,
  utf8Length,
} from "../../protocol/index.ts";
import { ImportedLog } from "../log/imported-log.ts";
import { encodeMessage } from "../log/message-body.ts";
import { ReceiptStore } from "../people/receipt-store.ts";
import type { RoomSettings } from "../people/room-settings.ts";
import type { UserRecords } from "../people/user-records.ts";
import { type CheckedMessage, ImportCheck } from "./import-check.ts";

export interface ImportRules {
  readonly database: Database;
  readonly settings: RoomSettings;
  readonly users: UserRecords;
  /** How many messages the room has ever stored, in logs before. */
  readonly messages: number;
  /** Stores a message that waits for its time. */
  schedule(scheduled: Scheduled): void;
}

export interface ImportSettings {
  /** The epoch of the new log. Left out: that of the file. */
  readonly epoch?: string | undefined;
}

const SAME_ID = refuse("bad_request", "keyed: another message has the same id", { path: ["message", "id"] });
/** Of all scheduled messages, in bytes: twice what they may have in a room, which counts them as they are stored. */
const MAX_WAITING_BYTES = 8_388_608;
const TOO_MUCH_WAITS = refuse(
  "too_large",
  `at most ${MAX_SCHEDULED} scheduled messages can wait, with ${MAX_WAITING_BYTES} bytes`,
);
const TOO_MANY_BANS = refuse("too_large", `all bans have at most ${MAX_IMPORT_BANS_BYTES} bytes`);

export class RoomImport {
  readonly #rules: ImportRules;
  readonly #room: ExportedRoom;
  readonly #epoch: string;
  readonly #check: ImportCheck;
  readonly #log: ImportedLog;
  readonly #receipts: ReceiptStore;
  readonly #bans: ExportedBan[] = [];
  #bansBytes = 0;
  readonly #scheduled: Scheduled[] = [];
  #scheduledBytes = 0;

  /** `room` is the first line, which fits. From here on the room is marked. */
  constructor(rules: ImportRules, room: ExportedRoom, { epoch }: ImportSettings) {
    this.#rules = rules;
    this.#room = room;
    this.#epoch = epoch ?? room.epoch;
    this.#check = new ImportCheck(room, epoch === undefined);
    const ring = room.settings.historyLimit ?? rules.settings.historyLimit;
    this.#log = new ImportedLog(rules.database, { ring, messages: rules.messages });
    this.#receipts = new ReceiptStore(rules.database);
  }

  /** Whether the last line has come. */
  get isOver(): boolean {
    return this.#check.isOver;
  }

  /** Takes the next line; a refusal ends the import. */
  take(line: RoomExportLine): Refusal | undefined {
    const misplaced = this.#check.place(line);
    if (misplaced !== undefined) return misplaced;
    switch (line.type) {
      case "message":
        return this.#message(this.#check.message(line));
      case "receipt":
        this.#receipts.put({ user: line.user, seq: Math.min(line.seq, this.#check.head), at: line.at });
        return undefined;
      case "ban":
        this.#bansBytes += JSON.stringify(line).length;
        if (this.#bansBytes > MAX_IMPORT_BANS_BYTES) return TOO_MANY_BANS;
        this.#bans.push(line);
        return undefined;
      case "scheduled": {
        const { type: _, ...scheduled } = line;
        return this.#waiting(scheduled);
      }
      case "end":
        return this.#check.end(line.messages);
      default:
        return undefined;
    }
  }

  /** After the last line: the room has the log from now on. */
  finish(now: number): ImportResult {
    const { head, messages } = this.#check;
    const { createdAt, settings } = this.#room;
    this.#log.finish({ epoch: this.#epoch, createdAt, head }, () => {
      if (Object.keys(settings).length > 0) this.#rules.settings.change(settings);
      for (const { type: _, ...ban } of this.#bans) if (ban.until > now) this.#rules.users.setBan(ban);
      for (const scheduled of this.#scheduled) this.#rules.schedule(scheduled);
    });
    return { epoch: this.#epoch, head, messages };
  }

  #waiting(scheduled: Scheduled): Refusal | undefined {
    const data = encodeData(scheduled.data);
    if (!data.ok) return data.refusal;
    this.#scheduledBytes += utf8Length(JSON.stringify(scheduled));
    this.#scheduled.push(scheduled);
    const isTooMuch = this.#scheduled.length > MAX_SCHEDULED || this.#scheduledBytes > MAX_WAITING_BYTES;
    return isTooMuch ? TOO_MUCH_WAITS : undefined;
  }

  #message(checked: Outcome<CheckedMessage>): Refusal | undefined {
    if (!checked.ok) return checked.refusal;
    const { message, change, keyed = false, json } = checked.value;
    const { data: _, ...meta } = message;
    const { seq, event, from, byServer = false, id, at, changed, deletedAt, stream, expiresAt } = meta;
    const speaker = { author: from?.id ?? "", byServer: byServer || from === null };
    if (keyed && this.#log.hasKeyed(speaker, id)) return SAME_ID;
    this.#log.add({
      ...{ ...speaker, seq, event, id, at, keyed, expiresAt, body: encodeMessage(meta, json) },
      deleted: deletedAt !== undefined,
      isOpen: stream === "open",
      change: change === undefined || changed === undefined ? undefined : { seq: changed, ...change },
    });
    return undefined;
  }
}

/** As a refusal of an import says it. */
export const atLine = (number: number, { message, ...refusal }: Refusal): Refusal => ({
  ...refusal,
  message: `line ${number}: ${message}`,
});
