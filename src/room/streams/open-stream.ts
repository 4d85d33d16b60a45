// One open message: the text that its producer has written so far, and how much of it was delivered and saved.
//
// Two copies of the text with the same `n` are equal only within one life of it: after a crash the room has what was saved,
// and a producer may go on otherwise than readers were shown.

import {
  accept,
  DEFAULT_STREAM_FIELD,
  isRecord,
  type Outcome,
  parseJson,
  refuse,
  reject,
  utf8Length,
} from "../../protocol/index.ts";

/** Of how many appends it is remembered where they end, at least: a reader that has less gets the whole text. */
const REMEMBERED_ENDS = 4_096;

/** A checkpoint this long after the last append: the object may go to sleep after it. */
const PAUSE_MS = 2_000;
/** While appends come, the time from one checkpoint to the next. The last one repeats. */
const CHECKPOINT_AFTER_MS = [5_000, 15_000, 45_000, 60_000];
/** The step of the first checkpoint after a start, which is due at once. */
const LATE_STEP = 1;
/** A checkpoint after so much text, in UTF-16 units. */
const CHECKPOINT_AFTER_LENGTH = 65_536;

/** A checkpoint that failed is tried again after this long. */
const SAVE_AGAIN_MS = 5_000;

/** Fields of `data` beside the text, each as JSON; `null` as JSON is one that is to be removed. */
export type Patch = ReadonlyMap<string, string>;

const NO_OBJECT = refuse("bad_request", "data of a message that streams is an object", { path: ["data"] });
const NO_TEXT = refuse("bad_request", "the field whose text grows is a text in data, or not there", {
  path: ["data"],
});
const TOO_DEEP = refuse("bad_request", "data is nested too deeply", { path: ["data"] });

/** What an open message says: the text that grows, and the fields beside it. */
export interface StreamContent {
  readonly text: string;
  readonly fields: Patch;
}

/** Reads `data` (as JSON) of a message that is opened. */
export function readContent(data: string, field = DEFAULT_STREAM_FIELD): Outcome<StreamContent> {
  const parsed = parseJson(data);
  if (!isRecord(parsed)) return reject(NO_OBJECT);
  // A name such as `constructor` is a field only if `data` has it itself.
  const text = Object.hasOwn(parsed, field) ? parsed[field] : "";
  if (typeof text !== "string") return reject(NO_TEXT);
  const others = Object.entries(parsed).filter(([name]) => name !== field);
  try {
    return accept({ text, fields: new Map(others.map(([name, value]) => [name, JSON.stringify(value)])) });
  } catch {
    // The engine parses JSON of any depth, but encodes only what its stack holds.
    return reject(TOO_DEEP);
  }
}

export interface StreamOpening {
  readonly seq: number;
  readonly event: string;
  /** User id; "" is server code in its own name. */
  readonly author: string;
  readonly byServer: boolean;
  /** `undefined`: the default. */
  readonly field: string | undefined;
  readonly content: StreamContent;
  readonly n: number;
  readonly producer: number;
  /**
   * When it was opened, in milliseconds. `undefined`: before the object started, so what readers hold beyond `n` may be of
   * another life.
   */
  readonly openedAt: number | undefined;
}

/** A part of a stream that a reader lacks. */
export interface Rest {
  readonly n: number;
  readonly text: string;
  readonly patch: Patch;
}

export class OpenStream {
  readonly seq: number;
  readonly event: string;
  readonly author: string;
  readonly byServer: boolean;
  readonly field: string;
  /** The last sign of life of the producer, in milliseconds. */
  touchedAt: number;
  /** Whether that was since the object started. Else it is not known when it was. */
  isHeard: boolean;
  /** Who asked the producer to stop; `undefined`: nobody. */
  stopBy: string | null | undefined;
  readonly #knownTo: number;
  #producer: number;
  #n: number;
  #text: string;
  /** As delivered. */
  readonly #fields: Map<string, string>;
  /** Which append changed a field last. */
  readonly #changedAt = new Map<string, number>();
  /** Of everything, as JSON. */
  #bytes: number;
  /** Length of the text after the append `#endsFrom`, and after each later one. */
  #ends: number[];
  #endsFrom: number;
  #delivered: { n: number; length: number; at: number };
  /** Applied and not delivered. */
  #pending = new Map<string, string>();
  #saved: { n: number; length: number; at: number };
  #appendedAt: number;
  #checkpoints: number;
  /** No checkpoint is tried before, as the last one failed. */
  #saveAgainAt = Number.NEGATIVE_INFINITY;
  /** The delivered state as JSON, until it changes. */
  #json: string | undefined;

