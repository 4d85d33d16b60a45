// The body of a streaming POST: lines of JSON, or server-sent events whose data is such a line. It comes in pieces that
// are cut anywhere.

import { MAX_FRAME_BYTES, type Refusal, refuse, type StreamFormat } from "../protocol/index.ts";

/** Of one line of JSON, in bytes of UTF-8: as much as a frame, and what stands around it. */
const MAX_LINE_BYTES = MAX_FRAME_BYTES + 1_024;
/** More pieces of a line than this become one: a piece of one byte takes a hundred times its memory. */
const MAX_PIECES = 1_024;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** What many language models write at the end of their events. */
const DONE = "[DONE]";
const COMPLETE = '{"status":"complete"}';

type Piece = Uint8Array;

/** What comes next: a line of JSON, nothing yet, or why there is nothing more. */
export type NextLine =
  | { readonly kind: "line"; readonly text: string }
  | { readonly kind: "none" }
  | { readonly kind: "refused"; readonly refusal: Refusal };

const NONE = { kind: "none" } as const;
const NOT_UTF8 = refuse("bad_request", "the body is not UTF-8");
const tooLong = (bytes: number) => refuse("too_large", `a line has at most ${bytes} bytes`);

/** Takes pieces and gives lines. It holds no more than the last piece and one line that is not complete. */
export class StreamBody {
  readonly #format: StreamFormat;
  readonly #decode: (bytes: Piece) => string | undefined;
  readonly #maxLineBytes: number;
  #piece: Piece = new Uint8Array();
  /** How much of the piece was read. */
  #at = 0;
  /** The beginning of a line whose end has not come. */
  #begun: Piece[] = [];
  /** The data of an event whose end has not come. */
  #event: string[] = [];
  #eventBytes = 0;
  /** Bytes of `#begun` and `#event`. */
  #heldBytes = 0;

  /** `decode`: the text in bytes; `undefined` where they are not UTF-8. */
  constructor(
    format: StreamFormat,
    decode: (bytes: Piece) => string | undefined,
    maxLineBytes = MAX_LINE_BYTES,
  ) {
    this.#format = format;
    this.#decode = decode;
    this.#maxLineBytes = maxLineBytes;
  }

  /** To be called when `next` has nothing more. */
  take(piece: Piece): void {
    this.#piece = piece;
    this.#at = 0;
  }

  next(): NextLine {
    for (;;) {
      const bytes = this.#nextBytes();
      if (bytes === undefined) {
        return this.#isTooLong ? { kind: "refused", refusal: tooLong(this.#maxLineBytes) } : NONE;
      }
      const line = this.#read(bytes);
      if (line !== undefined) return line;
    }
  }

  /** As `next`, when the body has ended: its last line may have no end. */
  last(): NextLine {
    this.take(Uint8Array.of(LINE_FEED));
    const line = this.next();
    if (line.kind !== "none" || this.#format === "lines") return line;
    this.take(Uint8Array.of(LINE_FEED));
    return this.next();
  }

  /** What was taken and not given: the body goes on with it for another reader. */
  rest(): Piece {
    return joined([...this.#begun, this.#piece.subarray(this.#at)]);
  }

  /** The next line without its end; `undefined`: it is not complete. */
  #nextBytes(): Piece | undefined {
    const end = this.#piece.indexOf(LINE_FEED, this.#at);
    const part = this.#piece.subarray(this.#at, end < 0 ? undefined : end);
    this.#at += part.length + 1;
    if (part.length > 0) this.#begun.push(part);
    if (this.#begun.length > MAX_PIECES) this.#begun = [joined(this.#begun)];
    this.#heldBytes += part.length;
    if (end < 0 || this.#isTooLong) return undefined;
    const line = joined(this.#begun);
    this.#begun = [];
    return line.at(-1) === CARRIAGE_RETURN ? line.subarray(0, -1) : line;
  }

  get #isTooLong(): boolean {
    return this.#heldBytes > this.#maxLineBytes;
  }

  /** `undefined`: the line says nothing by itself. */
  #read(bytes: Piece): NextLine | undefined {
    const text = this.#decode(bytes);
    if (text === undefined) return { kind: "refused", refusal: NOT_UTF8 };
    const line = this.#format === "lines" ? text.trim() : this.#readEvent(text, bytes.length);
    this.#heldBytes = this.#eventBytes;
    return line === "" ? undefined : { kind: "line", text: line };
  }

  /** The data of an event whose last line this is, else nothing. As the standard of server-sent events says. */
  #readEvent(line: string, bytes: number): string {
    if (line === "") {
      const data = this.#event.join("\n").trim();
      this.#event = [];
      this.#eventBytes = 0;
      return data === DONE ? COMPLETE : data;
    }
    const field = /^data(?:: ?(.*))?$/s.exec(line);
    if (field !== null) {
      this.#event.push(field[1] ?? "");
      this.#eventBytes += bytes;
    }
    return "";
  }
}

/** One piece, which is the only one nearly always, is not copied. */
function joined(pieces: readonly Piece[]): Piece {
  const [first, ...more] = pieces;
  if (first === undefined) return new Uint8Array();
  if (more.length === 0) return first;
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
