// `npm run dev`: everything on this machine. Options go to wrangler (`npm run dev -- --port 8000`).

import { spawn } from "node:child_process";
import { devVar, ensureDevVars } from "./dev-vars.ts";

ensureDevVars();
const options = process.argv.slice(2);
const named = options.findIndex((option) => option === "--port" || option.startsWith("--port="));
const port = options[named]?.split("=")[1] ?? (named < 0 ? "8787" : options[named + 1]);

console.log(`
  Edge Rooms: http://localhost:${port}/   (open it in two windows)

  Notify a user, once somebody has joined as "ada":
  curl http://localhost:${port}/v1/notify -H "Authorization: Bearer ${devVar("API_KEYS")}" \\
    -d '{"user":"ada","title":"Build completed","message":"All tests passed"}'
`);

// Nothing of it needs the internet, so nothing waits for it.
const env = { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_SEND_METRICS: "false" };
const child = spawn("wrangler", ["dev", ...(named < 0 ? ["--port", "8787"] : []), ...options], {
  stdio: "inherit",
  env,
});
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
child.on("exit", (code) => {
  process.exitCode = code ?? 0;
});
