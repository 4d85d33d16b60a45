import type { StreamedResult, StreamHead } from "../../src/protocol/index.ts";
import type { EventMap, EventName, RegisteredEvents } from "../events/event-map.ts";
import { AnswerLines } from "./answer-lines.ts";
import { type AnswerSource, readerOf } from "./answer-source.ts";
import { appendAnswer } from "./append-answer.ts";
import { postAnswer } from "./post-answer.ts";
import type { ServerContext } from "./server-call.ts";
import { streamsBodies } from "./streams-bodies.ts";

/** What {@link ServerRoom.stream} opens. */
export interface AnswerOptions<
  Events extends EventMap = RegisteredEvents,
  Name extends EventName<Events> = EventName<Events>,
> extends Omit<StreamHead, "event" | "data"> {
  /** Default: `chat`. */
  readonly event?: Name;
  /**
   * What the message says beside its text. JSON.
   *
   * @default {}
   */
  readonly data?: Partial<Events[Name]>;
  /** Aborting it ends the answer as `cancelled`, with the text so far. */
  readonly signal?: AbortSignal;
}

/** An answer that has ended. */
export interface EndedAnswer extends StreamedResult {}

export async function streamAnswer(
  context: ServerContext,
  path: string,
  from: AnswerSource | ((stop: AbortSignal) => AnswerSource | Promise<AnswerSource>),
  {
    signal,
    id = context.ports.newId(),
    data = {},
    ...head
  }: Partial<StreamHead> & { readonly signal?: AbortSignal },
): Promise<EndedAnswer> {
  const stop = new AbortController();
  let lines: AnswerLines | undefined;
  const stopped = () => {
    stop.abort();
    void lines?.cancel();
  };
  signal?.addEventListener("abort", stopped);
  try {
    if (signal?.aborted) stop.abort();
    const source = typeof from === "function" ? await from(stop.signal) : from;
    // A text is an iterable of its characters.
    lines = new AnswerLines(readerOf(typeof source === "string" ? [source] : source));
    if (signal?.aborted) stopped();
    const post = { head: { ...head, id, data }, lines, stopped };
    const { type: _, ...result } = streamsBodies()
      ? await postAnswer(context, { path: `${path}/stream`, ...post })
      : await appendAnswer(context, { path, ...post });
    if (lines.failure !== undefined) throw lines.failure.error;
    return result;
  } finally {
    signal?.removeEventListener("abort", stopped);
    // Where the room has refused it, or had it before, nobody reads the source any more.
    if (lines?.isEnded === false) stopped();
  }
}
