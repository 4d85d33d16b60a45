// The lines of a streaming POST. All are kept, as the whole body is sent again after a lost connection.

import type { StreamLine } from "../../src/protocol/index.ts";
import { encode } from "../http/http-call.ts";
import { RoomsError } from "../util/errors.ts";
import type { AnswerPiece, AnswerReader } from "./answer-source.ts";

/** A longer text is cut into several appends, in UTF-16 units: an append has at most `limits.messageBytes`. */
export const MAX_TEXT_LENGTH = 4_000;
/** Of all lines, in UTF-16 units. The room takes 1 MiB of data: more than this are patches that replace each other. */
const MAX_KEPT_LENGTH = 4 * 1024 * 1024;

export class AnswerLines {
  readonly #reader: AnswerReader<AnswerPiece>;
  readonly #decoder = new TextDecoder();
  readonly #lines: string[] = [];
  #length = 0;
  #reading: Promise<void> | undefined;
  #isEnded = false;
  #wake = () => {};
  readonly #ended: Promise<void>;
  /** Why the source failed, if it did. */
  failure: { readonly error: unknown } | undefined;

  constructor(reader: AnswerReader<AnswerPiece>) {
    this.#reader = reader;
    this.#ended = new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** The lines from this one on that are there. Waits for one; none: there are no more. Reads the source no further. */
  async from(index: number): Promise<readonly string[]> {
    while (index >= this.#lines.length && !this.#isEnded) {
      this.#reading ??= this.#read();
      await Promise.race([this.#reading, this.#ended]);
    }
    return this.#lines.slice(index);
  }

  /** Ends with what there is, also where the source still has to say something. Without effect after the end. */
  async cancel(): Promise<void> {
    if (this.#isEnded) return;
    this.#end({ status: "cancelled" });
    await this.#reader.cancel();
  }

  async #read(): Promise<void> {
    try {
      const piece = await this.#reader.read();
      // It may have been cancelled meanwhile.
      if (this.#isEnded) return;
      if (piece === undefined) {
        this.#addText(this.#decoder.decode());
        this.#end({ status: "complete" });
      } else this.#take(piece);
    } catch (error) {
      if (this.#isEnded) return;
      this.failure = { error };
      this.#end({ status: "failed" });
      await this.#reader.cancel();
    } finally {
      this.#reading = undefined;
    }
  }

  #take(piece: AnswerPiece): void {
    if (typeof piece === "string") this.#addText(piece);
    else if (piece instanceof Uint8Array) this.#addText(this.#decoder.decode(piece, { stream: true }));
    else if (piece.status === undefined) this.#add(piece);
    else {
      this.#end(piece);
      void this.#reader.cancel();
    }
  }

  #addText(text: string): void {
    for (let at = 0; at < text.length; ) {
      let end = Math.min(text.length, at + MAX_TEXT_LENGTH);
      // A character of two units stays whole.
      if (end < text.length && (text.codePointAt(end - 1) ?? 0) > 0xffff) end -= 1;
      this.#add({ text: text.slice(at, end) });
      at = end;
    }
  }

  #add(line: StreamLine): void {
    const json = encode(line);
    this.#length += json.length;
    if (this.#length > MAX_KEPT_LENGTH)
      throw new RoomsError("too_large", "An answer has at most 4 MiB of text and patches.");
    this.#lines.push(json);
  }

  #end(line: StreamLine): void {
    this.#lines.push(encode(line));
    this.#isEnded = true;
    this.#wake();
  }
}
