// The page at `/docs`: both documents of the contract for people to read. It is plain HTML without a script, so it loads at
// once, can be searched in the browser, and needs nothing from elsewhere.

import { isRecord } from "../../protocol/index.ts";
import { escaped, line, paragraphs, table } from "./html.ts";
import { fieldTable, typeOf } from "./schema-view.ts";

type Json = Readonly<Record<string, unknown>>;

export interface Documents {
  readonly openApi: Json;
  readonly asyncApi: Json;
}

/** Of the anchors of named schemas: both documents may have one of the same name. */
const HTTP = "http-";
const SOCKET = "socket-";

const object = (value: unknown): Json => (isRecord(value) ? value : {});
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const text = (value: unknown): string => (typeof value === "string" ? value : "");

interface Call {
  readonly method: string;
  readonly path: string;
  readonly operation: Json;
}

export function referencePage({ openApi, asyncApi }: Documents): string {
  const calls = Object.entries(object(openApi.paths)).flatMap(([path, methods]) =>
    Object.entries(object(methods)).map(
      ([method, operation]): Call => ({
        method: method.toUpperCase(),
        path,
        operation: object(operation),
      }),
    ),
  );
  const tags = list(openApi.tags).map(object);
  const inTag = (tag: Json) => calls.filter(({ operation }) => list(operation.tags).includes(tag.name));
  const { schemas: httpSchemas } = object(openApi.components);
  const { schemas: frames } = object(asyncApi.components);
  const contents = [
    ...tags.map((tag) => contentsOf(text(tag.name), inTag(tag))),
    chapterLinks("Sockets", [
      ["#frames-client", "What a client sends"],
      ["#frames-server", "What the server sends"],
    ]),
    chapterLinks("Shapes", [
      ["#shapes", "Of calls"],
      ["#socket-shapes", "Of frames"],
    ]),
  ];
  return page(`
<nav aria-label="Contents"><details open><summary>Contents</summary>${contents.join("\n")}</details></nav>
<main>
<header>
<h1>${escaped(text(object(openApi.info).title))} reference</h1>
${paragraphs(object(openApi.info).description)}
<p>As documents: <a href="v1/openapi.json">OpenAPI 3.1</a> of the calls, <a href="v1/asyncapi.json">AsyncAPI 3</a> of
the frames. <code>?</code> marks what may be left out.</p>
</header>
${tags.map((tag) => chapter(tag, inTag(tag), openApi)).join("\n")}
${socketChapter(asyncApi)}
${shapes("shapes", "Shapes of calls", object(httpSchemas), HTTP)}
${shapes("socket-shapes", "Shapes of frames", withoutFrames(object(frames)), SOCKET)}
</main>`);
}

const page = (body: string): string => `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Edge Rooms reference</title>
    <link rel="icon" href="./favicon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="./styles/base.css">
    <link rel="stylesheet" href="./styles/reference.css">
  </head>
  <body class="reference">${body}
  </body>
</html>
`;

function chapterLinks(title: string, links: readonly (readonly [href: string, words: string])[]): string {
  const items = links.map(([href, words]) => `<li><a href="${escaped(href)}">${escaped(words)}</a></li>`);
  return `<h2>${escaped(title)}</h2><ul>${items.join("")}</ul>`;
}

const contentsOf = (title: string, calls: readonly Call[]): string =>
  chapterLinks(
    title,
    calls.map(({ operation }) => [`#${text(operation.operationId)}`, text(operation.operationId)]),
  );

function chapter(tag: Json, calls: readonly Call[], openApi: Json): string {
  return `<section><h2>${escaped(text(tag.name))}</h2>${paragraphs(tag.description)}
${calls.map((call) => article(call, openApi)).join("\n")}</section>`;
}

function article({ method, path, operation }: Call, openApi: Json): string {
  const id = escaped(text(operation.operationId));
  return `<article id="${id}"><h3><a href="#${id}"><span class="method ${method.toLowerCase()}">${method}</span> <code>${escaped(path)}</code></a></h3>
<p class="who">${id}${accessOf(operation)}</p>
${paragraphs(operation.description)}
${parameterTable(operation, openApi)}${bodyOf(operation, openApi)}${answersOf(operation, openApi)}</article>`;
}

const WHO: Readonly<Record<string, string>> = { apiKey: "an API key", userToken: "a user’s token" };

function accessOf({ security }: Json): string {
  const who = list(security).map((scheme) => WHO[Object.keys(object(scheme))[0] ?? ""] ?? "nothing");
  return `: takes ${escaped(who.join(" or "))}`;
}

/** What a reference of the document stands for. */
function resolved(openApi: Json, value: unknown): Json {
  const { $ref } = object(value);
  if (typeof $ref !== "string") return object(value);
  const steps = $ref.split("/").slice(1);
  return object(steps.reduce<unknown>((inner, step) => object(inner)[step], openApi));
}

