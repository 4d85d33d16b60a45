// Writes one open message. Appends go out ahead of their answers; from time to time one asks how far the room is. After
// a lost connection or a refusal the room is asked first, and the rest goes on from there.
// Invariant: an append has the same text however often it is sent, they go out in order, and `finish` goes out only once
// the room has all of them.

import {
  type Answer,
  APPEND_RESULT,
  type AppendCommand,
  type AppendResult,
  CHANGE_RESULT,
  type ChangeResult,
  type Command,
  type Finish,
  isRecord,
  type Message,
} from "../../../src/protocol/index.ts";
import { backoffMs } from "../../connection/retry.ts";
import { bytesOf, type OnAnswer } from "../../connection/transport/commands.ts";
import { isTemporary, RoomsError, type RoomsErrorCode } from "../../util/errors.ts";
import type { Cancel, Ports } from "../../util/ports.ts";
import { jsonCopy, resultOf } from "../../util/wire.ts";
import { type PatchFields, type Piece, Pieces } from "./pieces.ts";

/** The room, as a producer sees it. */
export interface ProducerPort {
  readonly live: boolean;
  /** Of one append as JSON, in UTF-8. */
  readonly messageBytes: number;
  /** `onAnswer` gets `undefined` where the connection is lost. */
  request(command: Command & { readonly id: string }, onAnswer: OnAnswer): void;
  send(command: Command): void;
  held(seq: number): Message | undefined;
}

export interface ProducerStart {
  readonly seq: number;
  /** `undefined`: the one that opened the message. */
  readonly producer?: number;
  /** Whose text grows. */
  readonly field: string;
  /** What is in the message already: so many appends, and this text. */
  readonly n: number;
  readonly text: string;
}

type Phase =
  /** For a connection, or until the room may be asked again. */
  | { readonly name: "waiting" }
  /** How far the room is: until it is known nothing goes out. */
  | { readonly name: "asking" | "finishing" }
  | { readonly name: "sending" }
  | { readonly name: "over"; readonly error: RoomsError };

interface Ending {
  readonly status: Finish;
  readonly data?: unknown;
  readonly resolve: (result: ChangeResult) => void;
  readonly reject: (error: RoomsError) => void;
  isSent: boolean;
}

/** How much one append has at most, in UTF-16 units; as JSON each takes at most 6 bytes. */
const MAX_PIECE = 4_096;
const BYTES_A_UNIT = 6;
/** What is under way is bounded: more of it would be dropped where the room refuses one. */
const WINDOW = 65_536;
const MIN_WINDOW = 8_192;
/** A source is not read on while more waits to be saved. */
const MAX_AHEAD = 262_144;
const ASK_EVERY_MS = 2_000;
/**
 * The room ends a message of which it hears nothing for 60 s. The timer is set when an answer comes: of timers that set each
 * other Chrome runs those of a hidden page once a minute only, and all others once a second.
 */
const KEEP_ALIVE_MS = 20_000;
const RETRY_LIMITS = { minMs: 250, maxMs: 10_000 };
/** These end an answer. Of others another try is made, or only what was asked is refused. */
const ENDS: readonly RoomsErrorCode[] = ["taken_over", "not_open", "not_found", "forbidden"];

export class Producer {
  readonly seq: number;
  readonly stop = new AbortController();
  readonly #room: ProducerPort;
  readonly #ports: Ports;
  readonly #onOver: () => void;
  readonly #field: string;
  readonly #place: { readonly seq: number; readonly producer?: number };
  #text: string;
  #pieces: Pieces;
  /** The last append that the room is known to have, and the last that was sent. */
  #taken: number;
  #sent: number;
  #window = WINDOW;
  /** Up to where, and when, the room was asked last. */
  #askedEnd = 0;
  #askedAt: number;
  /** How long appends are gathered, as the room said when it was asked, and when the last one was cut. */
  #paceMs = 0;
  #cutAt = Number.NEGATIVE_INFINITY;
  #phase: Phase = { name: "sending" };
  #ending: Ending | undefined;
  /** Why the room takes no more text. */
  #refusal: RoomsError | undefined;
  /** In a row, without an append that was taken. */
  #refusals = 0;
  #stoppedBy: string | null | undefined;
  #readers: Omit<Ending, "status" | "isSent">[] = [];
  #cancelTurn: Cancel | undefined;
  #cancelTimer: Cancel = () => {};

  constructor(
    room: ProducerPort,
    ports: Ports,
    { seq, producer, field, n, text }: ProducerStart,
    onOver: () => void,
  ) {
    this.seq = seq;
    this.#room = room;
    this.#ports = ports;
    this.#onOver = onOver;
    this.#field = field;
    this.#place = { seq, ...(producer !== undefined && { producer }) };
    this.#text = text;
    this.#pieces = new Pieces(n);
    this.#taken = n;
    this.#sent = n;
    this.#askedAt = ports.clock.elapsed();
    this.#planAsk();
  }

  get text(): string {
    return this.#text;
  }

  /** Who asks to stop; `undefined`: nobody. */
  get stoppedBy(): string | null | undefined {
    return this.#stoppedBy;
  }

