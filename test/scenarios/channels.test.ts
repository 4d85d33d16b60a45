// The first user, of channels: a program in Python, `channels.py` beside this file, hears notifications, a dashboard and
// a project on one socket. Whatever happens to its network and to itself, it hears all that `curl` says, each once.

import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Network } from "../e2e/support/network.ts";
import { callAsServer, startTestServer, waitFor } from "../e2e/support/world.ts";
import type { LocalServer } from "../support/local-server.ts";

const PYTHON = "/usr/bin/python3";
const hasLibrary = spawnSync(PYTHON, ["-c", "import websockets"]).status === 0;
if (!hasLibrary)
  console.warn("No `websockets` of Python: its user is left out (apt-get install python3-websockets).");

const ROOMS = ["dashboard_updates", "project_123"] as const;
const run = promisify(execFile);

interface Heard {
  readonly channel: string;
  readonly type: string;
  readonly seq: number;
  readonly title?: string;
  readonly event?: string;
  readonly data: unknown;
}

/** The program, as often as it is started: what it has heard in all, and where it is now. */
class Listener {
  readonly heard: Heard[] = [];
  readonly #env: NodeJS.ProcessEnv;
  #notes: string[] = [];
  #program: ChildProcess | undefined;

  constructor(env: Readonly<Record<string, string>>) {
    this.#env = { ...process.env, ...env };
  }

