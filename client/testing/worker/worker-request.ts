/** Where a request begins that is made without a signal. */
const NEVER_ABORTED = new AbortController().signal;

export interface WorkerRequestInit {
  readonly method?: string | undefined;
  readonly headers?: HeadersInit | undefined;
  readonly body?: string | undefined;
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
  readonly body: AsyncIterable<Uint8Array> | null;
  readonly signal: AbortSignal;

  constructor(
    url: string,
    { method = "GET", headers, body, signal = NEVER_ABORTED }: WorkerRequestInit = {},
  ) {
    this.url = url;
    this.method = method;
    this.headers = new Headers(headers);
    this.body = body === undefined ? null : chunksOf(body);
    this.signal = signal;
  }
}

async function* chunksOf(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}
