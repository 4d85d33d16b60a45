// One room in three frameworks: pages of React, Vue and Svelte in Chromium, beside the real server.

import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { compile } from "svelte/compiler";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumPath, launchChromium } from "../support/chromium.ts";
import { freePort, type LocalServer, startServer } from "../support/local-server.ts";

const SOON = { timeout: 15_000 };
const FRAMEWORKS = ["react", "vue", "svelte"] as const;
const PAGE = `<!doctype html><link rel="icon" href="data:,"><div id="app"></div>
  <script type="module" src="app.js"></script>`;
type Framework = (typeof FRAMEWORKS)[number];

async function appOf(framework: Framework): Promise<string> {
  const apps = join(import.meta.dirname, "../bindings/apps");
  const { outputFiles } = await build({
    entryPoints: [join(apps, framework === "react" ? "react.tsx" : `${framework}.ts`)],
    ...{
      bundle: true,
      format: "esm",
      target: "es2022",
      write: false,
      jsx: "automatic",
      conditions: ["browser"],
    },
    define: {
      "process.env.NODE_ENV": '"development"',
      __VUE_OPTIONS_API__: "false",
      __VUE_PROD_DEVTOOLS__: "false",
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "false",
    },
    plugins: [
      {
        name: "svelte",
        setup({ onLoad }) {
          onLoad({ filter: /\.svelte$/ }, async ({ path }) => {
            const options = { filename: path, generate: "client", runes: true } as const;
            return { contents: compile(await readFile(path, "utf8"), options).js.code };
          });
        },
      },
    ],
  });
  return outputFiles[0]?.text ?? "";
}

/** The back end of the apps: a page of each, and tokens. */
const serve = (apps: ReadonlyMap<string, string>, rooms: string): Server =>
  createServer(async ({ url = "" }, response) => {
    const { pathname, search } = new URL(url, "http://localhost");
    const [, framework = "", file] = pathname.split("/");
    if (file === "") {
      response.setHeader("Content-Type", "text/html");
      response.end(PAGE);
    } else if (file === "app.js") {
      response.setHeader("Content-Type", "text/javascript");
      response.end(apps.get(framework));
    } else response.end(await (await fetch(`${rooms}/dev/token${search}`)).text());
  });

describe.skipIf(chromiumPath === undefined)("components in a browser", () => {
  let browser: Browser;
  let server: LocalServer;
  let appServer: Server;
  let port: number;

  beforeAll(async () => {
    const built = async (name: Framework) => [name, await appOf(name)] as const;
    const apps = Promise.all(FRAMEWORKS.map(built)).then((pairs) => new Map<string, string>(pairs));
    [browser, server, port] = await Promise.all([launchChromium(), startServer(), freePort()]);
    appServer = serve(await apps, server.url).listen(port);
  });
  afterAll(async () => {
    await browser?.close();
    appServer?.close();
    await server?.stop();
  });

  /** A page of one user, from the app's own server. */
  async function open(framework: Framework, room: string) {
    const context = await browser.newContext();
    const page = await context.newPage();
    const faults: string[] = [];
    page.on("pageerror", (error) => faults.push(String(error.stack)));
    page.on("console", (line) => {
      if (line.type() === "error") faults.push(line.text());
    });
    const query = new URLSearchParams({ user: framework, room, server: server.url });
    await page.goto(`http://localhost:${port}/${framework}/?${query}`);
    return { page, context, faults };
  }

  const shows = (page: Page, id: string, text: string) =>
    expect.poll(() => page.locator(`#${id}`).textContent(), SOON).toBe(text);

  const list = (page: Page) => page.locator("li").allTextContents();

  async function say(page: Page, text: string): Promise<void> {
    await page.locator("input").fill(text);
    await page.getByRole("button", { name: "Send" }).click();
  }

  it("[V1][V6][V9][V10] React, Vue and Svelte share a room, and what one types renders no list of the others", async () => {
    const users = await Promise.all(FRAMEWORKS.map((framework) => open(framework, "trio")));
    const pages = users.map(({ page }) => page);
    for (const page of pages) await shows(page, "members", "react,svelte,vue");
    const said: string[] = [];
    for (const [n, page] of pages.entries()) {
      await say(page, `hello of ${n}`);
      said.push(`${FRAMEWORKS[n]}: hello of ${n}`);
      for (const other of pages) await expect.poll(() => list(other), SOON).toEqual(said);
    }
    for (const page of pages) await shows(page, "unread", "2");

    const [writer, ...readers] = pages;
    const counts = () => Promise.all(readers.map((page) => page.evaluate("renders.lists")));
    for (const page of pages) await shows(page, "typing", "");
    const before = await counts();
    await writer?.locator("input").pressSequentially("not sent");
    for (const page of readers) await shows(page, "typing", "react");
    expect(await counts()).toEqual(before);

    // Cut off, what is sent waits, and is stored once.
    for (const [n, { page, context }] of users.entries()) {
      await context.setOffline(true);
      await page.evaluate("client.reconnect()");
      await say(page, `later of ${n}`);
      await shows(page, "pending", "1");
      await expect
        .poll(async () => (await list(page)).at(-1), SOON)
        .toBe(`${FRAMEWORKS[n]}: later of ${n} …`);
      await context.setOffline(false);
      said.push(`${FRAMEWORKS[n]}: later of ${n}`);
      for (const other of pages) await expect.poll(() => list(other), SOON).toEqual(said);
      await shows(page, "pending", "0");
    }
    await Promise.all(users.map(({ context }) => context.close()));
    // The browser reports each try without a network.
    const real = users
      .flatMap(({ faults }) => faults)
      .filter((fault) => !/ERR_INTERNET_DISCONNECTED|WebSocket/.test(fault));
    expect(real).toEqual([]);
  });
});
