#!/usr/bin/env bash
# Run: two centrifuge clients (the JavaScript SDK of Centrifugo); the server closes both with 4500, a code that the
# protocol calls terminal: once with the reason "removed", once without a reason.
# One would expect: both end up in the state "disconnected"; the rule is about the ranges of codes (3500 to 3999 and
# 4500 to 4999), the reason is text for people.
# What happens: the one with a reason stops. The one without it connects again and again, although it reports the code
# 4500, with the words "connection closed", in the event of each attempt.
# Why it matters: a server of one's own, or a proxy that drops reasons, cannot send a removed member away: the client
# comes back for good, at the pace of its back-off.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" centrifuge@5.8.0 ws@8.23.0

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { Centrifuge } from "centrifuge";
import { WebSocket, WebSocketServer } from "ws";

for (const reason of ["removed", ""]) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  let connections = 0;
  server.on("connection", (socket) => {
    connections++;
    socket.on("message", (data) => {
      const { id, connect } = JSON.parse(data);
      if (connect === undefined) return;
      socket.send(JSON.stringify({ id, connect: { client: "one", version: "6", ping: 25, pong: true } }));
      setTimeout(() => socket.close(4500, reason), 50);
    });
  });
  const client = new Centrifuge(`ws://127.0.0.1:${server.address().port}`, {
    websocket: WebSocket,
    minReconnectDelay: 50,
    maxReconnectDelay: 100,
  });
  const codes = new Set();
  for (const event of ["connecting", "disconnected"]) client.on(event, ({ code }) => codes.add(code));
  client.connect();
  await pause(2000);
  const again = connections > 1 ? "several connections" : "one connection";
  console.log(`reason "${reason}": ${again}, disconnected ${client.state === "disconnected"}, codes ${[...codes]}`);
  client.disconnect();
  server.close();
}
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: centrifuge@5.8.0 ws@8.23.0, node $(node --version)"
echo "expected: twice: one connection, disconnected true"
echo "seen: $seen"
recorded='reason "removed": one connection, disconnected true, codes 0,4500
reason "": several connections, disconnected false, codes 0,4500'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
