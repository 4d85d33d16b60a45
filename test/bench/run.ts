// `npm run bench` compares Edge Rooms with common alternatives, on the same machine, in the same run, under the same
// load. `--quick` takes under a minute; `--only <name>` runs the measurements whose name contains it.
// `--seed <number>` repeats what was done at random.
// `--beside <directory>` measures another checkout too, in turn: its client as it was built there, and its server.

import { execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Order } from "./load.ts";
import { type Measurement, machine, type Run, ratios, readRun, table, writeRun } from "./report.ts";
import type { Figures } from "./scenarios/scenario.ts";
import {
  bun,
  clientOf,
  edgeRooms,
  floor,
  party,
  socketIo,
  socketIoRecovery,
  type Target,
  withBackEnd,
  ws,
} from "./servers.ts";

interface Plan {
  readonly name: string;
  readonly order: Pick<Order, "scenario" | "params">;
  readonly targets: readonly Target[];
  readonly quick?: boolean;
}

const here = import.meta.dirname;
const RESULTS = join(here, "results.json");
const LOAD_WITHIN_MS = 120_000;

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

const us = edgeRooms();
/** The server of the other checkout. */
const beside: readonly Target[] =
  values.beside === undefined ? [] : [{ ...edgeRooms({ checkout: values.beside }), name: "that beside" }];
const everybody = [us, ...beside, socketIo, party, ws, bun];
const ms = 1_500;

const builtIn = (directory: string) => join(directory, "dist/package/dist/index.js");
const clients = [
  clientOf("this client", builtIn(join(here, "../.."))),
  ...(values.beside === undefined ? [] : [clientOf("that beside", builtIn(values.beside))]),
];

const fanOut = (receivers: number, inFlight: number, targets: readonly Target[], inQuick = false): Plan => ({
  name: `(a) fan-out, ${receivers} × ${inFlight} in flight`,
  order: { scenario: "fanOut", params: { receivers, inFlight, ms } },
  targets,
  quick: inQuick,
});

/** Our client, and one of a page of code; the peers have their own. */
const withReaders: readonly Target[] = [
  { ...us, client: builtIn(join(here, "../..")) },
  { ...us, name: "Edge Rooms, a cursor" },
];
const delivery = (name: string, untold: number, targets: readonly Target[]): Plan => ({
  name: `(q) delivery to 50 ${name}`,
  order: {
    scenario: "delivery",
    params: { readers: 50, messages: 10_000, perSecond: 700, cutMs: 2_000, untold, seed },
  },
  targets,
});

