#!/usr/bin/env bash
# Run: two messages posted to a MessagePort in workerd and in Node; the handler notes each, awaits nothing but a
# microtask and notes that it is done. The same in workerd with the two messages on a WebSocket.
# One would expect: one, done one, two, done two in all three: each message is a task, microtasks run between two tasks.
# What happens: so in Node and on the WebSocket of workerd. On the MessagePort of workerd both handlers begin before the
# first goes on behind its await.
# Why it matters: a handler that awaits something already there (a cached promise) works as if messages came one by one;
# here two of them are interleaved at each await, and RPC over ports applies steps in another order than over sockets.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" workerd@1.20261117.1

cat > "$dir/config.capnp" <<'CAPNP'
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .main)]);
const main :Workerd.Worker = (
  modules = [(name = "main.mjs", esModule = embed "main.mjs"), (name = "order.mjs", esModule = embed "order.mjs")],
  compatibilityDate = "2026-11-17",
);
CAPNP

cat > "$dir/order.mjs" <<'JS'
const order = (receiver, send) => {
  const notes = [];
  return new Promise((resolve) => {
    receiver.addEventListener("message", ({ data }) => {
      notes.push(data);
      Promise.resolve().then(() => {
        if (notes.push(`done ${data}`) === 4) resolve(notes.join(", "));
      });
    });
    for (const data of ["one", "two"]) send(data);
  });
};

export const onPort = async () => {
  const { port1, port2 } = new MessageChannel();
  port2.start();
  const seen = await order(port2, (data) => port1.postMessage(data));
  port1.close();
  return seen;
};

export const onSocket = async () => {
  const { 0: client, 1: server } = new WebSocketPair();
  client.accept();
  server.accept();
  const seen = await order(server, (data) => client.send(data));
  client.close();
  server.close();
  return seen;
};
JS

cat > "$dir/main.mjs" <<'JS'
import { onPort, onSocket } from "order.mjs";

export default {
  async test() {
    console.log(`workerd, socket: ${await onSocket()}`);
    console.log(`workerd, port: ${await onPort()}`);
  },
};
JS

seen=$(cd "$dir" && timeout 60 node -e 'import("./order.mjs").then(async ({ onPort }) => {
  console.log(`node, port: ${await onPort()}`);
})' && timeout 60 node_modules/.bin/workerd test config.capnp 2>err.log)
echo "versions: $("$dir/node_modules/.bin/workerd" --version), node $(node --version)"
echo "expected: three times: one, done one, two, done two"
echo "seen: $seen"
recorded='node, port: one, done one, two, done two
workerd, socket: one, done one, two, done two
workerd, port: one, two, done one, done two'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
