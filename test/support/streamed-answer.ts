// A message that streams, as appends and `finish` make it.

import { isRecord, type StreamLine, type StreamState } from "../../src/protocol/index.ts";

export interface StreamedAnswer {
  readonly data: Record<string, unknown> & { readonly text: string };
  readonly stream: StreamState;
}

export const OPENED: StreamedAnswer = { data: { text: "" }, stream: "open" };

/** As JSON has it; a field that is `null` in `patch` is removed. */
export function after({ data }: StreamedAnswer, line: StreamLine): StreamedAnswer {
  const { text = "", patch = {}, status = "open", data: replaced } = line;
  const next: StreamedAnswer["data"] = { ...data, ...patch, text: data.text + text };
  for (const [key, value] of Object.entries(patch)) if (value === null) delete next[key];
  const whole = isRecord(replaced) ? { text: "", ...replaced } : next;
  return JSON.parse(JSON.stringify({ data: whole, stream: status }));
}

export function streamOf<Item>(items: readonly Item[]): ReadableStream<Item> {
  return new ReadableStream({
    start(controller) {
      for (const item of items) controller.enqueue(item);
      controller.close();
    },
  });
}
