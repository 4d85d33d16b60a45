// Validates calls over HTTP, and what they are answered, against the OpenAPI document.

import document from "../../../src/http/openapi.json" with { type: "json" };
import { isRecord, parseJson } from "../../../src/protocol/index.ts";
import { JsonSchemas } from "./json-schemas.ts";

const schemas = new JsonSchemas(document);

interface Media {
  readonly schema: object;
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

/** What is wrong with the body of a call that was accepted. */
export function problemOfBody({ operationId, body }: Operation, text: string): string | undefined {
  if (body === undefined) return undefined;
  const problem = schemas.problemIn(body.schema, parseJson(text));
  return problem && `the body of ${operationId}: ${problem}`;
}

/** What is wrong with an answer. */
export function problemOfAnswer(
  { operationId, responses }: Operation,
  status: number,
  text: string,
): string | undefined {
  const response = resolved(responses[status]);
  if (response === undefined) return `${operationId}: the document has no status ${status}`;
  const media = mediaIn(response);
  const problem = media && schemas.problemIn(media.schema, parseJson(text));
  return problem && `the answer of ${operationId} with ${status}: ${problem}`;
}

function resolved(response: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!isRecord(response)) return undefined;
  if (typeof response.$ref !== "string") return response;
  const shared: unknown = Reflect.get(document.components.responses, response.$ref.split("/").at(-1) ?? "");
  return isRecord(shared) ? shared : undefined;
}

function mediaIn(described: unknown): Media | undefined {
  const { content } = isRecord(described) ? described : {};
  const media: unknown = isRecord(content) ? content["application/json"] : undefined;
  return isRecord(media) && isRecord(media.schema) ? { schema: media.schema } : undefined;
}
