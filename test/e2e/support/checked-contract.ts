// A setup file of the e2e tests: all that passes the sockets and calls of this process is validated against the documents
// that the Worker serves. A test file in which something does not fit them fails at its end, and says what.

import { afterAll, expect } from "vitest";
import { answerCheck, type BodyCheck, bodyCheck, operationOf } from "../../support/contract/checked-calls.ts";
import { CheckedFrames } from "../../support/contract/checked-frames.ts";

/** Each once, as one fault is often sent a thousand times. */
const problems = new Set<string>();
const MAX_PROBLEMS = 20;

function note(found: readonly (string | undefined)[]): void {
  for (const problem of found)
    if (problem !== undefined && problems.size < MAX_PROBLEMS) problems.add(problem);
}

const isOurs = (url: URL): boolean => /\/v1\/(?:rooms\/[^/]+\/)?connect$/.test(url.pathname);

/** A client that takes envelopes is sent some frames as bytes. */
const textOf = (data: unknown): string =>
  data instanceof ArrayBuffer ? new TextDecoder().decode(data) : String(data);

class CheckedWebSocket extends WebSocket {
  readonly #frames = new CheckedFrames();
  readonly #isOurs: boolean;

  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols);
    this.#isOurs = isOurs(new URL(url));
    if (this.#isOurs)
      this.addEventListener("message", ({ data }) => note(this.#frames.received(textOf(data))));
  }

  override send(data: Parameters<WebSocket["send"]>[0]): void {
    if (this.#isOurs && typeof data === "string") note(this.#frames.sent(data));
    super.send(data);
  }
}

const { fetch: plainFetch } = globalThis;

/** Of all connections over calls: no two clients use the same id for a command. */
const polledFrames = new CheckedFrames();

async function checkedFetch(...[input, init]: Parameters<typeof fetch>): Promise<Response> {
  const url = URL.parse(String(input instanceof Request ? input.url : input));
  const [, path] = /(\/v1\/.*)$/.exec(url?.pathname ?? "") ?? [];
  const operation = path === undefined ? undefined : operationOf(init?.method ?? "GET", path);
  if (operation === undefined) return plainFetch(input, init);
  const found: string[] = [];
  const text = typeof init?.body === "string" ? init.body : undefined;
  const body = bodyCheck(operation, polledFrames);
  if (text !== undefined) found.push(...body.add(text), ...body.end());
  const response = await plainFetch(input, init);
  // What the server refuses need not fit.
  if (response.ok) note(found);
  const { status, headers } = response;
  const check = answerCheck(operation, { status, type: headers.get("Content-Type") ?? "" }, polledFrames);
  if (typeof check !== "string") return observed(response, check);
  note([check]);
  return response;
}

/** The answer, which is checked as far as the test, or the client in it, reads it. */
function observed(response: Response, check: BodyCheck): Response {
  const { body } = response;
  if (body === null) return response;
  let reading: ReadableStream<Uint8Array> | undefined;
  Object.defineProperty(response, "body", { get: () => (reading ??= observedStream(body, check)) });
  const text = () => new Response(response.body).text();
  return Object.assign(response, { text, json: async () => JSON.parse(await text()) });
}

/** It reads no sooner than it is read, and is cancelled as the stream itself. */
function observedStream(body: ReadableStream<Uint8Array>, check: BodyCheck): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await reader.read();
        note(done ? check.end() : check.add(decoder.decode(value, { stream: true })));
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  );
}

globalThis.WebSocket = CheckedWebSocket;
globalThis.fetch = checkedFetch;

afterAll(() => {
  expect([...problems], "what was sent does not fit src/http/asyncapi.json or openapi.json").toEqual([]);
});
