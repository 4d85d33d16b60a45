import type * as v from "valibot";
import { MAX_FRAME_BYTES } from "../protocol/index.ts";
import { check } from "../validation/check.ts";
import type { AppContext } from "./app-env.ts";
import { accepted, refusing } from "./refusal-error.ts";

/** As much as a frame. */
const MAX_BODY_BYTES = MAX_FRAME_BYTES;

/**
 * Reads a JSON body that fits `schema`; whatever its `Content-Type`, as `curl -d` sends another. What says how things
 * shall be (settings, kick, token, preferences, notify, broadcast) is a `strictObject`, as a misspelt field would change
 * the effect unseen; what is a command over HTTP ignores unknown fields as the command does, and so does a subscription,
 * which is the browser's.
 */
export async function readBody<Schema extends v.GenericSchema>(
  c: AppContext,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  return checked(schema, await readText(c.req.raw));
}

/** As `readBody`; nothing at all is an object without fields. */
export async function readOptionalBody<Schema extends v.GenericSchema>(
  c: AppContext,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  return checked(schema, (await readText(c.req.raw)) || "{}");
}

function checked<Schema extends v.GenericSchema>(schema: Schema, text: string): v.InferOutput<Schema> {
  const body = parse(text);
  // A list would pass for an object without fields.
  if (Array.isArray(body)) throw refusing("bad_request", "the body must be a JSON object");
  return accepted(check(schema, body));
}

/** Stops reading where it is too much, so that nobody can make the Worker hold it. */
async function readText(request: Request): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > MAX_BODY_BYTES) break;
      chunks.push(chunk);
    }
  } catch {
    throw refusing("bad_request", "the body broke off, or is not framed as HTTP says");
  }
  if (bytes > MAX_BODY_BYTES) throw refusing("too_large", `a body has at most ${MAX_BODY_BYTES} bytes`);
  return decode(chunks);
}

/** What is not UTF-8 is refused: a replacement character would be stored in place of what was sent. */
function decode(chunks: readonly Uint8Array[]): string {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });
  try {
    return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode();
  } catch {
    throw refusing("bad_request", "the body is not UTF-8");
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refusing("bad_request", "the body is not JSON");
  }
}
