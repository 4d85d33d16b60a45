// The receivers of docs/webhooks.md, run as they stand there.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join as pathOf } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { freePort } from "../support/local-server.ts";
import { WEBHOOK_SECRET } from "../support/webhook-receiver.ts";
import { publishTo } from "./support/told-server.ts";
import { startTestServer, uniqueName, waitFor } from "./support/world.ts";

const ROOT = pathOf(import.meta.dirname, "../..");
const page = readFileSync(pathOf(ROOT, "docs/webhooks.md"), "utf8");

function blockOf(language: string): string {
  const code = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "s").exec(page)?.[1];
  if (code === undefined) throw new Error(`docs/webhooks.md has no ${language}`);
  // Of the sources, so that nothing has to be built.
  return code.replace('"edge-rooms/server"', JSON.stringify(pathOf(ROOT, "client/server/index.ts")));
}

async function receiverIn(language: string, command: string, file: string) {
  const dir = mkdtempSync(pathOf(tmpdir(), "edge-rooms-page-"));
  writeFileSync(pathOf(dir, file), blockOf(language));
  const port = await freePort();
  const env = { ...process.env, PORT: String(port), WEBHOOK_SECRET };
  const child: ChildProcess = spawn(command, [file], { cwd: dir, env, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream?.on("data", (chunk: Buffer) => {
      output += chunk;
    });
  onTestFinished(() => {
    child.kill("SIGKILL");
    rmSync(dir, { recursive: true, force: true });
  });
  const url = `http://127.0.0.1:${port}`;
  await waitFor("a receiver", () => fetch(url, { method: "POST", body: "{}" }).catch(() => undefined));
  return { url, output: () => output };
}

const RECEIVERS = [
  { language: "js", command: process.execPath, file: "receiver.mjs" },
  { language: "python", command: "python3", file: "receiver.py" },
];

describe("a receiver of docs/webhooks.md", () => {
  it.each(RECEIVERS)("[Z78] in $language takes what is signed, and nothing else", async (one) => {
    if (spawnSync(one.command, ["--version"]).status !== 0) throw new Error(`no ${one.command}`);
    const { url, output } = await receiverIn(one.language, one.command, one.file);
    const forged = { method: "POST", body: '{"events":[{"id":"x","type":"forged","room":"r"}]}' };
    expect((await fetch(url, forged)).status).toBe(401);
    const headers = { "Edge-Rooms-Signature": `t=${Math.floor(Date.now() / 1_000)},v1=${"0".repeat(64)}` };
    expect((await fetch(url, { ...forged, headers })).status).toBe(401);
    const server = await startTestServer({ WEBHOOK_URL: url, WEBHOOK_SECRET });
    onTestFinished(() => server.stop());
    const room = uniqueName("page");
    await publishTo(server, room, "hello");
    await waitFor("the event", () => output().includes(`message.stored ${room}`));
    expect(output()).not.toContain("forged");
  });
});
