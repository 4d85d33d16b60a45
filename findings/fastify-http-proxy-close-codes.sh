#!/usr/bin/env bash
# Run: @fastify/http-proxy with `websocket: true` between a client and a server; each end closes without a code, and
# each is cut off without a close frame.
# One would expect: the other side sees what it would see without the proxy: 1005 for no code, 1006 for a cut.
# What happens: it sees 4005 and 4006, in frames: two codes of the application's own range, and a clean close.
# Why it matters: 1005 and 1006 mean "reconnect" to every client, 4000 to 4999 belong to the app, which may use these
# two numbers for something final ("kicked", "room deleted").
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" fastify@5.12.8 @fastify/http-proxy@11.6.3 ws@8.23.0

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import proxy from "@fastify/http-proxy";
import Fastify from "fastify";
import WebSocket, { WebSocketServer } from "ws";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
await once(server, "listening");
const target = server.address().port;
const app = Fastify();
await app.register(proxy, { upstream: `http://127.0.0.1:${target}`, websocket: true });
await app.listen({ port: 0, host: "127.0.0.1" });
const open = async (port) => {
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  client.on("error", () => {});
  const connected = once(client, "open");
  const [peer] = await once(server, "connection");
  await connected;
  return { client, peer };
};
const end = { "no code": (socket) => socket.close(), cut: (socket) => socket.terminate() };
for (const [way, port] of [["direct", target], ["proxy", app.server.address().port]]) {
  for (const name of Object.keys(end)) {
    const a = await open(port);
    end[name](a.peer);
    const [atClient] = await once(a.client, "close");
    const b = await open(port);
    end[name](b.client);
    const [atServer] = await once(b.peer, "close");
    console.log(`${way}, ${name}: client sees ${atClient}, server sees ${atServer}`);
  }
}
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: fastify@5.12.8 @fastify/http-proxy@11.6.3 ws@8.23.0, node $(node --version)"
echo "expected: direct and proxy the same: 1005 and 1006"
echo "seen: $seen"
recorded='direct, no code: client sees 1005, server sees 1005
direct, cut: client sees 1006, server sees 1006
proxy, no code: client sees 4005, server sees 4005
proxy, cut: client sees 4006, server sees 4006'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
