// What the Worker serves as static files: the demo page, the client for pages without a bundler, and the npm package.
// A page loads `edge-rooms.js` by an address that stays, so these files share no chunks with names of their own.

import { cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import type { Plugin as CodePlugin } from "esbuild";
import type { Plugin as TypesPlugin } from "rolldown";
import { bundleCode, bundleTypes } from "./bundle-client.ts";
import { packClientPackage } from "./client-package.ts";
import { referencePage } from "./reference/reference-page.ts";

const CLIENT = { "edge-rooms": "./client/index.ts" };
/** The client is in it again, so that a page without this loads nothing of it. */
const ALL = { "edge-rooms-all": "./client/without-bundler/index.ts" };
/** What a page loads when it has to. */
const LATER = {
  "edge-rooms-polling": "./client/connection/transport/polling.ts",
  "edge-rooms-watching": "./client/connection/transport/watch-link.ts",
};
const PUSH = { "edge-rooms-push": "./client/push/push.ts" };
const SERVICE_WORKER = { "edge-rooms-sw": "./client/service-worker/service-worker.ts" };

/** Imports the client from the file beside it, not bundled again, so that both share one class of errors. */
const CLIENT_IMPORT = /^\.\.\/index\.ts$/;
const besideClient = { id: "./edge-rooms.js", external: true };
const codeBesideClient: CodePlugin = {
  name: "beside-client",
  setup({ onResolve }) {
    onResolve({ filter: CLIENT_IMPORT }, () => ({ path: besideClient.id, external: true }));
  },
};
const typesBesideClient: TypesPlugin = {
  name: "beside-client",
  resolveId: { filter: { id: CLIENT_IMPORT }, handler: () => besideClient },
};

/**
 * The client imports what polls or watches when it has to. Named after its content: after a deployment a page that is
 * still open finds no file, rather than one that does not fit. Then it goes on with WebSockets, or tries again.
 */
async function bundleClient(to: string): Promise<void> {
  const files = await bundleCode(LATER, to, { minify: true, entryNames: "[name]-[hash]" });
  const laterBeside: CodePlugin = {
    name: "later-beside",
    setup({ onResolve }) {
      for (const [name, source] of Object.entries(LATER)) {
        const file = files.find((each) => each.startsWith(`${name}-`));
        onResolve({ filter: new RegExp(`^\\./${basename(source, ".ts")}\\.ts$`) }, ({ kind }) =>
          kind === "dynamic-import" ? { path: `./${file}`, external: true } : undefined,
        );
      }
    },
  };
  await bundleCode({ ...CLIENT, ...ALL }, to, { minify: true, plugins: [laterBeside] });
}

/** The reference at `/docs`, of the documents that the Worker serves. */
async function writeReference(to: string): Promise<void> {
  const read = async (name: string) => JSON.parse(await readFile(`src/http/${name}.json`, "utf8"));
  const [openApi, asyncApi] = await Promise.all([read("openapi"), read("asyncapi")]);
  await writeFile(`${to}/docs.html`, referencePage({ openApi, asyncApi }));
}

/** `packageFolder`: what `buildClientPackage` made. */
export async function buildPublicFiles(to: string, packageFolder: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  await mkdir(to, { recursive: true });
  await cp("demo", to, { recursive: true, filter: (file) => !/tsconfig\.|\.d\.ts$/.test(file) });
  await Promise.all([
    bundleClient(to),
    bundleTypes(CLIENT, to),
    bundleTypes(ALL, to),
    bundleCode(PUSH, to, { minify: true, plugins: [codeBesideClient] }),
    bundleTypes(PUSH, to, typesBesideClient),
    bundleCode(SERVICE_WORKER, to, { minify: true, format: "iife" }),
    writeReference(to),
    packClientPackage(packageFolder, `${to}/edge-rooms.tgz`),
  ]);
}
