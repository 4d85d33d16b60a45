#!/usr/bin/env bash
# Run: a ReadableStream with room for three chunks (`highWaterMark: 3`), in workerd and in Node; after a pause and after
# each of four reads it is counted how often `pull` was called.
# One would expect: 3, then one more for each read, in both: the standard calls `pull` whenever there is room.
# What happens: so in Node. workerd fills the queue once and calls `pull` again only for a read that finds it empty; it
# then fills it at once.
# Why it matters: reading ahead is what the option is for. A slow source and a slow reader take turns instead of working
# at the same time, and a larger number makes the bursts larger, not the waiting shorter.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" workerd@1.20261117.1

cat > "$dir/config.capnp" <<'CAPNP'
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .main)]);
const main :Workerd.Worker = (
  modules = [(name = "main.mjs", esModule = embed "main.mjs"), (name = "count.mjs", esModule = embed "count.mjs")],
  compatibilityDate = "2026-11-17",
);
CAPNP

cat > "$dir/count.mjs" <<'JS'
const pause = () => new Promise((resolve) => setTimeout(resolve, 50));

export const count = async () => {
  let pulls = 0;
  const stream = new ReadableStream({ pull: (controller) => controller.enqueue(++pulls) }, { highWaterMark: 3 });
  await pause();
  const counts = [pulls];
  const reader = stream.getReader();
  for (let read = 0; read < 4; read++) {
    await reader.read();
    await pause();
    counts.push(pulls);
  }
  return counts.join(" ");
};
JS

cat > "$dir/main.mjs" <<'JS'
import { count } from "count.mjs";

export default {
  async test() {
    console.log(`workerd: ${await count()}`);
  },
};
JS

seen=$(cd "$dir" && timeout 60 node -e 'import("./count.mjs").then(async ({ count }) => {
  console.log(`node: ${await count()}`);
})' && timeout 60 node_modules/.bin/workerd test config.capnp 2>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version), node $(node --version)"
echo "expected: twice: 3 4 5 6 7"
echo "seen: $seen"
recorded='node: 3 4 5 6 7
workerd: 3 3 3 3 7'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
