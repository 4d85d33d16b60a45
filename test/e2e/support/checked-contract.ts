// A setup file of the e2e tests: all that passes the sockets and calls of this process is validated against the documents
// that the Worker serves. A test file in which something does not fit them fails at its end, and says what.

import { afterAll, expect } from "vitest";
import { operationOf, problemOfAnswer, problemOfBody } from "../../support/contract/checked-calls.ts";
import { CheckedFrames } from "../../support/contract/checked-frames.ts";

/** Each once, as one fault is often sent a thousand times. */
const problems = new Set<string>();
const MAX_PROBLEMS = 20;

function note(found: readonly (string | undefined)[]): void {
  for (const problem of found)
    if (problem !== undefined && problems.size < MAX_PROBLEMS) problems.add(problem);
}

const isOurs = (url: URL): boolean => /\/v1\/(?:rooms\/[^/]+\/)?connect$/.test(url.pathname);

class CheckedWebSocket extends WebSocket {
  readonly #frames = new CheckedFrames();
  readonly #isOurs: boolean;

  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols);
    this.#isOurs = isOurs(new URL(url));
    if (this.#isOurs)
      this.addEventListener("message", ({ data }) => note(this.#frames.received(String(data))));
  }

  override send(data: Parameters<WebSocket["send"]>[0]): void {
    if (this.#isOurs && typeof data === "string") note(this.#frames.sent(data));
    super.send(data);
  }
}

const { fetch: plainFetch } = globalThis;

async function checkedFetch(...[input, init]: Parameters<typeof fetch>): Promise<Response> {
  const response = await plainFetch(input, init);
  const url = URL.parse(String(input instanceof Request ? input.url : input));
  const [, path] = /(\/v1\/.*)$/.exec(url?.pathname ?? "") ?? [];
  const operation = path && operationOf(init?.method ?? "GET", path);
  if (!operation || !response.headers.get("Content-Type")?.startsWith("application/json")) return response;
  if (response.ok && typeof init?.body === "string") note([problemOfBody(operation, init.body)]);
  // Read only where the test reads it: a second reader would change how an answer that streams is cancelled.
  const text = response.text.bind(response);
  const read = async () => {
    const answer = await text();
    note([problemOfAnswer(operation, response.status, answer)]);
    return answer;
  };
  return Object.assign(response, { text: read, json: async () => JSON.parse(await read()) });
}

globalThis.WebSocket = CheckedWebSocket;
globalThis.fetch = checkedFetch;

afterAll(() => {
  expect([...problems], "what was sent does not fit src/http/asyncapi.json or openapi.json").toEqual([]);
});
