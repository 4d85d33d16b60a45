// The open messages of a room: which there are, when what was appended is delivered, and when it is written. What may be
// done with them is in producing.ts.

import { joinFrames } from "../object/frames.ts";
import { BYTES_A_UNIT, CHANGE, ROW, type Spending } from "../object/spending.ts";
import {
  MAX_OPEN_STREAMS,
  MAX_OPEN_STREAMS_OF_A_USER,
  MAX_PAGE_BYTES,
  matchesTopics,
  type Refusal,
  refuse,
  type Sender,
  type StreamState,
  utf8Length,
} from "../protocol/index.ts";
import { encodeMessage, encodeUpdated } from "./log/message-body.ts";
import type { RoomLog, Target } from "./log/room-log.ts";
import type { LackedStreams, RoomConnection } from "./people/room-connection.ts";
import type { RoomSettings } from "./people/room-settings.ts";
import { OpenStream, type Patch, type Rest, readContent, type StreamContent } from "./streams/open-stream.ts";
import type { Turn } from "./turn.ts";

/** Appends go out this much further apart for each connection, in milliseconds: each is a frame to send. */
const EVERY_MS_A_CONNECTION = 0.65;
/** For the number of its connections alone, a room waits no longer than this. */
const BIG_ROOM_EVERY_MS = 100;
const tooManyOpen = (whose: string, max: number): Refusal =>
  refuse("overloaded", `${whose} at most ${max} open messages here`, { retryAfterMs: 1_000 });
const TOO_MANY_OPEN = tooManyOpen("there are", MAX_OPEN_STREAMS);
const TOO_MANY_OF_YOURS = tooManyOpen("you have", MAX_OPEN_STREAMS_OF_A_USER);

export interface StreamRules {
  readonly settings: RoomSettings;
  readonly log: RoomLog;
  readonly spending: Spending;
  readonly connections: {
    readonly size: number;
    lookAt(now: number): number | null;
    /** These open messages are sent to a connection when it has read what it was sent. */
    sendLater(connection: RoomConnection, streams: LackedStreams): void;
  };
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

/** A message that was stored and is open. */
export interface Opened {
  readonly seq: number;
  readonly event: string;
  readonly from: Sender | null;
  readonly byServer: boolean;
  /** Left out: the default. */
  readonly field?: string | undefined;
  readonly content: StreamContent;
}

/** Which open messages a connection is to be sent, all unless given, and what it has of them. */
export interface WantedStreams {
  /** How far the client has open messages. */
  readonly have?: ReadonlyMap<number, number> | undefined;
  /** Whether a message is among them. */
  isWanted?(seq: number): boolean;
}

export class Streams {
  readonly #rules: StreamRules;
  /** With those that retention or a purge of this flush removed: `#present` is without them. */
  readonly #open = new Map<number, OpenStream>();
  #epoch: string;
  /** Since when producers are silent that were not heard in this life of the object, in milliseconds by `seq`. */
  readonly #silences = new Map<number, number>();
  /** What is stored of that is not so any more. */
  #silencesChanged = false;
  /** Whether no flush has looked at what was open at the start. */
  #isNew: boolean;

