// What a reader makes of an open message. Its text is joined and never copied: in engines a joined text is a rope, so an
// append takes the same time however long the text is.
// Invariant: only `append` and `stream` move what an open message says. A stored version of it may be ahead of the
// appends that are on their way, and they would then be joined twice.

import {
  type Append,
  DEFAULT_STREAM_FIELD,
  isRecord,
  MAX_OPEN_STREAMS,
  type Message,
  type Stream,
} from "../../../src/protocol/index.ts";

/** Whether appends may still come. */
export const isOpen = ({ stream, deletedAt }: Message): boolean =>
  stream === "open" && deletedAt === undefined;

/** The text that grows; empty where there is none yet. */
export function streamText({ data, field = DEFAULT_STREAM_FIELD }: Pick<Message, "data" | "field">): string {
  const text = isRecord(data) ? data[field] : undefined;
  return typeof text === "string" ? text : "";
}

/** The message with what the event says of it; `undefined` where it stays as it is. */
export function foldStream(held: Message, event: Append | Stream): Message | undefined {
  const { n } = event;
  if (!isOpen(held)) return undefined;
  // Also with a smaller `n`: a crash takes the room back to what it had saved.
  if (event.type === "stream") return { ...held, data: event.data, n };
  if (n <= (held.n ?? 0)) return undefined;
  const { field = DEFAULT_STREAM_FIELD, data: before } = held;
  const { text, patch = {} } = event;
  const data: Record<string, unknown> = {
    ...(isRecord(before) ? before : {}),
    ...patch,
    [field]: streamText(held) + text,
  };
  for (const name in patch) if (patch[name] === null) delete data[name];
  return { ...held, data, n };
}

/** The stored version `next` of a message of which `held` is shown. */
export function keepOpen(held: Message, next: Message): Message {
  if (!isOpen(held) || !isOpen(next)) return next;
  const { n: _, ...rest } = next;
  return { ...rest, data: held.data, ...(held.n !== undefined && { n: held.n }) };
}

/** How far open messages are held, as a connect says it; `undefined` where there are none. */
export function haveOf(chunks: readonly (readonly Message[])[]): string | undefined {
  const open = chunks.flatMap((chunk) => chunk.filter(isOpen)).slice(-MAX_OPEN_STREAMS);
  return open.length > 0 ? open.map(({ seq, n = 0 }) => `${seq}:${n}`).join() : undefined;
}
