// Checks what the documents say about the structure: who may import whom, how long a file may be, and that each rule
// has a test and each test a rule.

import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";

import { BETWEEN_POLLS_MS } from "../src/protocol/index.ts";

const root = join(import.meta.dirname, "..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
const files = (pattern: string) => globSync(pattern, { cwd: root }).sort();

/** The examples are programs of others: they import the package by its name. */
const code = files("{src,client,demo}/**/*.{ts,js}").filter(
  (file) => !file.endsWith(".d.ts") && !file.startsWith("client/examples/"),
);
const shipped = code.filter((file) => /^(src|client)\//.test(file));
const tests = files("test/**/*.{ts,tsx}").filter((file) => !/node_modules|\.d\.ts$/.test(file));

function specifiersIn(file: string, pattern: RegExp): string[] {
  return Array.from(read(file).matchAll(pattern), ([, specifier = ""]) =>
    specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : specifier,
  );
}
const importsOf = (file: string) => specifiersIn(file, /(?:^import|\bfrom) "([^"\n]+)";$/gm);
/** The modules that JSDoc comments of a JavaScript file import (types only). */
const typesOf = (file: string) =>
  specifiersIn(file, /^(?:\/\*\* @import| \*) .* from "([^"\n]+)"(?: \*\/)?$/gm);

const RUNTIME = ["cloudflare:workers"];

const DEMO_CLIENT = "demo/edge-rooms.js";
const OBJECT = ["src/access", "src/object", "src/object/storage", "src/protocol"];

