// The bodies of streaming POSTs: lines of JSON, or server-sent events, in pieces that are cut anywhere.

import { describe, expect, it } from "vitest";
import { decodeUtf8 } from "../../src/object/runtime/decode-utf8.ts";
import { MAX_FRAME_BYTES, type StreamFormat } from "../../src/protocol/index.ts";
import { type NextLine, StreamBody } from "../../src/validation/stream-body.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** What the body gives, in pieces of `size` bytes, with the code of the refusal that ends it. */
function linesOf(format: StreamFormat, bytes: Uint8Array, size: number): string[] {
  const body = new StreamBody(format, decodeUtf8);
  const lines: string[] = [];
  const drain = (next: () => NextLine): boolean => {
    for (let line = next(); line.kind !== "none"; line = next()) {
      lines.push(line.kind === "line" ? line.text : line.refusal.code);
      if (line.kind === "refused") return false;
    }
    return true;
  };
  for (let at = 0; at < bytes.length; at += size) {
    body.take(bytes.subarray(at, at + size));
    if (!drain(() => body.next())) return lines;
  }
  drain(() => body.last());
  return lines;
}

const EVERY_CUT = [1, 2, 3, 5, 7, 1_000];

describe("a body of lines", () => {
  it.each(EVERY_CUT)("[Y40] gives the same lines in pieces of %d bytes", (size) => {
    const bytes = bytesOf('\uFEFF{"data":{}}\r\n\n{"text":"é 👍 \\n"}\n   \n{"status":"complete"}');
    expect(linesOf("lines", bytes, size)).toEqual([
      '{"data":{}}',
      '{"text":"é 👍 \\n"}',
      '{"status":"complete"}',
    ]);
  });

  it("[Y42] takes a long line byte by byte", () => {
    const line = JSON.stringify({ text: "é👍".repeat(1_000) });
    expect(linesOf("lines", bytesOf(`${line}\n{}\n`), 1)).toEqual([line, "{}"]);
  });

  it("[Y40] refuses bytes that are not UTF-8", () => {
    expect(linesOf("lines", Uint8Array.of(...bytesOf("{}\n"), 0xff, 10, ...bytesOf("{}\n")), 2)).toEqual([
      "{}",
      "bad_request",
    ]);
  });

  it("[Y40] goes on for another reader where the first one stopped", () => {
    const text = '{"data":{}}\n{"text":"é"}\n{"te';
    for (let cut = 12; cut <= text.length; cut++) {
      const first = new StreamBody("lines", decodeUtf8);
      first.take(bytesOf(text.slice(0, cut)));
      expect(first.next()).toEqual({ kind: "line", text: '{"data":{}}' });
      const rest = Uint8Array.of(...first.rest(), ...bytesOf(`${text.slice(cut)}xt":1}\n`));
      expect(linesOf("lines", rest, 4)).toEqual(['{"text":"é"}', '{"text":1}']);
    }
  });
});

describe("a body of events", () => {
  it.each(EVERY_CUT)("[Y41] is read as the standard says, in pieces of %d bytes", (size) => {
    const bytes = bytesOf(
      [
        ': a comment\r\nid: 1\nevent: start\ndata: {"data":\ndata: {}}\n\n',
        ...['retry: 5\n\n: ping\n\ndata:{"text":"é👍"}\n\n', 'database: no\ndata\ndata:  {"text":" b"}\n\n'],
        "data: [DONE]\n\n",
      ].join(""),
    );
    const done = '{"status":"complete"}';
    expect(linesOf("events", bytes, size)).toEqual([
      '{"data":\n{}}',
      '{"text":"é👍"}',
      '{"text":" b"}',
      done,
    ]);
  });

  it("[Y41] may end without the blank line of its last event", () => {
    for (const end of ["", "\n", "\n\n"])
      expect(linesOf("events", bytesOf(`data: {"text":"a"}${end}`), 3)).toEqual(['{"text":"a"}']);
  });
});

describe("a line that is too long", () => {
  const half = "x".repeat(MAX_FRAME_BYTES / 2 + 600);

  it.each<[StreamFormat, string]>([
    ["lines", `${half}${half}`],
    ["events", `data: ${half}\ndata: ${half}\n`],
  ])("[Y42] is refused before its end comes: %s", (format, text) => {
    expect(linesOf(format, bytesOf(text), 65_536)).toEqual(["too_large"]);
  });

  it("[Y42] is not what many short ones are", () => {
    const comments = ": still here\n".repeat(100_000);
    expect(linesOf("events", bytesOf(`${comments}data: {}\n\n`), 65_536)).toEqual(["{}"]);
    expect(linesOf("lines", bytesOf("{}\n".repeat(100_000)), 65_536).length).toBe(100_000);
  });
});
