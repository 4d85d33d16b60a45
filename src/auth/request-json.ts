// Requests to servers of the deployer: the keys of the issuer, and the back end that authorizes and judges messages.

import { parseJson } from "../protocol/index.ts";

/** The one bound on how long an answer may take, headers and body, and so on how long it keeps an object awake. */
export const REQUEST_WITHIN_MS = 3_000;

/**
 * Asks a server of the deployer and reads its JSON, of at most `maxBytes`. Rejects on any status but 2xx: a redirect is
 * not followed. Its errors may be logged: they hold nothing of the answer but its status.
 */
export async function requestJson(
  url: string,
  init: Pick<RequestInit, "method" | "headers" | "body">,
  maxBytes: number,
  withinMs = REQUEST_WITHIN_MS,
): Promise<unknown> {
  const signal = AbortSignal.timeout(withinMs);
  const response = await fetch(url, { ...init, redirect: "manual", signal });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`answered ${response.status}`);
  }
  const body = await readBounded(response.body, maxBytes);
  if (body === undefined) throw new Error(`answered more than ${maxBytes} bytes`);
  const json = parseJson(await body.text());
  if (json === undefined) throw new Error("answered no JSON");
  return json;
}

/** Reads a body of at most `maxBytes`; `undefined`: it has more, and the rest is not read. Rejects if it breaks off. */
export async function readBounded(
  body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
  maxBytes: number,
): Promise<Blob | undefined> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the rest.
    if (bytes > maxBytes) return undefined;
    chunks.push(chunk);
  }
  return new Blob(chunks);
}
