#!/usr/bin/env bash
# Run: `stream.pipeTo(sink, { signal })` in workerd and in Node, with a source that has nothing to give for now, and
# with one that gives a chunk each 300 ms; after 20 ms the signal is aborted.
# One would expect: the promise is rejected with the reason at once and the source is cancelled, in both; the standard
# does not wait for the source.
# What happens: workerd notices the signal only with the next chunk: the idle pipe is pending for good and its source is
# not cancelled, the other one ends after 300 ms. A signal that is aborted before the call works.
# Why it matters: an event stream that is relayed to a client is idle most of the time. When the client leaves, the pipe
# and its source (a socket, a subscription, a place in a list) stay until an event comes that nobody wants.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" workerd@1.20261117.1

cat > "$dir/config.capnp" <<'CAPNP'
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .main)]);
const main :Workerd.Worker = (
  modules = [
    (name = "main.mjs", esModule = embed "main.mjs"),
    (name = "guess.mjs", esModule = embed "guess.mjs"),
  ],
  compatibilityDate = "2026-11-01",
);
CAPNP

cat > "$dir/guess.mjs" <<'JS'
const pause = (time, value) => new Promise((resolve) => setTimeout(resolve, time, value));

export const guess = async (runtime) => {
  for (const source of ["idle", "slow"]) {
    let cancelled = "not cancelled";
    const stream = new ReadableStream({
      pull: (queue) => (source === "idle" ? pause(10_000) : pause(300).then(() => queue.enqueue(1))),
      cancel: () => {
        cancelled = "cancelled";
      },
    });
    const controller = new AbortController();
    const piped = stream.pipeTo(new WritableStream({}), { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    const start = Date.now();
    const ended = piped.then(
      () => "resolved",
      (error) => `${error.name} after ${Date.now() - start < 200 ? "under 200" : "200 or more"} ms`,
    );
    const result = await Promise.race([ended, pause(1000, "pending after 1 s")]);
    console.log(`${runtime}, ${source}: ${result}, ${cancelled}`);
  }
};
JS

cat > "$dir/main.mjs" <<'JS'
import { guess } from "guess.mjs";

export default { test: () => guess("workerd") };
JS

cat > "$dir/run.mjs" <<'JS'
import { guess } from "./guess.mjs";

await guess("Node");
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node_modules/.bin/workerd test config.capnp 2>err.log && timeout 60 node run.mjs)
echo "versions: $("$dir/node_modules/.bin/workerd" --version), node $(node --version)"
echo "expected: AbortError after under 200 ms, cancelled, in each line"
echo "seen: $seen"
recorded='workerd, idle: pending after 1 s, not cancelled
workerd, slow: AbortError after 200 or more ms, cancelled
Node, idle: AbortError after under 200 ms, cancelled
Node, slow: AbortError after under 200 ms, cancelled'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