  constructor({ seq, event, author, byServer, field, content, n, producer, openedAt }: StreamOpening) {
    this.seq = seq;
    this.event = event;
    this.author = author;
    this.byServer = byServer;
    this.field = field ?? DEFAULT_STREAM_FIELD;
    // The next flush says when that was: a time that is still to come counts as now.
    this.touchedAt = openedAt ?? Number.POSITIVE_INFINITY;
    this.isHeard = openedAt !== undefined;
    this.#text = content.text;
    this.#fields = new Map(content.fields);
    this.#bytes = utf8Length(this.#encode(this.#fields, this.#text));
    this.#n = n;
    this.#producer = producer;
    // What was lost is saved soon, and then as seldom as otherwise late in an answer: a start costs one row.
    this.#checkpoints = openedAt === undefined ? LATE_STEP : 0;
    this.#knownTo = openedAt === undefined ? knownAtStart(n, producer) : Number.POSITIVE_INFINITY;
    this.#endsFrom = n;
    this.#ends = [this.#text.length];
    const { length } = this.#text;
    this.#delivered = { n, length, at: Number.NEGATIVE_INFINITY };
    this.#saved = { n, length, at: openedAt ?? Number.NEGATIVE_INFINITY };
    this.#appendedAt = Number.NEGATIVE_INFINITY;
  }

  /** The last append that is in it. */
  get n(): number {
    return this.#n;
  }

  /** The last append that is in the row. */
  get saved(): number {
    return this.#saved.n;
  }

  get producer(): number {
    return this.#producer;
  }

