// How the HTTP API answers.

import { credentialOf } from "../auth/credentials.ts";
import { refusalResponse } from "../object/runtime/upgrade-response.ts";
import { ERRORS, type Refusal } from "../protocol/index.ts";

/** Headers of all other answers but the files of the page: for its caller alone, and of no other type than it says. */
export const PRIVATE = { "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff" } as const;

/**
 * Headers of an answer that everybody would get, for a second. A cache keeps one for each origin, as CORS headers name it,
 * and does not answer a caller with a token by it. Without `must-revalidate` it may give an old one for hours if the
 * Worker fails, and a crowd would take a room that is down for one in which nothing happens.
 */
const SHARED = {
  "Cache-Control": "public, max-age=1, must-revalidate",
  "X-Content-Type-Options": "nosniff",
  Vary: "Origin, Authorization",
} as const;

/** Whether an answer was made by `sharedJson`. */
export const isForAll = ({ headers }: Response): boolean =>
  headers.get("Cache-Control") === SHARED["Cache-Control"];

/** An answer that does not depend on who asks; the only one that caches may keep. */
export const sharedJson = (body: string): Response =>
  new Response(body, { headers: { "Content-Type": "application/json", ...SHARED } });

/** An answer whose body is JSON already, or in parts. */
export const rawJson = (body: string | ReadableStream<Uint8Array>, status = 200): Response =>
  new Response(body, {
    status,
    headers: { "Content-Type": "application/json", ...PRIVATE },
  });

/** An answer of lines, each of which is JSON. */
export const rawLines = (body: string | ReadableStream<Uint8Array>): Response =>
  new Response(body, { headers: { "Content-Type": "text/plain; charset=utf-8", ...PRIVATE } });

/** An answer of lines, each of which is a JSON object. */
export const lineAnswer = (body: ReadableStream<Uint8Array>): Response =>
  new Response(body, { headers: { "Content-Type": "application/x-ndjson", ...PRIVATE } });

/** `{"<field>":[…],…}`: a page of encoded entries among other fields. */
export function pageText(field: string, entries: readonly string[], fields: object): string {
  const rest = JSON.stringify(fields).slice(1);
  return `{"${field}":[${entries.join(",")}]${rest === "}" ? "" : ","}${rest}`;
}

export const pageJson = (field: string, entries: readonly string[], fields: object): Response =>
  rawJson(pageText(field, entries, fields));

/** The answer to a refused request. A 401 says how to authenticate, and what is wrong with a token that was sent. */
export function httpRefusal(request: Request, refusal: Refusal): Response {
  const response = refusalResponse(refusal);
  if (ERRORS[refusal.code].http !== 401) return response;
  const sent = credentialOf(request, { inQuery: true }).kind !== "none";
  response.headers.set("WWW-Authenticate", sent ? challenge(refusal.message) : "Bearer");
  return response;
}

/** RFC 6750: a description is printable ASCII without `"` and `\\`. */
const challenge = (description: string): string =>
  `Bearer error="invalid_token", error_description="${description.replace(/[^ !#-[\]-~]/g, "?")}"`;
