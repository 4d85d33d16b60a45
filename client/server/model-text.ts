import { isRecord, parseJson } from "../../src/protocol/index.ts";
import { type ByteSource, readerOf } from "./answer-source.ts";
import { linesOf } from "./lines-of.ts";

/**
 * The text in the server-sent events of a language model: what Workers AI answers with `stream: true`
 * (`data: {"response":"Hel"}`), and what services answer whose interface is that of OpenAI's chat completions
 * (`data: {"choices":[{"delta":{"content":"Hel"}}]}`). Other events are left out. Rejects where the source fails.
 *
 * @example
 * const question = { prompt: "Why is the sky blue?", stream: true };
 * const events = await env.AI.run("@cf/meta/llama-3.1-8b-instruct", question);
 * await server.room("project_123").stream(modelText(events));
 */
export async function* modelText(events: ByteSource): AsyncGenerator<string, void> {
  const reader = readerOf(events);
  try {
    for await (const line of linesOf(() => reader.read())) {
      const json = /^data: ?(.*)$/.exec(line.replace(/\r$/, ""))?.[1];
      const text = json === undefined ? "" : textIn(parseJson(json));
      if (text !== "") yield text;
    }
  } finally {
    await reader.cancel();
  }
}

function textIn(value: unknown): string {
  if (!isRecord(value)) return "";
  if (typeof value.response === "string") return value.response;
  const choice: unknown = Array.isArray(value.choices) ? value.choices[0] : undefined;
  const delta = isRecord(choice) ? choice.delta : undefined;
  return isRecord(delta) && typeof delta.content === "string" ? delta.content : "";
}
