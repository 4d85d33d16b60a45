// A local server as a user of the project runs it: `wrangler dev` with the real build, real sockets and real SQLite.
// Each has its own working copy.

import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { ROOT, removeCopy, serverCopy } from "./working-copy.ts";

export interface ServerOptions {
  /** Settings and secrets; by default those of `npm run dev`. */
  readonly vars?: Readonly<Record<string, string | number>>;
  /** By default a free port. */
  readonly port?: number;
  /**
   * The directory in which the objects store, which is kept; by default a directory that is removed with the server.
   */
  readonly stateDir?: string;
  /** The file of another Worker around the project's, relative to the project's directory. */
  readonly main?: string;
}

export interface LocalServer {
  /** The address with `BASE_PATH`, without a slash at its end. */
  readonly url: string;
  readonly port: number;
  readonly apiKey: string;
  /** Stops the server for good. */
  stop(): Promise<void>;
  /** Stops the server like a crash, without a close to any client; what was stored stays. */
  kill(): Promise<void>;
  /** Starts it again on the same port, with the same settings and storage. */
  restart(): Promise<void>;
  /** Starts another Worker, whose `wrangler.toml` stands in `folder`: its service bindings find this server. */
  startBoundWorker(folder: string): Promise<BoundWorker>;
}

export interface BoundWorker {
  readonly url: string;
  stop(): Promise<void>;
}

/** Less than the timeout of a test's hooks, so that the cause is reported. */
const READY_WITHIN_MS = 100_000;
const STOP_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 100;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const secret = () => randomBytes(32).toString("base64url");

export async function startServer(options: ServerOptions = {}): Promise<LocalServer> {
  const { port = await freePort(), stateDir, main } = options;
  const vars: Record<string, string | number> = {
    JWT_SECRET: secret(),
    API_KEYS: secret(),
    DEV_TOKENS: "on",
    ALLOWED_ORIGINS: "http://localhost:*,http://127.0.0.1:*",
    ...options.vars,
  };
  const copy = serverCopy(vars, main === undefined ? [] : [main]);
  const url = `http://localhost:${port}${vars.BASE_PATH ?? ""}`;
  const start = () => startProcess(copy, { stateDir: stateDir ?? join(copy, "state"), port, main });

  let process = await start().catch((error: unknown) => {
    removeCopy(copy);
    throw error;
  });
  return {
    url,
    port,
    apiKey: String(vars.API_KEYS).split(",")[0] ?? "",
    async stop() {
      await process.end("SIGTERM");
      removeCopy(copy);
    },
    kill: () => process.end("SIGKILL"),
    async restart() {
      await process.end("SIGKILL");
      process = await start();
    },
    async startBoundWorker(folder) {
      const ports = { stateDir: join(folder, "state"), port: await freePort() };
      const { end } = await startProcess(folder, { ...ports, registry: copy });
      return { url: `http://localhost:${ports.port}`, stop: () => end("SIGTERM") };
    },
  };
}

/**
 * Below the ports that the operating system gives to outgoing connections and to `listen(0)`: one of those could be taken
 * before the server listens, or while it restarts.
 */
const FIRST_PORT = 10_000;
const LAST_PORT = 32_000;

export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, LAST_PORT);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on("error", () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

interface ProcessOptions {
  readonly stateDir: string;
  readonly port: number;
  readonly main?: string | undefined;
  /** The folder in whose registry Workers find each other. Default: that of the Worker. */
  readonly registry?: string;
}

async function startProcess(copy: string, { stateDir, port, main, registry = copy }: ProcessOptions) {
  mkdirSync(stateDir, { recursive: true });
  const inspectorPort = await freePort();
  const args = [
    "dev",
    ...(main === undefined ? [] : [main]),
    "--port",
    String(port),
    "--inspector-port",
    String(inspectorPort),
  ];
  const child = spawn(
    "wrangler",
    [...args, "--persist-to", stateDir, "--show-interactive-dev-session=false"],
    {
      cwd: copy,
      // A process group of its own, because wrangler has children that outlive it.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: {
        ...process.env,
        PATH: `${join(ROOT, "node_modules/.bin")}${delimiter}${process.env.PATH}`,
        CLOUDFLARE_CF_FETCH_ENABLED: "false",
        WRANGLER_SEND_METRICS: "false",
        WRANGLER_REGISTRY_PATH: join(registry, "registry"),
        WRANGLER_LOG_PATH: join(copy, "logs"),
      },
    },
  );
  const output = outputOf(child);
  const end = (signal: "SIGTERM" | "SIGKILL") => endGroup(child, signal);
  const killAtExit = () => killGroup(child, "SIGKILL");
  process.once("exit", killAtExit);
  child.once("exit", () => process.off("exit", killAtExit));
  try {
    await untilReady(child, `http://localhost:${port}/health`);
  } catch (cause) {
    await end("SIGKILL");
    throw new Error(`The local server did not start:\n${output()}`, { cause });
  }
  return { end };
}

async function untilReady(child: ChildProcess, health: string): Promise<void> {
  const giveUpAt = Date.now() + READY_WITHIN_MS;
  while (Date.now() < giveUpAt) {
    if (hasEnded(child)) throw new Error("it ended");
    const answer = await fetch(health, { signal: AbortSignal.timeout(READY_WITHIN_MS) }).catch(
      () => undefined,
    );
    await answer?.body?.cancel();
    // A server that reports wrong settings is up too.
    if (answer !== undefined) return;
    await pause(LOOK_EVERY_MS);
  }
  throw new Error(`no answer within ${READY_WITHIN_MS} ms`);
}

async function endGroup(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): Promise<void> {
  killGroup(child, signal);
  const giveUpAt = Date.now() + STOP_WITHIN_MS;
  while (groupLives(child)) {
    if (Date.now() > giveUpAt) killGroup(child, "SIGKILL");
    await pause(LOOK_EVERY_MS);
  }
}

function killGroup({ pid }: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // No process of the group is left.
  }
}

function groupLives(child: ChildProcess): boolean {
  if (child.pid === undefined) return false;
  try {
    return process.kill(-child.pid, 0);
  } catch {
    return false;
  }
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess) => exitCode !== null || signalCode !== null;

function outputOf(child: ChildProcess): () => string {
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => chunks.push(chunk.toString()));
  }
  return () => chunks.join("").slice(-4_000);
}
