#!/usr/bin/env bash
# Run: two Workers, joined by a service binding; the entrypoint of one has the methods `send`, `scheduled`, `queue` and
# `tail`, and the other calls each with a text. Once in one `wrangler dev` (two `-c`), once in two that find each other.
# One would expect: four answers in both: the entrypoint is the target of RPC calls, and none of these names is
# reserved.
# What happens: with one process four answers. With two only `send` arrives; for the other three the proxy that wrangler
# puts between the two calls an event handler of its own, and the caller gets an error that fits that handler.
# Why it matters: "scheduled" is a natural name for a method that lists scheduled messages. It works in workerd and in
# tests with one process, and fails on the machine of a developer who runs the two Workers side by side.
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
  send(text) {
    return `own ${text}`;
  }
  scheduled(text) {
    return `own ${text}`;
  }
  queue(text) {
    return `own ${text}`;
  }
  tail(text) {
    return `own ${text}`;
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
    const seen = [];
    for (const name of ["send", "scheduled", "queue", "tail"]) {
      const answer = await env.ROOMS[name]("text").catch(({ name, message }) => `${name} "${message.slice(0, 41)}"`);
      seen.push(`${name}: ${answer}`);
    }
    return new Response(seen.join("; "));
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
  if (answer.includes("send: own")) break;
  await new Promise((resolve) => setTimeout(resolve, 200));
}
console.log("two processes:", answer);
for (const child of started) child.kill();
await Promise.all(started.map((child) => child.exitCode ?? new Promise((exited) => child.on("exit", exited))));
JS

seen=$(cd "$dir" && timeout 120 node_modules/.bin/node run.mjs 2>err.log)
echo "versions: wrangler 4.164.0, node $("$dir/node_modules/.bin/node" --version)"
echo "expected: own text, four times, twice"
echo "seen: $seen"
recorded='one process: send: own text; scheduled: own text; queue: own text; tail: own text
two processes: send: own text; scheduled: Error "Scheduled handler returned HTTP 500: exce"; queue: TypeError "Illegal invocation: function called with "; tail: TypeError "events.filter is not a function"'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
