// The servers under load, each a process of its own that is started for one measurement and stopped after it.

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { build } from "esbuild";
import { API_KEY, type DialectName, SECRET } from "./dialect.ts";
import { configureWorkerd, workerdBinary } from "./workerd.ts";

export interface Server {
  readonly port: number;
  readonly pid: number;
  stop(): Promise<void>;
}

export interface Target {
  readonly name: string;
  /** Whether a message is stored before it is delivered. */
  readonly stores: boolean;
  readonly dialect: DialectName;
  /** The client that is measured: the module of a built package. */
  readonly client?: string | undefined;
  start(port: number): Promise<Server>;
}

const here = import.meta.dirname;
const root = join(here, "../..");
const peer = (file: string) => join(here, "peers", file);
const START_WITHIN_MS = 15_000;

/** Everything is on, and the rate limit is raised. */
const OUR_VARS = {
  JWT_SECRET: SECRET,
  API_KEYS: API_KEY,
  RATE_PER_SECOND: "1000000",
  RATE_BURST: "1000000",
  USER_BUDGET_PER_DAY: "0",
  MAX_CONNECTIONS_PER_USER: "32000",
};

export const OUR_OBJECTS = { ROOMS: "RoomObject", USERS: "UserObject", REGISTRY: "RegistryObject" };

/** An older checkout has no relays. */
const objectsOf = (checkout: string | undefined): Readonly<Record<string, string>> => ({
  ...OUR_OBJECTS,
  ...(existsSync(join(checkout ?? root, "src/relay")) && { RELAYS: "RelayObject" }),
});

/** The production bundles, by the checkout that they are of. Each is built once. */
const bundles = new Map<string, string>();

export function ourBundle(checkout = root): string {
  let bundled = bundles.get(checkout);
  if (bundled === undefined) {
    const outdir = mkdtempSync(join(tmpdir(), "edge-rooms-bundle-"));
    const env = {
      ...process.env,
      CI: "true",
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
      WRANGLER_SEND_METRICS: "false",
    };
    execFileSync("wrangler", ["deploy", "--dry-run", "--outdir", outdir], {
      cwd: checkout,
      env,
      stdio: "pipe",
    });
    bundled = join(outdir, "index.js");
    bundles.set(checkout, bundled);
    process.on("exit", () => rmSync(outdir, { recursive: true, force: true }));
  }
  return bundled;
}

/** Writes `main.js` into `dir`: workerd embeds only what is beside its configuration. */
type Bundle = (dir: string) => Promise<void> | void;

const ours =
  (checkout: string | undefined): Bundle =>
  (dir) =>
    copyFileSync(ourBundle(checkout), join(dir, "main.js"));

const peerBundle =
  (file: string): Bundle =>
  async (dir) => {
    await build({
      entryPoints: [peer(file)],
      outfile: join(dir, "main.js"),
      bundle: true,
      format: "esm",
      target: "es2022",
      external: ["cloudflare:*", "node:*"],
      logLevel: "error",
    });
  };

