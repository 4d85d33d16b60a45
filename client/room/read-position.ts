// How far this user has read, and how much is left. The server counts, and says so with each connection; in between, what
// is heard is counted along.
// Invariant: at most one `read` a second, and the last word is always told, if need be by the next connection.

import {
  type Answer,
  ERRORS,
  type ErrorAnswer,
  MAX_UNREAD,
  type Message,
  type ReadResult,
  type RoomConnected,
  type RoomEvent,
} from "../../src/protocol/index.ts";
import type { ResumeKind } from "../connection/cursor-tracker.ts";
import { offline, RoomsError, refusalError } from "../util/errors.ts";
import type { Cancel, Clock } from "../util/ports.ts";
import { quiet } from "../util/quiet.ts";
import { isReadResult } from "../wire/shapes.ts";
import type { RoomLine } from "./messages/room-line.ts";

const MIN_BETWEEN_MS = 1_000;

/** Never two at a time. */
const ID = "read";

/** A call of `mark` that is not answered. */
interface Waiting {
  readonly seq: number;
  readonly settle: PromiseWithResolvers<ReadResult>;
}

type Asking =
  | { readonly status: "idle" }
  /** For the second since the last one to be over. */
  | { readonly status: "pausing"; readonly cancel: Cancel }
  | { readonly status: "asked" };

const IDLE: Asking = { status: "idle" };

export class ReadPosition {
  readonly #clock: Clock;
  readonly #line: RoomLine;
  #epoch: string | undefined;
  /** `undefined` until the server said it: before that, nothing is counted. */
  #seq: number | undefined;
  #unread = 0;
  /** Events up to here are in what the server counted when the connection began. */
  #countedUpTo = 0;
  /** Each further than the one before. */
  #waiting: readonly Waiting[] = [];
  #asking: Asking = IDLE;
  /** Whether the server would say something else than is known. */
  #stale = false;
  /** How far it had read by what a crash took from the server; 0: nothing. */
  #forgotten = 0;
  /** Since when, and for how long, nothing is asked. */
  #pausedAt = 0;
  #pauseMs = 0;

  constructor(clock: Clock, line: RoomLine) {
    this.#clock = clock;
    this.#line = line;
  }

  get unread(): number {
    return this.#unread;
  }

