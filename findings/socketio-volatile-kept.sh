#!/usr/bin/env bash
# Run: `socket.volatile.emit` of socket.io-client before its first connection and while it waits to reconnect.
# One would expect: both are dropped; volatile events are those that may be lost while there is no connection.
# What happens: the first is dropped. The one sent while it reconnects is kept with the ordinary ones and sent later.
# Why it matters: volatile is for cursors and positions. After an outage each of them arrives, old and all at once, in
# a room that had forgotten them.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" socket.io@4.8.4 socket.io-client@4.8.4

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import http from "node:http";
import { Server } from "socket.io";
import { io } from "socket.io-client";

const server = http.createServer().listen(0, "127.0.0.1");
await once(server, "listening");
const rooms = new Server(server);
const received = [];
rooms.on("connection", (socket) => socket.on("cursor", (name) => received.push(name)));
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const url = `http://127.0.0.1:${server.address().port}`;
const client = io(url, { transports: ["websocket"], reconnectionDelay: 500, randomizationFactor: 0 });
client.volatile.emit("cursor", "before the first connection");
await new Promise((resolve) => client.once("connect", resolve));
const gone = new Promise((resolve) => client.once("disconnect", resolve));
for (const socket of rooms.sockets.sockets.values()) socket.conn.close();
await gone;
await pause(100);
const connected = client.connected;
client.volatile.emit("cursor", "while reconnecting");
await pause(1500);
console.log(`connected when it was sent: ${connected}`);
console.log(`received: ${received.join(", ") || "nothing"}`);
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: socket.io@4.8.4 socket.io-client@4.8.4, node $(node --version)"
echo "expected: received: nothing"
echo "seen: $seen"
recorded='connected when it was sent: false
received: while reconnecting'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