  append(text: string): void {
    if (typeof text !== "string") throw new RoomsError("bad_request", "What is appended is a text.");
    this.#admit(text.length);
    if (text === "") return;
    this.#text += text;
    this.#pieces.say(text);
    this.#goAfterTurn();
  }

  patch(fields: PatchFields): void {
    const patch = jsonCopy<PatchFields>(fields);
    const bytes = bytesOf(JSON.stringify(patch));
    if (!isRecord(patch) || Object.hasOwn(patch, this.#field))
      throw new RoomsError("bad_request", "A patch has fields beside the text, which is appended to.");
    if (bytes > this.#room.messageBytes) throw new RoomsError("too_large", "The patch is too large.");
    this.#admit(bytes);
    this.#cut();
    this.#pieces.set(patch, bytes);
    this.#goAfterTurn();
  }

  finish(status: Finish, data: unknown): Promise<ChangeResult> {
    return new Promise((resolve, reject) => {
      if (this.#phase.name === "over") throw this.#phase.error;
      if (this.#ending !== undefined) throw finished();
      // It would be said to be complete, and is not.
      if (this.#refusal !== undefined && status === "complete" && data === undefined) throw this.#refusal;
      const said = jsonCopy<Pick<Ending, "status" | "data">>({ status, ...(data !== undefined && { data }) });
      this.#ending = { ...said, resolve, reject, isSent: false };
      this.#cut(true);
      this.#go();
    });
  }

  /** Resolves when a source may be read on. */
  mayReadOn(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#admit(0);
      this.#readers.push({ resolve: () => resolve(), reject });
      this.#letRead();
      this.#planAsk();
    });
  }

  onStop(by: string | null): void {
    this.#stoppedBy = by;
    this.stop.abort();
  }

  /** A connection is live. */
  onLive(): void {
    if (this.#phase.name !== "over") this.#ask();
  }

  /** The room has shown so many appends: less than were sent where it had a crash that the connection outlived. */
  onStream(n: number): void {
    if (n < this.#sent && this.#phase.name === "sending") this.#ask();
  }

  /** An append was refused that had no `id`. */
  onRefusal(error: RoomsError): void {
    // While the room is asked, its answer tells all.
    if (this.#phase.name !== "sending") return;
    // It may be meant for the producer before this one, on the same page.
    if (error.code === "taken_over") this.#ask();
    else this.#onRefusal(error);
  }

  fail(error: RoomsError): void {
    if (this.#phase.name === "over") return;
    this.#end(error);
    this.stop.abort(error);
  }

  /** Throws where nothing can be added. */
  #admit(length: number): void {
    if (this.#phase.name === "over") throw this.#phase.error;
    if (this.#refusal !== undefined) throw this.#refusal;
    if (this.#ending !== undefined) throw finished();
    this.#pieces.admit(length);
  }

  #goAfterTurn(): void {
    const { clock } = this.#ports;
    // What went out sooner would reach the readers no sooner.
    const inMs = Math.max(0, this.#cutAt + this.#paceMs - clock.elapsed());
    this.#cancelTurn ??= clock.after(inMs, () => {
      this.#cutAt = clock.elapsed();
      this.#cut();
      this.#go();
    });
  }

  #cut(isEnd = false): void {
    this.#cancelTurn?.();
    this.#cancelTurn = undefined;
    const fitting = Math.floor(this.#room.messageBytes / BYTES_A_UNIT);
    this.#pieces.cut(Math.max(2, Math.min(MAX_PIECE, fitting)), isEnd);
  }

  #go(): void {
    const pieces = this.#pieces;
    if (this.#phase.name !== "sending" || !this.#room.live) return;
    for (;;) {
      const piece = pieces.after(this.#sent);
      const underWay = pieces.endOf(this.#sent) - pieces.endOf(this.#taken);
      if (piece === undefined || underWay >= this.#window) break;
      this.#send(piece);
    }
    if (this.#ending !== undefined && this.#taken === pieces.n) this.#finish(this.#ending);
    // The last one went out before it was known to be that.
    else if (this.#ending !== undefined && this.#sent === pieces.n && this.#askedEnd < pieces.endOf(pieces.n))
      this.#ask();
    else this.#planAsk();
  }

  #send({ n, text, patch, end }: Piece): void {
    const { clock, newId } = this.#ports;
    const now = clock.elapsed();
    const isLast = this.#ending !== undefined && n === this.#pieces.n;
    const command: AppendCommand = {
      type: "append",
      ...this.#place,
      n,
      ...(text !== "" && { text }),
      ...(patch !== undefined && { patch }),
    };
    this.#sent = n;
    if (!isLast && end - this.#askedEnd < this.#window / 4 && now - this.#askedAt < ASK_EVERY_MS) {
      this.#room.send(command);
      return;
    }
    this.#askedEnd = end;
    this.#askedAt = now;
    this.#room.request({ ...command, id: newId(), ack: true }, (answer) => this.#onAnswer(answer));
  }

  #onAnswer(answer: Answer | undefined): void {
    if (this.#phase.name !== "sending") return;
    const result = answer && resultOf(answer, APPEND_RESULT);
    if (result === undefined) this.#phase = { name: "waiting" };
    else if (result instanceof RoomsError) this.#onRefusal(result);
    else {
      this.#window = Math.min(WINDOW, this.#window + MAX_PIECE);
      this.#onResult(result);
    }
  }

  /** How far the message is. What says it is a sign of life too, and adds nothing: all have the append 0. */
  #ask(): void {
    const { newId, clock } = this.#ports;
    const asking: Phase = { name: this.#room.live ? "asking" : "waiting" };
    this.#cancelTimer();
    this.#phase = asking;
    if (asking.name === "waiting") return;
    const command = { type: "append", id: newId(), ...this.#place, n: 0, ack: true } as const;
    this.#room.request(command, (answer) => {
      if (this.#phase !== asking) return;
      const result = answer && resultOf(answer, APPEND_RESULT);
      if (result === undefined) this.#phase = { name: "waiting" };
      // It may have been finished from here, whose answer was lost.
      else if (result instanceof RoomsError && result.code === "not_open" && this.#ending?.isSent)
        this.#finish(this.#ending);
      else if (result instanceof RoomsError) {
        if (isTemporary(result)) this.#onRefusal(result);
        else this.fail(result);
      } else if (!this.#pieces.reachesBackTo(result.n)) this.fail(astray());
      else {
        if (this.#refusal !== undefined) this.#pieces.dropAfter(result.n);
        this.#sent = result.n;
        this.#askedEnd = this.#pieces.endOf(result.n);
        this.#askedAt = clock.elapsed();
        this.#phase = { name: "sending" };
        this.#onResult(result);
      }
    });
  }

  #onResult({ n, saved, paceMs = 0, stop }: AppendResult): void {
    this.#paceMs = paceMs;
    if (n > this.#taken) this.#refusals = 0;
    this.#taken = n;
    this.#pieces.saved(saved);
    this.#letRead();
    if (stop !== undefined) this.onStop(stop);
    this.#go();
  }

  #onRefusal(error: RoomsError): void {
    const { code, retryAfterMs = 0 } = error;
    if (ENDS.includes(code)) this.fail(error);
    else if (isTemporary(error) || code === "gap") {
      if (code === "rate_limited") this.#window = Math.max(MIN_WINDOW, this.#window / 2);
      this.#askLater(retryAfterMs);
    } else {
      this.#refusal = error;
      this.#reject(error);
      this.#ask();
    }
  }

  #askLater(afterMs: number): void {
    const { clock, random } = this.#ports;
    this.#phase = { name: "waiting" };
    this.#cancelTimer();
    this.#cancelTimer = clock.after(afterMs + backoffMs(this.#refusals++, RETRY_LIMITS, random), () =>
      this.#ask(),
    );
  }

  /** The next question, unless appends ask before. */
  #planAsk(): void {
    if (this.#phase.name !== "sending") return;
    this.#cancelTimer();
    const inMs = this.#readers.length > 0 ? ASK_EVERY_MS : KEEP_ALIVE_MS;
    this.#cancelTimer = this.#ports.clock.after(inMs, () => this.#ask());
  }

  #finish(ending: Ending): void {
    const { status, data } = ending;
    const finishing: Phase = { name: "finishing" };
    this.#cancelTimer();
    this.#phase = finishing;
    ending.isSent = true;
    const said = { ...this.#place, status, ...(data !== undefined && { data }) };
    this.#room.request({ type: "finish", id: this.#ports.newId(), ...said }, (answer) => {
      if (this.#phase !== finishing) return;
      const result = answer && resultOf(answer, CHANGE_RESULT);
      if (result === undefined) this.#phase = { name: "waiting" };
      else if (!(result instanceof RoomsError)) {
        this.#ending = undefined;
        this.#end(finished());
        // 0: an earlier try had finished it.
        ending.resolve({ seq: result.seq || (this.#room.held(this.seq)?.changed ?? 0) });
      } else if (ENDS.includes(result.code)) this.fail(result);
      else if (isTemporary(result)) this.#askLater(result.retryAfterMs ?? 0);
      else {
        this.#phase = { name: "sending" };
        this.#reject(result);
        this.#planAsk();
      }
    });
  }

  #end(error: RoomsError): void {
    this.#phase = { name: "over", error };
    this.#cancelTurn?.();
    this.#cancelTimer();
    this.#pieces = new Pieces(this.#pieces.n);
    this.#onOver();
    this.#reject(error);
  }

  /** Whatever waits for the room. */
  #reject(error: RoomsError): void {
    const waiting = [...this.#readers, ...(this.#ending ? [this.#ending] : [])];
    this.#readers = [];
    this.#ending = undefined;
    for (const { reject } of waiting) reject(error);
  }

  #letRead(): void {
    if (this.#pieces.unsaved > MAX_AHEAD) return;
    const readers = this.#readers;
    this.#readers = [];
    for (const { resolve } of readers) resolve({ seq: 0 });
  }
}

const finished = () => new RoomsError("not_open", "The answer is finished.");

/** The message has another number of appends than any that this producer could have left. */
const astray = () => new RoomsError("taken_over", "The message is not as this producer left it.");
