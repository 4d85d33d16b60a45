// workerd itself, without the processes of `wrangler dev` around it, on one port and one folder of storage. It is killed with
// SIGKILL, and started again on what that left.

import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OUR_FLAGS, OUR_OBJECTS, ourBundle, run, type Server } from "../bench/servers.ts";
import { configureWorkerd, workerdBinary } from "../bench/workerd.ts";
import { API_KEY, JWT_SECRET } from "../e2e/support/world.ts";
import { freePort } from "../support/local-server.ts";

const VARS = {
  JWT_SECRET,
  API_KEYS: API_KEY,
  RATE_PER_SECOND: "100000",
  RATE_BURST: "100000",
  USER_BUDGET_PER_DAY: "0",
  // Connections that half of the network has forgotten still count.
  MAX_CONNECTIONS_PER_USER: "32000",
  PING_MS: "2000",
  PONG_MS: "1000",
};

/** Each room has several relays. */
const RELAYED = { RELAY_ABOVE: "0", RELAY_CONNECTIONS: "3" };

/** Of the log of the Worker, or of workerd. */
const ERROR = /"level":"error"|uncaught|exception/i;

export class KilledServer {
  readonly port: number;
  readonly #dir: string;
  readonly #config: string;
  readonly #errors: string[] = [];
  #process: Server | undefined;

  private constructor(port: number, dir: string, config: string) {
    this.port = port;
    this.#dir = dir;
    this.#config = config;
    // Whatever ends this process.
    process.once("exit", () => this.#remove());
  }

  /** `isRelayed`: all sockets of rooms are at relays. */
  static async start(isRelayed = false): Promise<KilledServer> {
    const port = await freePort();
    const dir = mkdtempSync(join(tmpdir(), "edge-rooms-torture-"));
    mkdirSync(join(dir, "storage"));
    copyFileSync(ourBundle(), join(dir, "main.js"));
    const objects = { ...OUR_OBJECTS, RELAYS: "RelayObject" };
    const vars = isRelayed ? { ...VARS, ...RELAYED } : VARS;
    const config = configureWorkerd({ dir, port, objects, vars, flags: OUR_FLAGS });
    const server = new KilledServer(port, dir, config);
    await server.start();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    this.#process ??= await run(workerdBinary(), ["serve", this.#config], this.port, (line) => {
      if (ERROR.test(line)) this.#errors.push(line);
    });
  }

  /** What it has complained of since this was called last. A kill, a lost client and a refusal are no errors. */
  takeErrors(): readonly string[] {
    return this.#errors.splice(0);
  }

  /** Resolves when the process is gone. */
  async kill(): Promise<void> {
    const killed = this.#process;
    this.#process = undefined;
    await killed?.stop();
  }

  async close(): Promise<void> {
    await this.kill();
    this.#remove();
  }

  #remove(): void {
    rmSync(this.#dir, { recursive: true, force: true, maxRetries: 5 });
  }
}
