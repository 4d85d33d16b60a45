// The OpenAPI and AsyncAPI documents against the contract that they are made from.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import * as v from "valibot";
import { beforeAll, describe, expect, it } from "vitest";
import {
  ANSWERS,
  ERRORS,
  HTTP_ROUTES,
  type HttpRoute,
  OTHER_ROUTES,
  ROOM_COMMANDS,
  type Schema,
  SERVER_EVENTS,
  SESSION_COMMANDS,
} from "../../../src/protocol/index.ts";
import { documentedContract, withDocs } from "../../../src/tools/contract/documented-contract.ts";
import { contractDocuments } from "../../../src/tools/contract/documents.ts";
import { readHttpReference } from "../../../src/tools/contract/http-reference.ts";
import { openApiDocument } from "../../../src/tools/contract/openapi.ts";
import { derivedOperation } from "../../../src/tools/contract/routes.ts";
import { SchemaWriter } from "../../../src/tools/contract/schema-writer.ts";
import { paragraphs } from "../../../src/tools/reference/html.ts";
import { validator } from "../../../src/validation/validator.ts";
import { answerCheck, bodyCheck, operationOf } from "../../support/contract/checked-calls.ts";
import { CheckedFrames } from "../../support/contract/checked-frames.ts";
import { JsonSchemas } from "../../support/contract/json-schemas.ts";

const root = join(import.meta.dirname, "../../..");
const src = join(root, "src");
const reference = readFileSync(join(src, "protocol/HTTP.md"), "utf8");

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters?: readonly { readonly name?: string; readonly $ref?: string }[];
  readonly responses: Readonly<Record<string, unknown>>;
}
interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly webhooks: Readonly<Record<string, { readonly post: Operation }>>;
}

let contract: Readonly<Record<string, unknown>>;
let documents: Readonly<Record<string, string>>;
let openApi: OpenApi;
beforeAll(async () => {
  contract = await documentedContract();
});

const operations = (): [string, Operation][] =>
  Object.entries(openApi.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [
      `${method.toUpperCase()} ${path.replace(/\{(\w+)\}/g, ":$1")}`,
      operation,
    ]),
  );

