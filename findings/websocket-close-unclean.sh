#!/usr/bin/env bash
# Run: the browser-like client of the websocket package (`w3cwebsocket`); the server closes with 4001 and a reason, then
# with a close frame without a code, and then cuts the connection. The same with the client of ws.
# One would expect: 4001 and 1005 with `wasClean` true, as both sides have sent a close frame, and 1006 for the cut.
# What happens: `wasClean` is false each time, and the close frame without a code is reported as 1006, "Connection
# dropped by remote peer.", just as the cut.
# Why it matters: this package is what many Node clients fall back on; one that reconnects, warns or counts errors by
# `wasClean` or by 1006 treats every orderly end by the server as a failure of the network.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" websocket@1.0.35 ws@8.23.0

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import websocket from "websocket";
import { WebSocket, WebSocketServer } from "ws";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
await once(server, "listening");
const endings = [(peer) => peer.close(4001, "moved"), (peer) => peer.close(), (peer) => peer.terminate()];
for (const [name, Socket] of [["ws", WebSocket], ["websocket", websocket.w3cwebsocket]]) {
  const seen = [];
  for (const end of endings) {
    const socket = new Socket(`ws://127.0.0.1:${server.address().port}`);
    const opened = new Promise((resolve) => (socket.onopen = resolve));
    const closed = new Promise((resolve) => (socket.onclose = resolve));
    const [peer] = await once(server, "connection");
    await opened;
    end(peer);
    const { code, wasClean } = await closed;
    seen.push(`${code} ${wasClean}`);
  }
  console.log(`${name}: ${seen.join(", ")}`);
}
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: websocket@1.0.35 ws@8.23.0, node $(node --version)"
echo "expected: twice: 4001 true, 1005 true, 1006 false"
echo "seen: $seen"
recorded='ws: 4001 true, 1005 true, 1006 false
websocket: 4001 false, 1006 false, 1006 false'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
