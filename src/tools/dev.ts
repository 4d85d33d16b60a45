// `npm run dev`: everything on this machine. Options go to wrangler (`npm run dev -- --port 8000`).

import { spawn } from "node:child_process";
import { devRun } from "./dev-run.ts";
import { devVar, ensureDevVars } from "./dev-vars.ts";

ensureDevVars();
const { options, port, devTokens } = devRun(process.argv.slice(2));

console.log(`
  Edge Rooms: http://localhost:${port}/   (open it in two windows)

  Notify a user, once somebody has joined as "ada":
  curl http://localhost:${port}/v1/notify -H "Authorization: Bearer ${devVar("API_KEYS")}" \\
    -d '{"user":"ada","title":"Build completed","message":"All tests passed"}'
`);
if (devTokens === "off")
  console.log(`  Others may reach this server, so joining needs a token; with --share everybody on
  your network joins as anybody, moderators too.
`);
if (devTokens === "share")
  console.log("  Everybody on your network may join as anybody, moderators too (--share).\n");

// Wrangler would ask the internet for these, and wait.
const env = { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_SEND_METRICS: "false" };
const child = spawn("wrangler", [...options], { stdio: "inherit", env });
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
child.on("exit", (code) => {
  process.exitCode = code ?? 0;
});