describe("the documents", () => {
  beforeAll(async () => {
    documents = await contractDocuments();
    openApi = JSON.parse(documents["http/openapi.json"] ?? "");
  });

  it("[Z200] are what the contract says: if not, run `npm run docs`", () => {
    for (const [file, text] of Object.entries(documents))
      expect(readFileSync(join(src, file), "utf8") === text, `src/${file} is old: run npm run docs`).toBe(
        true,
      );
  });

  it("[Z201] have each route, with a name, a summary and every code of an error by its status", () => {
    const routes = Object.keys({ ...HTTP_ROUTES, ...OTHER_ROUTES });
    expect(
      operations()
        .map(([route]) => route)
        .toSorted(),
    ).toEqual(routes.toSorted());
    const names = operations().map(([, { operationId }]) => operationId);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^[a-z][A-Za-z]+$/.test(name))).toEqual([]);
    const isPoor = (text: string) => text.length < 8 || text.length > 120 || /[.:;]$/.test(text);
    expect(operations().filter(([, { summary }]) => isPoor(summary))).toEqual([]);
    const statuses = new Set(operations().flatMap(([, { responses }]) => Object.keys(responses)));
    const ofCalls = Object.entries(ERRORS).filter(
      ([code]) => !["timeout", "replaced", "deleted"].includes(code),
    );
    for (const [, { http }] of ofCalls) expect([...statuses]).toContain(String(http));
  });

  it("[Z201] keep the lists of a section, and the reference page shows them", () => {
    const { description } = openApi.paths["/v1/rooms/{room}/import"]?.post ?? {};
    expect(description).toMatch(/\n\n- It takes effect .+\n- The connections /);
    expect(paragraphs("Two.\n\n- `one`\n- other")).toBe(
      "<p>Two.</p>\n<ul><li><code>one</code></li>\n<li>other</li></ul>",
    );
  });

  it("[Z201] have each parameter that a route reads", () => {
    const described = Object.fromEntries(
      operations().map(([route, { parameters = [] }]) => [
        route,
        parameters.flatMap(({ name }) => name ?? []),
      ]),
    );
    const routes: Readonly<Record<string, Omit<HttpRoute, "answer">>> = {
      ...HTTP_ROUTES,
      ...OTHER_ROUTES,
    };
    for (const [route, { query = {} }] of Object.entries(routes))
      expect([route, described[route]]).toEqual([route, Object.keys(query)]);
  });

  it("[Z202] are not made without what a route lacks, and the error says what to write", () => {
    const withRoute = (route: object) => ({ ...contract, HTTP_ROUTES: route });
    const made =
      (routes: object, page = reference) =>
      () =>
        openApiDocument(withRoute(routes), readHttpReference(page));
    expect(made({ "GET /v1/new": { answer: {} } })).toThrow(
      'src/protocol/HTTP.md has no section "### `GET /v1/new`": each route has one',
    );
    const section = (text: string) => `${reference}\n### \`GET /v1/new/:thing\`\n\n${text}\n`;
    expect(made({ "GET /v1/new/:thing": { answer: {} } }, section("Answer: `a`."))).toThrow(
      "must begin with a sentence that says what the call does",
    );
    expect(made({ "GET /v1/new/:thing": { answer: {} } }, section("Something new."))).toThrow(
      "must say what it takes",
    );
    expect(
      made({ "GET /v1/new/:thing": { answer: {} } }, section("Something new. Takes an API key.")),
    ).toThrow("PATH_PARAMETERS (src/protocol/http-routes.ts) does not say what :thing is");
    const query = { limit: ["optional", "int"] };
    expect(
      made(
        { "GET /v1/new/:user": { query, answer: {} } },
        section("").replace(":thing`\n\n", ":user`\n\nNew. Takes nothing."),
      ),
    ).toThrow("the parameter limit has no comment: write one in src/protocol/http-queries.ts");
  });

  it("[Z202] have a new route by themselves", () => {
    const page = `${reference}\n### \`POST /v1/rooms/:room/things\`\n\nMakes a thing. Takes an API key.\n\nAnswer, with status 201: \`{}\`.\n`;
    const { paths } = openApiDocument(
      { ...contract, HTTP_ROUTES: { "POST /v1/rooms/:room/things": { body: { size: "int" }, answer: {} } } },
      readHttpReference(page),
    );
    expect(paths).toMatchObject({
      "/v1/rooms/{room}/things": {
        post: {
          operationId: "postRoomThings",
          summary: "Makes a thing",
          security: [{ apiKey: [] }],
          responses: { 201: {} },
        },
      },
    });
    expect(derivedOperation("GET", "/v1/users/:user/export")).toBe("getUserExport");
  });

  it("[Z211] have what the server sends to the back end and asks of it, with the signature", () => {
    const calls = Object.entries(openApi.webhooks);
    expect(calls.map(([name]) => name)).toEqual(["events", "beforePublish"]);
    for (const [, { post }] of calls) {
      expect(post.parameters?.map(({ name }) => name)).toEqual(["Edge-Rooms-Signature"]);
      expect(Object.keys(post.responses)).toEqual(["2XX", "default"]);
    }
    const schemas = new JsonSchemas(JSON.parse(documents["http/openapi.json"] ?? ""));
    const left = { type: "member.left", id: "1", at: 1, room: "lobby", user: { id: "ada" } };
    expect(schemas.problem("WebhookBody", { events: [left] })).toBeUndefined();
    expect(schemas.problem("WebhookBody", { events: [{ ...left, type: "member.moved" }] })).toBeDefined();
    const asked = { type: "send", room: "lobby", user: { id: "ada" }, event: "chat", data: "hi" };
    expect(schemas.problem("PublishQuestion", asked)).toBeUndefined();
    expect(schemas.problem("PublishQuestion", { ...asked, room: undefined })).toBeDefined();
  });

  it("[Z203] have each command, event and answer of the sockets", () => {
    const { components } = JSON.parse(documents["http/asyncapi.json"] ?? "");
    const answers = Object.entries(ANSWERS).flatMap(([name, fields]) => (fields === null ? [] : `${name}Ok`));
    const events = Object.keys(SERVER_EVENTS).filter((name) => name !== "ok" && name !== "pong");
    expect(Object.keys(components.messages).toSorted()).toEqual(
      [
        ...Object.keys({ ...ROOM_COMMANDS, ...SESSION_COMMANDS }).map((name) => `${name}Command`),
        ...events.map((name) => `${name}Event`),
        ...[...answers, "pong", "error", "roomConnected", "sessionConnected", "commandBatch", "eventBatch"],
      ].toSorted(),
    );
  });
});

