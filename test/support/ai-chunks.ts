// Random UI message streams, as the AI SDK and those who write to its streams by hand make them.

import type { UIMessageChunk } from "ai";
import type { AnyChunk } from "../../client/ai/entry.ts";
import { declared } from "../../client/events/declared.ts";

export type Random = () => number;

export const integer = (random: Random, from: number, to: number): number =>
  from + Math.floor(random() * (to - from + 1));

const pick = <T>(random: Random, items: readonly [T, ...T[]]): T =>
  items[integer(random, 0, items.length - 1)] ?? items[0];

const TEXT = 'Once "upon" a 🦊 — Übermut\n\u0001\\ 漢字 👩‍👩‍👧 ';

/** Pieces of a text, which may be cut within a character. */
function pieces(random: Random): readonly string[] {
  const text = TEXT.repeat(integer(random, 0, pick(random, [1, 1, 3, 60])));
  const found: string[] = [];
  for (let at = 0; at < text.length; ) {
    const next = at + integer(random, 0, pick(random, [3, 9, 400]));
    found.push(text.slice(at, next));
    at = next;
  }
  return found;
}

const metadata = (random: Random) =>
  random() < 0.2 ? { providerMetadata: { toy: { n: integer(random, 0, 9) } } } : {};

function textPart(random: Random, id: string, kind: "text" | "reasoning"): AnyChunk[] {
  return [
    { type: `${kind}-start`, id, ...metadata(random) },
    ...pieces(random).map((delta) => ({ type: `${kind}-delta`, id, delta, ...metadata(random) })),
    ...(random() < 0.9 ? [{ type: `${kind}-end`, id, ...metadata(random) }] : []),
  ];
}

function toolPart(random: Random, toolCallId: string): AnyChunk[] {
  const tool = { toolCallId, toolName: "search", ...(random() < 0.3 && { dynamic: true }) };
  const input = { query: pieces(random).join("") };
  const json = JSON.stringify(input);
  const cut = integer(random, 0, json.length);
  const deltas = [json.slice(0, cut), json.slice(cut)];
  const outputs = Array.from({ length: integer(random, 0, 4) }, (_, n) => ({
    type: "tool-output-available",
    toolCallId,
    output: { rows: n, text: TEXT.repeat(n * 5) },
    preliminary: true,
    ...metadata(random),
  }));
  return [
    { type: "tool-input-start", ...tool },
    ...deltas.map((inputTextDelta) => ({ type: "tool-input-delta", toolCallId, inputTextDelta })),
    ...(random() < 0.2
      ? [{ type: "tool-input-error", ...tool, input: json, errorText: "no such tool" }]
      : [
          { type: "tool-input-available", ...tool, input, ...metadata(random) },
          ...outputs,
          pick<AnyChunk>(random, [
            { type: "tool-output-available", toolCallId, output: [1, null, { a: "b" }] },
            { type: "tool-output-error", toolCallId, errorText: "it failed" },
            { type: "tool-output-denied", toolCallId },
          ]),
        ]),
  ];
}

function dataPart(random: Random, id: string): AnyChunk[] {
  const transient = random() < 0.3 ? { transient: true } : {};
  const named = random() < 0.7 ? { id } : {};
  return Array.from({ length: integer(random, 1, 5) }, (_, n) => ({
    type: "data-progress",
    ...named,
    ...transient,
    data: { percent: n * 20, of: pieces(random).slice(0, 2).join("") },
  }));
}

const other = (random: Random, id: string): AnyChunk[] => [
  pick<AnyChunk>(random, [
    { type: "source-url", sourceId: id, url: "https://a.example/1", title: "One" },
    { type: "source-document", sourceId: id, mediaType: "text/plain", title: "Two" },
    { type: "file", url: "https://a.example/2.png", mediaType: "image/png" },
    { type: "custom", kind: "toy.note", providerMetadata: { toy: { a: 1 } } },
    { type: "message-metadata", messageMetadata: { tokens: integer(random, 0, 9), [id]: true } },
    { type: "of-a-later-version", id, value: TEXT },
  ]),
];

/** One after the other, or mixed as of streams that are merged. */
function mixed(random: Random, parts: readonly AnyChunk[][]): AnyChunk[] {
  if (random() < 0.5) return parts.flat();
  const left = parts.map((part) => [...part]);
  const chunks: AnyChunk[] = [];
  for (;;) {
    const some = left.filter((part) => part.length > 0);
    const next = some[integer(random, 0, some.length - 1)]?.shift();
    if (next === undefined) return chunks;
    chunks.push(next);
  }
}

function step(random: Random, number: number): AnyChunk[] {
  const parts = Array.from({ length: integer(random, 0, 5) }, (_, n) => {
    const id = `${number}-${n}`;
    return pick(random, [
      () => textPart(random, id, "text"),
      () => textPart(random, id, "text"),
      () => textPart(random, id, "reasoning"),
      () => toolPart(random, id),
      () => dataPart(random, id),
      () => other(random, id),
    ])();
  });
  return [
    ...(random() < 0.8 ? [{ type: "start-step" }] : []),
    ...mixed(random, parts),
    ...(random() < 0.1 ? [{ type: "reset-step" }] : []),
    ...(random() < 0.8 ? [{ type: "finish-step" }] : []),
  ];
}

/** A whole stream: any number of steps, and one of the ways in which it may end. */
export function randomChunks(random: Random): readonly UIMessageChunk[] {
  const steps = Array.from({ length: integer(random, 0, 3) }, (_, number) => step(random, number)).flat();
  const chunks: AnyChunk[] = [
    ...(random() < 0.9 ? [{ type: "start", ...(random() < 0.5 && { messageId: "of-the-stream" }) }] : []),
    ...steps,
    ...pick<AnyChunk[]>(random, [
      [{ type: "finish", finishReason: "stop", messageMetadata: { done: true } }],
      [{ type: "finish" }],
      [{ type: "abort", reason: "stopped" }],
      [{ type: "error", errorText: "no more" }],
      [],
    ]),
  ];
  return chunks.map((chunk) => declared<AnyChunk, UIMessageChunk>(chunk));
}
