import { decodeUtf8 } from "../../object/runtime/decode-utf8.ts";
import { MAX_IMPORT_LINE_BYTES, type Outcome, type RoomExportLine, reject } from "../../protocol/index.ts";
import { readExportLine } from "../../validation/export-line.ts";
import { StreamBody } from "../../validation/stream-body.ts";

export interface NumberedLine {
  /** From 1. Blank lines are not counted. */
  readonly number: number;
  readonly line: Outcome<RoomExportLine>;
}

/** Reads the body of an import as it comes: it holds no more than a piece, and a line that is not complete. */
export class ExportLines {
  readonly #body = new StreamBody("lines", decodeUtf8, MAX_IMPORT_LINE_BYTES);
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #number = 0;
  #isDone = false;

  constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader();
  }

  /** Whether all lines were given. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** The lines of the next piece of the body, up to one that cannot be read. Rejects where the body is cut. */
  async read(): Promise<NumberedLine[]> {
    const { done, value } = await this.#reader.read();
    if (!done) this.#body.take(value);
    this.#isDone = done;
    const lines: NumberedLine[] = [];
    for (;;) {
      const next = done ? this.#body.last() : this.#body.next();
      if (next.kind === "none") return lines;
      const line = next.kind === "line" ? readExportLine(next.text) : reject(next.refusal);
      lines.push({ number: ++this.#number, line });
      if (!line.ok) return lines;
    }
  }

  /** The rest is not read. */
  async cancel(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }
}
