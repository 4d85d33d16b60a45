// The OpenAPI 3.1 document of the HTTP API, from the schemas that validate and the reference that tests hold against them.

import { ERRORS, type ErrorCode, isErrorCode } from "../../protocol/index.ts";
import type { JsonSchema } from "./atom-schemas.ts";
import type { HttpReference, ReferenceSection } from "./http-reference.ts";
import { openApiWebhooks } from "./open-api-webhooks.ts";
import { type ContractRoute, readRoutes } from "./routes.ts";
import { SchemaWriter, unwrapped } from "./schema-writer.ts";

/** Replaced by the address of the deployment where the document is served. */
export const EXAMPLE_SERVER = "https://rooms.example.com";

/** How a chapter of the reference is called as a group of calls: generated clients have a class for each. */
const TAGS: Readonly<Record<string, string>> = { "The user who calls": "Me", "The deployment": "Deployment" };

const tagOf = (chapter: string): string => TAGS[chapter] ?? chapter;

const INFO = {
  title: "Edge Rooms",
  version: "1",
  summary: "Real-time rooms: messages, presence, read positions, notifications.",
  description: [
    "The HTTP API. The sockets, which clients use, are described by the AsyncAPI document beside this one",
    "(`asyncapi.json`). A newer server may send further fields, and further values where a field has",
    "`x-extensible-enum`: ignore what you do not know.",
  ].join(" "),
  license: { name: "MIT", identifier: "MIT" },
} as const;

const SECURITY_SCHEMES = {
  apiKey: {
    type: "http",
    scheme: "bearer",
    description: "An API key: server code, which may do everything in every room.",
  },
  userToken: { type: "http", scheme: "bearer", bearerFormat: "JWT", description: "The token of a user." },
} as const;

const OF_EVERY_CALL: readonly ErrorCode[] = [
  ...(["bad_request", "unauthorized", "token_expired", "forbidden"] as const),
  ...(["rate_limited", "internal", "overloaded"] as const),
];

export function openApiDocument(
  contract: Readonly<Record<string, unknown>>,
  reference: HttpReference,
): JsonSchema {
  const writer = new SchemaWriter(contract, "OpenAPI");
  const routes = readRoutes(contract);
  const writeOperation = new OperationWriter(writer, contract, reference);
  const paths = new Map<string, Record<string, JsonSchema>>();
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, "{$1}");
    paths.set(path, { ...paths.get(path), [route.method.toLowerCase()]: writeOperation.write(route) });
  }
  const used = new Set(routes.map((route) => sectionOf(reference, route).chapter));
  return {
    openapi: "3.1.0",
    info: INFO,
    servers: [{ url: EXAMPLE_SERVER }],
    tags: reference.chapters
      .filter((chapter) => used.has(chapter))
      .map((chapter) => ({ name: tagOf(chapter), description: reference.about(chapter) })),
    paths: Object.fromEntries(paths),
    webhooks: openApiWebhooks(contract, writer),
    components: {
      securitySchemes: SECURITY_SCHEMES,
      parameters: writeOperation.pathParameters(),
      responses: writeOperation.responses(),
      schemas: writer.components(),
    },
  };
}

const sectionOf = (reference: HttpReference, { method, path }: ContractRoute): ReferenceSection =>
  reference.section(`${method} ${path}`);

class OperationWriter {
  readonly #writer: SchemaWriter;
  readonly #contract: Readonly<Record<string, unknown>>;
  readonly #reference: HttpReference;
  readonly #responses = new Map<string, JsonSchema>();

  constructor(writer: SchemaWriter, contract: Readonly<Record<string, unknown>>, reference: HttpReference) {
    this.#writer = writer;
    this.#contract = contract;
    this.#reference = reference;
  }

