import type { UIMessageChunk } from "ai";
import { describe, expect, it } from "vitest";
import { ChunkReader } from "../../../../client/ai/chunk-reader.ts";
import type { StreamLine } from "../../../../src/protocol/index.ts";
import { after, OPENED } from "../../../support/streamed-answer.ts";

const ID = "answer:7";
const START = { type: "start", messageId: ID };
const entry = (index: number, at: number, chunk: object) => ({ [`part:${index}`]: { at, chunk } });

/** What a reader says of an answer after each of the lines. */
function saying(...lines: readonly StreamLine[]) {
  const reader = new ChunkReader(ID);
  let answer = OPENED;
  return [answer, ...lines.map((line) => (answer = after(answer, line)))].flatMap((state) => [
    ...reader.read(state),
  ]);
}

const text = (delta: string): UIMessageChunk => ({ type: "text-delta", id: "text", delta });
const PLAIN = [START, { type: "text-start", id: "text" }];
const PLAIN_END = { type: "text-end", id: "text" };

describe("chunks of a message", () => {
  it("[Y106] that knows nothing of the AI SDK are those of one text", () => {
    expect(saying({ text: "Hel" }, { text: "lo", patch: { model: "toy" } }, { status: "complete" })).toEqual([
      ...PLAIN,
      text("Hel"),
      text("lo"),
      PLAIN_END,
      { type: "finish" },
    ]);
  });

  it("[Y106] that is no stream any more, or has another field for its text, are whole", () => {
    const chunksOf = (message: Parameters<ChunkReader["read"]>[0]) => [...new ChunkReader(ID).read(message)];
    expect(chunksOf({ data: { text: "Hello" } })).toEqual([
      ...PLAIN,
      text("Hello"),
      PLAIN_END,
      { type: "finish" },
    ]);
    expect(chunksOf({ data: { body: "Hello" }, field: "body", stream: "open" })).toEqual([
      ...PLAIN,
      text("Hello"),
    ]);
    expect(chunksOf({ data: null, stream: "complete" })).toEqual([START, { type: "finish" }]);
  });

  it.each([
    ["cancelled", { type: "abort" }],
    ["failed", { type: "error", errorText: "The answer failed." }],
    [
      "interrupted",
      { type: "error", errorText: "The answer was interrupted: nothing more came of it for too long." },
    ],
  ] as const)("[Y107] that was %s end its parts, and say so", (stream, end) => {
    const reader = new ChunkReader(ID);
    const chunks = [OPENED, { ...OPENED, data: { text: "Hel" } }, { data: { text: "Hel" }, stream }];
    expect(chunks.flatMap((state) => [...reader.read(state)])).toEqual([
      ...PLAIN,
      text("Hel"),
      PLAIN_END,
      end,
    ]);
    expect(reader.isOver).toBe(true);
  });

  it("[Y107] say an end that the stream said only once, and a failure after its end", () => {
    const finish = entry(0, 0, { type: "finish", finishReason: "stop" });
    const said = { type: "finish", finishReason: "stop" };
    expect(saying({ patch: finish }, { status: "complete" })).toEqual([START, said]);
    const [, , failure] = saying({ patch: finish }, { status: "failed" });
    expect(failure?.type).toBe("error");
  });

  it("[Y108] wait where a crash took the end of it, until the same comes again", () => {
    const reader = new ChunkReader(ID);
    const at = (text: string) => [...reader.read({ data: { text }, stream: "open" })];
    at("Hello, wor");
    expect(at("Hello")).toEqual([]);
    expect(at("Hello, w")).toEqual([]);
    expect(at("Hello, world")).toEqual([text("ld")]);
  });

  it("[Y108] take back what the message does not say any more", () => {
    const reader = new ChunkReader(ID);
    const read = (data: unknown, stream: "open" | "complete" = "open") => [...reader.read({ data, stream })];
    read({ text: "Hello, wor" });
    expect(read({ text: "Hello there" })).toEqual([
      { type: "reset-step" },
      { type: "text-start", id: "text" },
      text("Hello there"),
    ]);
    expect(read({ text: "Hi" }, "complete")).toEqual([
      { type: "reset-step" },
      { type: "text-start", id: "text" },
      text("Hi"),
      PLAIN_END,
      { type: "finish" },
    ]);
  });

  it("[Y108] of a deleted message leave nothing", () => {
    const reader = new ChunkReader(ID);
    [...reader.read({ data: { text: "Hello" }, stream: "open" })];
    const chunks = [...reader.read({ data: null, stream: "open", deletedAt: 1 })];
    expect(chunks).toEqual([{ type: "reset-step" }, { type: "abort" }]);
  });

  it("[Y108] take back the parts of a first step, and break off where a later one differs", () => {
    const first = {
      ...entry(0, 0, { type: "start" }),
      ...entry(1, 0, { type: "start-step" }),
      ...entry(2, 0, { type: "text-start", id: "1" }),
    };
    const reader = new ChunkReader(ID);
    const read = (data: object) => [...reader.read({ data, stream: "open" })];
    read({ text: "One", ...first });
    expect(read({ text: "Two", ...first })).toEqual([
      { type: "reset-step" },
      { type: "text-start", id: "1" },
      { type: "text-delta", id: "1", delta: "Two" },
    ]);
    const second = { ...first, ...entry(3, 3, { type: "start-step" }) };
    read({ text: "Two", ...second });
    expect(() => read({ text: "Six", ...second })).toThrow(
      new TypeError("network: the answer goes on differently than before."),
    );
  });

  it("[Y109] give to the chat what it may write to, and what names no message of others", () => {
    const chunk = { type: "data-note", data: { a: 1 } };
    const data = { text: "", ...entry(0, 0, { type: "start", messageId: "m1" }), ...entry(1, 0, chunk) };
    const [start, note] = [...new ChunkReader(ID).read({ data, stream: "open" })];
    expect(start).toEqual(START);
    Object.assign(Object(note), { data: 2 });
    expect(chunk).toEqual({ type: "data-note", data: { a: 1 } });
  });

  it("[Y109] leave out what is none, whoever wrote it", () => {
    const junk = { "part:0": 1, "part:1": { at: "0" }, "part:2": { at: 0, json: "{" }, "part:3": { at: 9 } };
    const far = entry(4, 1_000, { type: "text-start", id: "1" });
    const data = { text: "abc", ...junk, ...far };
    expect([...new ChunkReader(ID).read({ data, stream: "open" })]).toEqual([]);
    expect([...new ChunkReader(ID).read({ data, stream: "complete" })].map(({ type }) => type)).toEqual([
      "start",
      "text-start",
      "text-end",
      "finish",
    ]);
  });
});
