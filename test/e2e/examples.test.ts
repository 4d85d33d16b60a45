// The examples as a stranger has them: each with the client that a running server packed, built by its own
// configuration, and tried against that server. What else they install they take from this repository.

import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, extname, join } from "node:path";
import { promisify } from "node:util";
import type { Browser, Page } from "playwright-core";
import { build, preview } from "vite";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import { vapidKeys } from "../../src/tools/vapid-keys.ts";
import { chromiumPath, launchChromium } from "../support/chromium.ts";
import { freePort, type LocalServer } from "../support/local-server.ts";
import { callAsServer, startTestServer, uniqueName, waitFor } from "./support/world.ts";

const root = join(import.meta.dirname, "../..");
const EXAMPLES = join(root, "client/examples");
const run = promisify(execFile);

interface Manifest {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

const readManifest = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));

const names = globSync("*/package.json", { cwd: EXAMPLES }).map(dirname).sort();
const apps = mkdtempSync(join(tmpdir(), "edge-rooms-examples-"));
let server: LocalServer;

beforeAll(async () => {
  const { publicKey, privateKey } = vapidKeys();
  const vars = { VAPID_PUBLIC_KEY: publicKey, VAPID_PRIVATE_KEY: privateKey };
  server = await startTestServer({ ...vars, VAPID_SUBJECT: "mailto:tests@example.com" });
  const packed = join(apps, "edge-rooms.tgz");
  await writeFile(packed, Buffer.from(await (await fetch(`${server.url}/edge-rooms.tgz`)).arrayBuffer()));
  await run("tar", ["-xzf", packed, "-C", apps]);
  for (const name of names) install(name);
});
afterAll(async () => {
  rmSync(apps, { recursive: true, force: true });
  await server?.stop();
});

/** A copy of the example with what its manifest names, as npm would lay it out. */
function install(name: string): void {
  const app = join(apps, name);
  cpSync(join(EXAMPLES, name), app, { recursive: true });
  const { dependencies, devDependencies } = readManifest(app);
  const modules = join(app, "node_modules");
  for (const dependency of Object.keys({ ...dependencies, ...devDependencies })) {
    const place = join(modules, dependency);
    mkdirSync(dirname(place), { recursive: true });
    if (dependency === "edge-rooms") cpSync(join(apps, "package"), place, { recursive: true });
    else symlinkSync(join(root, "node_modules", dependency), place);
    // npm puts what only one package needs beside it.
    const core = join(root, "node_modules", dependency, "node_modules/@tanstack/query-core");
    if (existsSync(core)) symlinkSync(core, join(modules, "@tanstack/query-core"));
  }
}

