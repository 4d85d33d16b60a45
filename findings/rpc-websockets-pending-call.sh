#!/usr/bin/env bash
# Run: a client of rpc-websockets calls a method; before it answers, the server closes the socket with 1012. The client
# reconnects by itself and calls again.
# One would expect: the first call is rejected: its answer would have come on that socket, so it never can.
# What happens: its promise stays pending for good, though the client has seen the close, has connected again and gets
# answers to later calls. A call made while there is no connection is rejected at once.
# Why it matters: each restart of the server leaves awaits that never end (a spinner, a lock, a queue behind them),
# unless each single call was given its own timeout, which is off as it comes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" rpc-websockets@10.0.1 ws@8.23.0

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "rpc-websockets";
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
await once(server, "listening");
let connections = 0;
server.on("connection", (socket) => {
  const first = ++connections === 1;
  socket.on("message", (data) => {
    if (first) return socket.close(1012);
    socket.send(JSON.stringify({ jsonrpc: "2.0", id: JSON.parse(data).id, result: "answer" }));
  });
});

const client = new Client(`ws://127.0.0.1:${server.address().port}`, { reconnect_interval: 500 });
await once(client, "open");
let state = "pending";
const note = () => (state = "settled");
client.call("join").then(note, note);
await once(client, "close");
console.log(`call without a connection: ${await client.call("join").catch((error) => error.message)}`);
await once(client, "open");
console.log(`call after the reconnect: ${await client.call("join")}`);
await pause(3000);
console.log(`call before the close: ${state}`);
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: rpc-websockets@10.0.1 ws@8.23.0, node $(node --version)"
echo "expected: not ready, answer, settled"
echo "seen: $seen"
recorded='call without a connection: socket not ready
call after the reconnect: answer
call before the close: pending'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
