// The npm package of the client as a stranger has it: installed in an empty folder from a server that runs, in apps that
// are stricter than ours. What it needs beside itself (compiler, bundler, types of Node) it takes from this repository.

import { execFile } from "node:child_process";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { transform } from "esbuild";
import { publint } from "publint";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FLOOR } from "../../src/tools/bundle-client.ts";
import { devWelcome } from "../../src/tools/dev-welcome.ts";
import type { LocalServer } from "../support/local-server.ts";
import { featuresIn, NEWER } from "../support/newer-features.ts";
import { ownNode } from "./support/own-node.ts";
import { STRICT_APPS } from "./support/strict-apps.ts";
import { startTestServer, tokenFor, uniqueName } from "./support/world.ts";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);
const readJson = (file: string) => JSON.parse(readFileSync(file, "utf8"));

const floor = join(import.meta.dirname, "support/floor.ts");
const app = mkdtempSync(join(tmpdir(), "edge-rooms-app-"));
const installed = join(app, "node_modules/edge-rooms");
const write = (name: string, text: string) => writeFileSync(join(app, name), text);
let server: LocalServer;

beforeAll(async () => {
  // In production there is no demo.
  server = await startTestServer({ DEMO: "off" });
  write("package.json", JSON.stringify({ name: "app", type: "module" }));
  // An empty cache, and no registry: the package needs no other. npm asks the registry for optional peers otherwise.
  const options = [
    "--legacy-peer-deps",
    "--cache",
    join(app, "cache"),
    "--registry",
    "http://localhost:1",
    "--no-audit",
    "--no-fund",
  ];
  await run("npm", ["install", `${server.url}/edge-rooms.tgz`, ...options], { cwd: app });
});
afterAll(async () => {
  rmSync(app, { recursive: true, force: true });
  await server?.stop();
});

const packageBytes = async () =>
  Buffer.from(await (await fetch(`${server.url}/edge-rooms.tgz`)).arrayBuffer());

/** The source of each entry is in the manifest of the repository, its files are in that of the package. */
const sources: Record<string, string> = readJson(join(root, "client/package.json")).exports;

describe("the package", () => {
  it("[N1] has the project's version, no dependency and no script", () => {
    const manifest = readJson(join(installed, "package.json"));
    expect(manifest.version).toBe(readJson(join(root, "package.json")).version);
    expect(Object.keys(manifest)).not.toContain("dependencies");
    expect(Object.keys(manifest)).not.toContain("scripts");
    expect(globSync("*", { cwd: installed }).sort()).toEqual([
      "LICENSE",
      "README.md",
      "dist",
      "package.json",
    ]);
  });

  it("[N2] has code, a source map and declarations for each entry", () => {
    const { exports } = readJson(join(installed, "package.json"));
    expect(Object.keys(exports)).toEqual([...Object.keys(sources), "./package.json"]);
    for (const subpath of Object.keys(sources)) {
      const { types, default: code } = exports[subpath];
      for (const file of [types, code, `${code}.map`])
        expect(existsSync(join(installed, file)), file).toBe(true);
    }
  });

  it("[N2] is clean for publint and arethetypeswrong", async () => {
    const { messages } = await publint({ pkgDir: installed, strict: true, pack: "npm" });
    expect(messages).toEqual([]);
    const attw = join(root, "node_modules/@arethetypeswrong/cli/dist/index.js");
    writeFileSync(join(app, "edge-rooms.tgz"), await packageBytes());
    // It ends with an error if it finds one.
    await run(process.execPath, [attw, join(app, "edge-rooms.tgz"), "--profile", "esm-only"]);
  });

  it("[N3] has each class of the client once, for all entries", () => {
    const modules = globSync("dist/**/*.js", { cwd: installed, exclude: ["dist/service-worker.js"] });
    const classes = modules.flatMap((file) =>
      Array.from(
        readFileSync(join(installed, file), "utf8").matchAll(/^(?:var (\w+) = )?class (\w*)/gm),
        ([, bound, own]) => bound ?? own,
      ),
    );
    expect(classes).toContain("RoomsError");
    expect(classes.filter((name, at) => classes.indexOf(name) !== at)).toEqual([]);
  });
});

