#!/usr/bin/env bash
# Run: `promisify(setTimeout)` of node:util, in Node and in workerd (where the Node API is on by default), with the
# global timer and with the one of node:timers.
# One would expect: a function that waits and then resolves with the value; Node documents this for its timers.
# What happens: so in Node. In workerd the timers lack the mark that `promisify` looks for, so it calls
# `setTimeout(20, "value", callback)`, which throws a TypeError: the callback must be a function.
# Why it matters: `const sleep = promisify(setTimeout)` is in many libraries, often only on the way to a second attempt.
# They load and work in a Worker until the first thing fails; `node:timers/promises` is there and works.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" workerd@1.20261117.1

cat > "$dir/config.capnp" <<'CAPNP'
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .main)]);
const main :Workerd.Worker = (
  modules = [(name = "main.mjs", esModule = embed "main.mjs"), (name = "look.mjs", esModule = embed "look.mjs")],
  compatibilityDate = "2026-11-17",
);
CAPNP

cat > "$dir/look.mjs" <<'JS'
import { setTimeout as timer } from "node:timers";
import { promisify } from "node:util";

export const look = async (name) => {
  for (const [kind, wait] of [["global", promisify(setTimeout)], ["node:timers", promisify(timer)]]) {
    const seen = await (async () => wait(20, "value"))().catch((error) => error.name);
    console.log(`${name}, ${kind}: ${seen}`);
  }
};
JS

cat > "$dir/main.mjs" <<'JS'
import { look } from "look.mjs";

export default { test: () => look("workerd") };
JS

seen=$(cd "$dir" && timeout 60 node -e 'import("./look.mjs").then(({ look }) => look("node"))' &&
  timeout 60 node_modules/.bin/workerd test config.capnp 2>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version), node $(node --version)"
echo "expected: four times: value"
echo "seen: $seen"
recorded='node, global: value
node, node:timers: value
workerd, global: TypeError
workerd, node:timers: TypeError'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
