import { JsonToSseTransformStream, streamText, toUIMessageStream } from "ai";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { AnyChunk } from "../../../../client/ai/entry.ts";
import { type StreamLinesOptions, toStreamLines } from "../../../../client/ai/to-stream-lines.ts";
import type { StreamLine } from "../../../../src/protocol/index.ts";
import { after, OPENED, streamOf } from "../../../support/streamed-answer.ts";
import { toyModel } from "../../../support/toy-model.ts";

async function gathered(lines: AsyncIterable<StreamLine>): Promise<StreamLine[]> {
  const all: StreamLine[] = [];
  for await (const line of lines) all.push(line);
  return all;
}

const linesOf = (chunks: readonly AnyChunk[], options?: StreamLinesOptions) =>
  gathered(toStreamLines(streamOf(chunks), options));

const HELLO: readonly AnyChunk[] = [
  { type: "start" },
  { type: "text-start", id: "1" },
  { type: "text-delta", id: "1", delta: "Hello, " },
  { type: "text-delta", id: "1", delta: "world" },
  { type: "text-end", id: "1" },
  { type: "finish" },
];

const HELLO_LINES = [
  { patch: { "part:0": { at: 0, chunk: { type: "start" } } } },
  { patch: { "part:1": { at: 0, chunk: { type: "text-start", id: "1" } } } },
  { text: "Hello, " },
  { text: "world" },
  { patch: { "part:2": { at: 12, chunk: { type: "text-end", id: "1" } } } },
  { patch: { "part:3": { at: 12, chunk: { type: "finish" } } } },
  { status: "complete" },
];

const textOf = (lines: readonly StreamLine[]) => lines.map(({ text = "" }) => text).join("");
const sizeOf = (lines: readonly StreamLine[]) => JSON.stringify(lines).length;
const errorsIn = (lines: readonly StreamLine[]) => /"errorText":"([^"]*)"/.exec(JSON.stringify(lines))?.[1];

