// The open messages of a room: which there are, when what was appended is delivered, and when it is written. What may be
// done with them is in producing.ts.

import { joinFrames } from "../object/frames.ts";
import { BYTES_A_UNIT, ROW, type Spending } from "../object/spending.ts";
import {
  MAX_OPEN_STREAMS,
  matchesTopics,
  type Refusal,
  refuse,
  type StreamState,
} from "../protocol/index.ts";
import { encodeMessage, encodeUpdated } from "./log/message-body.ts";
import type { RoomLog, Target } from "./log/room-log.ts";
import type { RoomConnection } from "./people/room-connection.ts";
import type { RoomSettings } from "./people/room-settings.ts";
import { OpenStream, type Patch, type Rest } from "./streams/open-stream.ts";
import type { Turn } from "./turn.ts";

/** Appends go out this much further apart for each connection, in milliseconds: each is a frame to send. */
const EVERY_MS_A_CONNECTION = 0.7;
/** For the number of its connections alone, a room waits no longer than this. */
const BIG_ROOM_EVERY_MS = 100;
/** While a reader is behind, it is looked at this often. */
const LOOK_AGAIN_MS = 250;
const TOO_MANY_OPEN = refuse("overloaded", `a room has at most ${MAX_OPEN_STREAMS} open messages`, {
  retryAfterMs: 1_000,
});

export interface StreamRules {
  readonly settings: RoomSettings;
  readonly log: RoomLog;
  readonly spending: Spending;
  readonly connections: { readonly size: number; readonly areBehind: boolean };
  /** A row could not be written. The room goes on. */
  reportFault(error: unknown): void;
}

/** How a message ends. */
export interface Ending {
  readonly state: StreamState;
  /** As JSON. */
  readonly data: string;
  /** User id; `null`: server code, or the room itself. */
  readonly by: string | null;
}

/** The place of a page in the log: messages with `from` ≤ seq < `before`. */
export interface PageSpan {
  readonly from: number;
  readonly before: number;
}

export class Streams {
  readonly #rules: StreamRules;
  readonly #open = new Map<number, OpenStream>();
  #epoch: string;
  /** Since when producers are silent that were not heard in this life of the object, in milliseconds by `seq`. */
  readonly #silences = new Map<number, number>();
  /** What is stored of that is not so any more. */
  #silencesChanged = false;

  /**
   * Takes in the messages that were open when the object started. Their producers have as long as after an append, if it is
   * not known that they were silent before.
   */
  constructor(rules: StreamRules) {
    this.#rules = rules;
    this.#epoch = rules.log.epoch;
    for (const target of rules.log.openAtStart()) {
      const stream = this.#add(target, undefined);
      const since = rules.log.silenceOf(target.seq);
      if (since === undefined) continue;
      this.#silences.set(target.seq, since);
      stream.touchedAt = since;
    }
  }

  get size(): number {
    return this.#open.size;
  }

  /** Their `seq`s, ascending. */
  get seqs(): readonly number[] {
    return this.#open.size === 0 ? NO_SEQS : [...this.#open.keys()];
  }

  find(seq: number): OpenStream | undefined {
    return this.#open.get(seq);
  }

  /** Why no further message may be opened, if so. */
  get openingRefusal(): Refusal | undefined {
    return this.#open.size >= MAX_OPEN_STREAMS ? TOO_MANY_OPEN : undefined;
  }

  /** A message was stored that is open. */
  opened(seq: number, now: number): void {
    const target = this.#rules.log.find(seq);
    if (target !== undefined) this.#add(target, now);
  }

  /** The message as it is now: that of the log has the text of the last checkpoint. */
  current(target: Target): Target {
    const stream = this.#open.get(target.seq);
    if (stream === undefined) return target;
    const { n, producer: _, ...meta } = target.meta;
    return {
      ...target,
      meta: { ...meta, n: stream.n, ...(stream.producer > 1 && { producer: stream.producer }) },
      data: stream.data,
    };
  }

  /** The row of an open message was written, with all that `current` says; readers must not have less than a page. */
  wasWritten(seq: number, turn: Turn): void {
    const stream = this.#open.get(seq);
    if (stream === undefined) return;
    stream.wasSaved(turn.now);
    this.#emit(stream, turn);
  }

  /** A message is not open any more, and its row says so. */
  closed(seq: number): void {
    this.#open.delete(seq);
  }

