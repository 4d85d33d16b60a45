#!/usr/bin/env bash
# Run: y-websocket providers whose server closes with 4000, 4399, 4400, 4499 and 4500.
# One would expect: each reconnects; codes from 4000 on mean what the application says, the library cannot know.
# What happens: 4400 to 4499 are taken as final: `shouldConnect` becomes false and it never connects again; the others
# reconnect.
# Why it matters: servers close with 4408, 4429 or 4401 for things that pass (timeout, too fast, token to renew), and
# the document then stays offline, with an event (`closed`) that older code does not listen to.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" y-websocket@3.1.0 yjs@13.6.33 ws@8.23.0

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import WebSocket, { WebSocketServer } from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
await once(server, "listening");
let connections = 0;
server.on("connection", (socket, request) => {
  connections++;
  socket.close(Number(request.url.slice(1)));
});
for (const code of [4000, 4399, 4400, 4499, 4500]) {
  connections = 0;
  const url = `ws://127.0.0.1:${server.address().port}`;
  const options = { WebSocketPolyfill: WebSocket, maxBackoffTime: 50 };
  const provider = new WebsocketProvider(url, String(code), new Y.Doc(), options);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  const outcome = connections > 1 ? "reconnected" : "one connection";
  console.log(`${code}: ${outcome}, shouldConnect ${provider.shouldConnect}`);
  provider.destroy();
}
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: y-websocket@3.1.0 yjs@13.6.33 ws@8.23.0, node $(node --version)"
echo "expected: five times: reconnected"
echo "seen: $seen"
recorded='4000: reconnected, shouldConnect true
4399: reconnected, shouldConnect true
4400: one connection, shouldConnect false
4499: one connection, shouldConnect false
4500: reconnected, shouldConnect true'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
