// Validates the frames of one connection against the AsyncAPI document.

import document from "../../../src/http/asyncapi.json" with { type: "json" };
import { eventsIn, isRecord, type JsonObject, parseJson } from "../../../src/protocol/index.ts";
import { JsonSchemas } from "./json-schemas.ts";

const schemas = new JsonSchemas(document);

const refOf = new Map(
  Object.entries(document.components.messages).map(([name, { payload }]) => [
    name,
    payload.$ref.split("/").at(-1),
  ]),
);

function problemOf(message: string, frame: JsonObject): string | undefined {
  const name = refOf.get(message);
  const problem = name === undefined ? "the document does not have it" : schemas.problem(name, frame);
  return problem && `${message}: ${problem}`;
}

/** How many frames were validated. */
export const framesSeen = { count: 0 };

export class CheckedFrames {
  /** The types of commands by their ids, which no two commands of our client share. */
  readonly #commands = new Map<string, string>();

  /** What is wrong with a frame of a client. */
  sent(text: string): string[] {
    framesSeen.count += 1;
    const frame = parseJson(text);
    if (!isRecord(frame)) return [`a client sent no JSON object: ${text.slice(0, 100)}`];
    const inner: unknown[] = frame.type === "batch" && Array.isArray(frame.commands) ? frame.commands : [];
    const commands = frame.type === "batch" ? inner.filter(isRecord) : [frame];
    for (const { id, type } of commands) this.#commands.set(String(id), String(type));
    const problems = commands.map((command) => problemOf(`${command.type}Command`, command));
    return said(
      problems.length > 0 && frame.type !== "batch"
        ? problems
        : [...problems, problemOf("commandBatch", frame)],
    );
  }

  /** What is wrong with a frame of the server. */
  received(text: string): string[] {
    framesSeen.count += 1;
    const frame = parseJson(text);
    if (!isRecord(frame)) return [`the server sent no JSON object: ${text.slice(0, 100)}`];
    if (frame.type !== "batch") return said([problemOf(this.#messageOf(frame), frame)]);
    const problems = eventsIn(frame)
      .filter(isRecord)
      .map((event) => problemOf(this.#messageOf(event), event));
    const enclosed = Array.isArray(frame.events) ? frame.events.filter(Array.isArray) : [];
    return said([...problems, problemOf("eventBatch", { ...frame, events: enclosed })]);
  }

  #messageOf(frame: JsonObject): string {
    const { type } = frame;
    switch (type) {
      case "connected":
        return frame.permission === undefined ? "sessionConnected" : "roomConnected";
      case "pong":
      case "error":
        return type;
      case "ok":
        return `${this.#commands.get(String(frame.id)) ?? "unknown"}Ok`;
      default:
        return `${type}Event`;
    }
  }
}

const said = (problems: readonly (string | undefined)[]): string[] =>
  problems.filter((problem) => problem !== undefined);