const PLANS: readonly Plan[] = [
  fanOut(10, 100, everybody),
  fanOut(100, 100, everybody, true),
  fanOut(100, 1_000, [us, ...beside, bun]),
  fanOut(1_000, 100, everybody),
  fanOut(1_000, 1_000, everybody, true),
  {
    name: "(b) quiet room, 100 receivers",
    order: { scenario: "quietRoom", params: { receivers: 100, ms } },
    targets: [us, ...beside, socketIo],
    quick: true,
  },
  {
    name: "(c) join storm, 1,000",
    order: { scenario: "joinStorm", params: { members: 1_000 } },
    targets: [us, ...beside, floor],
  },
  {
    name: "(d) resume storm, 1,000",
    order: { scenario: "resumeStorm", params: { members: 1_000 } },
    targets: [us, ...beside],
  },
  {
    name: "(e) replay of 10,000",
    order: { scenario: "replay", params: { messages: 10_000 } },
    targets: [us, ...beside],
  },
  {
    name: "(f) idle, 5,000 connections",
    order: { scenario: "idle", params: { connections: 5_000, ms: 8_000 } },
    targets: [us, floor],
  },
  {
    name: "(f) idle, 5,000 connections of 200 members",
    order: { scenario: "idle", params: { connections: 5_000, users: 200, ms: 8_000 } },
    targets: [us, floor],
  },
  {
    name: "(g) notify 1,000 users",
    order: { scenario: "inbox", params: { users: 1_000 } },
    targets: [us, ...beside],
  },
  {
    name: "(h) cold wake, 10,000 stored",
    order: { scenario: "coldWake", params: { messages: 10_000 } },
    targets: [us, ...beside],
  },
  {
    name: "(i) compression, 100 receivers, 1 KB",
    order: { scenario: "compression", params: { receivers: 100, ms } },
    targets: [us, { ...edgeRooms({ flags: ["enable_request_signal"] }), name: "compressed" }],
  },
  {
    name: "(j) slow readers, 10 of 1,000",
    order: { scenario: "slowReaders", params: { receivers: 1_000, slow: 10, inFlight: 100, ms: 60_000 } },
    targets: [us],
  },
  {
    name: "(k) flood by one user, 100 receivers",
    order: { scenario: "flood", params: { receivers: 100, ms: 4_000 } },
    targets: [edgeRooms({ vars: { RATE_PER_SECOND: "10", RATE_BURST: "30" } })],
  },
  {
    name: "(k) flood by 40 readers of one address, 100 receivers",
    order: { scenario: "readerFlood", params: { receivers: 100, sockets: 40, messages: 10_000, ms: 6_000 } },
    targets: [edgeRooms({ vars: { RATE_PER_SECOND: "10", RATE_BURST: "30", ANONYMOUS_ROOMS: "bench*" } })],
  },
  {
    name: "(l) 500 returning, gaps of 1 to 2 MB",
    order: { scenario: "returning", params: { members: 500 } },
    // The memory of an isolate on Cloudflare.
    targets: [edgeRooms({ heapMb: 128 })],
  },
  ...[10_000, 100_000].map((messages) => ({
    name: `(m) a client that holds ${messages / 1_000},000`,
    order: { scenario: "held" as const, params: { messages } },
    targets: clients,
    quick: true,
  })),
  ...[10_000, 100_000].map((messages) => ({
    name: `(m) a client in Chromium that holds ${messages / 1_000},000`,
    order: { scenario: "heldInBrowser" as const, params: { messages } },
    targets: clients,
  })),
  {
    name: "(m) a client of one topic that holds 10,000",
    order: { scenario: "held", params: { messages: 10_000, topic: 1 } },
    targets: clients,
  },
  {
    name: "(m) a client that keeps 1,000 of 100,000",
    order: { scenario: "held", params: { messages: 100_000, keep: 1_000 } },
    targets: clients.slice(0, 1),
  },
  {
    name: "(n) replay of 10,000 in Chromium",
    order: { scenario: "browserReplay", params: { messages: 10_000 } },
    targets: clients.map(({ name, client }) => ({ ...us, name, client })),
  },
  ...[200, 2_000].map((tokens) => ({
    name: `(o) an answer of ${tokens} tokens, 100 readers`,
    order: { scenario: "streams" as const, params: { readers: 100, tokens, perSecond: 50 } },
    targets: [us],
    quick: tokens === 200,
  })),
  ...[
    { name: "(q) CPU of messages, one a flush", params: { rooms: 8, inFlight: 1, ms: 4_000 } },
    { name: "(q) CPU of messages, 100 in flight", params: { rooms: 1, inFlight: 100, ms: 4_000 } },
  ].map(({ name, params }) => ({
    name,
    order: { scenario: "cpuOfMessages" as const, params },
    targets: [us, ...beside, floor],
  })),
  {
    name: "(q) CPU of joins, 1,000",
    order: { scenario: "cpuOfJoins", params: { members: 1_000 } },
    targets: [us, ...beside],
  },
  {
    name: "(q) CPU of a wake, 10,000 stored",
    order: { scenario: "cpuOfWakes", params: { messages: 10_000, rooms: 7 } },
    targets: [us, ...beside],
  },
  {
    name: "(p) fan-out, 100 × 100, with a back end",
    order: { scenario: "fanOut", params: { receivers: 100, inFlight: 100, ms } },
    targets: [
      us,
      withBackEnd("told", (url) => ({ WEBHOOK_URL: url })),
      withBackEnd("asked", (url) => ({ BEFORE_PUBLISH_URL: url })),
    ],
  },
  delivery("cut off for 2 s", 0, [...withReaders, socketIoRecovery, socketIo, party]),
  delivery("cut off, the server untold", 1, withReaders.slice(0, 1).concat(socketIoRecovery)),
];

let port = 9_800;

/** Runs one measurement in a process of its own, which is ended as soon as it has printed its figures. */
function load(order: Order): Promise<Figures> {
  const child = spawn(process.execPath, ["--expose-gc", join(here, "load.ts"), JSON.stringify(order)], {
    timeout: LOAD_WITHIN_MS,
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

async function measure({ name, order }: Plan, target: Target): Promise<Measurement> {
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
    const figures = await load(full);
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

const wanted = PLANS.filter((plan) =>
  values.only === undefined ? !quick || plan.quick : plan.name.includes(values.only),
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
writeRun(RESULTS, run);
