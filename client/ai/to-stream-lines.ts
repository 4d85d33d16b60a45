import type { StreamLine } from "../../src/protocol/index.ts";
import { ChunkInput, type ChunkSource } from "./chunk-source.ts";
import { LineWriter } from "./line-writer.ts";

export interface StreamLinesOptions {
  /**
   * How long a line is at most, as JSON in UTF-8 bytes: no more than `MAX_MESSAGE_BYTES` of the deployment.
   *
   * @default 16384
   */
  readonly lineBytes?: number;
  /**
   * How long the text of reasoning, and of a tool's input, is gathered, in milliseconds. Each piece takes some 80 bytes
   * more than its text.
   *
   * @default 100
   */
  readonly gatherMs?: number;
  /** What readers hear of an error of the source. Called once, with the error. Default: that an error occurred. */
  readonly onError?: (error: unknown) => string;
}

/**
 * The UI message stream of an answer as lines for the `stream` of a server's room: text joins `data.text` of the
 * message, all else stands beside it, and `toUIMessages` and {@link RoomChatTransport} make the same chunks of it
 * again. Takes the chunks or the server-sent events of the AI SDK. The last line says how the answer ended: `failed`
 * after an error of the source, or if its events end without `[DONE]`. It never throws. Ending the iteration early
 * cancels the source.
 *
 * Everything in one message takes at most 1 MiB: put files somewhere else, and say their URL.
 *
 * @example
 * const { stream } = streamText({ model, prompt: "Why is the sky blue?" });
 * for await (const line of toStreamLines(toUIMessageStream({ stream }))) console.log(line);
 */
export function toStreamLines(
  stream: ChunkSource,
  { lineBytes, gatherMs = 100, onError = () => "An error occurred." }: StreamLinesOptions = {},
): AsyncIterableIterator<StreamLine, undefined> {
  const input = new ChunkInput(stream);
  const lines = linesOf(input, new LineWriter(lineBytes), gatherMs, onError);
  return {
    next: () => lines.next(),
    // At once: the generator itself would wait for the next chunk.
    return: async () => {
      input.cancel();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

async function* linesOf(
  input: ChunkInput,
  writer: LineWriter,
  gatherMs: number,
  onError: (error: unknown) => string,
): AsyncGenerator<StreamLine, undefined> {
  try {
    yield* linesOfChunks(input, writer, gatherMs);
    if (input.isCut && !writer.hasEnd) throw new Error("The events of the answer ended too early.");
  } catch (error) {
    if (input.isCancelled) return;
    yield* writer.write({ type: "error", errorText: onError(error) });
  }
  if (input.isCancelled) return;
  input.cancel();
  yield* writer.end();
}

/** The first piece of what grows goes out at once, further ones `gatherMs` apart. */
async function* linesOfChunks(
  input: ChunkInput,
  writer: LineWriter,
  gatherMs: number,
): AsyncGenerator<StreamLine, undefined> {
  let dueAt = 0;
  let next = ahead(input);
  for (;;) {
    const waitMs = writer.hasGathered ? dueAt - performance.now() : undefined;
    const chunks = await (waitMs === undefined ? next : withinMs(next, waitMs));
    if (input.isCancelled || chunks === undefined) return;
    if (chunks !== DUE) {
      next = ahead(input);
      for (const chunk of chunks) yield* writer.write(chunk);
    }
    if (writer.hasGathered && performance.now() >= dueAt) {
      dueAt = performance.now() + gatherMs;
      yield* writer.flush();
    }
  }
}

/** It may fail before it is awaited. */
function ahead(input: ChunkInput): ReturnType<ChunkInput["next"]> {
  const next = input.next();
  next.catch(() => {});
  return next;
}

const DUE = Symbol();

function withinMs<Value>(value: Promise<Value>, ms: number): Promise<Value | typeof DUE> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const due = new Promise<typeof DUE>((resolve) => {
    timer = setTimeout(() => resolve(DUE), Math.max(0, ms));
  });
  return Promise.race([value, due]).finally(() => clearTimeout(timer));
}