  /** Bytes of `data` as JSON in UTF-8 after an append of this. A field that was removed counts as one that is `null`. */
  bytesWith(text: string, patch: Patch): number {
    let bytes = this.#bytes + utf8Length(JSON.stringify(text)) - 2;
    for (const [name, json] of patch) bytes += fieldBytes(name, json) - fieldBytes(name, this.#said(name));
    return bytes;
  }

  get hasNews(): boolean {
    return this.#n > this.#delivered.n;
  }

  /** Its producer said something. */
  heard(now: number): void {
    this.touchedAt = now;
    this.isHeard = true;
  }

  /** Another producer: those before it are refused. */
  takeOver(): void {
    this.#producer += 1;
  }

  /** Adds the append `n` + 1. */
  append(text: string, patch: Patch, now: number): void {
    this.#bytes = this.bytesWith(text, patch);
    this.#n += 1;
    this.#text += text;
    this.#appendedAt = now;
    for (const [name, json] of patch) {
      this.#pending.set(name, json);
      this.#changedAt.set(name, this.#n);
    }
    this.#ends.push(this.#text.length);
    if (this.#ends.length <= 2 * REMEMBERED_ENDS) return;
    this.#ends = this.#ends.slice(-REMEMBERED_ENDS);
    this.#endsFrom = this.#n - REMEMBERED_ENDS + 1;
  }

  /** What came since the last delivery. From here on it is delivered. */
  deliver(now: number): Rest {
    const rest = { n: this.#n, text: this.#text.slice(this.#delivered.length), patch: this.#pending };
    for (const [name, json] of this.#pending) setField(this.#fields, name, json);
    this.#pending = new Map();
    this.#delivered = { n: this.#n, length: this.#text.length, at: now };
    this.#json = undefined;
    return rest;
  }

  /** From when on something may be delivered again, in milliseconds. */
  nextDeliveryAt(everyMs: number): number {
    return this.#delivered.at + everyMs;
  }

  /** When what waits may be delivered, in milliseconds; `null`: nothing waits. */
  deliverAt(everyMs: number): number | null {
    return this.hasNews ? this.nextDeliveryAt(everyMs) : null;
  }

  /** What was delivered, as readers have it. */
  get shown(): { readonly n: number; readonly data: string } {
    this.#json ??= this.#encode(this.#fields, this.#text.slice(0, this.#delivered.length));
    return { n: this.#delivered.n, data: this.#json };
  }

  /** All of `data` as JSON. */
  get data(): string {
    if (!this.hasNews) return this.shown.data;
    const fields = new Map(this.#fields);
    for (const [name, json] of this.#pending) setField(fields, name, json);
    return this.#encode(fields, this.#text);
  }

  /** What a reader lacks that has everything up to `n`; `undefined`: that is unknown, so it needs the whole. */
  after(n: number): Rest | undefined {
    const { n: last, length } = this.#delivered;
    const start = this.#ends[n - this.#endsFrom];
    if (n > this.#knownTo || n > last || start === undefined) return undefined;
    const patch = new Map<string, string>();
    for (const [name, at] of this.#changedAt) {
      if (at > n && at <= last) patch.set(name, this.#fields.get(name) ?? "null");
    }
    return { n: last, text: this.#text.slice(start, length), patch };
  }

  /** When a checkpoint is due, in milliseconds; `null`: everything is saved. */
  checkpointAt(): number | null {
    const { n, length, at } = this.#saved;
    if (this.#n === n) return null;
    if (this.#text.length - length >= CHECKPOINT_AFTER_LENGTH)
      return Math.max(this.#saveAgainAt, this.#appendedAt);
    const step = CHECKPOINT_AFTER_MS[this.#checkpoints] ?? CHECKPOINT_AFTER_MS.at(-1) ?? 0;
    return Math.max(this.#saveAgainAt, Math.min(this.#appendedAt + PAUSE_MS, at + step));
  }

  /** It is not ended before, as writing its row failed. */
  get endAgainAt(): number {
    return this.#saveAgainAt;
  }

  /** If the clock was set back, times that are still to come count as now: nothing waits for them. */
  noLaterThan(now: number): void {
    this.touchedAt = Math.min(this.touchedAt, now);
    this.#appendedAt = Math.min(this.#appendedAt, now);
    this.#delivered.at = Math.min(this.#delivered.at, now);
    this.#saved.at = Math.min(this.#saved.at, now);
    this.#saveAgainAt = Math.min(this.#saveAgainAt, now + SAVE_AGAIN_MS);
  }

  /** The row could not be written. */
  saveLater(now: number): void {
    this.#saveAgainAt = now + SAVE_AGAIN_MS;
  }

  /** The row has everything. */
  wasSaved(now: number): void {
    this.#saved = { n: this.#n, length: this.#text.length, at: now };
    this.#checkpoints += 1;
  }

  /** A field as the last append left it; `undefined`: no append or opening named it. */
  #said(name: string): string | undefined {
    return (
      this.#pending.get(name) ?? this.#fields.get(name) ?? (this.#changedAt.has(name) ? "null" : undefined)
    );
  }

  #encode(fields: Patch, text: string): string {
    let json = `{${JSON.stringify(this.field)}:${JSON.stringify(text)}`;
    for (const [name, value] of fields) json += `,${JSON.stringify(name)}:${value}`;
    return `${json}}`;
  }
}

/** If another producer took over, a reader may hold what one before it wrote under the same numbers. */
const knownAtStart = (n: number, producer: number): number => (producer > 1 ? -1 : n);

const fieldBytes = (name: string, json: string | undefined): number =>
  json === undefined ? 0 : utf8Length(`,${JSON.stringify(name)}:${json}`);

function setField(fields: Map<string, string>, name: string, json: string): void {
  if (json === "null") fields.delete(name);
  else fields.set(name, json);
}
