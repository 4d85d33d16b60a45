// Whether the lines of an import fit each other: the schema of each was checked before. A file that fits could be the
// export of a room.

import { encodeData, oversize } from "../../object/encode-data.ts";
import {
  accept,
  EXPORT_VERSION,
  type ExportedMessage,
  type ExportedRoom,
  isEpoch,
  MAX_OPEN_STREAMS,
  MAX_STREAM_BYTES,
  type Outcome,
  type Refusal,
  type RoomExportLine,
  refuse,
  reject,
} from "../../protocol/index.ts";
import { readContent } from "../streams/open-stream.ts";

/** In the order of an export. */
const ORDER = ["room", "message", "receipt", "ban", "scheduled", "end"] as const;

const wrong = (message: string, ...path: string[]): Refusal =>
  refuse("bad_request", message, path.length === 0 ? {} : { path });

const NO_ROOM = wrong("it must be the line of type room, which begins an export", "type");
const OUT_OF_ORDER = wrong(`lines stand in this order: ${ORDER.join(", ")}`, "type");
const NO_EPOCH = wrong("epoch is none that epoch=keep can keep", "epoch");
const NEWER = wrong(`it was exported by a newer server: this one reads version ${EXPORT_VERSION}`, "version");
const NO_CHANGE = wrong("a message with changed has a change, and no other has one", "change");
const KEPT = wrong("message.deletedAt is of a message whose data is null", "message", "data");
const CHANGED_MEANWHILE = wrong(
  "changed is above the head: with epoch=keep nothing may change while the export is made",
  ...["message", "changed"],
);
const TOO_MANY_OPEN = wrong(`at most ${MAX_OPEN_STREAMS} messages are open`, "message", "stream");

/** A message that fits, with its `data` as JSON. */
export interface CheckedMessage extends ExportedMessage {
  readonly json: string;
}

/** The first line of an import. `keepsEpoch`: the log keeps the epoch that it had. */
export function readFirst(line: RoomExportLine, keepsEpoch: boolean): Outcome<ExportedRoom> {
  if (line.type !== "room") return reject(NO_ROOM);
  if (line.version > EXPORT_VERSION) return reject(NEWER);
  return keepsEpoch && !isEpoch(line.epoch) ? reject(NO_EPOCH) : accept(line);
}

export class ImportCheck {
  readonly #keepsEpoch: boolean;
  /** As the first line has it. */
  readonly #exported: number;
  #head: number;
  /** In `ORDER`. */
  #at = 0;
  #seq = 0;
  #messages = 0;
  #open = 0;
  /** `seq`s of changes above `#seq`: no message has one of them. */
  readonly #changes = new Set<number>();

  constructor({ head }: ExportedRoom, keepsEpoch: boolean) {
    this.#exported = head;
    this.#head = head;
    this.#keepsEpoch = keepsEpoch;
  }

  /** The last `seq` of the log. A room that changed during its export has changes behind the head that it began with. */
  get head(): number {
    return this.#head;
  }

  get messages(): number {
    return this.#messages;
  }

  /** Whether the last line has come. */
  get isOver(): boolean {
    return this.#at === ORDER.length - 1;
  }

  /** Why a line cannot stand here, if so. */
  place({ type }: RoomExportLine): Refusal | undefined {
    const at = ORDER.indexOf(type);
    if (this.isOver || type === "room" || at < this.#at) return OUT_OF_ORDER;
    this.#at = at;
    return undefined;
  }

  /** The last line says how many messages there were. */
  end(messages: number): Refusal | undefined {
    if (messages === this.#messages) return undefined;
    return wrong(`${messages} messages were exported, and ${this.#messages} are here`, "messages");
  }

  message(line: ExportedMessage): Outcome<CheckedMessage> {
    const { message, change } = line;
    const refusal = this.#refusalOfSeqs(line);
    if (refusal !== undefined) return reject(refusal);
    if ((message.changed === undefined) !== (change === undefined)) return reject(NO_CHANGE);
    const json = encodeData(message.data);
    if (!json.ok) return json;
    if (message.deletedAt !== undefined && json.value !== "null") return reject(KEPT);
    // More than MAX_MESSAGE_BYTES, if it was greater there or the message was streamed.
    const tooLarge = oversize(json.value, MAX_STREAM_BYTES) ?? this.#refusalOfOpen(line, json.value);
    if (tooLarge !== undefined) return reject(tooLarge);
    this.#seq = message.seq;
    this.#messages += 1;
    return accept({ ...line, json: json.value });
  }

  #refusalOfSeqs({ message: { seq, changed } }: ExportedMessage): Refusal | undefined {
    if (seq <= this.#seq)
      return wrong(`seq must be above ${this.#seq}, that of the message before`, "message", "seq");
    if (seq > this.#exported)
      return wrong(`seq is above the head, which is ${this.#exported}`, "message", "seq");
    if (this.#changes.delete(seq)) return wrong("seq is that of a change, too", "message", "seq");
    if (changed === undefined) return undefined;
    if (changed <= seq) return wrong("changed must be above seq", "message", "changed");
    if (this.#changes.has(changed))
      return wrong("changed is that of another change, too", "message", "changed");
    if (this.#keepsEpoch && changed > this.#exported) return CHANGED_MEANWHILE;
    this.#changes.add(changed);
    this.#head = Math.max(this.#head, changed);
    return undefined;
  }

  #refusalOfOpen({ message: { stream, field } }: ExportedMessage, json: string): Refusal | undefined {
    if (stream !== "open") return undefined;
    this.#open += 1;
    if (this.#open > MAX_OPEN_STREAMS) return TOO_MANY_OPEN;
    const content = readContent(json, field);
    return content.ok ? undefined : content.refusal;
  }
}