  /** Writes the row of an open message. */
  save(stream: OpenStream, turn: Turn): void {
    const target = this.#rules.log.find(stream.seq);
    if (target === undefined) {
      this.#open.delete(stream.seq);
      return;
    }
    const { meta, data } = this.current(target);
    this.#rules.log.rewrite(target, meta, data);
    if (stream.author !== "") this.#rules.spending.add(stream.author, ROW + data.length / BYTES_A_UNIT);
    this.wasWritten(stream.seq, turn);
  }

  /** Ends an open message: a change of it. Returns the `seq` of the change, and the message as it was. */
  end(
    stream: OpenStream,
    { state, data, by }: Ending,
    turn: Turn,
  ): { seq: number; target: Target } | undefined {
    const { log } = this.#rules;
    const target = log.find(stream.seq);
    if (target === undefined) {
      this.#open.delete(stream.seq);
      return undefined;
    }
    const { n: _, field: __, producer: ___, ...meta } = target.meta;
    const { seq, body } = log.change(target, { meta: { ...meta, stream: state }, data, by }, turn.now);
    this.#open.delete(stream.seq);
    turn.delivery.emit(
      { kind: "stored", event: stream.event },
      encodeUpdated({ seq, at: turn.now, by }, body),
    );
    return { seq, target };
  }

