// `npm run dev`: everything on this machine. Options go to wrangler (`npm run dev -- --port 8000`).

import { spawn } from "node:child_process";
import { devRun } from "./dev-run.ts";
import { devVar, ensureDevVars } from "./dev-vars.ts";
import { devWelcome } from "./dev-welcome.ts";

ensureDevVars();
const run = devRun(process.argv.slice(2));
console.log(devWelcome(run, devVar("API_KEYS")?.split(",")[0] ?? ""));

// Wrangler would ask the internet for these, and wait.
const env = { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_SEND_METRICS: "false" };
const child = spawn("wrangler", [...run.options], { stdio: "inherit", env });
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
child.on("exit", (code) => {
  process.exitCode = code ?? 0;
});
