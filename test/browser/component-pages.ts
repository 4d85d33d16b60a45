// Pages of apps in React, Vue and Svelte, built with the package that the running server packed, and opened in Chromium.
// The sources are in `test/bindings/apps`.

import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type BuildOptions, build, type Plugin } from "esbuild";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { compile } from "svelte/compiler";
import { launchChromium } from "../support/chromium.ts";
import { freePort, type LocalServer, startServer } from "../support/local-server.ts";
import { NEWER, takeAway } from "../support/newer-features.ts";

export const FRAMEWORKS = ["react", "vue", "svelte"] as const;
export type Framework = (typeof FRAMEWORKS)[number];

/** `chat`: a chat that a browser renders. `stage`: a page that a server renders, and a browser hydrates. */
export type AppName = "chat" | "stage";

const APPS = join(import.meta.dirname, "../bindings/apps");
const MODULES = join(import.meta.dirname, "../../node_modules");

const HYDRATE: Readonly<Record<Framework, string>> = {
  react: `import { hydrateRoot } from "react-dom/client"; import { page } from "./react.tsx";
    hydrateRoot(document.getElementById("app"), page);`,
  vue: `import { page } from "./vue.ts"; page().mount("#app");`,
  svelte: `import { hydrate } from "svelte"; import Stage from "./Stage.svelte";
    hydrate(Stage, { target: document.getElementById("app") });`,
};

/** Prints the pages that a server sends. It ends by itself, as nothing was opened. */
const RENDER = `
  import { renderToString as renderReact } from "react-dom/server";
  import { render as renderSvelte } from "svelte/server";
  import { renderToString as renderVue } from "vue/server-renderer";
  import { page } from "./react.tsx";
  import Stage from "./Stage.svelte";
  import { page as app } from "./vue.ts";
  const pages = { react: renderReact(page), vue: await renderVue(app()), svelte: renderSvelte(Stage).body };
  process.stdout.write(JSON.stringify(pages));
`;

/** The package that a server packed, in `node_modules` of a folder. */
async function installPackage(server: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "edge-rooms-pages-"));
  const packed = join(folder, "edge-rooms.tgz");
  writeFileSync(packed, Buffer.from(await (await fetch(`${server}/edge-rooms.tgz`)).arrayBuffer()));
  const installed = join(folder, "node_modules/edge-rooms");
  mkdirSync(installed, { recursive: true });
  await promisify(execFile)("tar", ["-xzf", packed, "-C", installed, "--strip-components=1"]);
  return folder;
}

const pluginsFor = (generate: "client" | "server", folder: string): Plugin[] => [
  {
    name: "package-of-the-server",
    setup({ onResolve, resolve }) {
      onResolve({ filter: /^edge-rooms(\/|$)/ }, ({ path, kind, pluginData }) =>
        pluginData === folder ? undefined : resolve(path, { kind, resolveDir: folder, pluginData: folder }),
      );
    },
  },
  {
    name: "svelte",
    setup({ onLoad }) {
      onLoad({ filter: /\.svelte$/ }, async ({ path }) => {
        const options = { filename: path, generate, runes: true } as const;
        return { contents: compile(await readFile(path, "utf8"), options).js.code };
      });
    },
  },
];

const source = (contents: string): BuildOptions => ({ stdin: { contents, resolveDir: join(APPS, "stage") } });

async function bundle(entry: BuildOptions, folder: string, isForServer = false): Promise<string> {
  const { outputFiles } = await build({
    ...entry,
    ...{ bundle: true, format: "esm", target: "es2022", write: false, jsx: "automatic" },
    platform: isForServer ? "node" : "browser",
    // A bundle has no `require` for what CommonJS asks Node for.
    ...(isForServer && {
      banner: {
        js: `import { createRequire } from "node:module"; const require = createRequire(import.meta.url);`,
      },
    }),
    nodePaths: [MODULES],
    define: {
      "process.env.NODE_ENV": '"development"',
      __VUE_OPTIONS_API__: "false",
      __VUE_PROD_DEVTOOLS__: "false",
      __VUE_PROD_HYDRATION_MISMATCH_DETAILS__: "true",
    },
    plugins: pluginsFor(isForServer ? "server" : "client", folder),
  });
  return outputFiles[0]?.text ?? "";
}

