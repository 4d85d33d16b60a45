#!/usr/bin/env bash
# Run: reconnecting-websocket and partysocket, each with a function for the URL (a fresh token) that fails once.
# One would expect: both try again after their back-off, as they do when a connection fails.
# What happens: partysocket tries again and connects. reconnecting-websocket leaves an unhandled rejection and never
# calls the function again: it stays in CONNECTING, with no event for the app.
# Why it matters: the token endpoint is down in just the moment in which all clients reconnect; those that asked then
# are offline until the page is loaded anew.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" reconnecting-websocket@4.4.0 partysocket@1.3.0 ws@8.23.0

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import { WebSocket as PartySocket } from "partysocket";
import ReconnectingWebSocket from "reconnecting-websocket";
import WebSocket, { WebSocketServer } from "ws";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
await once(server, "listening");
let unhandled = 0;
process.on("unhandledRejection", () => unhandled++);
for (const [name, Socket] of [["partysocket", PartySocket], ["reconnecting-websocket", ReconnectingWebSocket]]) {
  unhandled = 0;
  let calls = 0;
  const url = async () => {
    calls++;
    if (calls === 1) throw new Error("no token");
    return `ws://127.0.0.1:${server.address().port}`;
  };
  const options = { WebSocket, minReconnectionDelay: 20, maxReconnectionDelay: 40 };
  const socket = new Socket(url, [], options);
  const events = [];
  for (const type of ["open", "error", "close"]) socket.addEventListener(type, () => events.push(type));
  await new Promise((resolve) => setTimeout(resolve, 1500));
  console.log(`${name}: ${calls} calls, events ${events.join(" ") || "none"}, unhandled ${unhandled}`);
  socket.close();
}
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: reconnecting-websocket@4.4.0 partysocket@1.3.0 ws@8.23.0, node $(node --version)"
echo "expected: twice: 2 calls, then open"
echo "seen: $seen"
recorded='partysocket: 2 calls, events error open, unhandled 0
reconnecting-websocket: 1 calls, events none, unhandled 1'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
