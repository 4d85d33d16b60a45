// Validates calls over HTTP, and what they are answered, against the OpenAPI document.

import document from "../../../src/http/openapi.json" with { type: "json" };
import { isRecord, parseJson } from "../../../src/protocol/index.ts";
import type { CheckedFrames } from "./checked-frames.ts";
import { JsonSchemas } from "./json-schemas.ts";

const schemas = new JsonSchemas(document);

/** A body: one JSON object, or lines of JSON. */
interface Media {
  readonly schema: Readonly<Record<string, unknown>>;
}
interface Operation {
  readonly operationId: string;
  readonly body: Media | undefined;
  readonly responses: Readonly<Record<string, unknown>>;
}

const patterns = Object.entries(document.paths).map(([path, methods]) => ({
  pattern: new RegExp(`^${path.replaceAll(".", "\\.").replace(/\{\w+\}/g, "[^/]+")}$`),
  // A path without parameters comes before one that also fits.
  parameters: path.split("{").length,
  methods,
}));

/** The operation of a call, if the document has it. `path`: without `BASE_PATH`. */
export function operationOf(method: string, path: string): Operation | undefined {
  const [found] = patterns
    .filter(({ pattern }) => pattern.test(path))
    .sort((a, b) => a.parameters - b.parameters);
  const operation: unknown = found && Reflect.get(found.methods, method.toLowerCase());
  if (!isRecord(operation) || !isRecord(operation.responses)) return undefined;
  return {
    operationId: String(operation.operationId),
    body: mediaIn(operation.requestBody),
    responses: operation.responses,
  };
}

/** What is wrong with the body of a call. */
export const bodyCheck = (operation: Operation, frames: CheckedFrames): BodyCheck =>
  new BodyCheck(operation.body, `the body of ${operation.operationId}`, (frame) => frames.sent(frame));

/** What is wrong with an answer. `type`: its `Content-Type`. */
export function answerCheck(
  { operationId, responses }: Operation,
  { status, type }: { readonly status: number; readonly type: string },
  frames: CheckedFrames,
): BodyCheck | string {
  const response = resolved(responses[status]);
  if (response === undefined) return `${operationId}: the document has no status ${status}`;
  const what = `the answer of ${operationId} with ${status}`;
  const media = mediaIn(response, type);
  if (media === undefined) return `${what}: the document has no ${type}`;
  return new BodyCheck(media, what, (frame) => frames.received(frame));
}

/** Takes the text of a body as it passes. */
export class BodyCheck {
  readonly #schema: Readonly<Record<string, unknown>>;
  readonly #what: string;
  readonly #problemsOfFrame: (text: string) => readonly string[];
  /** What was not looked at yet. */
  #text = "";
  #lines = 0;

  constructor(media: Media | undefined, what: string, problemsOfFrame: (text: string) => readonly string[]) {
    this.#schema = media?.schema ?? { type: "string" };
    this.#what = what;
    this.#problemsOfFrame = problemsOfFrame;
  }

  /** What is wrong with the lines that are whole now. */
  add(text: string): readonly string[] {
    this.#text += text;
    const { "x-line": line, "x-last-line": last } = this.#schema;
    // Which one is the last is known at the end.
    if (line === undefined || last !== undefined) return [];
    const whole = this.#text.split("\n");
    this.#text = whole.pop() ?? "";
    return whole.flatMap((one) => this.#problemsOfLine(one));
  }

  /** All of it was added. */
  end(): readonly string[] {
    const { type, "x-line": line, "x-last-line": last } = this.#schema;
    // Text of another form, such as that of metrics.
    if (line === undefined) return type === "string" ? [] : this.#problemsIn(this.#schema, this.#text);
    const rest = this.#text.split("\n").filter((one) => one.trim() !== "");
    const end = last === undefined ? undefined : (rest.pop() ?? "");
    const problems = rest.flatMap((one) => this.#problemsOfLine(one));
    return end === undefined ? problems : [...problems, ...this.#problemsIn(last, end)];
  }

  #problemsOfLine(text: string): readonly string[] {
    // A sign of life.
    if (text.trim() === "") return [];
    const { "x-first-line": first, "x-line": line } = this.#schema;
    this.#lines += 1;
    if (this.#lines === 1 && first !== undefined) return this.#problemsIn(first, text);
    // A line of any form is a frame: the AsyncAPI document says what it may be.
    const isFrame = isRecord(line) && line.additionalProperties === true;
    return isFrame ? this.#problemsOfFrame(text) : this.#problemsIn(line, text);
  }

  #problemsIn(schema: unknown, text: string): readonly string[] {
    const problem = isRecord(schema) ? schemas.problemIn(schema, parseJson(text)) : undefined;
    return problem === undefined ? [] : [`${this.#what}: ${problem}`];
  }
}

function resolved(response: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!isRecord(response)) return undefined;
  if (typeof response.$ref !== "string") return response;
  const shared: unknown = Reflect.get(document.components.responses, response.$ref.split("/").at(-1) ?? "");
  return isRecord(shared) ? shared : undefined;
}

/** `type`: as a header says it; without one the only one that there is. */
function mediaIn(described: unknown, type?: string): Media | undefined {
  const { content } = isRecord(described) ? described : {};
  const [, media] =
    Object.entries(isRecord(content) ? content : {}).find(
      ([name]) => type === undefined || type.split(";")[0] === name.split(";")[0],
    ) ?? [];
  return isRecord(media) && isRecord(media.schema) ? { schema: media.schema } : undefined;
}
