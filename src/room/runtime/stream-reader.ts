import { decodeUtf8 } from "../../object/runtime/decode-utf8.ts";
import { type Refusal, reject, type StreamFormat, type StreamLine } from "../../protocol/index.ts";
import { type NextLine, StreamBody } from "../../validation/stream-body.ts";
import { readStreamLine } from "../../validation/stream-line.ts";

/** What one piece of a body brought. */
export interface StreamPiece {
  /** At most the last one has a `status`. */
  readonly lines: readonly StreamLine[];
  /** Why what follows cannot be read, if so. */
  readonly refusal?: Refusal;
  /** Nothing follows. */
  readonly isLast: boolean;
}

/** Reads the body of a streaming POST, behind its first line: checked lines, up to the one that ends the message. */
export class StreamReader {
  readonly #body: StreamBody;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** How many lines were read. The first one is. */
  #count = 1;

  constructor(format: StreamFormat, body: ReadableStream<Uint8Array>) {
    this.#body = new StreamBody(format, decodeUtf8);
    this.#reader = body.getReader();
  }

  /** The next piece, which may bring nothing. Rejects where the body is cut. */
  async read(): Promise<StreamPiece> {
    const { done, value } = await this.#reader.read();
    if (!done) this.#body.take(value);
    const lines: StreamLine[] = [];
    for (let next = this.#next(done); next.kind !== "none"; next = this.#next(done)) {
      const line = next.kind === "line" ? readStreamLine(next.text, ++this.#count) : reject(next.refusal);
      if (!line.ok) return { lines, refusal: line.refusal, isLast: true };
      lines.push(line.value);
      if (line.value.status !== undefined) return { lines, isLast: true };
    }
    return { lines, isLast: done };
  }

  /** The rest is not read. */
  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }

  #next(done: boolean): NextLine {
    return done ? this.#body.last() : this.#body.next();
  }
}
