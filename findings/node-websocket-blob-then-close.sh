#!/usr/bin/env bash
# Run: the WebSocket of Node 24 sends a text, a Blob and a last text and then closes; the same with the ws package.
# One would expect: the server gets all three and then the close; the standard sends what is queued before the close.
# What happens: with the WebSocket of Node only the first text arrives. A Blob is read in the background, what was sent
# after it waits behind it, and `close()` goes ahead of both: they are dropped without an error.
# Why it matters: "send the last state, then close" loses the last state as soon as one Blob is under way, and the
# clean close code says that all went well.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" ws@8.23.0 node@24.21.0

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import Ws, { WebSocketServer } from "ws";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
await once(server, "listening");
for (const [name, Socket] of [["ws", Ws], ["node", WebSocket]]) {
  const socket = new Socket(`ws://127.0.0.1:${server.address().port}`);
  const [peer] = await once(server, "connection");
  const received = [];
  peer.on("message", (data) => received.push(String(data)));
  if (socket.readyState !== 1) await new Promise((resolve) => socket.addEventListener("open", resolve));
  socket.send("first");
  socket.send(new Blob(["blob"]));
  socket.send("last");
  socket.close(4001);
  const [code] = await once(peer, "close");
  console.log(`${name}: ${received.join(" ")}, close ${code}`);
}
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node_modules/.bin/node run.mjs 2>err.log)
echo "versions: ws@8.23.0, node $("$dir/node_modules/.bin/node" --version)"
echo "expected: twice: first blob last, close 4001"
echo "seen: $seen"
recorded='ws: first blob last, close 4001
node: first, close 4001'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
