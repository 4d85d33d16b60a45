// `npm run bench` compares Edge Rooms with common alternatives, on the same machine, in the same run, under the same
// load. `--quick` takes under a minute; `--only <name>` runs the measurements whose name contains it.
// `--seed <number>` repeats what was done at random.
// `--beside <directory>` measures another checkout too, in turn: its client as it was built there, and its server.

import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Order } from "./load.ts";
import { type Plan, plansFor } from "./plans.ts";
import { type Measurement, machine, type Run, ratios, readRun, table, writeRun } from "./report.ts";
import type { Figures } from "./scenarios/scenario.ts";
import type { Target } from "./servers.ts";

const here = import.meta.dirname;
const RESULTS = join(here, "results.json");
/** It only ends what hangs: CPU time is measured on a busy machine too. */
const LOAD_WITHIN_MS = 240_000;

const { values } = parseArgs({
  options: {
    quick: { type: "boolean" },
    only: { type: "string" },
    beside: { type: "string" },
    seed: { type: "string" },
  },
});
/** Of what is done at random. */
const seed = Number(values.seed ?? Date.now() % 10_000);
const quick = values.quick ?? false;

/** Below those that the system gives to clients, and not those of another run. */
let port = 20_000 + (process.pid % 100) * 100;

/** Runs one measurement in a process of its own, which is ended as soon as it has printed its figures. */
function load(order: Order, withinMs = LOAD_WITHIN_MS): Promise<Figures> {
  const child = spawn(process.execPath, ["--expose-gc", join(here, "load.ts"), JSON.stringify(order)], {
    timeout: withinMs,
  });
  let [output, complaint] = ["", ""];
  return new Promise((resolve, reject) => {
    child.stdout.on("data", (data) => {
      output += data;
      if (!output.endsWith("\n")) return;
      resolve(JSON.parse(output));
      child.kill("SIGKILL");
    });
    child.stderr.on("data", (data) => {
      complaint += data;
    });
    child.once("exit", () => reject(new Error(complaint || "it did not end in time")));
  });
}

async function measure({ name, order, withinMs }: Plan, target: Target): Promise<Measurement> {
  port += 1;
  const server = await target.start(port);
  try {
    const full: Order = {
      ...order,
      dialect: target.dialect,
      client: target.client,
      port,
      pid: server.pid,
    };
    const figures = await load(full, withinMs);
    return { name, target: target.name, stores: target.stores, figures };
  } finally {
    await server.stop();
  }
}

if (!existsSync(join(here, "node_modules"))) {
  console.log("Installing the peers…");
  execFileSync("npm", ["install", "--no-package-lock", "--no-audit", "--no-fund"], {
    cwd: here,
    stdio: "inherit",
  });
}

const wanted = plansFor(values.beside, seed).filter(({ name, quick: isQuick, onRequest }) =>
  values.only === undefined ? !onRequest && (!quick || isQuick) : name.includes(values.only),
);
const measurements: Measurement[] = [];
for (const plan of wanted) {
  for (const target of plan.targets) {
    try {
      measurements.push(await measure(plan, target));
      console.log(table({ at: "", machine: "", measurements: measurements.slice(-1) }, undefined));
    } catch (error) {
      console.error(`${plan.name}, ${target.name}: ${error instanceof Error ? error.message : error}`);
      process.exitCode = 1;
    }
  }
}

const run: Run = { at: new Date().toISOString(), machine: machine(), measurements };
const before = readRun(RESULTS);
console.log(`\n${run.machine}\n\n${table(run, before)}`);
console.log(`\nDeliveries a second, Edge Rooms over:\n${ratios(run, "deliveries/s")}`);
console.log(`\np99, Edge Rooms over:\n${ratios(run, "p99 ms")}`);
console.log(`\nMemory, Edge Rooms over:\n${ratios(run, "KB a connection")}`);
writeRun(RESULTS, run);
