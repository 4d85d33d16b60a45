// A socket of a connection whose client polls, held by the Worker for one call. Its timers run in the Worker and end with
// that call, so the object sleeps meanwhile.

import { POLL_OVER, type SocketClosing } from "../object/polled-socket.ts";
import type { PollEnd } from "../protocol/index.ts";

/** After the first frame this much is waited for others, in milliseconds: of a flush, or of a busy room. */
const GATHER_MS = 15;
/** With so much gathered nothing more is waited for, in UTF-16 units. */
const ENOUGH = 1_048_576;
/** What the runtime reports of a socket whose object is gone. */
const LOST = 1006;

export class HeldPoll {
  readonly #restMs: number;
  /** It is too soon for an answer. */
  #isResting: boolean;
  readonly #socket: WebSocket;
  readonly #connection: string;
  readonly #lines: string[] = [];
  readonly #heard = Promise.withResolvers<void>();
  #length = 0;
  #closing: SocketClosing | undefined;
  #isOver = false;

  /** `restMs`: what comes in this time is gathered, unless the connection ends. */
  constructor(socket: WebSocket, connection: string, restMs: number) {
    this.#restMs = restMs;
    this.#isResting = restMs > GATHER_MS;
    if (this.#isResting) setTimeout(() => this.#rested(), restMs);
    this.#socket = socket;
    this.#connection = connection;
    socket.addEventListener("message", ({ data }) => this.#take(String(data)));
    socket.addEventListener("close", ({ code, reason }) => {
      if (!this.#isOver && code !== POLL_OVER) this.#closing = { code: code === 1005 ? LOST : code, reason };
      this.end();
    });
    socket.accept();
  }

  async heard(waitMs: number): Promise<void> {
    const timer = setTimeout(() => this.end(), Math.max(waitMs, this.#restMs));
    await this.#heard.promise;
    clearTimeout(timer);
  }

  /** What comes after this is in the answer to the next call. */
  end(): void {
    this.#isOver = true;
    this.#socket.close(POLL_OVER, "polled");
    this.#heard.resolve();
  }

  text(): string {
    const last: PollEnd =
      this.#closing === undefined
        ? { type: "polled", connection: this.#connection }
        : { type: "closed", ...this.#closing };
    return [...this.#lines, JSON.stringify(last)].join("\n");
  }

  #rested(): void {
    this.#isResting = false;
    if (this.#lines.length > 0) this.end();
  }

  #take(line: string): void {
    if (this.#isOver) return;
    if (this.#lines.length === 0 && !this.#isResting) setTimeout(() => this.end(), GATHER_MS);
    this.#lines.push(line);
    this.#length += line.length;
    if (this.#length > ENOUGH) this.end();
  }
}
