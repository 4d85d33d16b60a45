// `npm run dev`: everything on this machine. Options go to wrangler (`npm run dev -- --port 8000`).

import { spawn } from "node:child_process";
import { connect } from "node:net";
import { devRun } from "./dev-run.ts";
import { devVar, ensureDevVars } from "./dev-vars.ts";
import { devWelcome } from "./dev-welcome.ts";

const run = devRun(process.argv.slice(2));
// Wrangler says it too, but after the address of the other server has been printed as that of this one.
if (await isTaken(Number(run.port))) {
  console.error(
    `Port ${run.port} is taken: stop what listens there, or choose another: npm run dev -- --port ${Number(run.port) + 1}`,
  );
  process.exit(1);
}
ensureDevVars();
console.log(devWelcome(run, devVar("API_KEYS")?.split(",")[0] ?? ""));

// Wrangler would ask the internet for these, and wait.
const env = { ...process.env, CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_SEND_METRICS: "false" };
const child = spawn("wrangler", [...run.options], { stdio: "inherit", env });
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));
child.on("exit", (code) => {
  process.exitCode = code ?? 0;
});

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "localhost", timeout: 1_000 });
    const end = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.on("connect", () => end(true));
    socket.on("timeout", () => end(false));
    socket.on("error", () => end(false));
  });
}
