// How far this user has read, and how many messages are left. The server counts and says so with each connection; in
// between, the client counts the events along.
// Invariant: at most one `read` a second is sent, and the last `mark` is always sent, if need be by the next connection.

import {
  MAX_UNREAD,
  type Message,
  READ_RESULT,
  type ReadResult,
  type RoomConnected,
  type RoomEvent,
} from "../../src/protocol/index.ts";
import type { ResumeKind } from "../connection/types.ts";
import { isTemporary, RoomsError } from "../util/errors.ts";
import type { Cancel, Clock } from "../util/ports.ts";
import { resultOf } from "../util/wire.ts";
import type { EnginePort } from "./messages/changes.ts";

const MIN_BETWEEN_MS = 1_000;

/** One id is enough: there is never a second `read` before the answer to the first. */
const ID = "read";

/** The calls of `mark` for one place that are not answered. */
class Mark {
  seq: number;
  readonly promise: Promise<ReadResult>;
  resolve: (result: ReadResult) => void = () => {};
  reject: (error: RoomsError) => void = () => {};

  constructor(seq: number) {
    this.seq = seq;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }
}

export class ReadPosition {
  readonly #clock: Clock;
  readonly #room: EnginePort;
  #epoch: string | undefined;
  /** How far this user has read; `undefined` until the server said so: until then nothing is counted. */
  #seq: number | undefined;
  #unread = 0;
  /** The server counted the events up to here when the connection began. */
  #countedUpTo = 0;
  #marks: readonly Mark[] = [];
  /** The place to send again, because the server may know a lower one or another count; 0 only asks. */
  #again: number | undefined;
  #isAsking = false;
  /** Runs until the next `read` may be sent. */
  #cancelPause: Cancel | undefined;

  constructor(clock: Clock, room: EnginePort) {
    this.#clock = clock;
    this.#room = room;
  }

  get unread(): number {
    return this.#unread;
  }

  /** How far this user is known to have read; 0 until the server said so. */
  get known(): number {
    return this.#seq ?? 0;
  }

