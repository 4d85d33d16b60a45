// Where the text of an answer comes from: streams and iterables of all kinds.

import type { StreamLine } from "../../src/protocol/index.ts";
import { RoomsError } from "../util/errors.ts";

/**
 * A piece of an answer: text, its UTF-8 bytes, or a line of the HTTP API, `{ text }`, `{ patch }` or, at its end,
 * `{ status, data }`.
 */
export type AnswerPiece = string | Uint8Array | StreamLine;

/** What reads a stream. A `ReadableStream` of each platform has it. */
export interface ReadableOf<T> {
  getReader(): {
    read(): Promise<{ readonly done: boolean; readonly value?: T | undefined }>;
    cancel(reason?: unknown): Promise<void>;
  };
}

/** Pieces as they come. */
export type AnswerSource =
  | ReadableOf<string>
  | ReadableOf<Uint8Array>
  | ReadableOf<StreamLine>
  | AsyncIterable<AnswerPiece>
  | Iterable<AnswerPiece>;

/** The bytes of a body, such as that of a `Response`, or its text in pieces. */
export type ByteSource = ReadableOf<Uint8Array> | ReadableOf<string> | AsyncIterable<string | Uint8Array>;

/** Reads a source. */
export interface AnswerReader<Piece> {
  /** `undefined`: it has ended. Rejects where it fails. */
  read(): Promise<Piece | undefined>;
  /** Nothing more is wanted. Never rejects. */
  cancel(): Promise<void>;
}

export function readerOf<Piece>(
  source: ReadableOf<Piece> | AsyncIterable<Piece> | Iterable<Piece>,
): AnswerReader<Piece> {
  if (!isSource(source))
    throw new RoomsError(
      "bad_request",
      "A source is a stream or an iterable of text, such as `response.body`.",
    );
  if ("getReader" in source) return readerOfStream(source);
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  return {
    async read() {
      const { done, value } = await iterator.next();
      return done ? undefined : value;
    },
    async cancel() {
      try {
        await iterator.return?.();
      } catch {}
    },
  };
}

/** Data of another type than it says may come, such as a `Response` itself. */
const isSource = (source: unknown): boolean =>
  typeof source === "object" &&
  source !== null &&
  ("getReader" in source || Symbol.asyncIterator in source || Symbol.iterator in source);

function readerOfStream<Piece>(source: ReadableOf<Piece>): AnswerReader<Piece> {
  const reader = source.getReader();
  return {
    async read() {
      const { done, value } = await reader.read();
      return done ? undefined : value;
    },
    cancel: () => reader.cancel().catch(() => {}),
  };
}
