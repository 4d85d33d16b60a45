#!/usr/bin/env bash
# Run: two Workers, joined by a service binding; the entrypoint of one throws an Error with `name`, `code` and a cause.
# Once both run in one `wrangler dev` (two `-c`), once in two `wrangler dev` that find each other.
# One would expect: the same error in both, with the fields that a Worker of this compatibility date keeps over RPC.
# What happens: with one process the caller sees them. With two the code and the cause are gone and the name has moved
# into the message: wrangler puts a proxy of its own between the two, which passes the error on with less in it.
# Why it matters: an app that decides by `error.code` works in workerd and in tests with one process, and fails on the
# machine of a developer who runs the two Workers side by side.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" wrangler@4.164.0 node@24.21.0
mkdir "$dir/rooms" "$dir/app"

cat > "$dir/rooms/wrangler.json" <<'JSON'
{ "name": "rooms", "main": "main.js", "compatibility_date": "2026-11-01" }
JSON
cat > "$dir/rooms/main.js" <<'JS'
import { WorkerEntrypoint } from "cloudflare:workers";

export class Rooms extends WorkerEntrypoint {
  send() {
    const error = new Error("too long", { cause: "limit" });
    throw Object.assign(error, { name: "RoomError", code: "too_long" });
  }
}
export default { fetch: () => new Response("rooms") };
JS

cat > "$dir/app/wrangler.json" <<'JSON'
{
  "name": "app",
  "main": "main.js",
  "compatibility_date": "2026-11-01",
  "services": [{ "binding": "ROOMS", "service": "rooms", "entrypoint": "Rooms" }]
}
JSON
cat > "$dir/app/main.js" <<'JS'
export default {
  async fetch(_, env) {
    const error = await env.ROOMS.send().catch((caught) => caught);
    return new Response(`${error.name} "${error.message}", code ${error.code}, cause ${error.cause}`);
  },
};
JS

cat > "$dir/run.mjs" <<'JS'
import { spawn } from "node:child_process";
import { createServer } from "node:net";

const freePort = async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((listening) => server.on("listening", listening));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
};
const started = [];
const dev = async (registry, ...configs) => {
  const port = await freePort();
  const files = configs.flatMap((name) => ["-c", `${name}/wrangler.json`]);
  const options = ["--ip", "127.0.0.1", "--port", `${port}`, "--inspector-port", `${await freePort()}`];
  const env = {
    ...process.env,
    CI: "1",
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_SEND_METRICS: "false",
    WRANGLER_REGISTRY_PATH: `${process.cwd()}/${registry}`,
  };
  const wrangler = ["node_modules/wrangler/bin/wrangler.js", "dev", ...files, ...options];
  const child = spawn(process.execPath, wrangler, { env });
  started.push(child);
  await new Promise((ready) => child.stdout.on("data", (text) => `${text}`.includes("Ready on") && ready()));
  return `http://127.0.0.1:${port}/`;
};
const read = async (address) => (await fetch(address)).text();

console.log("one process:", await read(await dev("registry-1", "app", "rooms")));
await dev("registry-2", "rooms");
const address = await dev("registry-2", "app");
let answer = "";
for (let attempt = 0; attempt < 50; attempt += 1) {
  answer = await read(address);
  if (answer.includes("too long")) break;
  await new Promise((resolve) => setTimeout(resolve, 200));
}
console.log("two processes:", answer);
for (const child of started) child.kill();
await Promise.all(started.map((child) => child.exitCode ?? new Promise((exited) => child.on("exit", exited))));
JS

seen=$(cd "$dir" && timeout 120 node_modules/.bin/node run.mjs 2>err.log)
echo "versions: wrangler 4.164.0, node $("$dir/node_modules/.bin/node" --version)"
echo "expected: RoomError \"too long\", code too_long, cause limit; twice"
echo "seen: $seen"
recorded='one process: RoomError "too long", code too_long, cause limit
two processes: Error "RoomError: too long", code undefined, cause undefined'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
