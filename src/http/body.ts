import type * as v from "valibot";
import { MAX_FRAME_BYTES } from "../protocol/index.ts";
import { check } from "../validation/check.ts";
import type { AppContext } from "./app-env.ts";
import { accepted, refusing } from "./refusal-error.ts";

/** As much as a frame. */
const MAX_BODY_BYTES = MAX_FRAME_BYTES;

/** Reads a JSON body that fits `schema`; whatever its `Content-Type`, as `curl -d` sends another. */
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
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BODY_BYTES) throw refusing("too_large", `a body has at most ${MAX_BODY_BYTES} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refusing("bad_request", "the body is not JSON");
  }
}
