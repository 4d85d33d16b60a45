// What prose would let rot: who may import whom, how long a file may be, and that rules and tests know each other.

import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";

const root = join(import.meta.dirname, "..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
const files = (pattern: string) => globSync(pattern, { cwd: root }).sort();

const code = files("{src,client}/**/*.{ts,js}").filter((file) => !file.endsWith(".d.ts"));
const tests = files("test/**/*.ts").filter((file) => !/node_modules|\.d\.ts$/.test(file));

function importsOf(file: string): string[] {
  const specifiers = read(file).matchAll(/(?:^import|\bfrom) "([^"\n]+)";$/gm);
  return Array.from(specifiers, ([, specifier = ""]) =>
    specifier.startsWith(".") ? normalize(join(dirname(file), specifier)) : specifier,
  );
}

/** Which paths and packages each part may import, beside files of its own folder. First match counts. */
const MAY_IMPORT: readonly (readonly [part: RegExp, may: RegExp])[] = [
  [/^src\/protocol\//, /^$/],
  [/^src\/tools\//, /^(node:|esbuild$|src\/realtime\/(prices-of-acts|spending)\.ts$)/],
  [/^src\/platform\//, /^$/],
  [/^src\/config\//, /^src\/(protocol\/index|auth\/room-permission)\.ts$/],
  [/^src\/validation\//, /^(src\/protocol\/index\.ts|valibot)$/],
  // jose checks signatures; nothing else of ours knows it.
  [
    /^src\/auth\/(verify-token|verify-signature)\.ts$/,
    /^(src\/(protocol\/index|config\/token-config|platform\/log)\.ts|jose)$/,
  ],
  [/^src\/auth\/issuer-keys\.ts$/, /^(src\/platform\/log\.ts|jose|cloudflare:workers)$/],
  [
    /^src\/auth\//,
    /^src\/(protocol\/index|config\/(config|token-config|api-keys|pictures)|platform\/(log|limited-log))\.ts$/,
  ],
  [/^src\/push\//, /^(src\/(protocol\/index|config\/push-config)\.ts|jose|@block65\/webcrypto-web-push)$/],
  [/^src\/realtime\//, /^src\/(protocol\/index|auth\/identity|validation\/(parse-frame|number-range))\.ts$/],
  [
    /^src\/(room|user)\/[a-z]+-object\.ts$/,
    /^(src\/((protocol|auth|realtime|platform)\/.*|env\.ts)|cloudflare:workers)$/,
  ],
  [
    /^src\/(room|user)\/live-[a-z]+\.ts$/,
    /^src\/((protocol|auth|realtime|platform|config|validation|push)\/|env\.ts)/,
  ],
  // The rules: synchronous, without a runtime.
  [
    /^src\/(room|user)\//,
    /^src\/(protocol\/index|auth\/(identity|room-permission)|platform\/(sql|migrate|lazy-database|ring|bounded)|push\/push|validation\/(parse-frame|session-commands)|config\/limits-config|realtime\/(?!hibernatable-socket|upgrade-response|random-id).*)(\.ts)?$/,
  ],
  [
    /^src\/http\//,
    /^(src\/(protocol|auth|realtime|platform|config|validation)\/.*|src\/(env|(room|user)\/(room-object|user-object|room-upgrade|session-upgrade|inbox|preferences|quiet-hours))\.ts|hono|jose|valibot)$/,
  ],
  [/^src\/index\.ts$/, /^src\/(http\/app|room\/room-object|user\/user-object)\.ts$/],
  [/^src\/env\.ts$/, /^src\/(room\/room-object|user\/user-object)\.ts$/],
  [/^client\/service-worker\//, /^$/],
  [/^client\/demo\//, /^client\/(demo\/|index\.ts)/],
  // Calls over HTTP know nothing of sockets, rooms and the inbox.
  [
    /^client\/http\//,
    /^(src\/protocol\/index|client\/(ending|errors|parse-frame|ports|shape|shapes|token-source))\.ts$/,
  ],
  [/^client\//, /^(src\/protocol\/index|client\/http\/(http-call|room-api|user-api))\.ts$/],
];

describe("structure", () => {
  it("[X1] every part imports only what it may", () => {
    const trespasses = code.flatMap((file) => {
      const may = MAY_IMPORT.find(([part]) => part.test(file))?.[1];
      return importsOf(file)
        .filter((imported) => dirname(imported) !== dirname(file) || imported === "")
        .filter((imported) => may?.test(imported) !== true)
        .map((imported) => `${file} imports ${imported}`);
    });
    expect(trespasses).toEqual([]);
    expect(code.length).toBeGreaterThan(50);
  });

  it("[X1] there is no cycle", () => {
    const graph = new Map(
      code.map((file) => [file, importsOf(file).filter((imported) => code.includes(imported))]),
    );
    // Types of what an object offers go round by way of its bindings; nothing of it is there at run time.
    graph.delete("src/env.ts");
    const done = new Set<string>();
    const visit = (file: string, path: readonly string[]): void => {
      expect(path, `cycle: ${[...path, file].join(" → ")}`).not.toContain(file);
      if (done.has(file)) return;
      for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
      done.add(file);
    };
    for (const file of graph.keys()) visit(file, []);
  });

  it("[X2] no file is too long", () => {
    const lines = (file: string) => read(file).split("\n").length - 1;
    const long = [
      ...[...code, ...files("client/demo/*.{css,html}")].filter((file) => lines(file) > 450),
      ...tests.filter((file) => lines(file) > 600),
    ];
    expect(long).toEqual([]);
  });

  it("[X4] nothing lasting enters an object", () => {
    const inside = filesInObjects();
    expect(inside).toContain("src/realtime/flush-loop.ts");
    const lasting = inside.map((file) => [file, lastingIn(read(file))] as const);
    expect(Object.fromEntries(lasting.filter(([, found]) => found.length > 0))).toEqual({
      // The handlers of upgrades.
      "src/room/room-object.ts": ["fetch"],
      "src/user/user-object.ts": ["fetch"],
      // A flush gathers for some milliseconds; one timer for what the room is to say next.
      "src/room/live-room.ts": ["scheduler", "setTimeout"],
      // A delivery that failed is tried again within seconds, and signals alone go five times a second.
      "src/room/live-sessions.ts": ["scheduler"],
      // So is a mention whose user could not be reached.
      "src/room/live-mentions.ts": ["scheduler"],
      // An `auth` on a live socket may need a key of the issuer or an answer of the back end: seconds, and nothing
      // of it stays. Whatever else an object would ask for is not asked from inside of it.
      "src/auth/request-json.ts": ["AbortSignal", "fetch"],
      "src/auth/issuer-keys.ts": ["scheduler"],
      // Where many questions are under way one waits for its turn, a second at most.
      "src/auth/authorize-room.ts": ["scheduler"],
      // Pushes go out from the alarm of a user's object: each has a bound of its own, and no timer outlives it.
      "src/push/send-push.ts": ["AbortSignal", "fetch", "setTimeout"],
    });
    const packages = inside.flatMap(importsOf).filter((name) => !name.startsWith("src/"));
    expect([...new Set(packages)].sort()).toEqual([
      ...["@block65/webcrypto-web-push", "cloudflare:workers", "jose", "valibot"],
    ]);
  });

  it("[X4] the timers of an object are short", () => {
    const source = read("src/room/live-room.ts");
    // How far ahead that is: test/unit/room/timers.test.ts.
    expect(source).toMatch(/ setTimeout\(\(\) => [^;]+, inMs\);/);
    expect(source).toContain("const inMs = Math.min(MAX_TIMER_MS, Math.max(0, dueAt - Date.now()));");
    expect(Number(/^const MAX_TIMER_MS = (\d)_000;$/m.exec(source)?.[1])).toBeLessThanOrEqual(5);
    expect(source).toContain("const dueAt = this.room.dueAt();");
    expect(source).toContain("Math.min(MAX_LINGER_MS, ");
    expect(Number(/^const MAX_LINGER_MS = (\d+);$/m.exec(source)?.[1])).toBeLessThanOrEqual(50);
  });

  it("[X4] the requests of an object are short", () => {
    const source = read("src/auth/request-json.ts");
    expect(Number(/^const WITHIN_MS = (\d)_000;$/m.exec(source)?.[1])).toBeLessThanOrEqual(5);
    expect(source.match(/.*\b(AbortSignal|fetch)\b[.(].*/g)).toEqual([
      "  const signal = AbortSignal.timeout(WITHIN_MS);",
      '  const response = await fetch(url, { ...init, redirect: "manual", signal });',
    ]);
    const push = read("src/push/send-push.ts");
    expect(Number(/^const WITHIN_MS = (\d+)_000;$/m.exec(push)?.[1])).toBeLessThanOrEqual(10);
    expect(push.match(/.*\b(setTimeout|clearTimeout|fetch)\b[.(].*/g)).toEqual([
      expect.stringMatching(/^ {4}fetch\(address\.endpoint, \{ .*redirect: "manual", signal \}\),$/),
      expect.stringMatching(/^ {2}const timer = setTimeout\(.*, WITHIN_MS\);$/),
      "    clearTimeout(timer);",
    ]);
    // How long that goes on: test/unit/auth/key-set.test.ts.
    expect(read("src/auth/issuer-keys.ts").match(/.*\bscheduler\b.*/g)).toEqual([
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
  ])("[X4] is found: %s", (line) => {
    expect(lastingIn(line)).not.toEqual([]);
  });
});

/** What the two objects consist of. */
function filesInObjects(): string[] {
  const found = new Set(["src/room/room-object.ts", "src/user/user-object.ts"]);
  for (const file of found) for (const next of importsOf(file)) if (code.includes(next)) found.add(next);
  return [...found].sort();
}

/** By name, so that an alias does not hide it: timers, requests and sockets of an object's own. */
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

  it("[X3] each has a number of its own", () => {
    expect(new Set(rules).size).toBe(rules.length);
  });

  it("[X3] each has a test, and each number in a test is a rule", () => {
    expect(rules.filter((rule) => !named.has(rule))).toEqual([]);
    expect([...named].filter((id) => !rules.includes(id))).toEqual([]);
  });

  it("[X10] the security page names rules that stand in SPEC.md, for each threat", () => {
    const table = read(".github/SECURITY.md").split("\n| Threat |")[1] ?? "";
    const threats = table.split("\n").filter((line) => line.startsWith("| "));
    expect(threats.length).toBeGreaterThan(20);
    const namedIn = (line: string) =>
      line
        .split("|")
        .at(-2)
        ?.match(/\b[A-Z]\d+\b/g) ?? [];
    expect(threats.filter((line) => namedIn(line).length === 0)).toEqual([]);
    expect(threats.flatMap(namedIn).filter((id) => !rules.includes(id))).toEqual([]);
  });

  it("[X5] what the documents name exists", () => {
    const documents = [".github/SECURITY.md", "README.md", "src/DESIGN.md", "src/protocol/PROTOCOL.md"];
    const missing = documents.flatMap((document) => {
      const paths = read(document).matchAll(/`((?:src|client|test|\.ci)\/[\w./-]+)`/g);
      return Array.from(paths, ([, path = ""]) => path)
        .filter((path) => !existsSync(join(root, path)))
        .map((path) => `${document}: ${path}`);
    });
    expect(missing).toEqual([]);
  });
});
