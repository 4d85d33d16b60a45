import { isRecord, parseJson } from "../../src/protocol/index.ts";
import { type ByteSource, readerOf } from "./answer-source.ts";
import { linesOf } from "./lines-of.ts";

/**
 * The text in the server-sent events of a language model: what Workers AI answers with `stream: true`
 * (`data: {"response":"Hel"}`), and what services answer whose interface is that of OpenAI's chat completions
 * (`data: {"choices":[{"delta":{"content":"Hel"}}]}`). Other events are left out. Rejects where the source fails,
 * and where one of its events is an error (`data: {"error": …}`): else half an answer would be `complete`.
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
      const text = line.startsWith("data:") ? textIn(parseJson(line.slice("data:".length))) : "";
      if (text !== "") yield text;
    }
  } finally {
    await reader.cancel();
  }
}

function textIn(value: unknown): string {
  if (!isRecord(value)) return "";
  // What the model's service says may not be for the members of the room: it is in the error of this program only.
  if (value.error) throw new Error(`The model failed: ${JSON.stringify(value.error)}`);
  if (typeof value.response === "string") return value.response;
  const choice: unknown = Array.isArray(value.choices) ? value.choices[0] : undefined;
  const delta = isRecord(choice) ? choice.delta : undefined;
  return isRecord(delta) && typeof delta.content === "string" ? delta.content : "";
}