  /** The highest place that is marked and not answered; 0: there is none. */
  get wanted(): number {
    return Math.max(0, ...this.#marks.map(({ seq }) => seq));
  }

  async mark(seq: number): Promise<ReadResult> {
    if (!Number.isSafeInteger(seq) || seq < 0) {
      throw new RoomsError("bad_request", "This is no place in a log.");
    }
    if (this.#room.live && this.#room.self === undefined) throw anonymous();
    if (this.#seq !== undefined && seq <= this.#seq) return { seq: this.#seq, unread: this.#unread };
    // It may be called with each scroll, and offline the answer takes long.
    const further = this.#marks.find((mark) => mark.seq >= seq);
    if (further !== undefined) return further.promise;
    const mark = new Mark(seq);
    this.#marks = [...this.#marks, mark];
    // Shown at once: the answer may take a moment, or offline a long time.
    if (this.#showsAllRead()) this.#unread = 0;
    this.#ask();
    return mark.promise;
  }

  /** To be called after the state began: the server has counted everything up to `head`. */
  begin({ epoch, head, read }: RoomConnected, resume: ResumeKind): void {
    this.#countedUpTo = read === undefined ? 0 : head;
    const isOtherLog = this.#epoch !== undefined && this.#epoch !== epoch;
    // A place in another log is none in this one: such a mark only asks.
    if (isOtherLog) for (const mark of this.#marks) mark.seq = 0;
    this.#epoch = epoch;
    // In the same log it is true although the messages are lost, and perhaps only this client knows it.
    if (resume === "fresh" || isOtherLog) this.#seq = undefined;
    // A server that does not say how far this user has read is asked.
    this.#again = read === undefined ? 0 : undefined;
    if (read !== undefined) this.#onResult(read.seq, read);
  }

  onLive(): void {
    if (this.#room.self !== undefined) this.#ask();
    else {
      this.#unread = 0;
      this.fail(anonymous());
    }
  }

  /** To be called before the event is folded: a deletion does not say what it deletes. */
  onEvent(event: RoomEvent): void {
    if (event.type === "message") this.#onMessage(event);
    else if (event.type === "messageDeleted") {
      const { seq, target } = event;
      if (seq <= this.#countedUpTo || !this.#isLeft(target)) return;
      const held = this.#room.held(target);
      if (held === undefined) this.#askAgain();
      else if (held.deletedAt === undefined) this.#count(held, -1);
    } else if (event.type === "receipt" && event.user === this.#room.self) {
      if (this.#seq === undefined || event.seq <= this.#seq) return;
      this.#seq = event.seq;
      // The receipt of an own `read` comes before its answer, which says no less.
      if (!this.#isAsking) this.#askAgain();
    }
  }

  /** Rejects every mark that is not answered. */
  fail(error: RoomsError): void {
    this.#cancelPause?.();
    this.#cancelPause = undefined;
    this.#isAsking = false;
    this.#settle(Number.POSITIVE_INFINITY, ({ reject }) => reject(error));
  }

  /** What is known is of a former user. */
  forget(error: RoomsError): void {
    this.fail(error);
    this.#again = undefined;
    this.#seq = undefined;
    this.#unread = 0;
  }

  #onMessage(message: Message): void {
    const { seq, changed = 0, deletedAt } = message;
    if (!this.#isLeft(seq)) return;
    const isCounted = seq <= this.#countedUpTo;
    if (!isCounted && deletedAt === undefined) this.#count(message, 1);
    // A page has it as it is now: it was deleted after the server had counted it.
    if (isCounted && deletedAt !== undefined && changed > this.#countedUpTo) this.#count(message, -1);
  }

  #askAgain(): void {
    this.#again ??= 0;
    this.#ask();
  }

  /** Without a connection, the next one asks. */
  #ask(): void {
    if (!this.#room.live || this.#isAsking || this.#cancelPause !== undefined) return;
    if (this.#again === undefined && this.#marks.length === 0) return;
    const seq = this.wanted || this.#again || 0;
    this.#again = undefined;
    this.#isAsking = true;
    this.#pause(MIN_BETWEEN_MS);
    this.#room.request({ type: "read", id: ID, seq }, (answer) => {
      this.#isAsking = false;
      const result = answer && resultOf(answer, READ_RESULT);
      if (result instanceof RoomsError) this.#onRefusal(seq, result);
      else if (result) this.#onResult(seq, result);
      this.#ask();
    });
  }

  #pause(pauseMs: number): void {
    this.#cancelPause?.();
    this.#cancelPause = this.#clock.after(pauseMs, () => {
      this.#cancelPause = undefined;
      this.#ask();
    });
  }

  #onResult(wanted: number, { seq, unread }: ReadResult): void {
    // A crash takes from the server what it had not written yet; then it is sent again. A server that counted before
    // another device read on learns nothing new.
    if (this.#seq !== undefined && this.#seq > seq) this.#again = this.#seq;
    this.#seq = Math.max(this.#seq ?? 0, seq);
    this.#settle(wanted, ({ resolve }) => resolve({ seq, unread }));
    this.#unread = this.#showsAllRead() ? 0 : unread;
  }

  #onRefusal(wanted: number, error: RoomsError): void {
    const isLater = isTemporary(error);
    // What was shown as read at once is not.
    if (isLater || wanted > 0) this.#again ??= 0;
    if (isLater) this.#pause(Math.max(MIN_BETWEEN_MS, error.retryAfterMs ?? 0));
    else this.#settle(wanted, ({ reject }) => reject(error));
  }

  /** Settles the marks that asked for no more than this. */
  #settle(upTo: number, settle: (mark: Mark) => void): void {
    const marks = this.#marks;
    this.#marks = marks.filter(({ seq }) => seq > upTo);
    for (const mark of marks) if (mark.seq <= upTo) settle(mark);
  }

  #showsAllRead(): boolean {
    return this.#marks.length > 0 && this.wanted >= this.#room.head;
  }

  #isLeft(seq: number): boolean {
    return this.#seq !== undefined && seq > this.#seq && seq > this.wanted;
  }

  /** Own messages are not counted. */
  #count({ from }: Message, by: 1 | -1): void {
    if (from?.id !== this.#room.self) this.#unread = Math.min(MAX_UNREAD, Math.max(0, this.#unread + by));
  }
}

const anonymous = () => new RoomsError("forbidden", "An anonymous reader has no place to keep.");
