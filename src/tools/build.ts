// Builds the files of the client that ship: for bundlers, for pages without one, and the demo page.

import { cpSync, mkdirSync, rmSync } from "node:fs";
import { build, type Plugin } from "esbuild";
import { ensureDevVars } from "./dev-vars.ts";

const PUBLIC = "dist/public";

rmSync(PUBLIC, { recursive: true, force: true });
mkdirSync(PUBLIC, { recursive: true });
cpSync("demo", PUBLIC, { recursive: true, filter: (file) => !/tsconfig\.|\.d\.ts$/.test(file) });

const options = {
  bundle: true,
  format: "esm",
  target: "es2022",
  platform: "neutral",
  logLevel: "warning",
} as const;
/** Imports the client from the file beside it, not bundled again, so that both share one class of errors. */
const besideClient = (file: string): Plugin => ({
  name: "beside-client",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.\/index\.ts$/ }, () => ({ path: file, external: true }));
  },
});
const push = { ...options, entryPoints: ["client/push/push.ts"] };
const serviceWorker = {
  ...options,
  format: "iife" as const,
  entryPoints: ["client/service-worker/service-worker.ts"],
};
await Promise.all([
  build({ ...options, entryPoints: ["client/index.ts"], outfile: "dist/client.js" }),
  build({ ...options, entryPoints: ["client/index.ts"], outfile: `${PUBLIC}/edge-rooms.js`, minify: true }),
  build({ ...push, plugins: [besideClient("./client.js")], outfile: "dist/push.js" }),
  build({
    ...push,
    plugins: [besideClient("./edge-rooms.js")],
    outfile: `${PUBLIC}/edge-rooms-push.js`,
    minify: true,
  }),
  build({ ...options, entryPoints: ["client/server/index.ts"], outfile: "dist/server.js" }),
  build({ ...serviceWorker, outfile: "dist/edge-rooms-sw.js" }),
  build({ ...serviceWorker, outfile: `${PUBLIC}/edge-rooms-sw.js`, minify: true }),
]);

// CI needs no secrets of a developer's machine.
if (process.env.CI === undefined) ensureDevVars();
