// JSON bodies of requests.

import type * as v from "valibot";
import { readBounded } from "../auth/request-json.ts";
import { decodeUtf8 } from "../object/runtime/decode-utf8.ts";
import { isRecord, MAX_FRAME_BYTES, parseJson } from "../protocol/index.ts";
import { check } from "../validation/check.ts";
import type { AppContext } from "./app-context.ts";
import { accepted, refusing } from "./refusal-error.ts";

/** As large as a frame. */
const MAX_BODY_BYTES = MAX_FRAME_BYTES;
/** A frame, and the line before it. */
const MAX_LINES_BYTES = MAX_FRAME_BYTES + 1_024;

/**
 * Reads a JSON body that fits `schema`, whatever its `Content-Type`: `curl -d` sends another one. A schema of options
 * (settings, kick, token, preferences, notify, broadcast) is a `strictObject`, as a misspelt field would change the
 * effect unseen. A schema of a command ignores unknown fields as the command over a socket does, and so does the one of
 * a push subscription, which the browser makes.
 */
export async function readBody<Schema extends v.GenericSchema>(
  c: AppContext,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  return readJson(schema, await bodyText(c.req.raw));
}

/** As `readBody`; an empty body is an object without fields. */
export async function readOptionalBody<Schema extends v.GenericSchema>(
  c: AppContext,
  schema: Schema,
): Promise<v.InferOutput<Schema>> {
  return readJson(schema, (await bodyText(c.req.raw)) || "{}");
}

/** The JSON object in a text, if it fits `schema`. `what` it is in an error. */
export function readJson<Schema extends v.GenericSchema>(
  schema: Schema,
  json: string,
  what = "the body",
): v.InferOutput<Schema> {
  if (json.trim() === "") throw refusing("bad_request", "the body is missing: send a JSON object");
  const body = parseJson(json);
  if (body === undefined) throw refusing("bad_request", `${what} is not JSON: ${faultIn(json)}`);
  // valibot takes a list for an object without fields.
  if (!isRecord(body)) throw refusing("bad_request", `${what} must be a JSON object`);
  return accepted(check(schema, body));
}

/** Where the engine found the fault, if it says so. It may also quote the text, which is left out. */
function faultIn(json: string): string {
  try {
    JSON.parse(json);
  } catch (error) {
    const at = /at position (\d+)/.exec(String(error))?.[1];
    if (at !== undefined) return `see character ${Number(at) + 1}`;
    if (/end of JSON/.test(String(error))) return "it ends too early";
  }
  return "send a JSON object";
}

/** The first line of a body fits `schema`; the others come as they are. */
export async function readLines<Schema extends v.GenericSchema>(
  c: AppContext,
  schema: Schema,
): Promise<{ readonly head: v.InferOutput<Schema>; readonly lines: readonly string[] }> {
  const [first = "", ...lines] = (await bodyText(c.req.raw, MAX_LINES_BYTES)).split("\n");
  return { head: readJson(schema, first || "{}"), lines: lines.filter((line) => line !== "") };
}

async function bodyText(request: Request, maxBytes = MAX_BODY_BYTES): Promise<string> {
  const body = await readBounded(request.body, maxBytes).catch(() => {
    throw refusing("bad_request", "the body broke off, or is not framed as HTTP says");
  });
  if (body === undefined) throw refusing("too_large", `a body has at most ${maxBytes} bytes`);
  const text = decodeUtf8(await body.arrayBuffer());
  if (text === undefined) throw refusing("bad_request", "the body is not UTF-8");
  return text;
}

/** Refuses to all but server code the fields in which a user could speak for others. */
export function onlyServerCode(kind: string, body: Record<string, unknown>, fields: readonly string[]): void {
  const field = fields.find((name) => kind !== "server" && body[name] !== undefined);
  if (field !== undefined) throw refusing("forbidden", `${field} takes an API key`, { path: [field] });
}