/** What a server sends of each stage. */
async function renderStages(folder: string): Promise<Readonly<Record<Framework, string>>> {
  const file = join(folder, "render.mjs");
  writeFileSync(file, await bundle(source(RENDER), folder, true));
  const { stdout } = await promisify(execFile)(process.execPath, [file], { timeout: 60_000 });
  return JSON.parse(stdout);
}

/** From the path of a file to the file: a page and a script of each app. */
async function buildApps(folder: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  const put = async (app: AppName, framework: Framework, entry: BuildOptions, html: string) => {
    const page = `<!doctype html><link rel="icon" href="data:,"><div id="app">${html}</div>
      <script>globalThis.served = [...document.querySelectorAll("#app *")]</script>
      <script type="module" src="app.js"></script>`;
    files.set(`/${app}/${framework}/`, page);
    files.set(`/${app}/${framework}/app.js`, await bundle(entry, folder));
  };
  const rendered = renderStages(folder);
  await Promise.all(
    FRAMEWORKS.flatMap((name) => {
      const entryPoints = [join(APPS, name === "react" ? "react.tsx" : `${name}.ts`)];
      return [
        put("chat", name, { entryPoints }, ""),
        rendered.then((pages) => put("stage", name, source(HYDRATE[name]), pages[name])),
      ];
    }),
  );
  return files;
}

/** The back end of the apps: their files, and tokens. */
const serve = (files: ReadonlyMap<string, string>, rooms: string): Server =>
  createServer(async ({ url = "" }, response) => {
    const { pathname, search } = new URL(url, "http://localhost");
    const file = files.get(pathname);
    response.setHeader("Content-Type", pathname.endsWith(".js") ? "text/javascript" : "text/html");
    response.end(file ?? (await (await fetch(`${rooms}/dev/token${search}`)).text()));
  });

export interface ComponentPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors and warnings. */
  readonly faults: readonly string[];
  /** How many sockets the page has opened. */
  readonly sockets: () => number;
}

export interface ComponentPages {
  readonly server: LocalServer;
  /** A page of one user, from the app's own server. */
  open(app: AppName, framework: Framework, room: string): Promise<ComponentPage>;
  stop(): Promise<void>;
}

export async function startComponentPages(): Promise<ComponentPages> {
  const started = await Promise.all([
    launchChromium(),
    startServer({ vars: { RATE_PER_SECOND: 1_000, RATE_BURST: 1_000 } }),
    freePort(),
  ]);
  const [browser, server, port]: readonly [Browser, LocalServer, number] = started;
  const folder = await installPackage(server.url);
  const appServer = serve(await buildApps(folder), server.url).listen(port);
  return {
    server,
    async open(app, framework, room) {
      const context = await browser.newContext();
      // As in the oldest browsers that the client and the bindings support.
      await context.addInitScript(takeAway, NEWER);
      const page = await context.newPage();
      const faults: string[] = [];
      let sockets = 0;
      page.on("pageerror", (error) => faults.push(String(error.stack)));
      page.on("console", (line) => {
        if (line.type() === "error" || line.type() === "warning") faults.push(line.text());
      });
      page.on("websocket", () => {
        sockets += 1;
      });
      const query = new URLSearchParams({ user: framework, room, server: server.url });
      await page.goto(`http://localhost:${port}/${app}/${framework}/?${query}`);
      return { page, context, faults, sockets: () => sockets };
    },
    async stop() {
      rmSync(folder, { recursive: true, force: true });
      await browser.close();
      appServer.close();
      await server.stop();
    },
  };
}
