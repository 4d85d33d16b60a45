#!/usr/bin/env bash
# Run: notepack.io under Node decodes the same bytes of `{ user: "ada" }` three times: as Buffer, as Uint8Array, and as
# Buffer again; in a second process the Uint8Array comes first.
# One would expect: the same object each time; a Buffer is a Uint8Array. If only a Buffer will do: an error.
# What happens: from a Uint8Array texts are wrong: all bytes of the message in decimal. Keys are remembered from message
# to message, so where the Uint8Array comes first the wrong key is returned for later Buffers too, for good.
# Why it matters: other encoders, `fetch` and the WebSocket of Node give Uint8Array or ArrayBuffer. One such message at
# the start of a process makes every later message unreadable, also those that were always decoded rightly.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" notepack.io@3.0.1

cat > "$dir/run.mjs" <<'JS'
import notepack from "notepack.io";

const buffer = notepack.encode({ user: "ada" });
for (const kind of process.argv.slice(2)) {
  const bytes = kind === "Buffer" ? buffer : new Uint8Array(buffer);
  const [[key, value]] = Object.entries(notepack.decode(bytes));
  console.log(`${kind}: ${key === "user" ? "right" : "wrong"} key, ${value === "ada" ? "right" : "wrong"} value`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs Buffer Uint8Array Buffer 2>err.log && echo "second process" &&
  timeout 60 node run.mjs Uint8Array Buffer 2>err.log)
echo "versions: notepack.io@3.0.1, node $(node --version)"
echo "expected: five times: right key, right value"
echo "seen: $seen"
recorded='Buffer: right key, right value
Uint8Array: right key, wrong value
Buffer: right key, right value
second process
Uint8Array: wrong key, wrong value
Buffer: wrong key, right value'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
