// The open messages of a log, as the connection that tabs share was told of them: each as it was told whole, and joined
// what was appended since. So nothing here depends on which field the text is in, and a tab is given what a server gives.
// Invariant: once the connection is live, all open messages of its topics are here, as far as live tabs have them.

import { type Append, isRecord, type Message, type Stream } from "../../src/protocol/index.ts";

import type { IncomingFrame } from "../util/wire.ts";

interface SharedStream {
  readonly whole: Stream;
  readonly rest: Append | undefined;
}

const lastOf = ({ whole, rest }: SharedStream): number => rest?.n ?? whole.n;

export class SharedStreams {
  readonly #open = new Map<number, SharedStream>();

  /** How far they are held, as a connect says it; `undefined` where there are none. */
  get have(): string | undefined {
    if (this.#open.size === 0) return undefined;
    return Array.from(this.#open, ([seq, stream]) => `${seq}:${lastOf(stream)}`).join();
  }

  /** What a tab is given at the end of its replay. */
  get frames(): readonly (Stream | Append)[] {
    return [...this.#open.values()].flatMap(({ whole, rest }) => [whole, ...(rest ? [rest] : [])]);
  }

  clear(): void {
    this.#open.clear();
  }

  /** The log begins after `floor`. */
  setFloor(floor: number): void {
    for (const seq of this.#open.keys()) if (seq <= floor) this.#open.delete(seq);
  }

  apply(frame: IncomingFrame): void {
    switch (frame.type) {
      case "message":
        this.#version(frame);
        return;
      case "messageUpdated":
        this.#version(frame.message);
        return;
      case "messageDeleted":
        this.#open.delete(frame.target);
        return;
      case "stream":
        this.#open.set(frame.seq, { whole: frame, rest: undefined });
        return;
      case "append":
        this.#append(frame);
        return;
      default:
    }
  }

  /** A stored version says what an open message began with. It moves none that is held: `stream` and `append` do. */
  #version(message: Message): void {
    const { seq, n = 0, data, stream, deletedAt } = message;
    if (stream !== "open" || deletedAt !== undefined) this.#open.delete(seq);
    else if (!this.#open.has(seq))
      this.#open.set(seq, { whole: { type: "stream", seq, n, data }, rest: undefined });
  }

  #append(append: Append): void {
    const known = this.#open.get(append.seq);
    if (known === undefined || append.n <= lastOf(known)) return;
    const { whole, rest } = known;
    const patch = joinPatches(whole.data, rest?.patch, append.patch);
    const text = (rest?.text ?? "") + append.text;
    const joined: Append = { type: "append", seq: append.seq, n: append.n, text, ...(patch && { patch }) };
    this.#open.set(append.seq, { whole, rest: joined });
  }
}

/** A field that was added and removed since then is left out: there may be any number of them. */
function joinPatches(whole: unknown, first: Append["patch"], next: Append["patch"]): Append["patch"] {
  if (next === undefined) return first;
  const joined: Record<string, unknown> = { ...first, ...next };
  for (const name in next) {
    const isThere = isRecord(whole) && Object.hasOwn(whole, name);
    if (next[name] === null && !isThere) delete joined[name];
  }
  return joined;
}
