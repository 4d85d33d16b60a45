// The example token servers, each in its language: what they make opens the rooms that it names, and no others.
// A language that is not on this machine has no test here; which are, is printed.

import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { freePort, type LocalServer } from "../support/local-server.ts";
import { startTestServer, uniqueName, waitFor } from "./support/world.ts";

const EXAMPLES = join(import.meta.dirname, "../../client/examples/token-servers");
/** Each language has to take its bytes as UTF-8. */
const JWT_SECRET = "ein-Schlüssel-日本-der-lang-genug-ist";

interface Language {
  readonly name: string;
  readonly version: readonly [string, ...string[]];
  /** What serves on the port. `made` is a file that `make` made. */
  readonly serve: (port: number, made: string) => readonly [string, ...string[]];
  readonly make?: (made: string) => readonly [string, ...string[]];
}

const file = (name: string) => join(EXAMPLES, name);

const LANGUAGES: readonly Language[] = [
  { name: "Node", version: ["node", "--version"], serve: () => ["node", file("token.mjs")] },
  { name: "Python", version: ["python3", "--version"], serve: () => ["python3", file("token.py")] },
  {
    name: "PHP",
    version: ["php", "--version"],
    serve: (port) => ["php", "-d", "display_errors=0", "-S", `127.0.0.1:${port}`, file("token.php")],
  },
  { name: "Ruby", version: ["ruby", "--version"], serve: () => ["ruby", file("token.rb")] },
  {
    name: "Go",
    version: ["go", "version"],
    make: (made) => ["go", "build", "-o", made, file("token.go")],
    serve: (_, made) => [made],
  },
];

const versionOf = ({ version: [command, ...args] }: Language): string | undefined => {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8" });
  return status === 0 ? stdout.split("\n")[0] : undefined;
};

const here = LANGUAGES.filter((language) => versionOf(language) !== undefined);
console.log(`Token servers are tested in: ${here.map((language) => versionOf(language)).join("; ")}`);

let server: LocalServer;
const folder = mkdtempSync(join(tmpdir(), "token-servers-"));

beforeAll(async () => {
  server = await startTestServer({ JWT_SECRET });
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server?.stop();
});

/** The address of a token server, and whether it has ended by itself. */
async function start({ name, make, serve }: Language, secret: string | undefined) {
  const made = join(folder, name);
  if (make !== undefined) {
    const [command, ...args] = make(made);
    const { status, stderr } = spawnSync(command, args, { encoding: "utf8" });
    if (status !== 0) throw new Error(stderr);
  }
  const port = await freePort();
  const [command, ...args] = serve(port, made);
  const { JWT_SECRET: _, ...env } = process.env;
  const child = spawn(command, args, {
    stdio: "ignore",
    env: { ...env, PORT: String(port), ...(secret !== undefined && { JWT_SECRET: secret }) },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null;
  return { url: `http://127.0.0.1:${port}`, hasEnded };
}

const answerOf = (url: string) => fetch(url).catch(() => undefined);

async function statusOf(token: string, method: "GET" | "POST", path: string): Promise<number> {
  const headers = { Authorization: `Bearer ${token}` };
  const body = method === "POST" ? JSON.stringify({ data: { text: "Hi" } }) : null;
  return (await fetch(server.url + path, { method, headers, body })).status;
}

describe.each(here)("the token server in $name", (language) => {
  it("[A54] makes tokens that open the rooms that they name", async () => {
    const { url } = await start(language, JWT_SECRET);
    const response = await waitFor(`${language.name} answers`, () => answerOf(`${url}/token`));
    expect(response.status).toBe(200);
    expect(response.headers.get("Cache-Control")).toBe("no-store");
    const token = await response.text();
    const { iat = 0, exp = 0, ...claims } = decodeJwt(token);
    expect(claims).toEqual({ sub: "usr_1", name: "Ada", rooms: { "project_*": "write" } });
    expect([Number.isInteger(iat), exp - iat]).toEqual([true, 3_600]);
    const room = uniqueName("project");
    expect(await statusOf(token, "POST", `/v1/rooms/${room}/messages`)).toBe(201);
    expect(await statusOf(token, "GET", "/v1/me/notifications")).toBe(200);
    expect(await statusOf(token, "GET", `/v1/rooms/${uniqueName("other")}/messages`)).toBe(403);
    expect((await fetch(`${url}/elsewhere`)).status).toBeGreaterThan(400);
  });

  it("[A54] makes none without a secret", async () => {
    const { url, hasEnded } = await start(language, undefined);
    const response = await waitFor(`${language.name} ends or refuses`, async () => {
      const answer = await answerOf(`${url}/token`);
      return answer ?? (hasEnded() && "ended");
    });
    expect(response === "ended" || response.status >= 500).toBe(true);
  });
});
