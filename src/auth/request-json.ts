/** The one bound on how long an answer from outside may take, headers and body, and on how long it keeps an object. */
const WITHIN_MS = 3_000;

/**
 * Asks a server of the deployer's and reads its JSON, of at most `maxBytes`. Rejects for anything else than 2xx: a
 * redirect is not followed. Its errors may be logged, as they tell nothing of the answer but its status.
 */
export async function requestJson(
  url: string,
  init: Pick<RequestInit, "method" | "headers" | "body">,
  maxBytes: number,
): Promise<unknown> {
  const signal = AbortSignal.timeout(WITHIN_MS);
  const response = await fetch(url, { ...init, redirect: "manual", signal });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`answered ${response.status}`);
  }
  return parse(await readText(response, maxBytes));
}

async function readText({ body }: Response, maxBytes: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    // Leaving the loop cancels the rest.
    if (bytes > maxBytes) throw new Error(`answered more than ${maxBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The error of `JSON.parse` would quote what was answered.
    throw new Error("answered no JSON");
  }
}