describe("a deployment", () => {
  it.each([
    ["edge-rooms.tgz", "application/gzip"],
    ["edge-rooms.js", "text/javascript; charset=utf-8"],
    ["edge-rooms.d.ts", "text/plain; charset=utf-8"],
    ["edge-rooms-all.js", "text/javascript; charset=utf-8"],
    ["edge-rooms-all.d.ts", "text/plain; charset=utf-8"],
    ["edge-rooms-push.js", "text/javascript; charset=utf-8"],
    ["edge-rooms-push.d.ts", "text/plain; charset=utf-8"],
    ["edge-rooms-sw.js", "text/javascript; charset=utf-8"],
  ])("[N4] serves %s without the demo, to every origin, and caches ask again", async (file, type) => {
    const { status, headers } = await fetch(`${server.url}/${file}`);
    expect([status, headers.get("Content-Type")]).toEqual([200, type]);
    expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
    expect(headers.get("Cache-Control")).toBe("public, max-age=0, must-revalidate");
    const etag = headers.get("ETag") ?? "";
    const again = await fetch(`${server.url}/${file}`, { headers: { "If-None-Match": etag } });
    expect(again.status).toBe(304);
  });

  it.each(["polling", "watching"])(
    "[N4] serves the code of %s beside the client, under the name by which that imports it",
    async (what) => {
      const client = await (await fetch(`${server.url}/edge-rooms.js`)).text();
      const name = new RegExp(`import\\("\\./(edge-rooms-${what}-\\w+\\.js)"\\)`);
      const [, file = ""] = name.exec(client) ?? [];
      // It is not loaded with the client.
      expect(client.split(file).length).toBe(2);
      const { status, headers } = await fetch(`${server.url}/${file}`);
      expect([status, headers.get("Content-Type")]).toEqual([200, "text/javascript; charset=utf-8"]);
      expect(headers.get("Access-Control-Allow-Origin")).toBe("*");
    },
  );

  it.each(["edge-rooms", "edge-rooms-all", "edge-rooms-push"])(
    "[N4] names the types of %s, as Deno asks",
    async (name) => {
      const { headers } = await fetch(`${server.url}/${name}.js`);
      expect(headers.get("X-TypeScript-Types")).toBe(`./${name}.d.ts`);
    },
  );

  it("[N4] serves the same bytes after a build of the same code, so that a lock file stays true", async () => {
    const before = await packageBytes();
    await server.restart();
    expect((await packageBytes()).equals(before)).toBe(true);
  });
});

const STRICT = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  skipLibCheck: false,
  verbatimModuleSyntax: true,
  noEmit: true,
};
const BUNDLER = { ...STRICT, module: "ESNext", moduleResolution: "Bundler" };
const BROWSER = { ...BUNDLER, lib: ["ES2022", "DOM"], types: [] };
// A program in Node has no types of the DOM.
const NODE = { ...STRICT, module: "Node16", moduleResolution: "Node16", lib: ["ES2022"], types: ["node"] };

const CHAT = `
import { type Client, createClient, inboxOf, type RoomMessage, RoomsError, roomApi } from "edge-rooms";
const client: Client = createClient({ url: "https://rooms.example.com", getToken: async () => "a token" });
const room = client.room("project_123");
const texts: string[] = [];
room.on("message", (message) => texts.push(\`\${message.from?.name}: \${JSON.stringify(message.data)}\`));
export const last = (): RoomMessage | undefined => room.getSnapshot().messages.at(-1);
export async function send(text: string): Promise<number | string> {
  try {
    const { seq } = await room.send({ text });
    await roomApi(client, "project_123").receipts();
    return seq;
  } catch (error) {
    return error instanceof RoomsError ? error.code : "strange";
  }
}
inboxOf(client).on("notification", ({ title }) => texts.push(title));
`;
/** A private member makes \`Client\` a type of its own: it fits only if both entries have the same one. */
const PUSH = `
import { createClient } from "edge-rooms/client";
import { createPush, type PushState } from "edge-rooms/push";
import "edge-rooms/service-worker";
export const state: Promise<PushState> = createPush(createClient({ url: "", getToken: () => "a token" })).state();
`;

