// A server of connections over calls, that a test plays: it reads what a call brought and answers it with lines.

import type { Ports } from "../../../../client/util/ports.ts";
import type { Frame } from "./fake-sockets.ts";

export class FakeCall {
  readonly url: URL;
  readonly headers: Headers;
  readonly keepalive: boolean;
  readonly head: Frame;
  readonly frames: readonly Frame[];
  readonly response: Promise<Response>;
  #settle: { readonly answer: (response: Response) => void; readonly fail: (error: unknown) => void };
  /** Whether its client has given it up. */
  isAborted = false;
  isAnswered = false;

  constructor(
    url: string,
    { headers, body, signal, keepalive }: RequestInit & { readonly keepalive?: boolean },
  ) {
    this.url = new URL(url);
    this.headers = new Headers(headers);
    this.keepalive = keepalive === true;
    const [head = "{}", ...frames] = String(body ?? "{}").split("\n");
    this.head = JSON.parse(head);
    this.frames = frames.map((frame) => JSON.parse(frame));
    const { promise, resolve, reject } = Promise.withResolvers<Response>();
    this.response = promise;
    this.#settle = { answer: resolve, fail: reject };
    signal?.addEventListener("abort", () => {
      this.isAborted = true;
      reject(signal.reason);
    });
  }

  get what(): string {
    return this.url.pathname.split("/").at(-1) ?? "";
  }

  /** Frames, and that the connection goes on. */
  answer(...frames: Frame[]): void {
    this.answerText(
      [...frames, { type: "polled", connection: "c_polled" }].map((line) => JSON.stringify(line)).join("\n"),
    );
  }

  /** The connection has ended. */
  close(code: number, reason: string): void {
    this.answerText(JSON.stringify({ type: "closed", code, reason }));
  }

  answerText(text: string, status = 200): void {
    this.isAnswered = true;
    this.#settle.answer(new Response(text, { status }));
  }

  refuse(status: number, code: string, more: object = {}): void {
    this.answerText(JSON.stringify({ error: { code, message: code, ...more } }), status);
  }

  fail(): void {
    this.isAnswered = true;
    this.#settle.fail(new TypeError("no network"));
  }
}

export class FakeCalls {
  readonly all: FakeCall[] = [];
  /** Called with each call. */
  onCall: (call: FakeCall) => void = () => {};

  readonly fetch: Ports["fetch"] = (url, init) => {
    const call = new FakeCall(url, init);
    this.all.push(call);
    this.onCall(call);
    return call.response;
  };

  of(what: "poll" | "commands" | "health"): FakeCall[] {
    return this.all.filter((call) => call.what === what);
  }

  get lastPoll(): FakeCall {
    const poll = this.of("poll").at(-1);
    if (poll === undefined) throw new Error("nothing polls");
    return poll;
  }

  get waiting(): FakeCall[] {
    return this.of("poll").filter(({ isAnswered, isAborted }) => !isAnswered && !isAborted);
  }
}
