// One call over HTTP on its way: it may break off before its answer, or in the middle of one that is streamed.

import { responseFor, type WorkerResponse } from "./worker/worker-response.ts";

export class NetworkCall {
  readonly user: string;
  readonly #broken = new AbortController();
  readonly #ended: () => void;
  readonly #breaks: Promise<never>;

  /** `outer` is the signal of the caller. `ended` is called at the end of the answer. */
  constructor(user: string, outer: AbortSignal | null | undefined, ended: () => void) {
    const { signal } = this.#broken;
    this.user = user;
    this.#ended = ended;
    this.#breaks = new Promise((_, reject) =>
      signal.addEventListener("abort", () => {
        ended();
        reject(signal.reason);
      }),
    );
    // Nobody may wait for it any more.
    this.#breaks.catch(() => {});
    if (outer?.aborted) this.#broken.abort(outer.reason);
    outer?.addEventListener("abort", () => this.#broken.abort(outer.reason));
  }

  /** Aborts when it breaks off. */
  get signal(): AbortSignal {
    return this.#broken.signal;
  }

  breakOff(): void {
    this.#broken.abort(new TypeError("the network of the test lost it"));
  }

  /** Settles as `work`, unless the call breaks off before. */
  during<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, this.#breaks]);
  }

  /** The answer as it arrives. */
  answer(response: WorkerResponse): Response {
    const { body, status, headers } = response;
    if (body === null || typeof body === "string") {
      this.#ended();
      return responseFor(response);
    }
    return new Response(this.#streamed(body.getReader()), { status, headers });
  }

  #streamed(reader: ReadableStreamDefaultReader<Uint8Array>): ReadableStream<Uint8Array> {
    return new ReadableStream({
      pull: async (controller) => {
        const { done, value } = await this.during(reader.read());
        if (!done) return controller.enqueue(value);
        this.#ended();
        controller.close();
      },
      cancel: () => {
        this.#ended();
        return reader.cancel();
      },
    });
  }
}
