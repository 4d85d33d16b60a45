import { isStream } from "./streams-here.ts";

/** Where a request begins that is made without a signal. */
const NEVER_ABORTED = new AbortController().signal;

/** A text, or bytes as they come. */
export type RequestBody = string | ReadableStream<Uint8Array> | undefined;

/** What of the body of a call reaches the Worker. */
export const requestBody = (body: unknown): RequestBody =>
  typeof body === "string" || isStream(body) ? body : undefined;

export interface WorkerRequestInit {
  readonly method?: string | undefined;
  readonly headers?: HeadersInit | undefined;
  readonly body?: RequestBody;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What the code of the Worker reads of a request. A browser lets no page set `Upgrade` or `Sec-WebSocket-Protocol` on a
 * `Request` of its own, and reads bodies outside of JavaScript.
 */
export class WorkerRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array> | null;
  readonly signal: AbortSignal;

  constructor(
    url: string,
    { method = "GET", headers, body, signal = NEVER_ABORTED }: WorkerRequestInit = {},
  ) {
    this.url = url;
    this.method = method;
    this.headers = new Headers(headers);
    this.body = typeof body === "string" ? chunksOf(body) : (body ?? null);
    this.signal = signal;
  }
}

async function* chunksOf(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}