describe("lines of a UI message stream", () => {
  it("[Y101] carry text as text at once, and all else beside it under keys of its own", async () => {
    expect(await linesOf(HELLO)).toEqual(HELLO_LINES);
  });

  it("[Y101] join the text of all parts, and say in the same line to which part it belongs", async () => {
    const lines = await linesOf([
      { type: "text-start", id: "a" },
      { type: "text-start", id: "b" },
      { type: "text-delta", id: "a", delta: "one" },
      { type: "text-delta", id: "b", delta: "two" },
    ]);
    expect(textOf(lines)).toBe("onetwo");
    expect(lines.slice(2)).toEqual([
      { text: "one", patch: { "part:2": { at: 0, chunk: { type: "text-delta", id: "a", delta: "" } } } },
      { text: "two", patch: { "part:3": { at: 3, chunk: { type: "text-delta", id: "b", delta: "" } } } },
      { status: "complete" },
    ]);
  });

  it("[Y101] hold the first half of a character until the other one comes", async () => {
    const halves = ["a\ud83e", "\udd8a", "\ud83e"].map((delta) => ({ type: "text-delta", id: "1", delta }));
    const lines = await linesOf([{ type: "text-start", id: "1" }, ...halves]);
    expect(lines.flatMap(({ text = [] }) => text)).toEqual(["a", "🦊", "\ud83e"]);
  });

  it("[Y102] are never longer than a message may be, whatever a chunk says", async () => {
    const long = '"漢\u0001🦊'.repeat(4_000);
    const lines = await linesOf([
      { type: "text-start", id: "1" },
      { type: "text-delta", id: "1", delta: long },
      { type: "tool-input-available", toolCallId: "t", toolName: "search", input: long },
      { type: "reasoning-delta", id: "r", delta: long },
    ]);
    expect(textOf(lines)).toBe(long);
    const sizes = lines.map((line) => Buffer.byteLength(JSON.stringify(line)));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(16_384);
    expect(lines.length).toBeLessThan(24);
  });

  it("[Y102] take as much more as there is more reasoning, and not its square", async () => {
    const thoughts = (count: number) => [
      { type: "reasoning-start", id: "r" },
      ...Array.from({ length: count }, () => ({ type: "reasoning-delta", id: "r", delta: "some words " })),
    ];
    const options = { gatherMs: 0 };
    const [small, large] = [await linesOf(thoughts(100), options), await linesOf(thoughts(1_000), options)];
    expect(sizeOf(large)).toBeLessThan(11 * sizeOf(small));
  });

  it("[Y102] keep the first and the last state of a part that says its whole state again and again", async () => {
    const states = (count: number): AnyChunk[] =>
      Array.from({ length: count }, (_, n) => [
        { type: "data-progress", id: "p", data: { n, filler: "x".repeat(500) } },
        { type: "tool-output-available", toolCallId: "t", output: "y".repeat(500), preliminary: true },
      ]).flat();
    let answer = OPENED;
    for (const line of await linesOf(states(150))) answer = after(answer, line);
    expect(JSON.stringify(answer.data).length).toBeLessThan(20_000);
  });

  it("[Y103] take the server-sent events of the AI SDK, cut anywhere", async () => {
    const events = streamOf(HELLO).pipeThrough(new JsonToSseTransformStream());
    let text = ": keep-alive\r\n\r\n";
    for await (const event of events) text += event;
    const bytes = new TextEncoder().encode(text.replaceAll("world", "wörld"));
    for (const size of [1, 7, bytes.length]) {
      const cut = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
        bytes.slice(n * size, (n + 1) * size),
      );
      const lines = await gathered(toStreamLines(streamOf(cut)));
      expect([textOf(lines), lines.at(-1)]).toEqual(["Hello, wörld", { status: "complete" }]);
    }
    const ended = bytes.slice(0, text.indexOf("world"));
    const lines = await gathered(toStreamLines(streamOf([ended])));
    expect([textOf(lines), lines.at(-1)]).toEqual(["Hello, ", { status: "failed" }]);
  });

  it("[Y104] end as the stream does: complete, cancelled, or failed", async () => {
    const endOf = async (...chunks: AnyChunk[]) => (await linesOf(chunks)).at(-1);
    expect(await endOf()).toEqual({ status: "complete" });
    expect(await endOf({ type: "abort" })).toEqual({ status: "cancelled" });
    expect(await endOf({ type: "error", errorText: "no" }, { type: "finish" })).toEqual({ status: "failed" });
  });

  it("[Y104] say an error of the source in words that tell readers nothing, unless the app does", async () => {
    async function* breaks() {
      yield* HELLO.slice(0, 3);
      throw new Error("a secret of the server");
    }
    const lines = await gathered(toStreamLines(breaks()));
    expect([textOf(lines), errorsIn(lines), lines.at(-1)]).toEqual([
      "Hello, ",
      "An error occurred.",
      { status: "failed" },
    ]);
    const onError = vi.fn(() => "Try again.");
    expect(errorsIn(await gathered(toStreamLines(breaks(), { onError })))).toBe("Try again.");
    expect(onError).toHaveBeenCalledExactlyOnceWith(new Error("a secret of the server"));
  });

  it("[Y105] cancel the source as soon as nobody takes them, also while it is silent", async () => {
    const cancel = vi.fn();
    const silent = new ReadableStream<AnyChunk>({ cancel });
    const lines = toStreamLines(silent);
    const next = lines.next();
    expect(await lines.return?.()).toEqual({ done: true, value: undefined });
    expect(cancel).toHaveBeenCalledOnce();
    expect(await next).toEqual({ done: true, value: undefined });
  });

  it("[Y105] are those of a model that streams", async () => {
    const model = toyModel("Because ", "of ", "the air.");
    const { stream } = streamText({ model, prompt: "Why is the sky blue?" });
    const lines = await gathered(toStreamLines(toUIMessageStream({ stream })));
    expect([textOf(lines), lines.at(-1)]).toEqual(["Because of the air.", { status: "complete" }]);
    expect(JSON.stringify(lines)).toContain('"finishReason":"stop"');
  });
});

describe("reasoning that comes in many pieces", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it("[Y102] is sent at once, then gathered for 100 ms, and never waits for the next piece", async () => {
    let push = (_: AnyChunk) => {};
    const source = new ReadableStream<AnyChunk>({
      start: (controller) => {
        push = (chunk) => controller.enqueue(chunk);
      },
    });
    const seen: string[] = [];
    const read = async () => {
      for await (const { patch = {} } of toStreamLines(source))
        for (const entry of Object.values(patch))
          seen.push(/"delta":"(.*)"/.exec(JSON.stringify(entry))?.[1] ?? "");
    };
    void read();
    const think = async (delta: string, ms: number) => {
      push({ type: "reasoning-delta", id: "r", delta });
      await vi.advanceTimersByTimeAsync(ms);
    };
    await think("a", 10);
    await think("b", 10);
    await think("c", 10);
    expect(seen).toEqual(["a"]);
    await vi.advanceTimersByTimeAsync(75);
    expect(seen).toEqual(["a", "bc"]);
  });
});
