// What the relays of a hub send to their room, in one call at a time. A call that fails fails for each of them, and each
// tries again.

import type { Upload, UploadAnswer } from "../room/relays/relay-calls.ts";

interface Waiting {
  readonly upload: Upload;
  readonly resolve: (answer: UploadAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/** Of one call, if it has more than one upload. */
const MAX_ITEMS = 2_000;

export class MergedUploads {
  readonly #send: (uploads: readonly Upload[]) => Promise<readonly UploadAnswer[]>;
  readonly #wait: (ms: number) => Promise<unknown>;
  #waiting: Waiting[] = [];
  #isRunning = false;

  constructor(
    send: (uploads: readonly Upload[]) => Promise<readonly UploadAnswer[]>,
    wait: (ms: number) => Promise<unknown>,
  ) {
    this.#send = send;
    this.#wait = wait;
  }

  add(upload: Upload): Promise<UploadAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<UploadAnswer>();
    this.#waiting.push({ upload, resolve, reject });
    if (!this.#isRunning) void this.#run();
    return promise;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    // What comes in the same moment goes along.
    await this.#wait(0);
    while (this.#waiting.length > 0) await this.#call(this.#take());
    this.#isRunning = false;
  }

  #take(): Waiting[] {
    let left = MAX_ITEMS;
    const end = this.#waiting.findIndex(({ upload }, at) => {
      left -= upload.items.length;
      return at > 0 && left < 0;
    });
    return this.#waiting.splice(0, end === -1 ? this.#waiting.length : end);
  }

  async #call(taken: readonly Waiting[]): Promise<void> {
    try {
      const answers = await this.#send(taken.map(({ upload }) => upload));
      for (const [at, { resolve, reject }] of taken.entries()) {
        const answer = answers[at];
        if (answer === undefined) reject(new Error("the room has not answered"));
        else resolve(answer);
      }
    } catch (error) {
      for (const { reject } of taken) reject(error);
    }
  }
}
