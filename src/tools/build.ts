// Builds what ships of the client: one file for pages without a bundler, and the demo page that uses it.

import { cpSync, mkdirSync, rmSync } from "node:fs";
import { build } from "esbuild";
import { ensureDevVars } from "./dev-vars.ts";

const PUBLIC = "dist/public";

rmSync(PUBLIC, { recursive: true, force: true });
mkdirSync(PUBLIC, { recursive: true });
cpSync("client/demo", PUBLIC, { recursive: true });

const options = {
  bundle: true,
  format: "esm",
  target: "es2022",
  platform: "neutral",
  logLevel: "warning",
} as const;
await Promise.all([
  build({ ...options, entryPoints: ["client/index.ts"], outfile: "dist/client.js" }),
  build({ ...options, entryPoints: ["client/index.ts"], outfile: `${PUBLIC}/edge-rooms.js`, minify: true }),
]);

// CI deploys: it needs no secrets of a developer's machine.
if (process.env.CI === undefined) ensureDevVars();
