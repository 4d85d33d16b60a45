#!/usr/bin/env bash
# Run: a graphql-ws client with a subscription; the server closes each connection, once with 1000 and once with 1012.
# One would expect: the same for both: `retryWait` between attempts; or, for the normal closure 1000, no further
# attempt.
# What happens: after 1012 it waits. After 1000 it connects again at once, without `retryWait`, more than 20 times in
# the second in which the other made a handful.
# Why it matters: 1000 is what many servers send when they stop in good order or remove a client, and then all clients
# come back at once and again, without the pause that was configured for this very moment.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" graphql-ws@6.4.2 graphql@16.11.0 ws@8.23.0

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import { createClient } from "graphql-ws";
import WebSocket, { WebSocketServer } from "ws";

const run = async (code) => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  let connections = 0;
  let waits = 0;
  server.on("connection", (socket) => {
    connections++;
    socket.on("message", (data) => {
      const { type } = JSON.parse(data);
      if (type === "connection_init") socket.send(JSON.stringify({ type: "connection_ack" }));
      if (type === "subscribe") socket.close(code);
    });
  });
  const client = createClient({
    url: `ws://127.0.0.1:${server.address().port}`,
    webSocketImpl: WebSocket,
    retryWait: async () => {
      waits++;
      await new Promise((resolve) => setTimeout(resolve, 200));
    },
  });
  client.subscribe({ query: "subscription { n }" }, { next() {}, error() {}, complete() {} });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  return `${connections > 20 ? "more than 20" : "fewer than 20"} connections, ${waits > 0 ? "waited" : "never waited"}`;
};
process.on("unhandledRejection", () => {});
console.log("1012:", await run(1012));
console.log("1000:", await run(1000));
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: graphql-ws@6.4.2 graphql@16.11.0 ws@8.23.0, node $(node --version)"
echo "expected: waited in both"
echo "seen: $seen"
recorded='1012: fewer than 20 connections, waited
1000: more than 20 connections, never waited'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