describe("comments of the contract", () => {
  it("[Z200] are descriptions, of fields and of schemas, and the values stay what they are", async () => {
    const writer = new SchemaWriter(contract, "OpenAPI");
    writer.write(contract.KICK_BODY, "client");
    expect(writer.components().KickBody).toMatchObject({
      properties: { user: { description: "Id of the user." }, reason: { maxLength: 500 } },
      additionalProperties: false,
    });
    writer.write(contract.SENDER, "client");
    expect(writer.components().Sender).toMatchObject({
      description: "The user in whose name something is said.",
    });
    const source =
      '/** All. */\nexport const A = {\n  /** One. */\n  a: { /** Two. */ b: "int" },\n  // three\n  c: "text",\n};\n';
    expect(withDocs("a.ts", source)).toContain(
      'export const A = described("All.", {\n  /** One. */\n  a: documented("One.", { /** Two. */ b: documented("Two.", "int") }),',
    );
  });
});

/** Values of all kinds: each schema takes some of them. */
const VALUES: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    "",
    "a",
    ".",
    "..",
    " ",
    "-a",
    "a*",
    "*",
    "**",
    "room_1",
    "a b",
    "x".repeat(65),
    "x".repeat(129),
  ],
  ...[
    "x".repeat(200),
    "x".repeat(201),
    "x".repeat(256),
    "22:00",
    "24:00",
    "Europe/Berlin",
    "online",
    "moderate",
    "high",
  ],
  ...["archived", "complete", -1, 0, 1, 1.5, 1_001, 8.64e15, 8.65e15, 2 ** 53 - 1, 2 ** 53, [], {}],
  ...[["a"], [1], { a: 1 }, { id: "u" }, { id: "u", name: "" }, { id: "u", name: "U", more: 1 }, { id: 1 }],
];

/** What JSON Schema cannot say: what is printable, a zone that exists, one emoji; a fraction of an instant is cut. */
const LOOSER = new Set<unknown>([" ", ".", "..", 1.5]);

const SCHEMAS: readonly [string, Schema][] = [
  ...([
    "any",
    "boolean",
    "number",
    "int",
    "seq",
    "eventSeq",
    "instant",
    "text",
    "commandId",
    "eventName",
  ] as const),
  ...([
    "notificationId",
    "roomName",
    "roomPattern",
    "timeOfDay",
    "userId",
    "notificationState",
    "permission",
  ] as const),
  ...(["priority", "recovery", "status", "step"] as const),
].map((atom): [string, Schema] => [atom, atom]);

const COMPOUNDS: readonly [string, Schema][] = [
  ["a nullable", ["nullable", "userId"]],
  ["a nullable object", ["nullable", { id: "int" }]],
  ["an int", ["int", 1, 1_000]],
  ["a text", ["text", 1, 128]],
  ["a list", ["list", "eventName", 0, 1, "topics"]],
  ["a record", ["record", "roomPattern", "int", "rooms"]],
  ["an object", { id: "userId", name: ["optional", ["text", 1, 128]] }],
  ["a strict object", ["strict", { id: "userId", name: ["optional", ["text", 1, 128]] }]],
  ["one of", ["one of", ["a", "complete"]]],
  ["is", ["is", true]],
];