  mark(seq: number): Promise<ReadResult> {
    if (!Number.isSafeInteger(seq) || seq < 0) {
      return quiet(Promise.reject(new RoomsError("bad_request", "This is no place in a log.")));
    }
    if (this.#line.live && this.#line.self === undefined) return quiet(Promise.reject(anonymous()));
    if (this.#seq !== undefined && seq <= this.#seq) {
      return Promise.resolve({ seq: this.#seq, unread: this.#unread });
    }
    const further = this.#waiting.find((waiting) => waiting.seq >= seq);
    if (further !== undefined) return quiet(further.settle.promise);
    const settle = Promise.withResolvers<ReadResult>();
    this.#waiting = [...this.#waiting, { seq, settle }];
    // Shown at once: the answer is a moment away, or offline a long time.
    if (this.#showsAllRead()) this.#unread = 0;
    this.#ask();
    return quiet(settle.promise);
  }

  /** To be called after the state began: the server has counted all up to `head`. */
  begin({ epoch, head, read }: RoomConnected, resume: ResumeKind): void {
    this.#countedUpTo = read === undefined ? 0 : head;
    if (resume !== "kept") {
      this.#seq = undefined;
      this.#forgotten = 0;
    }
    if (this.#epoch !== undefined && this.#epoch !== epoch) {
      // What was to be marked in another log is no place in this one: then it only asks.
      this.#waiting = this.#waiting.map((waiting) => ({ ...waiting, seq: 0 }));
    }
    this.#epoch = epoch;
    // A server that does not say it is asked.
    if (read === undefined) this.#stale = true;
    else this.#onResult(read.seq, read);
  }

  onLive(): void {
    if (this.#line.self === undefined) {
      this.#unread = 0;
      this.fail(anonymous());
      return;
    }
    this.#ask();
  }

  /** To be called before it is folded: a deletion says nothing of what it deletes. */
  onEvent(event: RoomEvent): void {
    switch (event.type) {
      case "message":
        this.#onMessage(event);
        return;
      case "messageDeleted": {
        if (event.seq <= this.#countedUpTo || !this.#isLeft(event.target)) return;
        const held = this.#line.held(event.target);
        if (held === undefined) this.#askAnew();
        else if (this.#counts(held)) this.#count(-1);
        return;
      }
      case "receipt":
        if (event.user === this.#line.self) this.#onOwnReceipt(event.seq);
        return;
      default:
    }
  }

  #onMessage(message: Message): void {
    const { seq, changed = 0, deletedAt } = message;
    if (!this.#isLeft(seq)) return;
    if (seq > this.#countedUpTo) {
      if (this.#counts(message)) this.#count(1);
      // In a page it comes as it is now: it was counted, and was deleted since.
    } else if (deletedAt !== undefined && changed > this.#countedUpTo && !this.#isOwn(message))
      this.#count(-1);
  }

  /** What waits has failed. */
  fail(error: RoomsError): void {
    if (this.#asking.status === "pausing") this.#asking.cancel();
    this.#asking = IDLE;
    const failed = this.#waiting;
    this.#waiting = [];
    for (const { settle } of failed) settle.reject(error);
  }

  #askAnew(): void {
    this.#stale = true;
    this.#ask();
  }

  /** Without a connection the next one asks. */
  #ask(): void {
    if (!this.#line.live || this.#asking.status !== "idle") return;
    if (!this.#stale && this.#waiting.length === 0) return;
    const sinceMs = this.#clock.now() - this.#pausedAt;
    // Where the clock was set back, nobody waits until the old time comes round.
    if (sinceMs >= 0 && sinceMs < this.#pauseMs) {
      const cancel = this.#clock.after(this.#pauseMs - sinceMs, () => {
        this.#asking = IDLE;
        this.#ask();
      });
      this.#asking = { status: "pausing", cancel };
      return;
    }
    // What is wanted is further than what is known.
    const seq = this.#wanted || this.#forgotten;
    this.#stale = false;
    this.#forgotten = 0;
    this.#pause(MIN_BETWEEN_MS);
    this.#asking = { status: "asked" };
    this.#line.request({ type: "read", id: ID, seq }, (answer) => {
      this.#asking = IDLE;
      this.#onAnswer(seq, answer);
      this.#ask();
    });
  }

  #onAnswer(wanted: number, answer: Answer | undefined): void {
    if (answer?.type === "error") this.#onRefusal(wanted, answer);
    else if (answer?.type === "ok" && isReadResult(answer)) this.#onResult(wanted, answer);
    else if (answer !== undefined) this.#settle(wanted, ({ settle }) => settle.reject(unreadable()));
  }

  #onResult(wanted: number, { seq, unread }: ReadResult): void {
    // Written with a delay, so a crash takes the last of it from the server. A server that counted before another
    // device read on is told nothing new.
    if (this.#seq !== undefined && this.#seq > seq) {
      this.#stale = true;
      this.#forgotten = this.#seq;
    }
    this.#seq = Math.max(this.#seq ?? 0, seq);
    this.#settle(wanted, ({ settle }) => settle.resolve({ seq, unread }));
    this.#unread = this.#showsAllRead() ? 0 : unread;
  }

  #onRefusal(wanted: number, answer: ErrorAnswer): void {
    if (ERRORS[answer.code].again) {
      this.#pause(Math.max(MIN_BETWEEN_MS, answer.retryAfterMs ?? 0));
      this.#stale = true;
      return;
    }
    // What was shown as read at once is not.
    if (wanted > 0) this.#stale = true;
    const error = refusalError(answer);
    this.#settle(wanted, ({ settle }) => settle.reject(error));
  }

  /** All that asked for no more than this. */
  #settle(upTo: number, settle: (waiting: Waiting) => void): void {
    const settled = this.#waiting.filter(({ seq }) => seq <= upTo);
    this.#waiting = this.#waiting.filter(({ seq }) => seq > upTo);
    settled.forEach(settle);
  }

  #pause(pauseMs: number): void {
    this.#pausedAt = this.#clock.now();
    this.#pauseMs = pauseMs;
  }

  #onOwnReceipt(seq: number): void {
    if (this.#seq === undefined || seq <= this.#seq) return;
    this.#seq = seq;
    // What was asked will be answered with no less: also the receipt of an own `read` comes before its answer.
    if (this.#asking.status !== "asked") this.#askAnew();
  }

  get #wanted(): number {
    return this.#waiting.at(-1)?.seq ?? 0;
  }

  #showsAllRead(): boolean {
    return this.#waiting.length > 0 && this.#wanted >= this.#line.head;
  }

  #isLeft(seq: number): boolean {
    return this.#seq !== undefined && seq > this.#seq && seq > this.#wanted;
  }

  #counts(message: Message): boolean {
    return !this.#isOwn(message) && message.deletedAt === undefined;
  }

  #isOwn({ from }: Message): boolean {
    return from?.id === this.#line.self;
  }

  #count(by: 1 | -1): void {
    this.#unread = Math.min(MAX_UNREAD, Math.max(0, this.#unread + by));
  }
}

const anonymous = () => new RoomsError("forbidden", "Who reads anonymously has no place to keep.");
const unreadable = () => offline("The answer could not be read.");