function parameterTable({ parameters }: Json, openApi: Json): string {
  const rows = list(parameters).map((parameter) => {
    const { name, in: place, required, schema, description } = resolved(openApi, parameter);
    const mark = required === true ? "" : '<span title="may be left out">?</span>';
    return [
      `<code>${escaped(text(name))}</code>${mark}`,
      `in the ${escaped(text(place))}`,
      typeOf(schema, HTTP),
      line(description),
    ];
  });
  return rows.length === 0 ? "" : `<h4>Parameters</h4>${table(["name", "", "type", ""], rows)}`;
}

function bodyOf({ requestBody }: Json, openApi: Json): string {
  const entries = Object.entries(object(object(requestBody).content));
  return entries
    .map(([type, media]) => {
      const { schema } = object(media);
      const { "x-first-line": first = schema } = object(schema);
      return `<h4>Body</h4><p>${mediaOf(type, schema)}</p>${fieldTable(resolved(openApi, first), HTTP)}`;
    })
    .join("");
}

function mediaOf(type: string, schema: unknown): string {
  const { "x-first-line": first, "x-line": further, "x-last-line": last } = object(schema);
  const lines = [
    first === undefined ? "" : `first ${typeOf(first, HTTP)}`,
    further === undefined ? "" : typeOf(further, HTTP),
    last === undefined ? "" : `last ${typeOf(last, HTTP)}`,
  ];
  const said = lines.filter((words) => words !== "");
  const form = said.length > 0 ? `lines: ${said.join(", then ")}` : typeOf(schema, HTTP);
  return type === "application/json" ? form : `<code>${escaped(type)}</code>: ${form}`;
}

function answersOf({ responses }: Json, openApi: Json): string {
  const rows = Object.entries(object(responses))
    .filter(([status]) => status !== "default")
    .map(([status, response]) => {
      const { description, content } = resolved(openApi, response);
      const media = Object.entries(object(content)).map(([type, media]) =>
        mediaOf(type, object(media).schema),
      );
      return [`<code>${status}</code>`, media.join("<br>"), line(description)];
    });
  return `<h4>Answers</h4>${table(["status", "body", ""], rows)}`;
}

/** A frame is described in its own article, not among the shapes. */
const withoutFrames = (schemas: Json): Json =>
  Object.fromEntries(Object.entries(schemas).filter(([name]) => !name.endsWith("Frame")));

function socketChapter(asyncApi: Json): string {
  const { messages, schemas } = object(asyncApi.components);
  const told = new Set(
    list(object(object(asyncApi.operations)["session.tell"]).messages).map((ref) =>
      text(object(ref).$ref).split("/").at(-1),
    ),
  );
  const frames = Object.entries(object(messages)).map(([name, message]) => {
    const ref =
      text(object(object(message).payload).$ref)
        .split("/")
        .at(-1) ?? "";
    const html = `<article id="${SOCKET}${ref}"><h3><a href="#${SOCKET}${ref}">${escaped(text(object(message).title))}</a></h3>
${paragraphs(object(object(schemas)[ref]).description)}${fieldTable(object(schemas)[ref], SOCKET)}</article>`;
    return { isTold: told.has(name), html };
  });
  const htmlOf = (isTold: boolean) =>
    frames
      .filter((frame) => frame.isTold === isTold)
      .map(({ html }) => html)
      .join("\n");
  const channels = Object.values(object(asyncApi.channels)).map((channel) => {
    const { address, title, description, bindings } = object(channel);
    const { query } = object(object(bindings).ws);
    return `<h3><code>${escaped(text(address))}</code></h3><p>${escaped(text(title))}. ${line(description)}</p>${fieldTable(query, SOCKET)}`;
  });
  return `<section><h2>Sockets</h2>${paragraphs(object(asyncApi.info).description)}${channels.join("\n")}</section>
<section id="frames-client"><h2>What a client sends</h2>${htmlOf(false)}</section>
<section id="frames-server"><h2>What the server sends</h2>${htmlOf(true)}</section>`;
}

function shapes(id: string, title: string, schemas: Json, prefix: string): string {
  const articles = Object.entries(schemas).map(([name, schema]) => {
    const fields = fieldTable(schema, prefix);
    const form = fields === "" ? `<p>${typeOf(schema, prefix)}</p>` : fields;
    return `<article id="${prefix}${name}"><h3><a href="#${prefix}${name}">${escaped(name)}</a></h3>${paragraphs(object(schema).description)}${form}</article>`;
  });
  return `<section id="${id}"><h2>${escaped(title)}</h2>${articles.join("\n")}</section>`;
}
