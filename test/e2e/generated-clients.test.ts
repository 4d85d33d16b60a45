// Clients in Python and Go, generated from the OpenAPI document that a server serves, and used against it. The generator is
// of 2020, the last one that npm has with its program inside; it reads version 3.0. What the clients need beside it are
// packages of Debian. A language that is not on this machine has no test here; which are, is printed.

import { execFile, spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openApi30 } from "../support/contract/open-api-30.ts";
import type { LocalServer } from "../support/local-server.ts";
import { callAsServer, startTestServer, uniqueName } from "./support/world.ts";

const GENERATOR = "@openapitools/openapi-generator-cli@1.0.18-4.3.1";
const DEBIAN_GO = "/usr/share/gocode";
const PYTHON = "/usr/bin/python3";
const PROGRAMS = join(import.meta.dirname, "support/generated");

const run = promisify(execFile);
const works = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;

interface Language {
  readonly name: string;
  readonly generator: string;
  readonly packageName: string;
  readonly isHere: () => boolean;
  /** Runs the program on the generated client in `folder`. */
  readonly start: (folder: string, args: readonly string[]) => Promise<string>;
}

const python: Language = {
  name: "Python",
  generator: "python",
  packageName: "edge_rooms",
  isHere: () => works(PYTHON, "-c", "import urllib3, dateutil, six, certifi"),
  async start(folder, args) {
    const { stdout } = await run(PYTHON, [join(PROGRAMS, "rooms.py"), ...args], {
      env: { PYTHONPATH: folder },
    });
    return stdout;
  },
};

const go: Language = {
  name: "Go",
  // The one that tells a field that is left out from one that is empty.
  generator: "go-experimental",
  packageName: "edgerooms",
  isHere: () => works("go", "version") && works("ls", `${DEBIAN_GO}/src/golang.org/x/oauth2`),
  async start(folder, args) {
    const workspace = `${folder}-workspace`;
    mkdirSync(join(workspace, "src/app"), { recursive: true });
    cpSync(folder, join(workspace, "src/edgerooms"), { recursive: true });
    cpSync(join(PROGRAMS, "rooms.go"), join(workspace, "src/app/main.go"));
    const program = join(workspace, "program");
    const env = { ...process.env, GO111MODULE: "off", GOFLAGS: "", GOPATH: `${workspace}:${DEBIAN_GO}` };
    await run("go", ["build", "-o", program, "."], { cwd: join(workspace, "src/app"), env });
    const { stdout } = await run(program, [...args]);
    return stdout;
  },
};

const languages = works("java", "-version") ? [python, go].filter(({ isHere }) => isHere()) : [];
console.log(
  `Clients are generated in: ${languages.map(({ name }) => name).join(", ") || "none (see .ci/run)"}`,
);

const folder = mkdtempSync(join(tmpdir(), "generated-clients-"));
let server: LocalServer;

beforeAll(async () => {
  server = await startTestServer({ BASE_PATH: "/realtime" });
  writeFileSync(join(folder, "package.json"), "{}");
  await run("npm", ["install", "--no-audit", "--no-fund", "--ignore-scripts", GENERATOR], { cwd: folder });
  const document = await fetch(`${server.url}/v1/openapi.json`);
  writeFileSync(join(folder, "openapi.json"), JSON.stringify(openApi30(await document.json())));
});
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await server?.stop();
});

async function generate({ generator, packageName }: Language): Promise<string> {
  const to = join(folder, generator);
  const jar = join(folder, "node_modules/@openapitools/openapi-generator-cli/bin/openapi-generator.jar");
  const input = ["-i", join(folder, "openapi.json"), "-g", generator, "-o", to];
  await run(
    "java",
    ["-jar", jar, "generate", ...input, `--additional-properties=packageName=${packageName}`],
    {
      maxBuffer: 2 ** 26,
    },
  );
  return to;
}

describe.each(languages)("a client in $name that is generated from the OpenAPI document", (language) => {
  it("[Z210] publishes, reads, notifies, and understands a refusal", async () => {
    const client = await generate(language);
    const [room, user] = [uniqueName("generated"), uniqueName("ada")];
    const said = JSON.parse(await language.start(client, [server.apiKey, room, user]));
    const id = `${language.name.toLowerCase()}-1`;
    const data = { text: `from ${language.name}`, parts: [1, null] };
    expect(said).toEqual({
      host: server.url,
      seq: 1,
      duplicate: [null, true, 1],
      messages: [[1, "chat", user, data, ["bo"]]],
      notified: [[user, 1]],
      refusal: [404, "not_found"],
    });
    const stored = await callAsServer<{ messages: unknown[] }>(server, "GET", `/v1/rooms/${room}/messages`);
    expect(stored.messages).toMatchObject([{ id, data, from: { id: user }, byServer: true }]);
  });
});