  write(route: ContractRoute): JsonSchema {
    const section = sectionOf(this.#reference, route);
    const parameters = [...this.#parametersOfPath(route), ...this.#parametersOfQuery(route)];
    return {
      operationId: route.operation,
      tags: [tagOf(section.chapter)],
      summary: section.summary,
      description: section.description,
      security: section.access.map((scheme) => (scheme === "nobody" ? {} : { [scheme]: [] })),
      ...(parameters.length > 0 && { parameters }),
      ...(route.body !== undefined && { requestBody: this.#body(route, section) }),
      responses: { ...this.#answers(route, section), ...this.#refusals(route, section) },
    };
  }

  pathParameters(): JsonSchema {
    const entries = Object.entries(this.#pathFields()).map(([name, field]) => {
      const { schema, doc } = unwrapped(field);
      const parameter = {
        name,
        in: "path",
        required: true,
        description: doc,
        schema: this.#writer.write(schema, "client"),
      };
      return [name, parameter];
    });
    return Object.fromEntries(entries);
  }

  /** What several operations answer. */
  responses(): JsonSchema {
    return Object.fromEntries([...this.#responses].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  #pathFields(): object {
    const { PATH_PARAMETERS: fields } = this.#contract;
    return typeof fields === "object" && fields !== null ? fields : {};
  }

  #parametersOfPath({ method, path }: ContractRoute): JsonSchema[] {
    return Array.from(path.matchAll(/:(\w+)/g), ([, name = ""]) => {
      if (!Object.hasOwn(this.#pathFields(), name))
        throw new Error(
          `${method} ${path}: PATH_PARAMETERS (src/protocol/http-routes.ts) does not say what :${name} is`,
        );
      return { $ref: `#/components/parameters/${name}` };
    });
  }

  #parametersOfQuery({ query = {} }: ContractRoute): JsonSchema[] {
    return Object.entries(query).map(([name, field]) => {
      const { schema, doc } = unwrapped(field);
      if (doc === undefined)
        throw new Error(`the parameter ${name} has no comment: write one in src/protocol/http-queries.ts`);
      const written = this.#writer.write(schema, "client");
      const list = written.type === "array" && { style: "form", explode: false };
      return { name, in: "query", description: doc, ...list, schema: written };
    });
  }

  #body({ body, bodyLines }: ContractRoute, { isBodyOptional }: ReferenceSection): JsonSchema {
    const first = this.#writer.write(body, "client");
    if (bodyLines === undefined)
      return { required: !isBodyOptional, content: { "application/json": { schema: first } } };
    const further = this.#writer.write(bodyLines, "client");
    const description = "Lines of JSON: `x-first-line`, and then any number of `x-line`.";
    const schema = { type: "string", description, "x-first-line": first, "x-line": further };
    return { required: true, content: { "application/x-ndjson": { schema } } };
  }

  #answers({ answer, answerType, ...route }: ContractRoute, { statuses }: ReferenceSection): JsonSchema {
    const { lines, text } = this.#textOf(route);
    const content = {
      ...(answer !== undefined && { "application/json": { schema: this.#writer.write(answer, "server") } }),
      ...(answerType !== undefined && { [answerType]: { schema: text } }),
      ...(answer !== undefined && lines !== undefined && { "application/x-ndjson": { schema: text } }),
    };
    return Object.fromEntries(
      statuses.map((status) => [status, { description: DONE[status] ?? "Done.", content }]),
    );
  }

  #textOf({ answerLines, answerLastLine }: Pick<ContractRoute, "answerLines" | "answerLastLine">) {
    if (answerLines === undefined) return { lines: undefined, text: { type: "string" } };
    const lines = this.#writer.write(answerLines, "server");
    const last = answerLastLine === undefined ? undefined : this.#writer.write(answerLastLine, "server");
    const description = `Lines of JSON: each is an \`x-line\`${last ? ", and the last one an `x-last-line`" : ""}.`;
    return {
      lines,
      text: { type: "string", description, "x-line": lines, ...(last && { "x-last-line": last }) },
    };
  }

  #refusals(route: ContractRoute, section: ReferenceSection): JsonSchema {
    const codes = new Set<ErrorCode>([
      ...OF_EVERY_CALL,
      ...(route.body === undefined ? [] : ["too_large" as const]),
    ]);
    if (route.path.startsWith("/v1/rooms/:room")) codes.add("banned");
    for (const code of Object.keys(section.errors).filter(isErrorCode)) codes.add(code);
    const byStatus = Map.groupBy(codes, (code) => ERRORS[code].http);
    const entries = [...byStatus].sort(([a], [b]) => a - b);
    return {
      ...Object.fromEntries(
        entries.map(([status, codes]) => [status, this.#refusal(status, codes, section)]),
      ),
      default: this.#shared("AnyError", undefined, "Any other refusal."),
    };
  }

  /** Said once for all where it means nothing particular here. */
  #refusal(status: number, codes: readonly ErrorCode[], { errors }: ReferenceSection): JsonSchema {
    const meaning = (code: ErrorCode) => errors[code] || this.#reference.codes[code];
    const description = codes.map((code) => `\`${code}\`: ${meaning(code)}.`).join(" ");
    if (codes.some((code) => errors[code])) return this.#response(status, description);
    return this.#shared(codes.map((code) => pascal(code)).join("Or"), status, description);
  }

  #shared(name: string, status: number | undefined, description: string): JsonSchema {
    this.#responses.set(name, this.#response(status, description));
    return { $ref: `#/components/responses/${name}` };
  }

  #response(status: number | undefined, description: string): JsonSchema {
    const refusal = this.#writer.write(this.#contract.REFUSAL, "server");
    const schema = this.#writer.define("ErrorBody", {
      type: "object",
      required: ["error"],
      properties: { error: refusal },
    });
    const headers = status === undefined ? undefined : HEADERS[status];
    return { description, ...(headers && { headers }), content: { "application/json": { schema } } };
  }
}

const DONE: Readonly<Record<number, string>> = { 200: "Done.", 201: "Stored.", 202: "Passed on." };

const RETRY_AFTER = {
  "Retry-After": {
    description: "How long to wait before the next try, in seconds.",
    schema: { type: "integer" },
  },
};
const HEADERS: Readonly<Record<number, JsonSchema>> = {
  401: {
    "WWW-Authenticate": {
      description: "How to authenticate, and what is wrong with the token.",
      schema: { type: "string" },
    },
  },
  429: RETRY_AFTER,
  503: RETRY_AFTER,
};

const pascal = (code: string): string =>
  code.replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase());
