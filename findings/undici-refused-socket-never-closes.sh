#!/usr/bin/env bash
# Run: the WebSocket of undici (that of Node 20 is its version 6) to a server that answers the upgrade with 401, and the
# events of the socket in the next 1.5 s.
# One would expect: `error`, then `close` with 1006, and readyState 3: the standard lets each failed connection close.
# What happens: so in version 7. In version 6 `error` comes and nothing else: no `close`, and readyState stays 0.
# Why it matters: a client that reconnects on `close`, as the examples of this field do, waits for ever after one refused
# handshake on Node 20; it has to take `error` before `open` for the end too.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" undici6@npm:undici@6.23.0 undici7@npm:undici@7.18.2

cat > "$dir/run.mjs" <<'JS'
import { createServer } from "node:http";
import { WebSocket as Version6 } from "undici6";
import { WebSocket as Version7 } from "undici7";

const refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
const server = createServer().on("upgrade", (_, socket) => socket.end(refusal));
await new Promise((listening) => server.listen(0, listening));
for (const [name, WebSocket] of [["6", Version6], ["7", Version7]]) {
  const seen = [];
  const socket = new WebSocket(`ws://localhost:${server.address().port}`);
  for (const type of ["open", "error", "close"])
    socket.addEventListener(type, ({ code }) => seen.push(code === undefined ? type : `${type} ${code}`));
  await new Promise((later) => setTimeout(later, 1_500));
  console.log(`${name}: ${seen.join(", ")}; readyState ${socket.readyState}`);
}
process.exit(0);
JS

seen=$(cd "$dir" && timeout 60 node run.mjs)
echo "versions: undici 6.23.0 and 7.18.2, node $(node --version)"
echo "expected: error, close 1006; readyState 3, twice"
echo "seen: $seen"
recorded='6: error; readyState 0
7: error, close 1006; readyState 3'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
