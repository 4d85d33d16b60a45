import type { WebSocketEnd } from "./web-socket-pair.ts";

type Body = string | ReadableStream<Uint8Array> | null;

export interface WorkerResponseInit {
  readonly status?: number;
  readonly headers?: HeadersInit;
  readonly webSocket?: WebSocketEnd | null;
}

/** A response of the Worker. That of the platform can neither have the status 101 nor carry a socket. */
export class WorkerResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
  readonly webSocket: WebSocketEnd | null;

  constructor(body: Body = null, { status = 200, headers, webSocket = null }: WorkerResponseInit = {}) {
    this.body = body;
    this.status = status;
    this.headers = new Headers(headers);
    this.webSocket = webSocket;
  }

  static json(value: unknown, init: WorkerResponseInit = {}): WorkerResponse {
    const headers = new Headers(init.headers);
    if (!headers.has("Content-Type")) headers.set("Content-Type", "application/json");
    return new WorkerResponse(JSON.stringify(value), { ...init, headers });
  }

  async text(): Promise<string> {
    if (this.body === null || typeof this.body === "string") return this.body ?? "";
    return new Response(this.body).text();
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }
}

/** What `fetch` of a client resolves with. Text is read in a microtask, as the platform's own reading is not counted. */
export function responseFor({ body, status, headers }: WorkerResponse): Response {
  if (body !== null && typeof body !== "string") return new Response(body, { status, headers });
  const text = async () => body ?? "";
  return Object.defineProperty(new Response(null, { status, headers }), "text", { value: text });
}
