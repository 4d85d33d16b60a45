// What the object says of a streaming POST, line by line.

import { refuse, type StreamedLine } from "../protocol/index.ts";
import { RefusalError } from "./refusal-error.ts";
import { PRIVATE } from "./responses.ts";

/** The object died. The same body again goes on where this one ended. */
const LOST = refuse("overloaded", "the room was interrupted: send the whole body again, with the same id", {
  retryAfterMs: 1_000,
});
/** How often a blank line is written to a caller who waits: a proxy drops a silent answer. */
const SIGN_OF_LIFE_MS = 15_000;

type Done = Extract<StreamedLine, { type: "done" }>;

/** How it ended, once it has. A refusal ends the request. */
export async function lastLine(lines: ReadableStream<Uint8Array>): Promise<Done> {
  const text = await new Response(lines).text().catch(() => {
    throw new RefusalError(LOST);
  });
  for (const line of text.trim().split("\n")) {
    const said: StreamedLine | undefined = line === "" ? undefined : JSON.parse(line);
    if (said?.type === "done") return said;
    if (said?.type === "error") {
      const { type: _, ...refusal } = said;
      throw new RefusalError(refusal);
    }
  }
  throw new RefusalError(LOST);
}

/** The lines as they come. */
export function answerLines(lines: ReadableStream<Uint8Array>, status: number): Response {
  const reader = lines.getReader();
  const encoder = new TextEncoder();
  let timer: number | null = null;
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      // In the Worker, while the request is open: it wakes no object.
      timer = setInterval(() => controller.enqueue(encoder.encode("\n")), SIGN_OF_LIFE_MS);
    },
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (!done) return controller.enqueue(value);
      } catch {
        controller.enqueue(encoder.encode(`${JSON.stringify({ type: "error", ...LOST })}\n`));
      }
      clearInterval(timer);
      controller.close();
    },
    cancel(reason) {
      clearInterval(timer);
      return reader.cancel(reason);
    },
  });
  return new Response(body, { status, headers: { "Content-Type": "application/x-ndjson", ...PRIVATE } });
}