  /** The text of a message as all of `messages` of a page is: with what was appended since its row was written. */
  inPage(event: string): string {
    if (this.#open.size === 0) return event;
    const [, seq] = /^\{"type":"message","seq":(\d+)/.exec(event) ?? [];
    const target = this.#open.has(Number(seq)) ? this.#rules.log.find(Number(seq)) : undefined;
    if (target === undefined) return event;
    const { meta, data } = this.current(target);
    return encodeMessage(meta, data);
  }

  /**
   * The alarm went off, and a flush follows. An object that sleeps forgets when it heard a producer last: if it did not hear
   * it since it started, it notes that for the next start. Else the time would begin anew at each alarm.
   */
  onAlarm(now: number): void {
    for (const { seq, isHeard, touchedAt } of this.#open.values()) {
      if (isHeard || this.#silences.has(seq)) continue;
      this.#silences.set(seq, Math.min(touchedAt, now));
      this.#silencesChanged = true;
    }
  }

  /** In each flush, after what arrived took effect: delivers, writes and ends what is due. */
  advance(turn: Turn, ended: (target: Target, turn: Turn) => void): void {
    if (this.#open.size === 0) return;
    this.#forgetRetired();
    for (const stream of [...this.#open.values()]) {
      try {
        this.#advance(stream, turn, ended);
      } catch (error) {
        stream.saveLater(turn.now);
        this.#rules.reportFault(error);
      }
      if ((stream.deliverAt(this.#everyMs) ?? Number.POSITIVE_INFINITY) <= turn.now) this.#emit(stream, turn);
    }
    this.#writeSilences();
  }

  #advance(stream: OpenStream, turn: Turn, ended: (target: Target, turn: Turn) => void): void {
    const { now } = turn;
    // If the clock was set back, the time before is unknown.
    if (stream.touchedAt > now) stream.touchedAt = now;
    if (this.#endAt(stream) <= now) {
      const done = this.end(stream, { state: "interrupted", data: stream.data, by: null }, turn);
      if (done !== undefined) ended(done.target, turn);
    } else if ((stream.checkpointAt() ?? Number.POSITIVE_INFINITY) <= now) this.save(stream, turn);
  }

  /** From when on appends to this message are delivered again, in milliseconds; `undefined`: it is not open. */
  nextDeliveryAt(seq: number): number | undefined {
    return this.find(seq)?.nextDeliveryAt(this.#everyMs);
  }

  /** When something is due if nothing arrives, in milliseconds; `null`: nothing. Some seconds ahead at most. */
  dueAt(now: number): number | null {
    let due = Number.POSITIVE_INFINITY;
    for (const stream of this.#open.values())
      due = Math.min(due, stream.deliverAt(this.#everyMs) ?? due, stream.checkpointAt() ?? due);
    if (this.#open.size > 0 && this.#rules.connections.areBehind) due = Math.min(due, now + LOOK_AGAIN_MS);
    return due === Number.POSITIVE_INFINITY ? null : due;
  }

  /** When the first producer will have been silent for too long, in milliseconds; `null`: nothing is open. */
  get endsAt(): number | null {
    if (this.#open.size === 0) return null;
    return Math.min(...Array.from(this.#open.values(), (stream) => this.#endAt(stream)));
  }

  /**
   * The open messages as this connection has to be sent them, encoded: those of its topics, in a page if one is given. `have`:
   * how far it has them.
   */
  framesFor(
    connection: RoomConnection,
    have: ReadonlyMap<number, number> = NOTHING,
    page?: PageSpan,
  ): string[] {
    const { topics, isCall } = connection.state;
    if (this.#open.size === 0 || isCall) return [];
    this.#forgetRetired();
    const events: string[] = [];
    for (const stream of this.#open.values()) {
      const { seq, event } = stream;
      if (!matchesTopics(topics, event)) continue;
      if (page !== undefined && (seq < page.from || seq >= page.before)) continue;
      const n = have.get(seq);
      const rest = n === undefined ? undefined : stream.after(n);
      if (rest === undefined) events.push(encodeStream(stream));
      else if (rest.n !== n) events.push(encodeAppend(seq, rest));
    }
    return events;
  }

  /** The end of a replay, with the open messages in the same frame where they fit: no reader sees one without the other. */
  liveFrames(connection: RoomConnection, end: string, have?: ReadonlyMap<number, number>): string[] {
    const events = this.framesFor(connection, have);
    return events.length === 0 ? [end] : joinFrames([end, ...events], "", connection.frameBytes);
  }

  /** When its producer will have been silent for too long, and the message ends. */
  #endAt(stream: OpenStream): number {
    return Math.max(stream.touchedAt + this.#rules.settings.streamTimeoutMs, stream.endAgainAt);
  }

  /**
   * How long a producer gathers, in milliseconds: a little longer than `#everyMs`. At the same pace an append that came too
   * early once would make all later ones wait too.
   */
  get paceMs(): number {
    return Math.ceil(1.1 * this.#everyMs);
  }

  /** How far apart appends reach the readers, in milliseconds. */
  get #everyMs(): number {
    const { settings, connections } = this.#rules;
    const forSize = Math.min(BIG_ROOM_EVERY_MS, Math.floor(EVERY_MS_A_CONNECTION * connections.size));
    return Math.max(settings.streamEveryMs, forSize);
  }

  /** A row: for a producer that was silent over an alarm and a sleep, and one more if it is heard again. */
  #writeSilences(): void {
    for (const seq of this.#silences.keys()) {
      const stream = this.#open.get(seq);
      if (stream !== undefined && !stream.isHeard) continue;
      this.#silences.delete(seq);
      this.#silencesChanged = true;
    }
    if (!this.#silencesChanged) return;
    try {
      this.#rules.log.writeSilences(this.#silences);
      this.#silencesChanged = false;
    } catch (error) {
      this.#rules.reportFault(error);
    }
  }

  #add(target: Target, openedAt: number | undefined): OpenStream {
    const { seq, event, author, byServer, meta, data } = target;
    const { field, n = 0, producer = 1 } = meta;
    const stream = new OpenStream({ seq, event, author, byServer, field, data, n, producer, openedAt });
    this.#open.set(seq, stream);
    return stream;
  }

  #emit(stream: OpenStream, turn: Turn): void {
    if (!stream.hasNews) return;
    const json = encodeAppend(stream.seq, stream.deliver(turn.now));
    turn.delivery.emit({ kind: "append", event: stream.event }, json);
  }

  /** Retention or a purge has removed the message. */
  #forgetRetired(): void {
    const { epoch, floor } = this.#rules.log;
    if (epoch !== this.#epoch) {
      this.#open.clear();
      this.#epoch = epoch;
    }
    for (const seq of this.#open.keys()) if (seq <= floor) this.#open.delete(seq);
  }
}

const NOTHING: ReadonlyMap<number, number> = new Map();
const NO_SEQS: readonly number[] = [];

const encodeStream = ({ seq, shown: { n, data } }: OpenStream): string =>
  `{"type":"stream","seq":${seq},"n":${n},"data":${data}}`;

const encodeAppend = (seq: number, { n, text, patch }: Rest): string =>
  `{"type":"append","seq":${seq},"n":${n},"text":${JSON.stringify(text)}${encodePatch(patch)}}`;

function encodePatch(patch: Patch): string {
  if (patch.size === 0) return "";
  return `,"patch":{${Array.from(patch, ([name, json]) => `${JSON.stringify(name)}:${json}`).join(",")}}`;
}

/** `57:12,60:3`: how far a client has open messages. What cannot be read counts as nothing. */
export function parseHave(have: string | undefined): ReadonlyMap<number, number> {
  const known = new Map<number, number>();
  for (const part of (have ?? "").split(",").slice(0, MAX_OPEN_STREAMS)) {
    const [, seq, n] = /^(\d{1,16}):(\d{1,16})$/.exec(part) ?? [];
    if (seq !== undefined && n !== undefined) known.set(Number(seq), Number(n));
  }
  return known;
}
