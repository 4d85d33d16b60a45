// What one client must have heard, worked out from what was stored and from where the wire has got to: the positions
// are taken from the frames, what stands there from the store. A client that hears anything else is wrong, or its
// server is. To extend: a frame that moves the cursor is a case in `#take`.

import { matchesTopics, parseCursor, type Topics } from "../../src/protocol/index.ts";
import type { StoredMessage } from "../../src/room/log-store.ts";

type Frame = Readonly<Record<string, unknown>> & { readonly type?: unknown };

/** One page looks no further than this. */
const ROWS_LOOKED_AT = 2_000;

export class Ear {
  /** What its listeners are to be given, in order, since the beginning. */
  readonly expected: StoredMessage[] = [];
  /** What it is to hold, by `seq`. */
  readonly held = new Map<number, StoredMessage>();
  /** How often `lost` is to be fired. */
  losses = 0;
  readonly seen = { partial: 0, complete: 0, duplicates: 0, gonePages: 0, renewals: 0 };
  /** What does not fit; the test fails on any. */
  readonly faults: string[] = [];
  readonly #stored: readonly StoredMessage[];
  readonly #history: number;
  #epoch = "";
  #position: number | undefined;
  #filter: Topics = null;
  #floor = 0;
  /** Of a newcomer: the latest messages that have not come yet. */
  #welcome: StoredMessage[] | undefined;
  #unechoed = new Set<string>();
  #since: string | null = null;

  constructor(stored: readonly StoredMessage[], history: number) {
    this.#stored = stored;
    this.#history = history;
  }

  get cursor(): string | null {
    return this.#position === undefined ? null : `${this.#epoch}.${this.#position}`;
  }

  /** In force on its connection. */
  get filter(): Topics {
    return this.#filter;
  }

  dials(since: string | null, filter: Topics): void {
    if (since !== this.cursor) this.faults.push(`asked for ${since}, stands at ${this.cursor}`);
    this.#since = since;
    this.#filter = filter;
  }

  /** Of a text that the client sent. */
  says(command: Frame): void {
    if (command.type === "send" && command.echo === false) this.#unechoed.add(String(command.id));
  }

  /** Of a text that is about to be given to the client. */
  hears(text: string): void {
    const frame: Frame = JSON.parse(text);
    const events: readonly Frame[] = Array.isArray(frame.events) ? frame.events : [];
    if (frame.type === "batch") for (const event of events) this.#take(event);
    else this.#take(frame);
  }

  #take(frame: Frame): void {
    const seq = Number(frame.seq);
    switch (frame.type) {
      case "connected":
        this.#begin(frame);
        return;
      case "caughtUp":
        if (this.#welcome?.length) this.faults.push(`a newcomer was not told of ${this.#welcome.length}`);
        if (this.#welcome === undefined) this.#advance(seq);
        else this.#position = seq;
        this.#welcome = undefined;
        return;
      case "message":
        this.#takeMessage(seq);
        return;
      case "error":
        if (frame.code === "not_found" && String(frame.path) === "after") this.seen.gonePages += 1;
        return;
      case "ok":
        this.#takeAnswer(frame, seq);
    }
  }

  #begin(frame: Frame): void {
    const { recovery, epoch } = frame;
    const [head, floor] = [Number(frame.head), Number(frame.floor)];
    const cursor = parseCursor(this.#since ?? "");
    const reached = cursor?.epoch === epoch && cursor !== undefined && cursor.seq >= floor;
    const right = cursor === undefined ? ["none"] : reached ? ["complete", "partial"] : ["lost"];
    if (!right.includes(String(recovery))) this.faults.push(`${recovery} with ${this.#since}, ${floor}`);
    if (floor < this.#floor) this.faults.push(`the floor fell from ${this.#floor} to ${floor}`);
    if (head > this.#stored.length) this.faults.push(`head ${head} of ${this.#stored.length}`);
    this.#floor = floor;
    if (recovery === "partial") this.seen.partial += 1;
    if (recovery === "complete") this.seen.complete += 1;
    for (const seq of [...this.held.keys()]) if (seq <= floor) this.held.delete(seq);
    this.#welcome = undefined;
    if (right.includes("complete")) return;
    if (this.#position !== undefined) this.losses += 1;
    this.held.clear();
    this.#epoch = String(epoch);
    this.#position = undefined;
    this.#welcome = this.#latest(Math.max(floor, head - ROWS_LOOKED_AT), head);
  }

  #latest(after: number, upTo: number): StoredMessage[] {
    const matching = this.#between(after, upTo);
    return this.#history === 0 ? [] : matching.slice(-this.#history);
  }

  #takeMessage(seq: number): void {
    if (this.#welcome === undefined) {
      this.#advance(seq);
      return;
    }
    const next = this.#welcome.shift();
    if (next?.seq !== seq) this.faults.push(`a newcomer was told of ${seq} in place of ${next?.seq}`);
    if (next !== undefined) this.#hear(next);
    this.#position = seq;
  }

  #takeAnswer(frame: Frame, seq: number): void {
    if (frame.duplicate === true) this.seen.duplicates += 1;
    if ("expiresAt" in frame) this.seen.renewals += 1;
    if (Array.isArray(frame.events)) {
      for (const event of frame.events) this.#take(event);
      this.#advance(seq);
    } else if (Array.isArray(frame.messages)) {
      for (const { seq: older } of frame.messages) this.#hold(this.#stored[older - 1]);
    } else if ("topics" in frame) {
      this.#advance(seq);
      this.#filter = Array.isArray(frame.topics) ? frame.topics.map(String) : null;
    } else if (this.#unechoed.has(String(frame.id)) && frame.duplicate !== true && seq > 0) {
      this.#advance(seq - 1);
      this.#position = seq;
      const own = this.#stored[seq - 1];
      if (own !== undefined && matchesTopics(this.#filter, own.event)) this.#hold(own);
    }
  }

  #advance(seq: number): void {
    const position = this.#position ?? 0;
    if (seq <= position) return;
    for (const message of this.#between(position, seq)) this.#hear(message);
    this.#position = seq;
  }

  #between(after: number, upTo: number): StoredMessage[] {
    return this.#stored.slice(after, upTo).filter(({ event }) => matchesTopics(this.#filter, event));
  }

  #hear(message: StoredMessage): void {
    this.expected.push(message);
    this.#hold(message);
  }

  #hold(message: StoredMessage | undefined): void {
    if (message !== undefined && message.seq > this.#floor) this.held.set(message.seq, message);
  }
}
