import { readUIMessageStream, type UIMessage, type UIMessageChunk } from "ai";
import { describe, expect, it } from "vitest";
import { ChunkReader } from "../../../../client/ai/chunk-reader.ts";
import { toStreamLines } from "../../../../client/ai/to-stream-lines.ts";
import { seededRandom } from "../../../../client/testing/seeded-random.ts";
import type { StreamLine } from "../../../../src/protocol/index.ts";
import { integer, type Random, randomChunks } from "../../../support/ai-chunks.ts";
import { after, OPENED, type StreamedAnswer, streamOf } from "../../../support/streamed-answer.ts";

const SEEDS = Number(process.env.AI_SEEDS ?? 80);
const ID = "answer:7";

async function linesOf(chunks: readonly UIMessageChunk[], random: Random): Promise<readonly StreamLine[]> {
  const lines: StreamLine[] = [];
  const lineBytes = integer(random, 512, 3_000);
  const gatherMs = random() < 0.5 ? 0 : 10_000;
  for await (const line of toStreamLines(streamOf(chunks), { lineBytes, gatherMs })) {
    expect(Buffer.byteLength(JSON.stringify(line))).toBeLessThanOrEqual(lineBytes);
    lines.push(line);
  }
  return lines;
}

/** Shows what came without being shown, such as the start of a step. */
const SHOW: UIMessageChunk = { type: "message-metadata", messageMetadata: { shown: true } };

/** The last message that the AI SDK makes of these chunks. */
async function messageOf(chunks: readonly UIMessageChunk[]): Promise<UIMessage | undefined> {
  const stream = streamOf([...structuredClone(chunks), SHOW]);
  let last: UIMessage | undefined;
  for await (const message of readUIMessageStream({ stream, onError: () => {} })) last = message;
  return last && { ...last, id: ID, parts: last.parts.map(settled) };
}

/** A part whose end the stream did not say is ended by its reader. */
const settled = <Part extends UIMessage["parts"][number]>(part: Part): Part =>
  part.type === "text" || part.type === "reasoning" ? { ...part, state: "done" } : part;

const deltasIn = (chunks: readonly UIMessageChunk[]) =>
  chunks.flatMap((chunk) => (chunk.type === "text-delta" ? [chunk.delta] : [])).join("");

/** Reads the message at some of its states, from the `first` on. */
function read(states: readonly StreamedAnswer[], first: number, random: Random): readonly UIMessageChunk[] {
  const reader = new ChunkReader(ID);
  const chunks: UIMessageChunk[] = [];
  for (const [index, state] of states.entries()) {
    const isLast = index === states.length - 1;
    if (index >= first && (isLast || random() < 0.5)) chunks.push(...reader.read(state));
  }
  expect(reader.isOver).toBe(true);
  return chunks;
}

describe("a UI message stream through a room", () => {
  it("[Y100] is the same message, however it is cut, joined and resumed", async () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = seededRandom(seed);
      const chunks = randomChunks(random);
      const states = [OPENED];
      for (const line of await linesOf(chunks, random)) states.push(after(states.at(-1) ?? OPENED, line));
      const expected = await messageOf(chunks);
      const text = deltasIn(chunks);
      for (const { data } of states) expect(text.startsWith(data.text), `seed ${seed}`).toBe(true);
      expect(states.at(-1)?.data.text, `seed ${seed}`).toBe(text);
      for (const first of [0, 1, integer(random, 0, states.length - 1), states.length - 1]) {
        const given = read(states, first, random);
        const message = await messageOf(given);
        expect(message, `seed ${seed}, resumed at ${first}`).toEqual(expected);
        expect(given.filter(({ type }) => type === "start").length, `seed ${seed}`).toBe(1);
        expect(["finish", "abort", "error"], `seed ${seed}`).toContain(endOf(given));
      }
    }
  });
});

/** The ends of parts may follow what ends the message. */
const endOf = (chunks: readonly UIMessageChunk[]) =>
  chunks.filter(({ type }) => !/^(text|reasoning)-end$/.test(type)).at(-1)?.type;