/** A Worker with a service binding to the rooms. */
const BOUND = `
import { modelText, type RoomsBinding, textStream } from "edge-rooms/server";
interface Events { chat: { text: string }; "task.created": { id: number } }
interface Env { readonly ROOMS: RoomsBinding<Events>; readonly ANY: RoomsBinding }
export default {
  async fetch(request, env) {
    try {
      const { seq } = await env.ROOMS.room("project_123").publish({ event: "task.created", data: { id: 7 } });
      await env.ANY.notify({ user: "usr_1", title: "New task", message: String(seq) });
      if (request.body) await env.ROOMS.room("project_123").stream(request.body, { from: { id: "bot" } });
      const { body } = await fetch("https://models.example.com/");
      if (body) await env.ANY.room("project_123").stream(textStream(modelText(body)));
      return Response.json(await env.ROOMS.user("usr_1").presence());
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "bad_request") return new Response(error.message);
      throw error;
    }
  },
} satisfies ExportedHandler<Env>;
`;

/** An app names its events once, and imports of every entry know them. */
const EVENTS = `
import type { ChatData } from "edge-rooms";
export interface Task { readonly id: number; readonly title: string }
declare module "edge-rooms" {
  interface Register { readonly events: { chat: ChatData; "task.created": Task } }
}
`;
const WITH_EVENTS = `
import type { QueryClient } from "@tanstack/query-core";
import { createClient, type Message, roomApi, sharedRoom } from "edge-rooms";
import * as react from "edge-rooms/react";
import { createServerApi } from "edge-rooms/server";
import * as svelte from "edge-rooms/svelte";
import { invalidateOn } from "edge-rooms/tanstack-query";
import * as vue from "edge-rooms/vue";
import type { Task } from "./events.js";

export const titleOf = (message: Message): string | undefined =>
  message.event === "task.created" ? message.data?.title : message.data?.text;
const hear = ({ data }: { readonly data: Task | null }) => titles.push(data?.title);
const titles: (string | undefined)[] = [];
const task: Task = { id: 7, title: "Ship it" };
const client = createClient({ url: "" });
for (const room of [client.room("lobby"), client.peek("lobby"), sharedRoom(client, "lobby")]) {
  room.onEvent("task", hear);
  await room.send(task, { event: "task.created" });
  // @ts-expect-error: the title is missing
  await room.send({ id: 7 }, { event: "task.created" });
  // @ts-expect-error: no event of the app
  room.onEvent("comment", hear);
}
titles.push(...(await roomApi(client, "lobby").history()).messages.map(titleOf));

const room = react.useRoom("lobby");
react.useRoomEvent(room, "task", hear);
titles.push(...react.useMessages(room).messages.map((message) => message.pending ? "" : titleOf(message)));
// @ts-expect-error: no event of the app
react.useRoomEvent(room, "comment", hear);
// @ts-expect-error: no field of a chat message
react.useSend(room).send({ txt: "Hello" });

const computed = vue.useRoom("lobby");
vue.useRoomEvent(computed, "task", hear);
// @ts-expect-error: no event of the app
vue.useRoomEvent(computed, "comment", hear);

const current = svelte.useRoom("lobby");
svelte.useRoomEvent(current, "task", hear);
// @ts-expect-error: no event of the app
svelte.useRoomEvent(current, "comment", hear);

declare const queryClient: QueryClient;
invalidateOn(room, { task: ["tasks"], "task.created": ({ data }) => ["task", data?.id] }, queryClient);
// @ts-expect-error: no event of the app
invalidateOn(room, { comment: ["comments"] }, queryClient);

const server = createServerApi({ url: "", apiKey: "" });
await server.room("lobby").publish({ event: "task.created", data: task });
await server.broadcast({ rooms: ["lobby"], event: "task.created", data: task });
// @ts-expect-error: the title is missing
await server.room("lobby").publish({ event: "task.created", data: { id: 7 } });

// A type argument counts in place of what the app named.
const game = createClient<{ move: number }>({ url: "" }).room("game");
await game.send(1, { event: "move" });
// @ts-expect-error: no event of the game
await game.send(task, { event: "task.created" });
`;

