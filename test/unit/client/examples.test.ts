// Every example of the client compiles: each `@example` of its docstrings, and each block of README, docs/ai.md,
// docs/client.md, docs/migrating.md, docs/moderation.md and docs/testing.md that uses it. Each example is checked as a
// module of its own, those of the React binding with JSX. GLOBALS declares the names that examples use without declaring them.

import { execFile } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";

const root = join(import.meta.dirname, "../../..");

const GLOBALS = `
import type * as Rooms from "edge-rooms/client";
import type { Push } from "edge-rooms/push";
import type { QueryClient } from "@tanstack/query-core";
import type { LanguageModel } from "ai";
import type { ReactNode } from "react";
import type { ServerApi } from "edge-rooms/server";
import type { TestRooms } from "edge-rooms/testing";
import type * as Vitest from "vitest";
import type { Component } from "vue";
declare global {
  const client: Rooms.Client;
  const room: Rooms.RoomHandle;
  const push: Push;
  const rooms: TestRooms;
  const ada: Rooms.RoomHandle;
  const bob: Rooms.RoomHandle;
  const expect: typeof Vitest.expect;
  const server: ServerApi;
  const request: Request;
  const model: LanguageModel;
  // The binding of Workers AI.
  const env: { readonly AI: { run(model: string, input: object, options?: object): Promise<ReadableStream> } };
  const archive: Rooms.Message[];
  const process: { readonly env: Readonly<Record<string, string | undefined>> };
  const message: Rooms.Message;
  const button: HTMLButtonElement;
  const field: HTMLInputElement;
  const board: Readonly<Record<"add" | "move" | "comment" | "reload", (...what: unknown[]) => void>>;
  function render(snapshot: Rooms.RoomSnapshot): void;
  function toast(text: string, link?: string): void;
  // React and its query cache, and a bundler with hot replacement.
  function useSyncExternalStore<Snapshot>(subscribe: (fn: () => void) => () => void, get: () => Snapshot): Snapshot;
  function useEffect(effect: () => () => void, dependencies: readonly unknown[]): void;
  const queryClient: QueryClient;
  // A component of React, one of Vue, and what a compiler of Vue knows.
  function Chat(props: { readonly name: string }): ReactNode;
  const App: Component;
  function defineProps<Props>(): Props;
  interface ImportMeta {
    readonly hot?: { dispose(fn: () => void): void };
  }
}
`;

const BINDINGS = ["ai", "react", "vue", "svelte", "tanstack-query"];

/** What examples of a chat use of the AI SDK. */
const AI_SDK = [
  `import { Chat } from "@ai-sdk/react";`,
  `import { streamText, toUIMessageStream } from "ai";`,
];

/** Of types alone, which no entry names when it runs. */
const TYPES = `import type { RoomOfBinding, RoomsBinding } from "edge-rooms/server";`;

const CONFIG = {
  extends: "../../tsconfig.base.json",
  compilerOptions: {
    lib: ["ES2024", "DOM", "DOM.Iterable"],
    // The runes.
    types: ["svelte"],
    jsx: "react-jsx",
    noUnusedLocals: false,
    incremental: false,
    paths: {
      "edge-rooms": ["../../client/index.ts"],
      "edge-rooms/client": ["../../client/index.ts"],
      "edge-rooms/push": ["../../client/push/push.ts"],
      "edge-rooms/tabs": ["../../client/tabs/share-tabs.ts"],
      "edge-rooms/*": ["../../client/*/index.ts"],
    },
  },
};

interface Example {
  /** File and line of the example. */
  readonly at: string;
  readonly code: string;
  readonly hasJsx: boolean;
}

const lineAt = (text: string, index: number) => text.slice(0, index).split("\n").length;

function docstringExamples(file: string): Example[] {
  const text = readFileSync(join(root, file), "utf8");
  return Array.from(text.matchAll(/^ *\* @example\n((?: *\*(?!\/).*\n)+)/gm), ({ 1: body = "", index }) => {
    const [code = ""] = body.replaceAll(/^ *\* ?/gm, "").split(/^@/m);
    return { at: `${file}:${lineAt(text, index)}`, code, hasJsx: file.startsWith("client/react/") };
  });
}

