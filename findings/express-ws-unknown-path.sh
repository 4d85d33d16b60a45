#!/usr/bin/env bash
# Run: a WebSocket client asks a server with express-ws for a path that no route has, and one that has a GET route only;
# the same with @fastify/websocket.
# One would expect: the handshake is refused with a status (404, as for a plain request), so that the client never sees
# "open"; @fastify/websocket does that for the unknown path.
# What happens: express-ws accepts every upgrade before it looks for a route. The client sees "open" and then a close
# without a code.
# Why it matters: clients reset their back-off and flush their queue at "open". With a wrong address, or a route that
# was renamed, they connect in a tight loop, and what they had queued counts as sent.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" \
  express@5.3.0 express-ws@5.0.2 fastify@5.12.8 @fastify/websocket@11.3.7 ws@8.23.0

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import fastifyWebsocket from "@fastify/websocket";
import express from "express";
import expressWs from "express-ws";
import fastify from "fastify";
import { WebSocket } from "ws";

const app = express();
expressWs(app);
app.ws("/room", () => {});
app.get("/page", (_, response) => response.send("page"));
const server = app.listen(0, "127.0.0.1");
await once(server, "listening");

const other = fastify();
await other.register(fastifyWebsocket);
other.get("/room", { websocket: true }, () => {});
await other.listen({ port: 0, host: "127.0.0.1" });

const ask = (port, path) =>
  new Promise((resolve) => {
    const events = [];
    const socket = new WebSocket(`ws://127.0.0.1:${port}${path}`);
    socket.on("open", () => events.push("open"));
    socket.on("unexpected-response", (_, response) => resolve(`status ${response.statusCode}`));
    socket.on("close", (code) => resolve([...events, `close ${code}`].join(", ")));
  });
console.log(`express-ws, unknown path: ${await ask(server.address().port, "/none")}`);
console.log(`express-ws, GET route: ${await ask(server.address().port, "/page")}`);
console.log(`fastify, unknown path: ${await ask(other.server.address().port, "/none")}`);
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: express@5.3.0 express-ws@5.0.2 fastify@5.12.8 @fastify/websocket@11.3.7 ws@8.23.0," \
  "node $(node --version)"
echo "expected: three times a status"
echo "seen: $seen"
recorded='express-ws, unknown path: open, close 1005
express-ws, GET route: open, close 1005
fastify, unknown path: status 404'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