const KIT = `
import { type Client, inboxOf } from "edge-rooms";
import { createTestRooms, type TestRooms } from "edge-rooms/testing";
const rooms: TestRooms = await createTestRooms({ settings: { HISTORY_LIMIT: 50 }, seed: 2 });
const ada: Client = rooms.client({ user: "ada", permission: "moderate", maxAttempts: 3 });
export const unread: number = inboxOf(ada).unread;
rooms.network.lose({ next: 1, direction: "toClient" });
await rooms.kick("lobby", "bob", { banSeconds: 60 });
const [{ seq = 0 } = {}] = await rooms.server.notify({ user: "ada", title: "Build", message: "" });
export const last: number = seq;
`;

/** What the compiler says about the files, in an app with these options. */
async function check(
  files: string | readonly string[],
  compilerOptions: object,
  folder = app,
): Promise<string> {
  const settings = { compilerOptions, files: [files].flat() };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(settings));
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  try {
    await run(process.execPath, [tsc, "-p", folder, "--pretty", "false"]);
    return "";
  } catch (error) {
    return Object(error).stdout || String(error);
  }
}

/** The types of the runtime, which declare all that a Worker has. */
const WORKERS = join(root, "node_modules/@cloudflare/workers-types");

describe("a strict TypeScript app", () => {
  const typeRoots = [join(root, "node_modules/@types")];

  it.each([
    ["a page with a bundler", "chat.ts", CHAT, BROWSER],
    ["a page with pushes", "push.ts", PUSH, BROWSER],
    ["Node", "chat.ts", CHAT, { ...NODE, typeRoots }],
    ["Node with a bundler", "chat.ts", CHAT, { ...BUNDLER, lib: ["ES2022"], types: ["node"], typeRoots }],
    ["a test in Node", "kit.ts", KIT, { ...NODE, typeRoots }],
    ["a Worker with a binding", "bound.ts", BOUND, { ...BUNDLER, lib: ["ES2022"], types: [WORKERS] }],
    ["a test in a page", "kit.ts", KIT, BROWSER],
  ])("[N5] compiles for %s", async (_, file, source, options) => {
    write(file, source);
    expect(await check(file, options)).toBe("");
  });

  it("[N5] hears of a mistake", async () => {
    write("wrong.ts", `import { createClient } from "edge-rooms"; createClient({ url: 1 });`);
    expect(await check("wrong.ts", BROWSER)).toContain("TS2322");
  });

  it.each([
    ["a bundler", BROWSER],
    ["Node", { ...BROWSER, module: "NodeNext", moduleResolution: "NodeNext" }],
  ])("[C123] names its events once, for every import, as %s resolves them", async (_, options) => {
    for (const name of ["@tanstack/query-core", "@types/react", "react", "svelte", "vue"]) {
      const link = join(app, "node_modules", name);
      mkdirSync(dirname(link), { recursive: true });
      if (!existsSync(link)) symlinkSync(join(root, "node_modules", name), link);
    }
    write("events.ts", EVENTS);
    write("with-events.ts", WITH_EVENTS);
    expect(await check("with-events.ts", options)).toBe("");
  });

  it("[N5] is built by Vite, with what it imports of the client only", async () => {
    write("room.ts", `import { createClient } from "edge-rooms"; createClient({ url: "" }).room("lobby");`);
    write("index.html", `<script type="module" src="/room.ts"></script>`);
    await build({ root: app, configFile: false, logLevel: "silent" });
    const codes = globSync("dist/assets/*.js", { cwd: app }).map((file) =>
      readFileSync(join(app, file), "utf8"),
    );
    const [code = "", ...others] = codes.toSorted((a, b) => b.length - a.length);
    // What most pages never need are files of their own: polling, watching and its calls, and what writes answers.
    expect(others.map(({ length }) => length < 15_000)).toEqual([true, true, true, true]);
    for (const words of ["its connections poll", "The answer is finished."]) {
      expect(
        others.filter((part) => part.includes(words)),
        words,
      ).toHaveLength(1);
      expect(code).not.toContain(words);
    }
    expect(code).toContain("edge-rooms.v1");
    expect(code).not.toContain("/v1/me/rooms");
    expect(code.length).toBeLessThan(70_000);
  });
});