function documentExamples(file: string): Example[] {
  const text = readFileSync(join(root, file), "utf8");
  return Array.from(text.matchAll(/^```(js|tsx?)\n(.*?)^```$/gms), ({ 1: fence, 2: code = "", index }) => ({
    at: `${file}:${lineAt(text, index)}`,
    code,
    hasJsx: fence === "tsx",
  })).filter(({ code, hasJsx }) => hasJsx || /\b(client|rooms?|push|server)\./.test(code));
}

/** What an example may use without an import: all that the client and, in its folder, a binding export. */
async function importsOf({ at }: Example): Promise<string> {
  const binding = BINDINGS.find((name) => at.startsWith(`client/${name}/`));
  const entries = [
    ["client", "index.ts"],
    ["offline", "offline/index.ts"],
    ["push", "push/push.ts"],
    ["tabs", "tabs/share-tabs.ts"],
    ["server", "server/index.ts"],
    ["testing", "testing/index.ts"],
  ];
  if (binding !== undefined) entries.push([binding, `${binding}/index.ts`]);
  const imported = new Set<string>();
  const lines = binding === "ai" ? [TYPES, ...AI_SDK] : [TYPES];
  for (const [entry, file = ""] of entries) {
    const names = Object.keys(await import(join(root, "client", file))).filter((name) => !imported.has(name));
    for (const name of names) imported.add(name);
    lines.push(`import { ${names.join(", ")} } from "edge-rooms/${entry}";`);
  }
  return lines.join("\n");
}

const moduleOf = async (example: Example): Promise<string> =>
  /^import .*"edge-rooms["/]/m.test(example.code)
    ? example.code
    : `${await importsOf(example)}\n${example.code}`;

it("[C91] every example of the client compiles", async () => {
  const examples = [
    ...globSync("client/**/*.ts", { cwd: root, exclude: ["client/service-worker/**"] }).flatMap(
      docstringExamples,
    ),
    ...[
      "README.md",
      "docs/ai.md",
      "docs/client.md",
      "docs/migrating.md",
      "docs/moderation.md",
      "docs/testing.md",
    ].flatMap(documentExamples),
  ];
  expect(examples.length).toBeGreaterThan(20);

  // An event map that one example registers is not that of the others.
  const [own, together] = [examples.filter(registers), examples.filter((example) => !registers(example))];
  const programs = [together, ...own.map((example) => [example])];
  expect(programs.length).toBeGreaterThan(1);
  const found = await Promise.all(programs.map(errorsIn));
  expect(found.flat()).toEqual([]);
  // The compiler takes seconds of CPU, and longer on a busy machine.
}, 180_000);

const registers = ({ code }: Example): boolean => /^declare module "edge-rooms"/m.test(code);

/** What the compiler says about a program of these examples, with file and line of each. */
async function errorsIn(examples: readonly Example[]): Promise<string[]> {
  mkdirSync(join(root, "dist"), { recursive: true });
  const folder = mkdtempSync(join(root, "dist/examples-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  write("tsconfig.json", JSON.stringify(CONFIG));
  write("globals.d.ts", GLOBALS);
  for (const [n, example] of examples.entries()) {
    const kind = example.hasJsx ? "tsx" : "ts";
    write(`${n}.${kind}`, `// ${example.at}\n${await moduleOf(example)}\nexport {};\n`);
  }
  const tsc = join(root, "node_modules/.bin/tsc");
  const { stdout } = await promisify(execFile)(tsc, ["-p", folder, "--pretty", "false"]).catch(Object);
  const at = (name: string) => examples[Number.parseInt(name.split("/").at(-1) ?? "", 10)]?.at ?? name;
  return String(stdout)
    .replaceAll(/^\S+(?=\()/gm, at)
    .split("\n")
    .filter(Boolean);
}
