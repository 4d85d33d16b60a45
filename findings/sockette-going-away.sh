#!/usr/bin/env bash
# Run: sockette; the server closes its first connection with 1000, 1001 (going away), 1005 (no code), 1011, 1012 and
# 4001.
# One would expect: a new connection for all but 1000 and 1005; its documents say that an attempt follows if the code is
# not one of these.
# What happens: none follows for 1001 either.
# Why it matters: 1001 is the code that the standard has for a server that shuts down or a proxy that is loaded anew
# (Caddy sends it). The clients do not come back.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" sockette@2.0.6 ws@8.23.0

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import sockette from "sockette";
import { WebSocket, WebSocketServer } from "ws";

globalThis.WebSocket = WebSocket;
const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
await once(server, "listening");
const count = new Map();
server.on("connection", (peer, { url }) => {
  count.set(url, (count.get(url) ?? 0) + 1);
  if (count.get(url) > 1) return;
  if (url === "/1005") peer.close();
  else peer.close(Number(url.slice(1)));
});

for (const code of [1000, 1001, 1005, 1011, 1012, 4001]) {
  const client = sockette(`ws://127.0.0.1:${server.address().port}/${code}`, { timeout: 30 });
  await pause(300);
  console.log(`${code}: ${count.get(`/${code}`) > 1 ? "reconnects" : "stays away"}`);
  client.close();
}
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: sockette@2.0.6 ws@8.23.0, node $(node --version)"
echo "expected: stays away for 1000 and 1005, reconnects for the others"
echo "seen: $seen"
recorded='1000: stays away
1001: stays away
1005: stays away
1011: reconnects
1012: reconnects
4001: reconnects'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