describe.each(names)("the example %s", (name) => {
  const folder = join(EXAMPLES, name);
  const { dependencies, devDependencies } = readManifest(folder);

  it("[N20] has at most 60 lines of code, and as many of tests", () => {
    const files = globSync("**/*.{js,jsx,vue,svelte,py}", { cwd: folder, exclude: ["node_modules/**"] });
    const linesOf = (some: readonly string[]) =>
      some
        .flatMap((file) => readFileSync(join(folder, file), "utf8").split("\n"))
        .filter((line) => !/^\s*(?:$|\/\/|\/\*\*|#)/.test(line)).length;
    const tests = files.filter((file) => file.includes(".test."));
    const code = linesOf(files.filter((file) => !tests.includes(file)));
    expect(code).toBeGreaterThan(10);
    expect(code).toBeLessThanOrEqual(60);
    expect(linesOf(tests)).toBeLessThanOrEqual(60);
  });

  it("[N20] installs the client from a server, and the versions that are tested here", () => {
    const { devDependencies: tested } = readManifest(root);
    const { "edge-rooms": client, ...others } = { ...dependencies, ...devDependencies };
    if (name !== "bot-python") expect(client).toBe("http://localhost:8787/edge-rooms.tgz");
    for (const [dependency, version] of Object.entries(others))
      expect([dependency, version]).toEqual([dependency, tested?.[dependency]]);
  });
});

/** Starts a program of an example. It ends with the test. */
function start(
  name: string,
  command: string,
  args: readonly string[],
  env: Record<string, string>,
): ChildProcess {
  const child = spawn(command, args, {
    cwd: join(apps, name),
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, EDGE_ROOMS_URL: server.url, ...env },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function startTasks(): Promise<string> {
  const port = String(await freePort());
  start("server-node", process.execPath, ["tasks.js"], { EDGE_ROOMS_API_KEY: server.apiKey, PORT: port });
  const url = `http://localhost:${port}`;
  await waitFor("the back end answers", () => fetch(`${url}/tasks`).catch(() => undefined));
  return url;
}

interface MessagesPage {
  readonly messages: readonly { readonly event: string; readonly data: unknown; readonly replyTo?: number }[];
}

const heardIn = async (room: string) =>
  (await callAsServer<MessagesPage>(server, "GET", `/v1/rooms/${room}/messages`)).messages;

describe("server-node", () => {
  it("[N21] stores tasks, tells the room, and notifies the owner", async () => {
    const url = await startTasks();
    const send = async (method: string, path: string, body: object) => {
      const response = await fetch(url + path, { method, body: JSON.stringify(body) });
      return { status: response.status, ...(await response.json()) };
    };
    const owner = uniqueName("owner");
    const { id } = await send("POST", "/tasks", { title: "Ship it", owner });
    expect(await send("PATCH", `/tasks/${id}`, { column: "done" })).toMatchObject({
      status: 200,
      column: "done",
    });
    expect((await send("PATCH", "/tasks/unknown", { column: "done" })).status).toBe(404);
    expect((await heardIn("board")).map(({ event }) => event)).toEqual(["task.created", "task.moved"]);
    const { token } = await (await fetch(`${server.url}/dev/token?user=${owner}`)).json();
    const headers = { Authorization: `Bearer ${token}` };
    const inbox = await (await fetch(`${server.url}/v1/me/notifications`, { headers })).json();
    expect(inbox).toMatchObject({ notifications: [{ title: "Task done", message: "Ship it" }] });
  });
});

describe.skipIf(spawnSync("python3", ["--version"]).status !== 0)("bot-python", () => {
  it("[N21][N29] hears what is said and answers it once", async () => {
    const room = uniqueName("bot");
    start("bot-python", "python3", ["bot.py"], { ROOM: room });
    await waitFor("the bot listens", async () => {
      const { occupancy } = await callAsServer<{ occupancy: { members: number } }>(
        server,
        "GET",
        `/v1/rooms/${room}/members`,
      );
      return occupancy.members === 1;
    });
    const say = async (data: unknown) => {
      const body = { event: "chat", data };
      return (await callAsServer<{ seq: number }>(server, "POST", `/v1/rooms/${room}/messages`, body)).seq;
    };
    // Anybody may say anything: it must not end the bot.
    for (const data of [{ text: "Hello" }, "!echo no", 7, null, ["!echo no"], { text: 7 }]) await say(data);
    const asked = [await say({ text: "!echo one" }), await say({ text: "!echo two" })];
    const answers = await waitFor("two answers", async () => {
      const found = (await heardIn(room)).filter(({ replyTo }) => replyTo !== undefined);
      return found.length >= 2 && found;
    });
    expect(answers.map(({ data, replyTo }) => [data, replyTo])).toEqual([
      [{ text: "one" }, asked[0]],
      [{ text: "two" }, asked[1]],
    ]);
  });
});

describe("bound-worker", () => {
  it("[N21][Z250] tells the rooms of an order, over a service binding", async () => {
    const worker = await server.startBoundWorker(join(apps, "bound-worker"));
    onTestFinished(worker.stop);
    const place = (order: object) =>
      fetch(`${worker.url}/orders`, { method: "POST", body: JSON.stringify(order) });
    // The first calls may come before the two Workers know each other.
    const placed = await waitFor("an order is placed", async () => {
      const response = await place({ item: "Tea", customer: uniqueName("ada") });
      return response.status === 201 && response.json();
    });
    expect(placed).toMatchObject({ item: "Tea", seq: expect.any(Number) });
    expect(await heardIn("orders")).toMatchObject([{ event: "order.placed", data: { item: "Tea" } }]);
    const refused = await place({ item: "Tea".repeat(20_000), customer: "ada" });
    expect([refused.status, await refused.json()]).toMatchObject([400, { code: "too_large" }]);
  });
});

const tested = names.filter((name) => readManifest(join(EXAMPLES, name)).scripts.test !== undefined);

it("[C280] each example in JavaScript has tests", () => {
  expect(tested).toEqual(names.filter((name) => name !== "bot-python"));
});

/** What `npm test` of the examples runs, by its name in their manifest. */
const RUNNERS: Readonly<Record<string, readonly string[]>> = {
  "vitest run": [join(root, "node_modules/vitest/vitest.mjs"), "run"],
  "node --test": ["--test"],
};

it.concurrent.each(tested)(
  "[V50][C280] the tests of %s pass, with the test kit",
  async (name) => {
    const args = RUNNERS[readManifest(join(EXAMPLES, name)).scripts.test ?? ""] ?? [];
    const { stdout } = await run(process.execPath, args, { cwd: join(apps, name) });
    expect(stdout).toMatch(/[1-9]\d* passed|pass [1-9]\d*/);
  },
  120_000,
);

describe.skipIf(chromiumPath === undefined)("pages", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium({ isWhole: true });
  });
  afterAll(() => browser?.close());

  /** Builds the page with its own configuration, and serves it. */
  async function serve(name: string): Promise<string> {
    vi.stubEnv("VITE_EDGE_ROOMS_URL", server.url);
    const app = join(apps, name);
    // What its script does before the bundler.
    if (readManifest(app).scripts.build?.startsWith("npm run worker"))
      await run("npm", ["run", "worker"], { cwd: app });
    await build({ root: app, logLevel: "error" });
    const port = await freePort();
    const pages = await preview({ root: app, preview: { port, host: "localhost" }, logLevel: "error" });
    onTestFinished(async () => {
      vi.unstubAllEnvs();
      await pages.close();
    });
    return `http://localhost:${port}`;
  }

  async function open(url: string, user: string): Promise<Page> {
    const context = await browser.newContext({ permissions: ["notifications"] });
    onTestFinished(() => context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(45_000);
    page.on("pageerror", (error) => console.error(user, error.stack));
    await page.goto(user.startsWith("#") ? `${url}/${user}` : `${url}/?user=${user}`);
    return page;
  }

  /** A message that was deleted, and texts that are none. A page must outlive both. */
  async function sayWhatIsNoText(): Promise<void> {
    const messages = "/v1/rooms/lobby/messages";
    const said = { event: "chat", data: { text: "Gone" } };
    const { seq } = await callAsServer<{ seq: number }>(server, "POST", messages, said);
    await callAsServer(server, "DELETE", `${messages}/${seq}`);
    for (const text of [{}, { toString: 1 }, [{}]])
      await callAsServer(server, "POST", messages, { event: "chat", data: { text } });
  }

  it("[N21][N29] chat-react: two tabs chat, whatever was said before", async () => {
    await sayWhatIsNoText();
    const url = await serve("chat-react");
    const [ada, bob] = await Promise.all([open(url, "ada"), open(url, "bob")]);
    await ada.getByText(/^Here: (ada, bob|bob, ada)$/).waitFor();
    await ada.getByLabel("Message").fill("Hello");
    await bob.getByText("ada is typing").waitFor();
    await ada.getByRole("button", { name: "Send" }).click();
    await bob.getByText("ada: Hello", { exact: true }).waitFor();
    await ada.getByText("ada: Hello", { exact: true }).waitFor();
  });

  it("[N25][N29] README's first room is a whole app, which outlives whatever is said", async () => {
    await sayWhatIsNoText();
    const [, code = ""] = /```tsx\n(.*?)```/s.exec(readFileSync(join(root, "README.md"), "utf8")) ?? [];
    expect(code.split("\n").filter((line) => line !== "").length).toBeLessThanOrEqual(13);
    const app = join(apps, "chat-react/src");
    await writeFile(join(app, "App.tsx"), code.replace("http://localhost:8787", server.url));
    await writeFile(
      join(app, "main.jsx"),
      `import { createRoot } from "react-dom/client"; import App from "./App.tsx";
       createRoot(document.getElementById("app")).render(<App />);`,
    );
    const url = await serve("chat-react");
    const [ivy, jan] = await Promise.all([open(url, "#ivy"), open(url, "#jan")]);
    await ivy.getByRole("button", { name: "Say hello" }).click();
    await jan.getByText("ivy: Hello").waitFor();
    await jan.getByRole("button", { name: "Say hello" }).click();
    await ivy.getByText("jan: Hello").waitFor();
  });

  it("[N21] board-vue: what one moves, the other sees moved", async () => {
    vi.stubEnv("TASKS_URL", await startTasks());
    const url = await serve("board-vue");
    const [ada, bob] = await Promise.all([open(url, "ada"), open(url, "bob")]);
    await waitFor("both are in the room", async () => {
      const path = "/v1/rooms/board/members";
      return (await callAsServer<{ members: unknown[] }>(server, "GET", path)).members.length === 2;
    });
    await ada.getByLabel("New task").fill("Ship it");
    await ada.getByRole("button", { name: "Add" }).click();
    await bob.getByRole("region", { name: "todo" }).getByText("Ship it").waitFor();
    await bob.getByRole("button", { name: "doing" }).click();
    await ada.getByRole("region", { name: "doing" }).getByText("Ship it").waitFor();
  });

  it("[N21] cursors-svelte: each sees where the other points", async () => {
    const url = await serve("cursors-svelte");
    const [ada, bob] = await Promise.all([open(url, "ada"), open(url, "bob")]);
    await bob.getByText(/^Here: (ada, bob|bob, ada)$/).waitFor();
    await ada.getByText(/^Here: (ada, bob|bob, ada)$/).waitFor();
    const { width = 0, height = 0 } = ada.viewportSize() ?? {};
    await ada.mouse.move(width / 4, height / 2);
    const pointer = bob.locator(".cursor");
    await pointer.filter({ hasText: "ada" }).waitFor();
    expect(await pointer.getAttribute("style")).toBe("left: 25%; top: 50%;");
    expect(await ada.locator(".cursor").count()).toBe(0);
  });

  it("[N21] push: shows what is new, and what prevents pushes", async () => {
    const url = await serve("push");
    const user = uniqueName("reader");
    const page = await open(url, user);
    await page.getByLabel(/while this page is closed/).waitFor();
    await callAsServer(server, "POST", "/v1/notify", { user, title: "Build", message: "done" });
    await page.getByText("Build: done").waitFor();
    await page.getByText("Notifications (1)").waitFor();
    await page.getByRole("button", { name: "Read" }).click();
    await page.getByText("Notifications (0)").waitFor();
    const worker = await fetch(`${url}/edge-rooms-sw.js`);
    expect([worker.status, extname(new URL(worker.url).pathname)]).toEqual([200, ".js"]);
    expect(await worker.text()).toContain("notificationclick");
    const state = page.locator("#state");
    await expect.poll(() => state.textContent()).toBe("off");
    // No push service can be reached from here.
    await page.locator("#push").click();
    await expect.poll(() => state.textContent(), { timeout: 45_000 }).not.toMatch(/^(?:off|on)$/);
    expect(await page.locator("#push").isChecked()).toBe(false);
  });
});
