// `node test/proxies/run.ts [--install] [--quick] [name …]` runs Edge Rooms on workerd behind each proxy of
// docs/behind-a-proxy.md, with the configuration on that page. All at once take about 75 s, with `--quick` half a
// minute. `--install` installs what is missing from Debian, as root. It is not part of CI, as it needs a machine with
// the proxies.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { parseArgs } from "node:util";
import { edgeRooms } from "../bench/servers.ts";
import { freePort } from "../support/local-server.ts";
import { type Certificate, makeCertificate } from "../support/tls-proxy.ts";
import { type Checked, checkThrough } from "./check.ts";
import { prepare, RECIPES, type Recipe } from "./recipes.ts";

const START_WITHIN_MS = 15_000;
const ALL_WITHIN_MS = 180_000;

const root = join(import.meta.dirname, "../..");
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { install: { type: "boolean" }, quick: { type: "boolean" } },
});
process.env.PATH = [join(root, "node_modules/.bin"), process.env.PATH, "/usr/sbin", "/sbin"].join(delimiter);
// The certificate is made for this run. Node warns of that.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
process.removeAllListeners("warning");
setTimeout(() => {
  console.error(`not done within ${ALL_WITHIN_MS / 1_000} s`);
  process.exit(2);
}, ALL_WITHIN_MS).unref();

const wanted = RECIPES.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
if (values.install) {
  const packages = wanted.flatMap((recipe) => recipe.packages);
  const install = ["install", "-y", "--no-install-recommends", ...packages];
  execFileSync("apt-get", install, {
    stdio: "inherit",
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  });
}

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const { pid } of running) if (pid !== undefined) kill(pid);
});

function kill(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // The process has ended already.
  }
}

const listens = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = connect(port, "localhost");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });

async function start(recipe: Recipe, upstream: number, { key, cert }: Certificate) {
  const dir = mkdtempSync(join(tmpdir(), `edge-rooms-${recipe.name}-`));
  // Some proxies drop root rights and must still read the files.
  chmodSync(dir, 0o777);
  const files = { "site.pem": cert, "site.key": key, "site.both.pem": `${key}${cert}` };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  const port = await freePort();
  const [program, ...args] = prepare(recipe, { dir, port, upstream });
  const child = spawn(program, args, {
    cwd: dir,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, HOME: dir },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data) => {
      output = `${output}${data}`.slice(-1_500);
    });
  }
  let failed: Error | undefined;
  child.on("error", (error) => {
    failed = error;
  });
  running.add(child);
  const giveUpAt = Date.now() + START_WITHIN_MS;
  while (!(await listens(port))) {
    if (failed !== undefined || child.exitCode !== null || Date.now() > giveUpAt)
      throw new Error(`${recipe.name} did not start: ${failed?.message ?? output}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    base: `${recipe.scheme}://localhost:${port}`,
    stop() {
      if (child.pid !== undefined) kill(child.pid);
      running.delete(child);
      rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function check(recipe: Recipe, upstream: number, certificate: Certificate): Promise<Checked> {
  try {
    const proxy = await start(recipe, upstream, certificate);
    try {
      return await checkThrough(recipe.name, proxy.base, values.quick ?? false);
    } finally {
      proxy.stop();
    }
  } catch (error) {
    return { name: recipe.name, notes: [], failure: error instanceof Error ? error.message : String(error) };
  }
}

const server = await edgeRooms({ vars: { ALLOWED_ORIGINS: "" } }).start(await freePort());
const certificate = makeCertificate();
const checked = await Promise.all(wanted.map((recipe) => check(recipe, server.port, certificate)));
await server.stop();
for (const { name, failure, notes } of checked) {
  console.log(
    `${failure === undefined ? "works" : "FAILS"}  ${name}${failure === undefined ? "" : `: ${failure}`}`,
  );
  for (const note of notes) console.log(`         ${note}`);
}
process.exit(checked.some(({ failure }) => failure !== undefined) ? 1 : 0);
