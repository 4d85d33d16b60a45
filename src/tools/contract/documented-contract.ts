// The contract with its doc comments. They stand over the schemas and their fields, where the editor shows them, and so
// they are not in the data. Here `src/protocol` is loaded with each comment put around the value below it.

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type Plugin } from "esbuild";
import { parseSync, Visitor } from "rolldown/utils";
import { isRecord } from "../../protocol/index.ts";

const PROTOCOL = join(import.meta.dirname, "../../protocol");

/** What the loaded contract has in place of a value with a comment. */
export interface Documented {
  readonly doc: string;
  readonly value: unknown;
}

const MARK = "edge-rooms documented";

/** In the loaded contract: `const` of a comment keeps its identity, so that a schema is known by its name. */
const PRELUDE = `
const documented = (doc, value) => ({ [Symbol.for(${JSON.stringify(MARK)})]: true, doc, value });
const described = (doc, value) => {
  if (typeof value === "object" && value !== null)
    Object.defineProperty(value, Symbol.for(${JSON.stringify(MARK)}), { value: doc, configurable: true });
  return value;
};
`;

/** The text of the comment over a `const`, if it has one. */
export function docOf(value: object): string | undefined {
  const doc: unknown = Reflect.get(value, Symbol.for(MARK));
  return typeof doc === "string" ? doc : undefined;
}

export function isDocumented(value: unknown): value is Documented {
  return isRecord(value) && Reflect.get(value, Symbol.for(MARK)) === true;
}

/** The exports of `src/protocol/index.ts`, with comments. */
export async function documentedContract(): Promise<Readonly<Record<string, unknown>>> {
  const { outputFiles } = await build({
    entryPoints: [join(PROTOCOL, "index.ts")],
    bundle: true,
    write: false,
    format: "esm",
    plugins: [withComments],
    logLevel: "warning",
  });
  const [{ text } = { text: "" }] = outputFiles;
  return import(`data:text/javascript;base64,${Buffer.from(text).toString("base64")}`);
}

const withComments: Plugin = {
  name: "with-comments",
  setup({ onLoad }) {
    onLoad({ filter: /src\/protocol\/[\w-]+\.ts$/ }, async ({ path }) => ({
      contents: withDocs(path, await readFile(path, "utf8")),
      loader: "ts",
    }));
  },
};

interface Place {
  readonly start: number;
  readonly end: number;
}

/** The source with a call around each value that has a comment. */
export function withDocs(path: string, source: string): string {
  const { program, comments } = parseSync(path, source);
  const insertions: { readonly at: number; readonly text: string }[] = [];
  const wrap = (call: string, { start, end }: Place, doc: string) =>
    insertions.push({ at: start, text: `${call}(${JSON.stringify(doc)}, ` }, { at: end, text: ")" });
  /** The comment that ends right above `start`. */
  const docAbove = (start: number): string | undefined => {
    const comment = comments.findLast(({ end }) => end <= start);
    if (comment === undefined || comment.type !== "Block" || !comment.value.startsWith("*")) return undefined;
    return source.slice(comment.end, start).trim() === "" ? textOf(comment.value) : undefined;
  };
  new Visitor({
    Property({ start, value }) {
      const doc = docAbove(start);
      if (doc !== undefined) wrap("documented", value, doc);
    },
    ExportNamedDeclaration({ start, declaration }) {
      if (declaration?.type !== "VariableDeclaration") return;
      const doc = docAbove(start);
      const [{ init } = { init: null }] = declaration.declarations;
      if (doc !== undefined && init !== null) wrap("described", init, doc);
    },
  }).visit(program);
  // Two at one place are a value in a value: their order is that in which they were found.
  const sorted = insertions.toSorted((a, b) => b.at - a.at);
  const text = sorted.reduce((text, { at, text: more }) => text.slice(0, at) + more + text.slice(at), source);
  return PRELUDE + text;
}

/** Without stars, and with links as their text. */
const textOf = (comment: string): string =>
  comment
    .slice(1)
    .replace(/^\s*\* ?/gm, "")
    .replace(/\{@link (\w+)\}/g, "`$1`")
    .replace(/\s+/g, " ")
    .trim();
