// A streaming POST whose body a test writes, and whose answer it reads, line by line.

import type { LocalServer } from "../../support/local-server.ts";

type Line = Readonly<Record<string, unknown>>;

/** A body that a test writes line by line. */
export function openBody() {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const writer = writable.getWriter();
  const encoder = new TextEncoder();
  return {
    readable,
    write: (line: Line) => writer.write(encoder.encode(`${JSON.stringify(line)}\n`)),
    close: () => writer.close(),
  };
}

/** The POST, with what is answered line by line. */
export async function postAnswer(
  { url, apiKey }: Pick<LocalServer, "url" | "apiKey">,
  room: string,
  body: ReadableStream<Uint8Array>,
  signal?: AbortSignal,
) {
  const init = {
    method: "POST",
    headers: {
      Authorization: `Bearer ${apiKey}`,
      "Content-Type": "application/x-ndjson",
      Accept: "application/x-ndjson",
    },
    ...{ body, duplex: "half" },
    ...(signal && { signal }),
  };
  const response = await fetch(`${url}/v1/rooms/${room}/messages/stream`, init);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let begun = "";
  return {
    status: response.status,
    async next(): Promise<Line | undefined> {
      for (;;) {
        const [line, ...more] = begun.split("\n");
        if (more.length > 0) {
          begun = more.join("\n");
          if (line) return JSON.parse(line);
          continue;
        }
        const piece = await reader?.read();
        if (piece?.value === undefined) return undefined;
        begun += piece.value;
      }
    },
  };
}