/**
 * Which folders and packages each folder may import, beside itself. Folders without `runtime/` are synchronous code
 * without a runtime.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  "src/protocol": [],
  "src/access": ["src/protocol"],
  "src/log": [],
  "src/metrics": ["src/object"],
  "src/metrics/runtime": ["src", "src/config", "src/log", "src/metrics", "src/registry/runtime"],
  "src/validation": ["src/protocol", "valibot"],
  "src/config": ["src/access", "src/protocol"],
  "src/auth": ["src/access", "src/config", "src/log", "src/protocol", "jose", ...RUNTIME],
  "src/object/storage": [],
  "src/object": ["src/access", "src/protocol", "src/validation"],
  "src/object/runtime": ["src/log", "src/object", "src/object/storage", "src/protocol"],
  "src/session-rooms": ["src/access", "src/object", "src/protocol"],
  "src/session-rooms/room-side": [...OBJECT, "src/room/log", "src/room/people", "src/session-rooms"],
  "src/session-rooms/user-side": [
    ...["src/access", "src/object", "src/protocol", "src/session-rooms", "src/user", "src/validation"],
  ],
  "src/room/relays": [...OBJECT, "src/room/log", "src/room/people"],
  "src/relay": [
    ...OBJECT,
    "src/room",
    "src/room/log",
    "src/room/people",
    "src/room/relays",
    "src/session-rooms",
  ],
  "src/relay/runtime": [
    ...["src", "src/access", "src/auth", "src/config", "src/log", "src/object", "src/object/runtime"],
    ...["src/protocol", "src/relay", "src/room/people", "src/room/relays", ...RUNTIME],
  ],
  "src/session-rooms/runtime": [
    ...["src/auth", "src/config", "src/log", "src/object/runtime", "src/room"],
    ...["src/session-rooms", "src/session-rooms/room-side", "src/session-rooms/user-side"],
  ],
  "src/webhooks": [],
  "src/webhooks/runtime": ["src/auth", "src/config", "src/log", "src/object", "src/webhooks"],
  "src/registry": ["src/object/storage"],
  "src/registry/runtime": [
    ...["src", "src/config", "src/log", "src/object", "src/object/runtime", "src/registry", ...RUNTIME],
  ],
  "src/room/log": OBJECT,
  "src/room/streams": [...OBJECT, "src/room/log"],
  "src/room/time": [...OBJECT, "src/room/log"],
  "src/room/people": [...OBJECT, "src/config", "src/room/log"],
  "src/room/portable": [
    ...[...OBJECT, "src/room", "src/room/log", "src/room/people", "src/room/streams", "src/room/time"],
  ],
  "src/room": [
    ...[...OBJECT, "src/registry", "src/room/log", "src/room/people", "src/room/streams"],
    ...["src/room/relays", "src/room/time", "src/session-rooms", "src/session-rooms/room-side"],
    "src/webhooks",
  ],
  "src/room/runtime": [
    ...[
      ...OBJECT,
      ...RUNTIME,
      "src",
      "src/auth",
      "src/config",
      "src/log",
      "src/metrics",
      "src/metrics/runtime",
      "src/object/runtime",
    ],
    ...["src/registry", "src/registry/runtime", "src/room", "src/room/log", "src/room/people"],
    ...["src/room/portable", "src/room/relays", "src/room/time"],
    ...["src/session-rooms", "src/session-rooms/room-side", "src/session-rooms/runtime", "src/validation"],
    "src/webhooks/runtime",
  ],
  "src/user/inbox": ["src/object/storage", "src/protocol"],
  "src/user/push": ["src/object", "src/object/storage", "src/protocol", "src/user/inbox"],
  "src/user/push/runtime": [
    ...["src/config", "src/protocol", "src/user/push", "@block65/webcrypto-web-push", "jose"],
  ],
  "src/user": [
    ...OBJECT,
    "src/registry",
    "src/session-rooms",
    "src/user/inbox",
    "src/user/push",
    "src/validation",
    "src/webhooks",
  ],
  "src/user/runtime": [
    ...[
      ...OBJECT,
      ...RUNTIME,
      "src",
      "src/auth",
      "src/config",
      "src/log",
      "src/metrics",
      "src/metrics/runtime",
      "src/object/runtime",
    ],
    ...["src/session-rooms", "src/session-rooms/runtime", "src/session-rooms/user-side"],
    ...["src/registry", "src/registry/runtime"],
    ...["src/user", "src/user/inbox", "src/user/push", "src/user/push/runtime", "src/validation"],
    "src/webhooks/runtime",
  ],
  "src/http": [
    ...[
      "src",
      "src/access",
      "src/auth",
      "src/config",
      "src/log",
      "src/metrics",
      "src/metrics/runtime",
      "src/protocol",
    ],
    ...["src/object", "src/object/runtime", "src/registry", "src/registry/runtime", "src/validation"],
    ...["src/room", "src/room/people", "src/room/relays", "src/user", "src/user/inbox"],
    // The version of the project.
    ...["hono", "valibot", "package.json"],
  ],
  // The entrypoint for other Workers is the server SDK, over the routes of this Worker.
  "src/rpc/runtime": [...["src", "src/http", "src/protocol", "client/server", "client/util", ...RUNTIME]],
  src: [
    "src/http",
    "src/relay/runtime",
    "src/room/relays",
    "src/registry",
    "src/registry/runtime",
    "src/room",
    "src/room/runtime",
    "src/rpc/runtime",
    "src/user",
    "src/user/runtime",
  ],
  "src/tools": [
    "src/log",
    "src/object",
    "src/protocol",
    "src/tools/contract",
    "src/tools/reference",
    "node:*",
    "esbuild",
    "rolldown",
    "rolldown/utils",
    "rolldown-plugin-dts",
  ],
  "client/service-worker": [],
  "client/util": ["src/protocol"],
  // The events of an application, as types.
  "client/events": ["src/protocol"],
  "client/connection/transport": ["client/util", "src/protocol"],
  "client/connection": ["client/connection/transport", "client/util", "src/protocol"],
  // Nothing of pages: it stands on the calls over HTTP alone.
  "client/server": ["client/connection", "client/events", "client/http", "client/util", "src/protocol"],
  // What the bindings share knows no framework.
  "client/bindings": ["client", "client/events"],
  "client/without-bundler": ["client", "client/offline", "client/push", "client/tabs"],
  "client/react": ["client", "client/bindings", "client/events", "react"],
  "client/vue": ["client", "client/bindings", "client/events", "vue"],
  "client/svelte": [
    ...["client", "client/bindings", "client/events", "svelte", "svelte/reactivity", "svelte/store"],
  ],
  "client/ai": ["client", "client/events", "src/protocol", "ai"],
  "client/tanstack-query": ["client", "client/bindings", "@tanstack/query-core"],
  "client/room/messages": [
    ...["client/connection", "client/connection/transport", "client/events", "client/util", "src/protocol"],
  ],
  "client/room/streams": [
    ...["client/connection", "client/connection/transport", "client/events", "client/room/messages"],
    ...["client/util", "src/protocol"],
  ],
  "client/room": [
    ...["client/connection", "client/connection/transport", "client/events", "client/room/messages"],
    ...["client/room/streams", "client/util", "src/protocol"],
  ],
  // Every page has the core. The features that a page imports in addition use it, and it imports none of them.
  "client/core": [
    ...["client/connection", "client/connection/transport", "client/events", "client/room"],
    ...["client/util", "src/protocol"],
  ],
  // Calls over HTTP know nothing of sockets, rooms and the inbox.
  "client/http": [
    ...["client/core", "client/connection/transport", "client/events", "client/util", "src/protocol"],
  ],
  "client/inbox": [
    ...["client/connection", "client/connection/transport", "client/events", "client/util", "src/protocol"],
  ],
  // Parts that need the user's session are imports of their own.
  "client/session": [
    ...["client/core", "client/connection", "client/connection/transport", "client/events"],
    ...["client/inbox", "client/room"],
  ],
  // What outlives the page. The client knows of it only by the ports in `client/room/room-keeper.ts`.
  "client/offline": [
    ...["client/core", "client/connection", "client/connection/transport", "client/room"],
    ...["client/room/messages", "client/util", "src/protocol"],
  ],
  // It stands beside the channels of a client, and has channels of its own.
  "client/tabs": [
    ...["client/connection", "client/connection/transport", "client/core", "client/inbox", "client/room"],
    ...["client/util", "src/protocol"],
  ],
  // The exports of the package.
  client: [
    ...["client/connection", "client/connection/transport", "client/core", "client/events"],
    ...[
      "client/http",
      "client/inbox",
      "client/room",
      "client/room/messages",
      "client/room/streams",
      "client/session",
      "client/util",
      "src/protocol",
    ],
  ],
  "client/push": ["client"],
  // The tests of an app: no page has it. Its worker is the whole server, which the build puts in the place of that import.
  "client/testing/time": ["client/util"],
  "client/testing/worker": [
    ...["client/testing/time", "client/testing/worker/worker-code.js", "src/protocol"],
  ],
  "client/testing": [
    ...["client/connection/transport", "client/core", "client/room/streams", "client/server"],
    ...["client/testing/time", "client/testing/worker", "client/util"],
    ...["src/protocol"],
  ],
  // The demo imports the built client beside the page; only its `app` knows all its other folders.
  demo: ["client", "client/push"],
  "demo/ui": [DEMO_CLIENT],
  "demo/session": ["demo/ui", DEMO_CLIENT],
  "demo/messages": ["demo/session", "demo/ui", DEMO_CLIENT],
  "demo/composer": ["demo/messages", "demo/session", "demo/ui", DEMO_CLIENT],
  "demo/ask": ["demo/messages", "demo/session", "demo/ui", DEMO_CLIENT],
  "demo/rooms": ["demo/composer", "demo/messages", "demo/session", "demo/ui", DEMO_CLIENT],
  "demo/inbox": ["demo/messages", "demo/session", "demo/ui", DEMO_CLIENT, "demo/edge-rooms-push.js"],
  "demo/settings": ["demo/inbox", "demo/session", "demo/ui", DEMO_CLIENT, "demo/edge-rooms-push.js"],
  "demo/wire": ["demo/ui"],
  // The admin page, whose file `demo/admin.html` stands beside that of the chat. Of the contract it knows the types.
  "demo/admin": ["demo/ui", "src/protocol"],
  "demo/app": [
    ...["demo/ask", "demo/composer", "demo/inbox", "demo/messages", "demo/rooms"],
    ...["demo/session", "demo/settings", "demo/ui", "demo/wire", DEMO_CLIENT],
  ],
};

/** The files that may import jose, which checks and makes signatures and has base64url. */
const JOSE =
  /^src\/(auth\/(verify-token|verify-jwt-signature|jwks|identity-header)|http\/(tokens|push)|user\/push\/runtime\/(vapid|payload))\.ts$/;

