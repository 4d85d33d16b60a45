#!/usr/bin/env bash
# Run: `send(null)` and `send(undefined)` of the ws package and of the WebSocket of Node (undici), against one server.
# One would expect: an error, or what browsers do, which send the texts "null" and "undefined".
# What happens: ws sends an empty binary frame for both, without an error; for a plain object it does throw.
# Why it matters: the same client code says three different things (a text that parses, one that does not, a binary
# frame of no bytes) by where it runs; a server that checks for JSON only sees binary data from Node clients.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" ws@8.23.0 undici@7.30.2

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import { WebSocket as Undici } from "undici";
import Ws, { WebSocketServer } from "ws";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
await once(server, "listening");
for (const [name, Socket] of [["undici", Undici], ["ws", Ws]]) {
  const socket = new Socket(`ws://127.0.0.1:${server.address().port}`);
  const [peer] = await once(server, "connection");
  const received = [];
  peer.on("message", (data, binary) => received.push(`${binary ? "binary" : "text"} "${data}"`));
  if (socket.readyState !== 1) await new Promise((resolve) => socket.addEventListener("open", resolve));
  socket.send(null);
  socket.send(undefined);
  socket.send("end");
  while (received.length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
  console.log(`${name}: ${received.slice(0, 2).join(", ")}`);
  socket.close();
}
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: ws@8.23.0 undici@7.30.2, node $(node --version)"
echo "expected: text null, text undefined from both"
echo "seen: $seen"
recorded='undici: text "null", text "undefined"
ws: binary "", binary ""'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
