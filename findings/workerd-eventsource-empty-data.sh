#!/usr/bin/env bash
# Run: the EventSource of workerd and eventsource-parser read three events: one with the line "data:" only, one with
# "event:" (no name) and data, and an ordinary one.
# One would expect: three events from both. The standard's own example has events whose data is an empty string, and an
# empty name is the same as none: a "message".
# What happens: eventsource-parser reports three. In workerd the first is not dispatched at all, and the second is not
# seen by listeners of "message".
# Why it matters: an event with a name and an empty body ("changed", "typing") is common in streams; every client that
# runs in browsers gets it, one that runs in a Worker waits for it without an error.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" workerd@1.20261117.1 eventsource-parser@3.1.1

cat > "$dir/config.capnp" <<'CAPNP'
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .main)]);
const main :Workerd.Worker = (
  modules = [(name = "main.mjs", esModule = embed "main.mjs"), (name = "text.mjs", esModule = embed "text.mjs")],
  compatibilityDate = "2026-11-17",
);
CAPNP

cat > "$dir/text.mjs" <<'JS'
export const text = "data:\n\nevent:\ndata: no name\n\ndata: ordinary\n\n";
JS

cat > "$dir/main.mjs" <<'JS'
import { text } from "text.mjs";

export default {
  async test() {
    const source = EventSource.from(new Blob([text]).stream());
    const seen = [];
    source.addEventListener("message", (event) => seen.push(`"${event.data}"`));
    await new Promise((resolve) => setTimeout(resolve, 200));
    console.log(`workerd: ${seen.join(", ")}`);
  },
};
JS

cat > "$dir/node.mjs" <<'JS'
import { createParser } from "eventsource-parser";
import { text } from "./text.mjs";

const seen = [];
createParser({ onEvent: ({ event, data }) => seen.push(`${event || ""}"${data}"`) }).feed(text);
console.log(`eventsource-parser: ${seen.join(", ")}`);
JS

seen=$(cd "$dir" && timeout 60 node node.mjs && timeout 60 node_modules/.bin/workerd test config.capnp 2>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version), eventsource-parser@3.1.1, node $(node --version)"
echo "expected: twice: \"\", \"no name\", \"ordinary\""
echo "seen: $seen"
recorded='eventsource-parser: "", "no name", "ordinary"
workerd: "ordinary"'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