  /** Resolves when the inbox and both rooms are live. */
  async start(): Promise<void> {
    const program = spawn(PYTHON, [join(import.meta.dirname, "channels.py")], {
      env: this.#env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#program = program;
    createInterface(program.stdout).on("line", (line) => this.heard.push(JSON.parse(line)));
    createInterface(program.stderr).on("line", (line) => this.#notes.push(line));
    await this.live();
  }

  async live(): Promise<void> {
    const wanted = ["inbox", ...ROOMS].map((channel) => `live: ${channel}`);
    await waitFor(`the program is live`, () => {
      if (this.#program?.exitCode !== null) throw new Error(this.#notes.join("\n"));
      return wanted.every((line) => this.#notes.includes(line));
    });
    this.#notes = [];
  }

  /** Resolves when the program has found that its connection is gone. */
  async notes(text: string): Promise<void> {
    await waitFor(`the program says "${text}"`, () => this.#notes.includes(text));
  }

  signal(name: "SIGSTOP" | "SIGCONT"): void {
    this.#program?.kill(name);
  }

  async kill(): Promise<void> {
    const program = this.#program;
    if (program === undefined || program.exitCode !== null || program.signalCode !== null) return;
    const ended = new Promise((resolve) => program.once("close", resolve));
    program.kill("SIGKILL");
    await ended;
  }

  /** What was heard of a channel: titles of notifications, and what messages say. */
  in(channel: string): unknown[] {
    return this.heard
      .filter((event) => event.channel === channel)
      .map(({ title, event, data }) => title ?? (event === "report" ? event : data));
  }
}

describe.skipIf(!hasLibrary)("channels", () => {
  const folder = mkdtempSync(join(tmpdir(), "edge-rooms-channels-"));
  const cursorsFile = join(folder, "cursors.json");
  let server: LocalServer;
  let network: Network;
  let program: Listener;

  beforeAll(async () => {
    server = await startTestServer({ PING_MS: 1_000, PONG_MS: 3_000 });
    network = await Network.to(server.port);
    program = new Listener({
      EDGE_ROOMS_URL: network.url,
      TOKEN_URL: `${server.url}/dev/token?user=ada`,
      ROOMS: ROOMS.join(),
      CURSORS: cursorsFile,
    });
  });
  afterAll(async () => {
    await program?.kill();
    await network?.close();
    await server?.stop();
    rmSync(folder, { recursive: true });
  });

  /** As a back end without a library does it. */
  async function post(path: string, body: object): Promise<{ readonly results: readonly object[] }> {
    const headers = ["-H", `Authorization: Bearer ${server.apiKey}`];
    const args = ["-sS", "--fail-with-body", server.url + path, ...headers, "-d", JSON.stringify(body)];
    return JSON.parse((await run("curl", args)).stdout);
  }
  const notify = (title: string) => post("/v1/notify", { user: "ada", title, message: "", id: title });
  const broadcast = (event: string, data: unknown) => post("/v1/broadcast", { rooms: ROOMS, event, data });

  const hears = (channel: string, count: number) =>
    waitFor(`${count} events of ${channel}`, () => program.in(channel).length >= count);

  it("[O65] a program in Python hears its inbox and two rooms on one socket, whatever is cut or killed", async () => {
    await program.start();
    expect(await notify("Build completed")).toMatchObject({
      results: [{ user: "ada", seq: 1, delivered: 1 }],
    });
    const [dashboard, project] = ROOMS;
    expect(await broadcast("chart.updated", 1)).toMatchObject({
      results: [
        { room: dashboard, seq: 1 },
        { room: project, seq: 1 },
      ],
    });
    await post(`/v1/rooms/${project}/messages`, { event: "task.created", data: { id: 7 } });
    await post("/v1/rooms/project_456/messages", {
      event: "task.created",
      data: "of a room that it is not in",
    });
    await Promise.all([hears("inbox", 1), hears(dashboard, 1), hears(project, 2)]);
    expect(await callAsServer(server, "GET", "/v1/users/ada")).toMatchObject({
      online: true,
      connections: 1,
    });

    // Its socket is cut, and it notices only after all this was said.
    program.signal("SIGSTOP");
    network.cut();
    await notify("Deploy started");
    await broadcast("chart.updated", 2);
    await broadcast("chart.updated", 3);
    program.signal("SIGCONT");
    await program.live();
    await Promise.all([hears("inbox", 2), hears(dashboard, 3), hears(project, 4)]);
    await broadcast("chart.updated", 4);
    await Promise.all([hears(dashboard, 4), hears(project, 5)]);

    // Nothing arrives any more, and nobody says so: no heartbeat is answered.
    network.freeze("down");
    await notify("Tests passed");
    await program.notes("away: no pong");
    network.cut();
    await program.live();
    await hears("inbox", 3);

    // It is killed, when it has saved how far it got. Meanwhile the project gets more than one replay holds, which is 1 MiB.
    await waitFor("the cursors are saved", () => {
      const cursors: Readonly<Record<string, string>> = JSON.parse(readFileSync(cursorsFile, "utf8"));
      return ["inbox", ...ROOMS].map((name) => cursors[name]?.split(".")[1]).join() === "3,4,5";
    });
    await program.kill();
    await Promise.all([notify("Deploy completed"), broadcast("chart.updated", 5)]);
    const report = { text: "x".repeat(30_000) };
    for (let n = 0; n < 40; n++)
      await callAsServer(server, "POST", `/v1/rooms/${project}/messages`, { event: "report", data: report });
    await program.start();
    await Promise.all([hears("inbox", 4), hears(dashboard, 5), hears(project, 46)]);
    await Promise.all([notify("All is well"), broadcast("chart.updated", 6)]);
    await Promise.all([hears("inbox", 5), hears(dashboard, 6), hears(project, 47)]);

    // All that was said, each once and in its order.
    const titles = ["Build completed", "Deploy started", "Tests passed", "Deploy completed", "All is well"];
    expect(program.in("inbox")).toEqual(titles);
    const task = { id: 7 };
    expect(program.in(dashboard)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(program.in(project)).toEqual([
      1,
      task,
      2,
      3,
      4,
      5,
      ...Array.from({ length: 40 }, () => "report"),
      6,
    ]);
    const numbers = program.heard.filter(({ channel }) => channel === project).map(({ seq }) => seq);
    expect(numbers).toEqual(Array.from({ length: 47 }, (_, n) => n + 1));
    expect(program.heard.filter(({ type }) => type === "lost")).toEqual([]);
  });

  it("[O68] the module of docs/migrating.md notifies and broadcasts, once for each id", async () => {
    const page = readFileSync(join(import.meta.dirname, "../../docs/migrating.md"), "utf8");
    const module = /```python\n(import .*?)```/s.exec(page)?.[1] ?? "";
    const calls = `
async def main():
    for title in ["Build completed", "Build completed again"]:
        print(json.dumps(await notify_user("eve", title, "All tests passed", id="build-456")))
    print(json.dumps(await broadcast_to_room("project_789", "task.created", {"id": 7})))

asyncio.run(main())
`;
    const env = { ...process.env, EDGE_ROOMS_URL: server.url, EDGE_ROOMS_API_KEY: server.apiKey };
    const { stdout } = await run(PYTHON, ["-c", module + calls], { env });
    const [first, again, stored] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(first.results).toEqual([{ user: "eve", seq: 1, delivered: 0 }]);
    expect(again.results).toMatchObject([{ user: "eve", seq: 1, duplicate: true }]);
    expect(stored).toMatchObject({ seq: 1 });
  });
});