async function runWorkerd(
  port: number,
  bundle: Bundle,
  objects: Readonly<Record<string, string>>,
  more: { vars?: Readonly<Record<string, string>>; flags?: readonly string[]; heapMb?: number } = {},
): Promise<Server> {
  const dir = mkdtempSync(join(tmpdir(), "edge-rooms-bench-"));
  mkdirSync(join(dir, "storage"));
  await bundle(dir);
  const config = configureWorkerd({ dir, port, objects, ...more });
  const server = await run(workerdBinary(), ["serve", config], port);
  return {
    ...server,
    async stop() {
      await server.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** As in wrangler.toml. */
export const OUR_FLAGS = ["enable_request_signal", "no_web_socket_compression"];

interface OurOptions {
  /** The memory limit of the isolates. There is none by default. */
  readonly heapMb?: number;
  readonly flags?: readonly string[];
  readonly vars?: Readonly<Record<string, string>>;
  /** The folder of another checkout, whose server is measured. Default: this one. */
  readonly checkout?: string;
}

export const edgeRooms = ({
  flags = OUR_FLAGS,
  vars = {},
  checkout,
  ...bounds
}: OurOptions = {}): Target => ({
  name: "Edge Rooms",
  stores: true,
  dialect: "edgeRooms",
  start: (port) =>
    runWorkerd(port, ours(checkout), objectsOf(checkout), {
      vars: { ...OUR_VARS, ...vars },
      flags,
      ...bounds,
    }),
});

/** A server whose back end is told of each message, or asked before. The back end answers at once. */
export const withBackEnd = (
  name: string,
  varsFor: (url: string) => Readonly<Record<string, string>>,
): Target => ({
  ...edgeRooms(),
  name,
  async start(port) {
    const backEnd = createServer((request, response) => {
      request.resume().on("end", () => response.end('{"action":"pass"}'));
    });
    await new Promise<void>((resolve) => backEnd.listen(0, "127.0.0.1", resolve));
    const address = backEnd.address();
    const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`;
    // A back end on this machine is for development only.
    const vars = { DEV_TOKENS: "on", WEBHOOK_SECRET: SECRET, ...varsFor(url) };
    const server = await edgeRooms({ vars }).start(port);
    return {
      ...server,
      async stop() {
        await server.stop();
        backEnd.closeAllConnections();
        backEnd.close();
      },
    };
  },
});

/** Only the client of a build is measured, and needs no server. */
export const clientOf = (name: string, client: string): Target => ({
  name,
  stores: false,
  dialect: "edgeRooms",
  client,
  start: async (port) => ({ port, pid: process.pid, stop: async () => {} }),
});

const node = (name: string, file: string, dialect: DialectName, ...more: readonly string[]): Target => ({
  name,
  stores: false,
  dialect,
  start: (port) => run(process.execPath, [peer(file), String(port), ...more], port),
});

export const socketIo = node("Socket.IO", "socket-io.js", "socketIo");
/** Connection state recovery with its defaults, and the adapter in memory. */
export const socketIoRecovery = node("Socket.IO, recovery", "socket-io.js", "socketIo", "recovery");
export const ws = node("ws", "ws.js", "plain");

export const bun: Target = {
  name: "Bun publish",
  stores: false,
  dialect: "plain",
  start: (port) => run(join(here, "node_modules/.bin/bun"), [peer("bun.js"), String(port)], port),
};

export const party: Target = {
  name: "partyserver",
  stores: false,
  dialect: "plain",
  start: (port) => runWorkerd(port, peerBundle("party.js"), { Main: "Main" }),
};

/** `heapMb`: the memory limit of the isolates. There is none by default. */
export const floor = (bounds: { readonly heapMb?: number } = {}): Target =>
  bareObject("bare object", "Floor", bounds);

/** What it writes, no room can spare. */
export const storingFloor: Target = {
  ...bareObject("bare object that stores", "StoringFloor"),
  stores: true,
};

/** It sends as many frames as a room, of about as many bytes. */
export const gatheringFloor = bareObject("bare object that gathers", "GatheringFloor");

/** `type`: a class of `peers/floor.js`. */
function bareObject(name: string, type: string, bounds: { readonly heapMb?: number } = {}): Target {
  return {
    name,
    stores: false,
    dialect: "plain",
    start: (port) => runWorkerd(port, peerBundle("floor.js"), { FLOOR: type }, bounds),
  };
}

/** Bare objects that do the steps of a first opening. */
export const openingFloor: Target = {
  name: "bare openings",
  stores: true,
  dialect: "plain",
  start: (port) => runWorkerd(port, peerBundle("opening.js"), { ROOMS: "Room", USERS: "User" }),
};

export const calls: Target = {
  name: "bare objects",
  stores: false,
  dialect: "plain",
  start: (port) => runWorkerd(port, peerBundle("calls.js"), { CALLER: "Caller", CALLED: "Called" }),
};

/** No server is left running, whatever happens. */
const running = new Set<() => void>();
process.on("exit", () => {
  for (const kill of running) kill();
});

/** `onLine` is called with each line that it writes. */
export async function run(
  command: string,
  args: readonly string[],
  port: number,
  onLine?: (line: string) => void,
): Promise<Server> {
  const stdout = onLine === undefined ? "ignore" : "pipe";
  const child = spawn(command, args, { stdio: ["ignore", stdout, "pipe"], detached: true });
  let complaint = "";
  child.stderr?.on("data", (data) => {
    complaint = `${complaint}${data}`.slice(-2_000);
  });
  if (onLine !== undefined)
    for (const input of [child.stdout, child.stderr])
      if (input !== null) createInterface({ input }).on("line", onLine);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} cannot be started`);
  const kill = () => {
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // The process has ended already.
    }
  };
  running.add(kill);
  const giveUpAt = Date.now() + START_WITHIN_MS;
  while (!(await isListening(port))) {
    if (Date.now() > giveUpAt || child.exitCode !== null)
      throw new Error(`${command} did not start: ${complaint}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    port,
    pid,
    async stop() {
      const gone = ended(child);
      kill();
      await gone;
      running.delete(kill);
    },
  };
}

const ended = (child: ChildProcess): Promise<unknown> =>
  child.exitCode === null && child.signalCode === null
    ? new Promise((resolve) => child.once("exit", resolve))
    : Promise.resolve();

const isListening = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    const end = (listening: boolean) => {
      socket.destroy();
      resolve(listening);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
