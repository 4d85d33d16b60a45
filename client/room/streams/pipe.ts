// Reads a source into an answer, no faster than the room takes it.

import type { ChangeResult } from "../../../src/protocol/index.ts";
import { RoomsError } from "../../util/errors.ts";
import type { Producer } from "./producer.ts";

/** Texts, or bytes of UTF-8. */
export type TextSource = ReadableStream<string | Uint8Array> | AsyncIterable<string | Uint8Array>;

export interface PipeOptions {
  /** Aborts the answer: it ends as `cancelled`. */
  readonly signal?: AbortSignal;
}

/** A chunk is handed on in parts of this length, in UTF-16 units. */
const PART = 65_536;

type Chunk = { readonly done?: boolean | undefined; readonly value?: string | Uint8Array | undefined };

interface Reader {
  next(): Promise<Chunk>;
  cancel(reason: unknown): Promise<unknown> | undefined;
}

/** Data of another type than it says may come, such as a `Response` itself. */
const isSource = (source: unknown): boolean =>
  typeof source === "object" && source !== null && ("getReader" in source || Symbol.asyncIterator in source);

/** Safari cannot iterate a `ReadableStream`. */
function readerOf(source: TextSource): Reader {
  if (!isSource(source))
    throw new RoomsError(
      "bad_request",
      "A source is a stream or an async iterable of text, such as `response.body`.",
    );
  if ("getReader" in source) {
    const reader = source.getReader();
    return { next: () => reader.read(), cancel: (reason) => reader.cancel(reason) };
  }
  const iterator = source[Symbol.asyncIterator]();
  return { next: () => iterator.next(), cancel: () => iterator.return?.() };
}

export async function pipeInto(
  producer: Producer,
  source: TextSource,
  { signal }: PipeOptions,
): Promise<ChangeResult> {
  let reader: Reader | undefined;
  const over = new AbortController();
  const stopped = new Promise<"stopped">((resolve) => {
    for (const one of [producer.stop.signal, signal]) {
      const stop = () => resolve("stopped");
      if (one?.aborted) stop();
      one?.addEventListener("abort", stop, { signal: over.signal });
    }
  });
  try {
    reader = readerOf(source);
    const how = await pump(producer, reader, stopped);
    if (how === "cancelled") cancel(reader, producer.stop.signal.reason ?? signal?.reason);
    return await producer.finish(how, undefined);
  } catch (error) {
    cancel(reader, error);
    // Also what the room has refused ends. An answer that is over stays as it is.
    await producer.finish("failed", undefined).catch(() => {});
    throw error;
  } finally {
    over.abort();
  }
}

async function pump(
  producer: Producer,
  reader: Reader,
  stopped: Promise<"stopped">,
): Promise<"complete" | "cancelled"> {
  const decoder = new TextDecoder();
  for (;;) {
    const chunk = await Promise.race([stopped, reader.next()]);
    if (chunk === "stopped") return "cancelled";
    const { done, value = "" } = chunk;
    if (done) {
      // Half of a character, if it was cut off.
      producer.append(decoder.decode());
      return "complete";
    }
    const text = typeof value === "string" ? value : decoder.decode(value, { stream: true });
    for (let at = 0; at < text.length; at += PART) {
      producer.append(text.slice(at, at + PART));
      if ((await Promise.race([stopped, producer.mayReadOn()])) === "stopped") return "cancelled";
    }
  }
}

/** A source that has failed, or stands still, is not waited for. */
function cancel(reader: Reader | undefined, reason: unknown): void {
  try {
    reader?.cancel(reason)?.catch(() => {});
  } catch {
    // It has failed.
  }
}