  /**
   * Takes in the messages that were open when the object started. Their producers have as long as after an append, if it is
   * not known that they were silent before.
   */
  constructor(rules: StreamRules) {
    this.#rules = rules;
    this.#epoch = rules.log.epoch;
    for (const target of rules.log.openAtStart()) this.#restore(target);
    this.#isNew = this.#open.size > 0;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Whether a flush has to be made for what was open at the start: it says when its producers are silent for too long. */
  get awaitsFlush(): boolean {
    return this.#isNew;
  }

  /** Their `seq`s, ascending. */
  get seqs(): readonly number[] {
    return this.#open.size === 0 ? NO_SEQS : [...this.#present.keys()];
  }

  find(seq: number): OpenStream | undefined {
    return this.#present.get(seq);
  }

  /** Why no further message may be opened, if so. `user`: who wants to; `null` is server code. */
  openingRefusal(user: string | null): Refusal | undefined {
    if (this.#present.size >= MAX_OPEN_STREAMS) return TOO_MANY_OPEN;
    let own = 0;
    for (const { author, byServer } of this.#present.values()) if (!byServer && author === user) own += 1;
    return own >= MAX_OPEN_STREAMS_OF_A_USER ? TOO_MANY_OF_YOURS : undefined;
  }

  /** A message was stored that is open. */
  opened({ seq, event, from, byServer, field, content }: Opened, now: number): void {
    const author = from?.id ?? "";
    const opening = { seq, event, author, byServer, field, content, n: 0, producer: 1, openedAt: now };
    this.#present.set(seq, new OpenStream(opening));
  }

  /** The message as it is now: that of the log has the text of the last checkpoint. */
  current(target: Target): Target {
    const stream = this.find(target.seq);
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
    this.#spend(stream, ROW, data);
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
    this.#spend(stream, CHANGE, data);
    turn.delivery.emit(
      { kind: "stored", event: stream.event },
      encodeUpdated({ seq, at: turn.now, by }, body),
    );
    return { seq, target };
  }

  /** Ends the open message that the next message retires: its readers would wait for more without end. */
  endRetired(turn: Turn): Target | undefined {
    if (this.#open.size === 0) return undefined;
    const { nextRetired } = this.#rules.log;
    const stream = nextRetired === undefined ? undefined : this.find(nextRetired);
    return stream && this.#interrupt(stream, turn);
  }

  /** Ends the open messages up to `seq`, which are about to be removed. */
  endUpTo(seq: number, turn: Turn): readonly Target[] {
    if (this.#open.size === 0) return [];
    const removed = [...this.#present.values()].filter((stream) => stream.seq <= seq);
    return removed.map((stream) => this.#interrupt(stream, turn)).filter((target) => target !== undefined);
  }

  #interrupt(stream: OpenStream, turn: Turn): Target | undefined {
    return this.end(stream, { state: "interrupted", data: stream.data, by: null }, turn)?.target;
  }

  /** A message of a page, encoded as it is stored: with what was appended since its row was written. */
  inPage(event: string): string {
    if (this.#open.size === 0) return event;
    const [, seq] = /^\{"type":"message","seq":(\d+)/.exec(event) ?? [];
    const target = this.find(Number(seq)) && this.#rules.log.find(Number(seq));
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
    this.#isNew = false;
    if (this.#open.size === 0) return;
    for (const stream of [...this.#present.values()]) {
      try {
        this.#advance(stream, turn, ended);
      } catch (error) {
        stream.saveLater(turn.now);
        this.#rules.reportFault(error);
      }
      const deliverAt = this.#open.has(stream.seq) ? stream.deliverAt(this.#everyMs) : null;
      if (deliverAt !== null && deliverAt <= turn.now) this.#emit(stream, turn);
    }
    this.#writeSilences();
  }

  #advance(stream: OpenStream, turn: Turn, ended: (target: Target, turn: Turn) => void): void {
    const { now } = turn;
    stream.noLaterThan(now);
    if (this.#endAt(stream) <= now) {
      const target = this.#interrupt(stream, turn);
      if (target !== undefined) ended(target, turn);
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
    due = Math.min(due, this.#rules.connections.lookAt(now) ?? due);
    return due === Number.POSITIVE_INFINITY ? null : due;
  }

  /** When the first producer will have been silent for too long, in milliseconds; `null`: nothing is open. */
  get endsAt(): number | null {
    if (this.#open.size === 0) return null;
    return Math.min(...Array.from(this.#open.values(), (stream) => this.#endAt(stream)));
  }

  /**
   * The open messages of its topics as this connection has to be sent them, encoded. What does not fit in a page is sent when
   * the connection has read it.
   */
  framesFor(
    connection: RoomConnection,
    { have = NOTHING, isWanted = () => true }: WantedStreams = {},
  ): string[] {
    const { topics, isCall } = connection.state;
    if (this.#open.size === 0 || isCall) return [];
    const events: string[] = [];
    const later = new Set<number>();
    let left = MAX_PAGE_BYTES;
    for (const stream of this.#present.values()) {
      if (!matchesTopics(topics, stream.event) || !isWanted(stream.seq)) continue;
      const event = lackedBy(have.get(stream.seq), stream);
      if (event === undefined) continue;
      const bytes = utf8Length(event);
      if (bytes > left && events.length > 0) later.add(stream.seq);
      else events.push(event);
      left -= bytes;
    }
    if (later.size > 0) this.#rules.connections.sendLater(connection, later);
    return events;
  }

  /** The end of a replay, with the open messages in the same frame where they fit: no reader sees one without the other. */
  liveFrames(connection: RoomConnection, end: string, have?: ReadonlyMap<number, number>): string[] {
    const events = this.framesFor(connection, { have });
    return events.length === 0 ? [end] : joinFrames([end, ...events], connection);
  }

  /** What a user's message costs, in millionths of a dollar: `units`, and its bytes. */
  #spend({ author, byServer }: OpenStream, units: number, data: string): void {
    if (!byServer) this.#rules.spending.add(author, units + data.length / BYTES_A_UNIT);
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

  #restore({ seq, event, author, byServer, meta, data }: Target): void {
    const { field, n = 0, producer = 1 } = meta;
    const content = readContent(data, field);
    if (!content.ok) {
      // The room starts all the same.
      this.#rules.reportFault(new Error(`the open message ${seq} cannot be read`));
      return;
    }
    const opening = { seq, event, author, byServer, field, n, producer, openedAt: undefined };
    const stream = new OpenStream({ ...opening, content: content.value });
    this.#open.set(seq, stream);
    const since = this.#rules.log.silenceOf(seq);
    if (since === undefined) return;
    this.#silences.set(seq, since);
    stream.touchedAt = since;
  }

  #emit(stream: OpenStream, turn: Turn): void {
    if (!stream.hasNews) return;
    const json = encodeAppend(stream.seq, stream.deliver(turn.now));
    turn.delivery.emit({ kind: "append", event: stream.event, target: stream.seq }, json);
  }

  /** The open messages that the log has. After a purge other messages have their `seq`s. */
  get #present(): Map<number, OpenStream> {
    const { epoch, floor } = this.#rules.log;
    if (epoch !== this.#epoch) {
      this.#open.clear();
      this.#epoch = epoch;
    }
    for (const seq of this.#open.keys()) if (seq <= floor) this.#open.delete(seq);
    return this.#open;
  }
}

const NOTHING: ReadonlyMap<number, number> = new Map();
const NO_SEQS: readonly number[] = [];

const encodeStream = ({ seq, shown: { n, data } }: OpenStream): string =>
  `{"type":"stream","seq":${seq},"n":${n},"data":${data}}`;

/** What a reader that has `n` appends lacks, encoded; `undefined`: nothing. */
function lackedBy(n: number | undefined, stream: OpenStream): string | undefined {
  const rest = n === undefined ? undefined : stream.after(n);
  if (rest === undefined) return encodeStream(stream);
  return rest.n === n ? undefined : encodeAppend(stream.seq, rest);
}

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
