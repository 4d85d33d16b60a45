// A producer that knows only PROTOCOL.md (§11): it keeps what is not saved, sends it again after each reconnect, and goes on
// where a refusal says.

import type { ToyAnswer } from "./toy-answer.ts";

export type RawCommand = { readonly type: string } & Readonly<Record<string, unknown>>;

export interface RawAnswer {
  readonly type: string;
  readonly id?: string;
  readonly seq?: number;
  readonly n?: number;
  readonly saved?: number;
  readonly producer?: number;
  readonly code?: string;
  readonly retryAfterMs?: number;
  readonly by?: string | null;
}

/** An append in so many says how far it is saved. */
const ASKS_EVERY = 50;
const OPENING = "the-opening";
const ASK = "how-far";
const TAKEOVER = "my-turn";
const FINISH = "the-end";

export class RawProducer {
  answer: ToyAnswer;
  readonly faults: string[] = [];
  readonly counts = { appends: 0, resent: 0, gaps: 0, limited: 0 };
  /** How many tokens the model has made. */
  made = 0;
  /** How far the server has told that they are saved. */
  saved = 0;
  /** Of the message. */
  seq: number | undefined;
  isOver = false;
  /** Who asked it to stop, if somebody did. */
  stoppedBy: string | null | undefined;
  readonly #now: () => number;
  #say: ((command: RawCommand) => void) | undefined;
  #cursor: string | undefined;
  /** How many were said on this connection, or need not be. */
  #said = 0;
  /** Whether the server has told on this connection how far the message is. */
  #isTold = false;
  #most = 0;
  #heldUntil = 0;
  #producer = 1;
  /** The seed of the text that it writes, until it has taken over. */
  #otherwise: number | undefined;

  /** `now`: in milliseconds. */
  constructor(answer: ToyAnswer, now: () => number) {
    this.answer = answer;
    this.#now = now;
  }

  /** Another one in the place of `before`, which writes the rest otherwise. Call `connected` next. */
  static after(before: RawProducer, seed: number): RawProducer {
    const next = new RawProducer(before.answer, before.#now);
    next.seq = before.seq;
    next.#otherwise = seed;
    return next;
  }

  get hasTakenOver(): boolean {
    return this.#otherwise === undefined;
  }

  /** How many the server may have, if it was never lost. */
  get most(): number {
    return this.#most;
  }

  /** All that the model makes, at once. */
  makeAll(): void {
    this.made = this.answer.count;
    this.flush();
  }

  /** A connection is live. `cursor`: `<epoch>.<head>` of its `connected`. */
  connected(cursor: string, say: (command: RawCommand) => void): void {
    this.#say = say;
    this.#cursor ??= cursor;
    this.#isTold = false;
    if (this.seq === undefined) this.#open();
    else if (this.#otherwise !== undefined) this.#say({ type: "takeover", id: TAKEOVER, seq: this.seq });
    else this.#ask();
  }

  lost(): void {
    this.#say = undefined;
  }

  /** The model makes one more token, if there is one. */
  make(): void {
    this.made = Math.min(this.made + 1, this.answer.count);
    this.flush();
  }

  /** Says what is to be said. */
  flush(): void {
    if (this.#say === undefined || this.seq === undefined || this.isOver) return;
    if (!this.#isTold || this.#now() < this.#heldUntil) return;
    while (this.#said < this.made) this.#append(this.#said + 1);
  }

  receives(event: RawAnswer): void {
    if (event.type === "stop") this.stoppedBy = event.by ?? null;
    else if (event.type === "ok") this.#accepted(event);
    else if (event.type === "error") this.#refused(event);
  }

  #open(): void {
    const opening = { type: "send", id: OPENING, data: { text: "" }, stream: true };
    this.#say?.({ ...opening, ...(this.#cursor !== undefined && { retryOf: this.#cursor }) });
  }

  /** What is saved, once more: a keep-alive, whose answer says how far the message is, and whether it is open. */
  #ask(): void {
    this.#say?.({ type: "append", id: ASK, seq: this.seq, n: this.saved, ack: true, ...this.#fence });
  }

  get #fence(): object {
    return this.#producer > 1 ? { producer: this.#producer } : {};
  }

  #append(n: number): void {
    const { seq } = this;
    this.#said = n;
    this.counts.appends += 1;
    if (n <= this.#most) this.counts.resent += 1;
    this.#most = Math.max(this.#most, n);
    const asks = (n % ASKS_EVERY === 0 || n === this.answer.count) && { id: `a${n}`, ack: true };
    this.#say?.({ type: "append", seq, n, text: this.answer.token(n), ...asks, ...this.#fence });
  }

  #finish(): void {
    this.#say?.({ type: "finish", id: FINISH, seq: this.seq, status: "complete", ...this.#fence });
  }

  #accepted({ id, seq, n, saved, producer }: RawAnswer): void {
    if (id === TAKEOVER) this.#tookOver(n ?? 0, producer ?? 0);
    else if (id === OPENING) {
      this.seq = seq;
      this.#ask();
    } else if (id === FINISH) this.isOver = true;
    else if (saved !== undefined && n !== undefined) {
      if (saved > n) this.faults.push(`${saved} are saved of ${n}`);
      if (n < this.saved) this.faults.push(`the message has ${n}, and ${this.saved} were saved`);
      this.saved = Math.max(this.saved, saved);
      if (id === ASK) {
        this.#isTold = true;
        this.#said = n;
        this.flush();
      }
      // Not before: an append that was refused would be missing in what it ends.
      if (n === this.answer.count) this.#finish();
    }
  }

  /** What the message has is saved with it. */
  #tookOver(n: number, producer: number): void {
    if (this.#otherwise === undefined) return;
    this.answer = this.answer.branch(n, this.#otherwise);
    this.#otherwise = undefined;
    this.#producer = producer;
    this.made = n;
    this.saved = n;
    this.#most = n;
    this.#said = n;
    this.#isTold = true;
  }

  #refused({ id, code, n = 0, retryAfterMs = 0 }: RawAnswer): void {
    if (code === "gap") {
      this.counts.gaps += 1;
      if (n <= this.saved) this.faults.push(`${n} is expected, and ${this.saved} were saved`);
      if (n > this.#said) return;
      this.#said = n - 1;
      this.flush();
    } else if (code === "rate_limited" || code === "overloaded") {
      this.counts.limited += 1;
      this.#heldUntil = this.#now() + Math.max(1, retryAfterMs);
      this.#said = Math.min(this.#said, this.saved);
    } else if (code === "not_open" && this.made === this.answer.count) {
      // It has ended already, and the answer to that was lost: the same end again is taken.
      if (id !== undefined) this.#finish();
    } else this.faults.push(`${id ?? "an append"} was refused: ${code}`);
  }
}
