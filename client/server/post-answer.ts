// The streaming POST of server code, and what follows a lost connection: the same body again, which goes on where the
// one before ended.

import {
  isRecord,
  parseJson,
  STABLE_AFTER_MS,
  STREAMED_LINES,
  type StreamedLine,
  type StreamHead,
} from "../../src/protocol/index.ts";
import { backoffMs } from "../connection/retry.ts";
import { answerOf, before, encode, sleep } from "../http/http-call.ts";
import { readText } from "../http/read-text.ts";
import { isTemporary, offline, RoomsError, refusalError, unreadable } from "../util/errors.ts";
import type { Clock } from "../util/ports.ts";
import { fits, parseError } from "../util/wire.ts";
import type { AnswerLines } from "./answer-lines.ts";
import { readerOf } from "./answer-source.ts";
import { Deadline } from "./deadline.ts";
import { linesOf } from "./lines-of.ts";
import type { ServerContext } from "./server-call.ts";

export type StreamedDone = Extract<StreamedLine, { type: "done" }>;

/** No other try begins so long after the first of those in a row that soon failed: the room has ended the answer by then. */
const GIVE_UP_AFTER_MS = 60_000;
const RETRY_LIMITS = { minMs: 500, maxMs: 8_000 };
/** A blank line is sent this long after the last one: the room ends an answer whose producer is silent. */
export const SIGN_OF_LIFE_MS = 15_000;
/** The server says something at least every 15 s. */
const SILENT_MS = 45_000;

export interface AnswerPost {
  readonly path: string;
  readonly head: StreamHead;
  readonly lines: AnswerLines;
  /** A member asks to stop. */
  stopped(): void;
}

export async function postAnswer(context: ServerContext, post: AnswerPost): Promise<StreamedDone> {
  const { clock, random } = context.ports;
  let failures = 0;
  let failingSince = clock.elapsed();
  for (;;) {
    let openedAt = Number.POSITIVE_INFINITY;
    const opened = () => {
      openedAt = clock.elapsed();
    };
    try {
      return await attempt(context, post, opened);
    } catch (error) {
      if (!(error instanceof RoomsError) || !isWorthRepeating(error)) throw error;
      const now = clock.elapsed();
      if (now - openedAt >= STABLE_AFTER_MS) [failures, failingSince] = [0, now];
      const waitMs = (error.retryAfterMs ?? 0) + backoffMs(failures++, RETRY_LIMITS, random);
      if (now + waitMs - failingSince >= GIVE_UP_AFTER_MS) throw error;
      await sleep(clock, waitMs, new AbortController().signal);
    }
  }
}

/** A cause is what `fetch` threw. Without one something answered that is not the API, and will again. */
const isWorthRepeating = (error: RoomsError): boolean =>
  isTemporary(error) || error.code === "timeout" || (error.code === "offline" && error.cause !== undefined);

async function attempt(
  { ports: { clock, fetch }, base, apiKey }: ServerContext,
  post: AnswerPost,
  opened: () => void,
): Promise<StreamedDone> {
  const ended = new AbortController();
  const { signal } = ended;
  const silence = new Deadline(clock, () =>
    ended.abort(new RoomsError("timeout", "The server did not answer in time.")),
  );
  const body = new AnswerBody(post, clock);
  try {
    silence.in(SILENT_MS);
    const headers = {
      ...(apiKey !== null && { Authorization: `Bearer ${apiKey}` }),
      "Content-Type": "application/x-ndjson",
      Accept: "application/x-ndjson",
    };
    const init = {
      method: "POST",
      headers,
      body: body.stream,
      redirect: "manual",
      signal,
      duplex: "half",
    } as const;
    const response = await before(signal, fetch(base.replace(/^ws/, "http") + post.path, init));
    if (!response.ok) {
      const answer = answerOf(response, parseJson(await before(signal, readText(response))));
      throw answer.ok ? unreadable() : answer.error;
    }
    opened();
    return await followed(response, post, { signal, heard: () => silence.in(SILENT_MS) });
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    throw cause instanceof RoomsError ? cause : offline("The server could not be reached.", cause);
  } finally {
    silence.cancel();
    body.end();
    ended.abort();
  }
}

/** Follows what the server says, up to its last line. */
async function followed(
  response: Response,
  { stopped }: Pick<AnswerPost, "stopped">,
  { signal, heard }: { readonly signal: AbortSignal; heard(): void },
): Promise<StreamedDone> {
  if (response.body === null) throw unreadable();
  const reader = readerOf<Uint8Array>(response.body);
  const lines = linesOf(() => reader.read(), heard);
  for (;;) {
    const { done, value } = await before(signal, lines.next());
    if (done) throw offline("The answer broke off.", new Error("there was no last line"));
    const line = parseJson(value);
    if (!isRecord(line)) continue;
    if (line.type === "error") throw refusalError(parseError(line));
    if (line.type === "stop") stopped();
    if (line.type === "done" && fits(STREAMED_LINES.done, line)) return line;
  }
}

/** The body of one try. Lines are taken when they are wanted, so a slow server has the source wait. */
class AnswerBody {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #quiet: Deadline;
  #sent = 0;
  #isOver = false;

  constructor({ head, lines }: Pick<AnswerPost, "head" | "lines">, clock: Clock) {
    const encoder = new TextEncoder();
    let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
    const write = (text: string) => {
      if (!this.#isOver) controller?.enqueue(encoder.encode(text));
    };
    this.#quiet = new Deadline(clock, () => {
      write("\n");
      this.#quiet.in(SIGN_OF_LIFE_MS);
    });
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (started) => {
          controller = started;
          write(`${encode(head)}\n`);
        },
        pull: async (wanting) => {
          this.#quiet.in(SIGN_OF_LIFE_MS);
          const next = await lines.from(this.#sent);
          this.#quiet.cancel();
          if (this.#isOver) return;
          this.#sent += next.length;
          if (next.length > 0) write(`${next.join("\n")}\n`);
          else wanting.close();
        },
        cancel: () => this.end(),
      },
      { highWaterMark: 0 },
    );
  }

  /** Nothing more is sent. */
  end(): void {
    this.#isOver = true;
    this.#quiet.cancel();
  }
}
