import { type AnyChunk, chunkIn, isChunk } from "./entry.ts";

/** A UI message stream of the AI SDK: its chunks, or the server-sent events that they are sent as. */
export type ChunkSource<Item = object | string | Uint8Array> = ReadableStream<Item> | AsyncIterable<Item>;

interface Reading {
  next(): Promise<{ readonly done?: boolean | undefined; readonly value?: unknown }>;
  cancel(): void;
}

const isStream = (source: ChunkSource): source is ReadableStream<object | string | Uint8Array> =>
  "getReader" in source;

/** A stream is cancelled at once, also while something of it is awaited: an iterator would wait for the next item. */
function readingOf(source: ChunkSource): Reading {
  if (isStream(source)) {
    const reader = source.getReader();
    return { next: () => reader.read(), cancel: () => void reader.cancel().catch(() => {}) };
  }
  const iterator = source[Symbol.asyncIterator]();
  return { next: () => iterator.next(), cancel: () => void iterator.return?.().catch(() => {}) };
}

/** Reads the chunks of a source of any form. */
export class ChunkInput {
  readonly #reading: Reading;
  readonly #decoder = new TextDecoder();
  /** Of server-sent events: what is no whole event yet. */
  #rest: string | undefined;
  #isDone = false;
  isCancelled = false;

  constructor(source: ChunkSource) {
    this.#reading = readingOf(source);
  }

  /** Events whose end was not said: the connection broke. Of objects the end of the stream is the end. */
  get isCut(): boolean {
    return this.#rest !== undefined && !this.#isDone;
  }

  /** The chunks of the next item, or `undefined` at the end. */
  async next(): Promise<readonly AnyChunk[] | undefined> {
    const { done, value } = await this.#reading.next();
    if (done) return undefined;
    if (value instanceof Uint8Array) return this.#events(this.#decoder.decode(value, { stream: true }));
    if (typeof value === "string") return this.#events(value);
    return isChunk(value) ? [value] : [];
  }

  cancel(): void {
    this.isCancelled = true;
    this.#reading.cancel();
  }

  #events(text: string): readonly AnyChunk[] {
    const events = ((this.#rest ?? "") + text).split(/\r?\n\r?\n/);
    this.#rest = events.pop() ?? "";
    return events.flatMap((event) => {
      const lines = event.split(/\r?\n/).filter((line) => line.startsWith("data:"));
      const data = lines.map((line) => line.slice(5).trimStart()).join("\n");
      if (data === "[DONE]") this.#isDone = true;
      return chunkIn(data) ?? [];
    });
  }
}
