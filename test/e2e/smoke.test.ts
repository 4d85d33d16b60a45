// `npm run smoke` beside a real server.

import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { LocalServer } from "../support/local-server.ts";
import { startTestServer, tokenFor } from "./support/world.ts";

let server: LocalServer;

beforeAll(async () => {
  // Those of a deployment: fewer messages fit.
  server = await startTestServer({ RATE_PER_SECOND: 10, RATE_BURST: 30, BASE_PATH: "/rooms" });
});
afterAll(() => server.stop());

const smoke = (...options: string[]) =>
  promisify(execFile)(process.execPath, [resolve("src/tools/smoke.ts"), server.url, ...options], {
    env: { ...process.env, API_KEY: server.apiKey },
  });

it("[O43] sees that a deployment is well, says so in a line for each check, and leaves no room behind", async () => {
  const { stdout, stderr } = await smoke("--timeout", "20");
  expect(stderr).toBe("");
  expect(stdout).not.toContain(server.apiKey);
  const lines = stdout.trim().split("\n");
  expect(lines.at(0)).toBe(server.url);
  expect(lines.at(-1)).toMatch(/^All is well, seen in [\d.]+ s$/);
  expect(lines.slice(1, -1).map((line) => line.slice(0, 21).trimEnd())).toEqual(
    [
      ...["health", "API key", "tokens", "connect", "clock", "compression", "send", "latency"],
      ...["heartbeat", "replay", "notify", "refusal", "kick", "purge"],
    ].map((name) => `ok      ${name}`),
  );
  const Authorization = `Bearer ${await tokenFor("smoke_ada")}`;
  const followed = await fetch(`${server.url}/v1/me/rooms`, { headers: { Authorization } });
  expect(await followed.json()).toEqual({ rooms: [] });
});

it("[O43] says the same as JSON, with an exit code", async () => {
  const { stdout } = await smoke("--timeout", "20", "--json");
  const said = JSON.parse(stdout);
  expect(said).toMatchObject({ url: server.url, ok: true, seconds: expect.any(Number) });
  expect(said.checks[0]).toEqual({ name: "health", outcome: "ok", detail: expect.stringContaining("well") });
  const failed = await promisify(execFile)(process.execPath, ["src/tools/smoke.ts", server.url, "--json"], {
    env: { ...process.env, API_KEY: "not-the-key" },
  }).catch((error: { code: number; stdout: string }) => error);
  expect(failed).toMatchObject({ code: 1 });
  expect(JSON.parse(failed.stdout)).toMatchObject({ ok: false });
});