describe.each(STRICT_APPS)("a strict TypeScript app in $name", (strictApp) => {
  const { name, modules, plugin, files, compilerOptions } = strictApp;
  const folder = join(app, name);
  beforeAll(() => {
    mkdirSync(folder, { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(join(folder, file), text);
    for (const module of modules) {
      const place = join(folder, "node_modules", module);
      mkdirSync(dirname(place), { recursive: true });
      symlinkSync(join(root, "node_modules", module), place);
    }
    cpSync(installed, join(folder, "node_modules/edge-rooms"), { recursive: true });
  });

  it("[N5] compiles, with every function of the binding", async () => {
    const typed = Object.keys(files).filter((file) => /\.tsx?$/.test(file));
    expect(await check(typed, { ...BROWSER, jsx: "react-jsx", ...compilerOptions }, folder)).toBe("");
  });

  it("[N3][N5] is built by Vite, with one client", async () => {
    const [entry = ""] = Object.keys(files);
    writeFileSync(
      join(folder, "index.html"),
      `<div id="app"></div><script type="module" src="/${entry}"></script>`,
    );
    await build({ root: folder, configFile: false, logLevel: "silent", plugins: [plugin] });
    const built = globSync("dist/assets/*.js", { cwd: folder });
    const code = built.map((file) => readFileSync(join(folder, file), "utf8")).join("\n");
    expect(code.split("edge-rooms.v1").length).toBe(2);
  });
});

/** The first code of "In a page", between what it takes for granted and what shows that it worked. */
async function documentedProgram(user: string): Promise<string> {
  const section = readFileSync(join(root, "docs/client.md"), "utf8").split("\n## In a page\n")[1] ?? "";
  const [, code = ""] = /```js\n(.*?)```/s.exec(section) ?? [];
  const token = await tokenFor(user);
  const notify = { user, title: "Build completed", message: "All tests passed", id: uniqueName("build") };
  const headers = { Authorization: `Bearer ${server.apiKey}`, "Content-Type": "application/json" };
  return `
const { fetch: callServer } = globalThis;
globalThis.fetch = async (url, init) => (url === "/token" ? new Response("${token}") : callServer(url, init));
globalThis.render = () => {};
const toasted = new Promise((resolve) => (globalThis.toast = resolve));
${code.replaceAll("https://rooms.example.com", server.url).replaceAll("project_123", uniqueName("readme"))}
// What comes before the inbox is connected is history.
await new Promise((resolve) => {
  const look = () => inbox.state.status === "connected" && resolve();
  inbox.subscribe(look);
  look();
});
await callServer("${server.url}/v1/notify", ${JSON.stringify({ method: "POST", headers, body: JSON.stringify(notify) })});
const title = await toasted;
const [{ data, reactions }] = room.getSnapshot().messages;
client.close();
console.log(JSON.stringify({ seq, title, data, reactions: Object.keys(reactions), unread: room.unread }));
`;
}

const BACK_END = (address: string, key: string, room: string) => `
import { createServerApi } from "edge-rooms/server";
const server = createServerApi({ url: "${address}", apiKey: "${key}" });
const { seq } = await server.room("${room}").publish({ event: "task.created", data: { title: "Ship it" } });
const events = [];
for await (const page of server.room("${room}").pages()) events.push(...page.messages.map(({ event }) => event));
await server.notify({ user: "ada", title: "Build", message: "done" });
console.log(JSON.stringify([seq, events]));
`;

describe("the oldest platforms", () => {
  it("[N7] no file of the package, and none that a server serves, says or writes anything newer", async () => {
    // The code of the Worker is for tests: it runs in Node 20 and in the browsers of today.
    const files = globSync("dist/**/*.js", { cwd: installed, exclude: ["dist/worker-code.js"] });
    const packed = files.map((file) => readFileSync(join(installed, file), "utf8"));
    const served = ["edge-rooms", "edge-rooms-all", "edge-rooms-push", "edge-rooms-sw"].map(async (name) =>
      (await fetch(`${server.url}/${name}.js`)).text(),
    );
    expect(packed.length).toBeGreaterThan(8);
    for (const code of [...packed, ...(await Promise.all(served))]) {
      expect(featuresIn(code, NEWER)).toEqual([]);
      // What esbuild would rewrite for them is syntax, or a regular expression, that they do not have.
      const written = async (target: string | string[]) => (await transform(code, { target })).code;
      expect(await written(FLOOR)).toBe(await written("esnext"));
    }
    const newer = `Object.groupBy([], () => 1); new Set().union(s); class A extends Iterator {}`;
    expect(featuresIn(newer, NEWER)).toEqual([
      "Object.groupBy",
      "Set.prototype.union",
      "globalThis.Iterator",
    ]);
  });

  it.each(["the floor", "this machine"])("[N7] a back end in Node works on %s", async (platform) => {
    const { node, options } = await ownNode();
    write("back-end.js", BACK_END(server.url, server.apiKey, uniqueName("back_end")));
    const [program, flags] =
      platform === "the floor" ? [process.execPath, ["--import", floor]] : [node, options];
    const { stdout } = await run(program, [...flags, join(app, "back-end.js")], { timeout: 60_000 });
    expect(JSON.parse(stdout)).toEqual([1, ["task.created"]]);
  });
});

describe("what npm run dev prints", () => {
  it("[N22] is a first program to paste, which works beside that server without a key", async () => {
    const port = String(server.port);
    const text = devWelcome({ options: [], port, devTokens: "on" }, server.apiKey);
    expect(text).toContain(`npm i ${server.url}/edge-rooms.tgz`);
    const [, program = ""] = /^( {2}import .*?)\n\n/ms.exec(text) ?? [];
    // It would listen for ever.
    write("pasted.js", `${program}\nprocess.exit();`);
    const { stdout } = await run(process.execPath, [join(app, "pasted.js")], { timeout: 60_000 });
    expect(stdout).toBe("ada { text: 'Hello from my app' }\n");
  });

  it("[N27] is one line where another program has the port", async () => {
    const started = run(process.execPath, [join(root, "src/tools/dev.ts"), "--port", String(server.port)]);
    const { code, stdout, stderr } = await started.catch((error: unknown) => Object(error));
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(new RegExp(`^Port ${server.port} is taken: .*\n$`));
  });

  it("[N22] offers no program where no token is made, and says so where everybody gets one", () => {
    const textFor = (devTokens: "share" | "off") =>
      devWelcome({ options: [], port: "8000", devTokens }, "key");
    expect(textFor("off")).not.toContain("/dev/token");
    expect(textFor("off")).toContain("you need a token to join");
    expect(textFor("share")).toContain("http://localhost:8000");
    expect(textFor("share")).toContain("everyone on your network");
  });
});

describe("the first client code of docs/client.md", () => {
  async function runDocumented(node: string, options: readonly string[]): Promise<unknown> {
    write("documented.js", await documentedProgram(uniqueName("reader")));
    // It ends by itself.
    const { stdout } = await run(node, [...options, join(app, "documented.js")], { timeout: 60_000 });
    return JSON.parse(stdout.trim().split("\n").at(-1) ?? "");
  }
  const done = {
    seq: 1,
    title: "Build completed",
    data: { text: "Hello, all" },
    reactions: ["👍"],
    unread: 0,
  };

  it("[N6] works in the Node of this machine, which may be 20", async () => {
    const { node, options } = await ownNode();
    expect(await runDocumented(node, options)).toEqual(done);
  });

  it("[N7] needs nothing that is newer than Safari 16.4, Chrome 111, Firefox 113 and Node 20", async () => {
    expect(await runDocumented(process.execPath, ["--import", floor])).toEqual(done);
  });
});
