// The beginning of a streaming POST: what it opens is checked before any object is called, and the rest goes there as it
// comes.

import { decodeUtf8 } from "../object/runtime/decode-utf8.ts";
import { type Infer, STREAM_FORMATS, STREAM_HEAD, type StreamFormat } from "../protocol/index.ts";
import { StreamBody } from "../validation/stream-body.ts";
import { validator } from "../validation/validator.ts";
import type { AppContext } from "./app-context.ts";
import { readJson } from "./body.ts";
import { RefusalError, refusing } from "./refusal-error.ts";

type Bytes = Uint8Array;

export interface StreamStart {
  readonly head: Infer<typeof STREAM_HEAD>;
  readonly format: StreamFormat;
  /** What follows the head. */
  readonly bytes: ReadableStream<Bytes>;
}

const streamHead = validator(STREAM_HEAD);

export async function readHead(c: AppContext): Promise<StreamStart> {
  const format = readFormat(c.req.header("Content-Type") ?? "");
  const { body } = c.req.raw;
  if (body === null) throw MISSING();
  const reader = body.getReader();
  const lines = new StreamBody(format, decodeUtf8);
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw refusing("bad_request", "the body broke off, or is not framed as HTTP says");
    });
    if (!done) lines.take(value);
    const next = done ? lines.last() : lines.next();
    if (next.kind === "refused") throw new RefusalError(next.refusal);
    if (next.kind === "line") {
      const head = readJson(streamHead, next.text, "the first line of the body");
      reader.releaseLock();
      return { head, format, bytes: followed(lines.rest(), done ? undefined : body) };
    }
    if (done) throw MISSING();
  }
}

const MISSING = () => refusing("bad_request", "the body is missing: its first line opens the message");

function readFormat(contentType: string): StreamFormat {
  const type = contentType.split(";")[0]?.trim().toLowerCase() ?? "";
  const known = Object.entries(STREAM_FORMATS).find(([name]) => name === type);
  if (known !== undefined) return known[1];
  const names = Object.keys(STREAM_FORMATS).join(" or ");
  throw refusing("bad_request", `the Content-Type of this body must be ${names}`);
}

/** `first` and then `body`. It is read no faster than the object reads. */
function followed(first: Bytes, body: ReadableStream<Bytes> | undefined): ReadableStream<Bytes> {
  const { readable, writable } = new IdentityTransformStream();
  const pump = async () => {
    const writer = writable.getWriter();
    if (first.length > 0) await writer.write(first);
    if (body === undefined) return writer.close();
    writer.releaseLock();
    return body.pipeTo(writable);
  };
  // The object reads no further, or the client has gone: both ends hear of it by themselves.
  pump().catch(() => {});
  return readable;
}
