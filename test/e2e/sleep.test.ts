// A program in Node whose machine sleeps, here a process that is stopped for a while, beside a real server.

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { LocalServer } from "../support/local-server.ts";
import { Network } from "./support/network.ts";
import { startTestServer, tokenFor, uniqueName, waitFor } from "./support/world.ts";

/** Longer than the client takes a late timer for. */
const SLEEP_MS = 5_000;

/**
 * The unit tests hold it to 2 s. This is how long a busy machine may take, and less than the heartbeat needs without the
 * hint of the clock: at least the rest of 25 s, and the 10 s in which its pong may come.
 */
const FOUND_WITHIN_MS = 15_000;

const directory = mkdtempSync(join(tmpdir(), "edge-rooms-sleep-"));
let server: LocalServer;
let network: Network;

beforeAll(async () => {
  server = await startTestServer();
  network = await Network.to(server.port);
  await build({
    entryPoints: [join(import.meta.dirname, "../../client/index.ts")],
    outfile: join(directory, "client.mjs"),
    ...{ bundle: true, format: "esm", target: "es2022", platform: "neutral" },
  });
});
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await network?.close();
  await server?.stop();
});

it("[C135][C136] finds soon after it woke that its socket died meanwhile, and reconnects", async () => {
  const file = join(directory, "program.mjs");
  writeFileSync(
    file,
    `import { createClient } from "./client.mjs";
    const client = createClient({ url: "${network.url}", getToken: () => "${await tokenFor("ada")}", log: "off" });
    const room = client.room("${uniqueName("asleep")}");
    room.on("state", ({ status }) => console.log(Date.now(), status));`,
  );
  const program = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "inherit"] });
  try {
    let output = "";
    program.stdout.on("data", (text) => {
      output += String(text);
    });
    await waitFor("it is connected", () => output.endsWith("connected\n"));
    output = "";
    network.freeze("up");
    network.freeze("down");
    program.kill("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, SLEEP_MS));
    program.kill("SIGCONT");
    const wokeAt = Date.now();
    await waitFor("it is reconnecting", () => output.includes("reconnecting\n"));
    expect(Number.parseInt(output, 10) - wokeAt).toBeLessThan(FOUND_WITHIN_MS);
    network.cut();
    await waitFor("it is connected again", () => output.endsWith("connected\n"));
  } finally {
    program.kill("SIGKILL");
  }
});
