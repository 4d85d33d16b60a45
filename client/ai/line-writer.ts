import type { Finish, StreamLine } from "../../src/protocol/index.ts";
import { type AnyChunk, type ChunkEntry, entryKey, SUPERSEDED } from "./entry.ts";
import { endsInHalf, pieceOf, utf8Bytes } from "./json-bytes.ts";
import { Superseded } from "./superseded.ts";

/** Less than this and an entry might not fit a line. */
const MIN_LINE_BYTES = 512;
/** Half of what a message may have by default (`limits.messageBytes`). */
const LINE_BYTES = 16_384;
/** `{"text":"","patch":{}}` */
const FRAME_BYTES = 24;
/** Key, braces, and `at` of an entry. */
const ENTRY_BYTES = 64;

/** Chunks that only make a part longer: the fields that they have, of which the last one is the text. */
const GROWING: Readonly<Record<string, readonly [id: string, text: string]>> = {
  "reasoning-delta": ["id", "delta"],
  "tool-input-delta": ["toolCallId", "inputTextDelta"],
};

interface Gathered {
  readonly chunk: AnyChunk;
  readonly id: unknown;
  readonly field: string;
  text: string;
}

/**
 * Makes lines of a streamed message of the chunks of a UI message stream. Text is in a line at once; further text of
 * reasoning and of a tool's input is gathered until `flush`, as each piece is an entry of its own: written whole each
 * time it would cost the square of its length.
 */
export class LineWriter {
  readonly #maxBytes: number;
  readonly #superseded = new Superseded();
  #lines: StreamLine[] = [];
  #line: { text: string; patch: Record<string, unknown> | undefined; bytes: number } = emptyLine();
  #textLength = 0;
  #entries = 0;
  /** The text part that further text belongs to. */
  #current: unknown;
  /** The first half of a character whose other half has not come: readers would show something else. */
  #half = "";
  #gathered: Gathered | undefined;
  #status: Finish = "complete";
  #hasEnd = false;

  /** `lineBytes`: how long a line may be, as JSON in UTF-8 bytes. */
  constructor(lineBytes: number = LINE_BYTES) {
    this.#maxBytes = Math.max(lineBytes, MIN_LINE_BYTES);
  }

  /** Whether something waits for `flush`. */
  get hasGathered(): boolean {
    return this.#gathered !== undefined;
  }

  /** The stream has said how it ends. */
  get hasEnd(): boolean {
    return this.#hasEnd;
  }

  write(chunk: AnyChunk): readonly StreamLine[] {
    if (chunk.type === "text-delta" && typeof chunk.delta === "string") this.#addDelta(chunk, chunk.delta);
    else if (!this.#gather(chunk)) {
      this.#addGathered();
      this.#addHalf();
      this.#addChunk(chunk);
      if (chunk.type === "text-start") this.#current = chunk.id;
      this.#notice(chunk.type);
    }
    return this.#take();
  }

  /** What was gathered. */
  flush(): readonly StreamLine[] {
    this.#addGathered();
    return this.#take();
  }

  /** The last lines. */
  end(status: Finish = this.#status): readonly StreamLine[] {
    this.#addGathered();
    this.#addHalf();
    return [...this.#take(), { status }];
  }

  #notice(type: string): void {
    if (type === "finish" || type === "abort" || type === "error") this.#hasEnd = true;
    if (type === "error") this.#status = "failed";
    if (type === "abort" && this.#status === "complete") this.#status = "cancelled";
  }

  #addDelta({ delta: _, ...rest }: AnyChunk, delta: string): void {
    this.#addGathered();
    const marker = { ...rest, type: rest.type, delta: "" };
    if (rest.id !== this.#current) {
      this.#addHalf();
      this.#addChunk({ type: rest.type, id: rest.id, delta: "" });
      this.#current = rest.id;
    }
    const text = this.#half + delta;
    this.#half = endsInHalf(text) ? text.slice(-1) : "";
    this.#addText(text.slice(0, text.length - this.#half.length));
    // What else it says, such as metadata of the provider, stands behind its text.
    if (Object.keys(marker).length > 3) {
      this.#addHalf();
      this.#addChunk(marker);
    }
  }

  #gather(chunk: AnyChunk): boolean {
    const [idField, field] = GROWING[chunk.type] ?? [];
    if (idField === undefined || field === undefined) return false;
    const { [idField]: id, [field]: text } = chunk;
    if (typeof text !== "string" || Object.keys(chunk).length !== 3) return false;
    const last = this.#gathered;
    if (last?.chunk.type === chunk.type && last.id === id) last.text += text;
    else {
      this.#addGathered();
      this.#addHalf();
      this.#gathered = { chunk, id, field, text };
    }
    // A piece of several lines would be known only with the last one.
    if (this.#gathered !== undefined && this.#gathered.text.length * 2 > this.#maxBytes) this.#addGathered();
    return true;
  }

  #addGathered(): void {
    const gathered = this.#gathered;
    if (gathered === undefined) return;
    this.#gathered = undefined;
    this.#addChunk({ ...gathered.chunk, [gathered.field]: gathered.text });
  }

  #addHalf(): void {
    const half = this.#half;
    this.#half = "";
    this.#addText(half);
  }

  #addText(text: string): void {
    for (let from = 0; from < text.length; ) {
      const piece = pieceOf(text, from, this.#maxBytes - this.#line.bytes);
      if (piece.text === "") this.#endLine();
      this.#line.text += piece.text;
      this.#line.bytes += piece.bytes;
      this.#textLength += piece.text.length;
      from += piece.text.length;
    }
  }

  #addChunk(chunk: AnyChunk): void {
    const json = JSON.stringify(chunk);
    const bytes = utf8Bytes(json);
    const first = this.#entries;
    const at = this.#textLength;
    // A copy: the AI SDK writes to the chunk of a data part when it has another state.
    if (bytes + ENTRY_BYTES <= this.#maxBytes) this.#addEntry({ at, chunk: { ...chunk } }, bytes);
    else {
      for (let from = 0; from < json.length; ) {
        const piece = pieceOf(json, from, this.#maxBytes - ENTRY_BYTES);
        from += piece.text.length;
        this.#addEntry({ at, json: piece.text, ...(from < json.length && { more: true }) }, piece.bytes);
      }
    }
    const entries = Array.from({ length: this.#entries - first }, (_, index) => first + index);
    for (const index of this.#superseded.by(chunk, entries)) this.#put(index, SUPERSEDED, ENTRY_BYTES / 2);
  }

  #addEntry(entry: ChunkEntry, bytes: number): void {
    this.#put(this.#entries, entry, bytes + ENTRY_BYTES);
    this.#entries += 1;
  }

  #put(index: number, value: unknown, bytes: number): void {
    if (this.#line.bytes + bytes > this.#maxBytes) this.#endLine();
    this.#line.patch ??= {};
    this.#line.patch[entryKey(index)] = value;
    this.#line.bytes += bytes;
  }

  #endLine(): void {
    const { text, patch } = this.#line;
    this.#line = emptyLine();
    if (text === "" && patch === undefined) return;
    this.#lines.push({ ...(text !== "" && { text }), ...(patch !== undefined && { patch }) });
  }

  #take(): readonly StreamLine[] {
    this.#endLine();
    const lines = this.#lines;
    this.#lines = [];
    return lines;
  }
}

const emptyLine = () => ({ text: "", patch: undefined, bytes: FRAME_BYTES });
