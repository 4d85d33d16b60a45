// An answer where `fetch` cannot stream a body: the message is opened, appended to and finished in calls of their own.

import {
  APPEND_RESULT,
  type AppendContent,
  type AppendResult,
  CHANGE_RESULT,
  isRecord,
  MESSAGE_STORED,
  parseJson,
  STREAM_LINE,
  type StreamLine,
} from "../../src/protocol/index.ts";
import { sleep } from "../http/http-call.ts";
import { RoomsError } from "../util/errors.ts";
import type { Clock } from "../util/ports.ts";
import { checked, fits } from "../util/wire.ts";
import { type AnswerLines, MAX_TEXT_LENGTH } from "./answer-lines.ts";
import { type AnswerPost, SIGN_OF_LIFE_MS, type StreamedDone } from "./post-answer.ts";
import { callsBelow, type ServerContext } from "./server-call.ts";

/** Text of so much time goes into one call, in milliseconds. */
const GATHER_MS = 250;

export async function appendAnswer(
  context: ServerContext,
  { path, head, lines, stopped }: AnswerPost,
): Promise<StreamedDone> {
  const { clock } = context.ports;
  const call = callsBelow(context, path);
  const opened = await checked(call("POST", "", { ...head, stream: true }), MESSAGE_STORED);
  const appends = new Appends(
    (body) => checked(call("POST", `/${opened.seq}/append`, body), APPEND_RESULT),
    stopped,
  );
  for (let index = 0; ; ) {
    const next = await gathered(lines, index, clock);
    index += next.length;
    await appends.add(joined(next));
    const { status, data } = next.at(-1) ?? {};
    if (status === undefined) continue;
    // What a crash has taken is sent again.
    await appends.add([]);
    const end = { status, ...(data !== undefined && { data }) };
    await checked(call("POST", `/${opened.seq}/finish`, end), CHANGE_RESULT);
    const { n, stop } = appends;
    return { type: "done", ...opened, n, stream: status, ...(stop !== undefined && { stop }) };
  }
}

/** The appends of one message: each is in it once, whatever is lost on the way. */
class Appends {
  readonly #send: (body: AppendContent & { readonly n: number }) => Promise<AppendResult>;
  readonly #stopped: () => void;
  readonly #all: AppendContent[] = [];
  stop: string | null | undefined;

  constructor(
    send: (body: AppendContent & { readonly n: number }) => Promise<AppendResult>,
    stopped: () => void,
  ) {
    this.#send = send;
    this.#stopped = stopped;
  }

  get n(): number {
    return this.#all.length;
  }

  /** Resolves when all are in the message. None: it is a sign of life. */
  async add(more: readonly AppendContent[]): Promise<void> {
    let n = this.#all.length;
    this.#all.push(...more);
    do {
      n = await this.#append(Math.min(n + 1, this.#all.length));
    } while (n < this.#all.length);
  }

  /** How many are in the message now. After a crash the room has fewer than it had. */
  async #append(n: number): Promise<number> {
    try {
      return this.#noted(await this.#send({ ...this.#all[n - 1], n }));
    } catch (error) {
      if (!(error instanceof RoomsError) || error.code !== "gap") throw error;
      return this.#noted(await this.#send({ n: 0 }));
    }
  }

  #noted({ n, stop }: AppendResult): number {
    if (stop !== undefined && this.stop === undefined) {
      this.stop = stop;
      this.#stopped();
    }
    return n;
  }
}

/** The next lines, up to the one that ends the answer. None: the source is silent. */
async function gathered(lines: AnswerLines, index: number, clock: Clock): Promise<readonly StreamLine[]> {
  const found: StreamLine[] = [];
  const over = new AbortController();
  const within = (ms: number) =>
    Promise.race([lines.from(index + found.length), sleep(clock, ms, over.signal).then(() => [])]);
  try {
    let next = await within(SIGN_OF_LIFE_MS);
    const endsAt = clock.elapsed() + GATHER_MS;
    while (next.length > 0) {
      found.push(...next.map(parseLine));
      const leftMs = endsAt - clock.elapsed();
      if (found.at(-1)?.status !== undefined || leftMs <= 0) break;
      next = await within(leftMs);
    }
    return found;
  } finally {
    over.abort();
  }
}

function parseLine(json: string): StreamLine {
  const line = parseJson(json);
  return isRecord(line) && fits(STREAM_LINE, line) ? line : {};
}

/** As few appends as these lines need. */
function joined(lines: readonly StreamLine[]): AppendContent[] {
  const appends: AppendContent[] = [];
  for (const { text, patch } of lines) {
    const last = appends.at(-1);
    const together = (last?.text ?? "") + (text ?? "");
    if (patch !== undefined) appends.push({ ...(text !== undefined && { text }), patch });
    else if (text === undefined) continue;
    else if (last === undefined || last.patch !== undefined || together.length > MAX_TEXT_LENGTH)
      appends.push({ text });
    else appends[appends.length - 1] = { text: together };
  }
  return appends;
}