describe("the schemas of the documents", () => {
  it.each([...SCHEMAS, ...COMPOUNDS])(
    "[Z204] take what the server takes, and refuse what it refuses: %s",
    (_, schema) => {
      const writer = new SchemaWriter({}, "OpenAPI");
      const written = writer.write(schema, "client");
      const schemas = new JsonSchemas({ components: { schemas: writer.components() } }, { isClosed: false });
      const validate = validator(schema);
      const differ = VALUES.filter((value) => !LOOSER.has(value)).filter(
        (value) => v.is(validate, value) !== (schemas.problemIn(written, value) === undefined),
      );
      expect(differ).toEqual([]);
      expect(VALUES.some((value) => v.is(validate, value))).toBe(true);
    },
  );

  it("[Z204] are one where client and server write the same, and take what a newer server says", () => {
    const message = { id: "userId", state: ["one of", ["open", "complete"]] };
    const lines = { message, end: { type: ["is", "end"] } };
    const writer = new SchemaWriter({ MESSAGE: message, EXPORT_LINES: lines }, "OpenAPI");
    for (const by of ["client", "server", "client"] as const) writer.write(["by type", lines], by);
    expect(Object.keys(writer.components())).toEqual(["ExportLineEnd", "Message", "UserId"]);
    expect(writer.components().Message).toMatchObject({
      properties: { state: { type: "string", "x-extensible-enum": ["open", "complete"] } },
    });
    const other = new SchemaWriter({ A: message, a: { id: "text" } }, "OpenAPI");
    other.write(message, "client");
    expect(() => other.define("A", { type: "object" })).toThrow(
      "two different schemas are called A: rename one",
    );
  });

  it("[Z205] find a frame that does not fit", () => {
    const frames = new CheckedFrames();
    expect(frames.sent('{"type":"send","id":"a","data":1}')).toEqual([]);
    expect(frames.received('{"type":"ok","id":"a","seq":1,"at":2}')).toEqual([]);
    expect(frames.received('{"type":"ok","id":"a","seq":0,"at":2}')).toEqual([
      'sendOk: /seq must be >= 1 {"comparison":">=","limit":1}',
    ]);
    expect(frames.received('{"type":"occupancy","members":1,"connections":2,"new":3}')).toEqual([
      'occupancyEvent: / must NOT have additional properties {"additionalProperty":"new"}',
    ]);
    expect(frames.received('{"type":"batch","events":[{"type":"nothing"}]}')).toEqual([
      "nothingEvent: the document does not have it",
    ]);
    expect(frames.received('{"type":"error","id":"a","code":"odd","message":"m"}')[0]).toContain(
      "error: /code must be equal",
    );
    expect(frames.sent('{"type":"batch","commands":[{"type":"send","id":"b"}]}')[0]).toContain("data");
  });

  it("[Z205] find a line that does not fit, in a poll, in an export and in what is sent", () => {
    const frames = new CheckedFrames();
    const problemsOfAnswer = (route: readonly [string, string], type: string, text: string) => {
      const operation = operationOf(...route);
      const check = operation && answerCheck(operation, { status: 200, type }, frames);
      return typeof check === "object" ? [...check.add(text), ...check.end()] : [check];
    };
    const poll = ["POST", "/v1/rooms/a/poll"] as const;
    const frame = '{"type":"occupancy","members":1,"connections":2}';
    const end = '{"type":"polled","connection":"c"}';
    expect(problemsOfAnswer(poll, "text/plain; charset=utf-8", `${frame}\n${end}\n`)).toEqual([]);
    const odd = problemsOfAnswer(poll, "text/plain", `${frame.replace("{", '{"new":1,')}\n${end}`);
    expect(odd[0]).toContain("occupancyEvent");
    expect(problemsOfAnswer(poll, "text/plain", frame)[0]).toContain("the answer of pollRoom with 200");
    expect(problemsOfAnswer(poll, "text/html", "")).toEqual([
      "the answer of pollRoom with 200: the document has no text/html",
    ]);
    const exported = ["GET", "/v1/rooms/a/export"] as const;
    const problems = problemsOfAnswer(exported, "application/x-ndjson", '{"type":"end","messages":-1}\n');
    expect(problems[0]).toContain("the answer of exportRoom with 200");

    const commands = operationOf("POST", "/v1/rooms/a/commands");
    const body = commands && bodyCheck(commands, frames);
    const sent = '{"connection":"c","number":1}\n{"type":"read","id":"a","seq":"x"}';
    expect([...(body?.add(sent) ?? []), ...(body?.end() ?? [])]).toEqual([
      expect.stringContaining("readCommand: /seq"),
    ]);
  });
});

describe("a linter", () => {
  it.each(["openapi", "asyncapi"])("[Z206] finds nothing in src/http/%s.json", async (name) => {
    const cli = join(root, "node_modules/.bin/redocly");
    // The address is that of an example until it is served; a schema of lines stands in a field of our own.
    const skipped = ["no-server-example.com", "no-unused-components"].flatMap((rule) => [
      "--skip-rule",
      rule,
    ]);
    const { stdout } = await promisify(execFile)(
      cli,
      ["lint", join(src, `http/${name}.json`), "--extends", "recommended", "--format", "json", ...skipped],
      { env: { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" } },
    );
    const { problems } = JSON.parse(stdout);
    expect(problems).toEqual([]);
  });
});