const folderOf = (file: string) =>
  code.includes(file) || file.endsWith(".ts") ? dirname(file) : file.replace(/^node:.*/, "node:*");

/**
 * The first cycle of imports among `files` as a path, if there is one. `nodeOf` maps a file to what is compared: the
 * file or its folder.
 */
function cycleIn(files: readonly string[], nodeOf: (file: string) => string): string | undefined {
  const graph = new Map<string, Set<string>>();
  for (const file of files) {
    const node = nodeOf(file);
    const next = graph.get(node) ?? new Set();
    graph.set(node, next);
    for (const imported of importsOf(file).filter((name) => files.includes(name)))
      if (node === file || nodeOf(imported) !== node) next.add(nodeOf(imported));
  }
  const done = new Set<string>();
  const visit = (node: string, path: readonly string[]): string | undefined => {
    if (path.includes(node)) return [...path, node].join(" → ");
    if (done.has(node)) return undefined;
    for (const next of graph.get(node) ?? []) {
      const cycle = visit(next, [...path, node]);
      if (cycle !== undefined) return cycle;
    }
    done.add(node);
    return undefined;
  };
  for (const node of graph.keys()) {
    const cycle = visit(node, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

/** A folder without an entry has the entry of the folder above it. */
function allowedIn(folder: string): readonly string[] {
  return MAY_IMPORT[folder] ?? (folder === "." ? [] : allowedIn(dirname(folder)));
}

describe("structure", () => {
  it("[X1] every folder imports only what it may", () => {
    const trespasses = code.flatMap((file) =>
      [...importsOf(file), ...typesOf(file)]
        .filter((imported) => folderOf(imported) !== dirname(file))
        .filter((imported) => imported === "jose" || !allowedIn(dirname(file)).includes(folderOf(imported)))
        .filter((imported) => imported !== "jose" || !JOSE.test(file))
        .map((imported) => `${file} imports ${imported}`),
    );
    expect(trespasses).toEqual([]);
    expect(code.length).toBeGreaterThan(50);
  });

  it("[X1] the contract is imported as a whole", () => {
    const parts = code
      .filter((file) => !file.startsWith("src/protocol/"))
      .flatMap((file) => importsOf(file).map((imported) => `${file} imports ${imported}`))
      .filter((line) => / imports src\/protocol\/(?!index\.ts$)/.test(line));
    expect(parts).toEqual([]);
  });

  it("[X1] there is no cycle", () => {
    expect(cycleIn(code, (file) => file)).toBeUndefined();
  });

  it("[X1] there is no cycle of folders", () => {
    // The entry point is in the folder of the bindings. No file imports it, so it closes no cycle.
    const files = code.filter((file) => file !== "src/index.ts");
    expect(cycleIn(files, dirname)).toBeUndefined();
  });

  it("[X2] a file has at most 450 lines, a test file at most 600", () => {
    const lines = (file: string) => read(file).split("\n").length - 1;
    const long = [
      ...[...code, ...files("demo/**/*.{css,html}")].filter((file) => lines(file) > 450),
      ...tests.filter((file) => lines(file) > 600),
    ];
    expect(long).toEqual([]);
  });

  it("[X2] a function has at most 60 lines", () => {
    const long = shipped.flatMap((file) =>
      functionsIn(read(file))
        .filter(({ lines }) => lines > 60)
        .map(({ name, lines }) => `${file}: ${name} has ${lines} lines`),
    );
    expect(long).toEqual([]);
  });

  it("[X2] a function that is too long is found", () => {
    const body = (indent: string) => `${indent}  work();\n`.repeat(60);
    const functions = [
      `export async function a(one: string): Promise<void> {\n${body("")}}`,
      `class B {\n  b(one: string): void {\n${body("  ")}  }\n}`,
      `const c = ({ one }: Two) => {\n${body("")}};`,
      `const d = (one: string): object => ({\n${body("")}});`,
    ].map((source) => functionsIn(source));
    expect(functions).toMatchObject(Array(4).fill([{ lines: 62 }]));
  });

  it("no test waits with a limit of vitest's own, which is a second", () => {
    const waits = tests.filter((file) => /\bvi\.wait(?:For|Until)\(/.test(read(file)));
    expect(waits).toEqual(["test/support/until.ts"]);
  });

  it("[X18] no name is exported by two files", () => {
    const names = new Map<string, Set<string>>();
    // Each binding is an import of its own, and an app has one of them.
    const nameIn = (file: string, name: string) =>
      `${/^client\/(react|vue|svelte)\//.exec(file)?.[0] ?? ""}${name}`;
    for (const file of shipped)
      for (const [, name = ""] of read(file).matchAll(EXPORTED))
        names.set(nameIn(file, name), (names.get(nameIn(file, name)) ?? new Set()).add(file));
    expect([...names].filter(([, named]) => named.size > 1)).toEqual([]);
    expect(names.size).toBeGreaterThan(500);
  });

  it("[X4] no object holds anything that lasts", () => {
    const inside = filesInObjects();
    expect(inside).toContain("src/object/flush-loop.ts");
    const lasting = inside.map((file) => [file, lastingIn(read(file))] as const);
    expect(Object.fromEntries(lasting.filter(([, found]) => found.length > 0))).toEqual({
      // The handlers of upgrades.
      "src/room/runtime/room-object.ts": ["fetch"],
      "src/user/runtime/user-object.ts": ["fetch"],
      // One timer for what the room emits next; a flush gathers for some milliseconds; a mention is tried three times.
      "src/room/runtime/flush-timer.ts": ["setTimeout"],
      "src/room/runtime/effects-carrier.ts": ["scheduler"],
      "src/room/runtime/room-runtime.ts": ["scheduler"],
      // A call between a room and a relay is tried again within seconds. A question for a permission too.
      "src/room/runtime/room-relays.ts": ["scheduler"],
      "src/relay/runtime/make-hub.ts": ["scheduler"],
      "src/relay/runtime/relay-object.ts": ["fetch"],
      "src/relay/runtime/relay-runtime.ts": ["scheduler", "setTimeout"],
      // As the question for a permission: one waits for its turn, within its time limit.
      "src/room/runtime/publish-judge.ts": ["scheduler"],
      // Between two calls of a client that polls; if none comes, its connection ends.
      "src/object/runtime/polled-sockets.ts": ["setTimeout"],
      // A question of the registry: its timer ends with the answer, after 10 s at most.
      "src/object/runtime/within-ms.ts": ["setTimeout"],
      // A failed delivery is tried again within seconds, and a delivery of signals alone is sent five times per second.
      "src/session-rooms/runtime/session-deliveries.ts": ["scheduler"],
      // An `auth` on a live socket may need a key of the issuer or an answer of the back end: this takes seconds and
      // leaves nothing. An object makes no other request from inside.
      "src/auth/request-json.ts": ["AbortSignal", "fetch"],
      "src/auth/jwks.ts": ["scheduler"],
      // If many questions are open, one waits at most a second for its turn.
      "src/auth/authorize-room.ts": ["scheduler"],
      // The alarm of a user's object sends pushes: each has a time limit, and no timer outlives it.
      "src/user/push/runtime/send-push.ts": ["AbortSignal", "fetch", "setTimeout"],
      // The back end is told in the same way, and at most a second passes between two requests.
      "src/webhooks/runtime/post-webhook.ts": ["fetch", "setTimeout"],
      "src/webhooks/runtime/webhook-loop.ts": ["scheduler"],
    });
    const packages = inside.flatMap(importsOf).filter((name) => !name.startsWith("src/"));
    expect([...new Set(packages)].sort()).toEqual([
      ...["@block65/webcrypto-web-push", "cloudflare:workers", "jose", "valibot"],
    ]);
  });

  it("[X4] the timers of an object are short", () => {
    const [source, timer] = [
      read("src/room/runtime/room-runtime.ts"),
      read("src/room/runtime/flush-timer.ts"),
    ];
    // test/unit/room/timers.test.ts tests how far ahead they are.
    expect(timer).toMatch(/ setTimeout\(\(\) => \{[^}]+\}, inMs\);/);
    expect(timer).toContain("const inMs = Math.min(MAX_TIMER_MS, Math.max(0, at - Date.now()));");
    expect(Number(/^const MAX_TIMER_MS = (\d)_000;$/m.exec(timer)?.[1])).toBeLessThanOrEqual(5);
    expect(source).toContain("this.#timer.set(effects.dueAt);");
    expect(source).toContain("Math.min(MAX_LINGER_MS, ");
    expect(BETWEEN_POLLS_MS).toBeLessThanOrEqual(5_000);
    expect(Number(/^const MAX_LINGER_MS = (\d+);$/m.exec(source)?.[1])).toBeLessThanOrEqual(50);
  });

  it("[X4] the requests of an object are short", () => {
    const source = read("src/auth/request-json.ts");
    expect(Number(/^export const REQUEST_WITHIN_MS = (\d)_000;$/m.exec(source)?.[1])).toBeLessThanOrEqual(5);
    expect(source).toContain("  withinMs = REQUEST_WITHIN_MS,\n");
    // The settings of the question before a message is stored give another one.
    expect(read("src/config/before-publish-config.ts")).toContain(
      '("BEFORE_PUBLISH_TIMEOUT_MS", 1_000, 100, 5_000)',
    );
    expect(source.match(/.*\b(AbortSignal|fetch)\b[.(].*/g)).toEqual([
      "  const signal = AbortSignal.timeout(withinMs);",
      '  const response = await fetch(url, { ...init, redirect: "manual", signal });',
    ]);
    const push = read("src/user/push/runtime/send-push.ts");
    for (const file of ["src/user/push/runtime/send-push.ts", "src/webhooks/runtime/post-webhook.ts"])
      expect(Number(/^const WITHIN_MS = (\d+)_000;$/m.exec(read(file))?.[1])).toBeLessThanOrEqual(10);
    expect(push.match(/.*\b(setTimeout|clearTimeout|fetch)\b[.(].*/g)).toEqual([
      expect.stringMatching(/^ {4}fetch\(address\.endpoint, \{ .*redirect: "manual", signal \}\),$/),
      expect.stringMatching(/^ {2}const timer = setTimeout\(.*, WITHIN_MS\);$/),
      "    clearTimeout(timer);",
    ]);
    // test/unit/auth/jwks-cache.test.ts tests how long they take.
    expect(read("src/auth/jwks.ts").match(/.*\bscheduler\b.*/g)).toEqual([
      "    wait: (ms) => scheduler.wait(ms),",
    ]);
  });

  it.each([
    "const later = setTimeout; later(run, 60_000);",
    "globalThis['set' + 'Interval'](run, 1);",
    "setInterval (run, 1_000);",
    "await scheduler.wait(60_000);",
    'const upstream = new  WebSocket("wss://example.com");',
    'const { webSocket } = await fetch(url, { headers: { Upgrade: "websocket" } });',
    "await this.env.ROOMS.getByName(name).fetch(request);",
    "const tcp = connect({ hostname, port });",
    "server.accept();",
    "server.accept({ allowHalfOpen: true });",
    "const signal = AbortSignal.timeout(60_000);",
  ])("[X4] a violation is found: %s", (line) => {
    expect(lastingIn(line)).not.toEqual([]);
  });
});

/** Finds the declarations of exported names; a name that is passed on (`export … from`) is declared once. */
const EXPORTED =
  /^export (?:abstract |async )*(?:function\*?|const|class|interface|type|enum) (\w+)(?! \w*\s*from)/gm;

/** Finds the first line of a function, and of nothing else with a body. In formatted code its last line has its indent. */
const BEGINS_FUNCTION =
  /^( *)(?!(?:if|for|while|switch|catch|else|return|do)\b|\}|describe|it\b).*(?:\)(?:: [^=;]+)? \{|=> \(?\{)$/;

function functionsIn(source: string): { readonly name: string; readonly lines: number }[] {
  const lines = source.split("\n");
  return lines.flatMap((line, at) => {
    const indent = BEGINS_FUNCTION.exec(line)?.[1];
    if (indent === undefined) return [];
    const end = lines.findIndex((other, below) => below > at && other.startsWith(`${indent}}`));
    return [{ name: line.trim(), lines: end - at + 1 }];
  });
}

/** The files that the two objects consist of. */
function filesInObjects(): string[] {
  const objects = ["room", "relay", "user"].map((kind) => `src/${kind}/runtime/${kind}-object.ts`);
  const found = new Set(objects);
  for (const file of found) for (const next of importsOf(file)) if (code.includes(next)) found.add(next);
  return [...found].sort();
}

/** Timers, requests and sockets of an object, found by name, so that an alias does not hide them. */
function lastingIn(source: string): string[] {
  const bare = source.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
  const names =
    /\b(?:set(?:Interval|Timeout|Immediate)|scheduler|AbortSignal|EventSource|globalThis|fetch|connect)\b|\bnew\s+WebSocket\b|\.accept\(\s*[){]/g;
  return [...new Set(bare.match(names) ?? [])].sort();
}

describe("rules", () => {
  const rules = Array.from(read("test/SPEC.md").matchAll(/^- \*\*([A-Z]\d+)\*\*/gm), ([, id = ""]) => id);
  const named = new Set(
    tests.flatMap((file) => Array.from(read(file).matchAll(/\[([A-Z]\d+)\]/g), ([, id = ""]) => id)),
  );

  it("[X3] each has its own number", () => {
    expect(new Set(rules).size).toBe(rules.length);
  });

  it("[X3] each has a test, and each number in a test belongs to a rule", () => {
    expect(rules.filter((rule) => !named.has(rule))).toEqual([]);
    expect([...named].filter((id) => !rules.includes(id))).toEqual([]);
  });

  it("[X10] the security page names rules of SPEC.md for each threat", () => {
    const table = read(".github/SECURITY.md").split("\n| Threat |")[1] ?? "";
    const [rows = ""] = table.split("\n\n");
    const threats = rows.split("\n").filter((line) => line.startsWith("| "));
    expect(threats.length).toBeGreaterThan(20);
    const namedIn = (line: string) =>
      line
        .split("|")
        .at(-2)
        ?.match(/\b[A-Z]\d+\b/g) ?? [];
    expect(threats.filter((line) => namedIn(line).length === 0)).toEqual([]);
    expect(threats.flatMap(namedIn).filter((id) => !rules.includes(id))).toEqual([]);
  });

  it("[X5] the paths that the documents name exist", () => {
    const documents = [
      ...[".github/SECURITY.md", "CONTRIBUTING.md", "README.md", "src/DESIGN.md", "src/protocol/PROTOCOL.md"],
      ...files("docs/*.md"),
    ];
    const missing = documents.flatMap((document) => {
      const paths = read(document).matchAll(/`((?:src|client|demo|test|\.ci)\/[\w./-]+)`/g);
      return Array.from(paths, ([, path = ""]) => path)
        .filter((path) => !existsSync(join(root, path)))
        .map((path) => `${document}: ${path}`);
    });
    expect(missing).toEqual([]);
  });

  it("[X5] every setting that the code reads has a row in docs/settings.md", () => {
    const names = files("src/config/*.ts").flatMap((file) =>
      Array.from(
        read(file).matchAll(/"([A-Z][A-Z0-9]*_[A-Z0-9_]+|ADMIN|DEMO|JURISDICTION)"/g),
        ([, name = ""]) => name,
      ),
    );
    expect(names.length).toBeGreaterThan(30);
    const page = read("docs/settings.md");
    // `npm run dev` sets this one for each run.
    const own = ["DEV_TOKENS"];
    expect(names.filter((name) => !own.includes(name) && !page.includes(`\`${name}\``))).toEqual([]);
  });
});
