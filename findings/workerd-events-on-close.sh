#!/usr/bin/env bash
# Run: the loop `for await (... of on(emitter, "message", { close: ["end"] }))` of node:events, in Node and in workerd;
# the emitter emits one message and then "end".
# One would expect: the loop ends with "end"; that is what the option `close` is documented for.
# What happens: so in Node. workerd does not know the option: the message comes, and the loop waits for the next one
# for good. Aborting by a signal ends it in both.
# Why it matters: a consumer of a connection's events written this way never reaches what stands behind the loop
# (leaving the room, freeing a lock) and holds its emitter for as long as the Worker lives.
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
import { EventEmitter, on } from "node:events";

const consume = async (emitter, notes) => {
  for await (const [message] of on(emitter, "message", { close: ["end"] })) notes.push(message);
  notes.push("ended");
};

export const look = async (name) => {
  const emitter = new EventEmitter();
  const notes = [];
  consume(emitter, notes);
  emitter.emit("message", "hello");
  emitter.emit("end");
  await new Promise((resolve) => setTimeout(resolve, 500));
  console.log(`${name}: ${notes.join(", ")}`);
};
JS

cat > "$dir/main.mjs" <<'JS'
import { look } from "look.mjs";

export default { test: () => look("workerd") };
JS

seen=$(cd "$dir" && timeout 60 node -e 'import("./look.mjs").then(({ look }) => look("node"))' &&
  timeout 60 node_modules/.bin/workerd test config.capnp 2>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version), node $(node --version)"
echo "expected: twice: hello, ended"
echo "seen: $seen"
recorded='node: hello, ended
workerd: hello'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
