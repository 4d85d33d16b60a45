#!/usr/bin/env bash
# Run: crossws under Node with the hooks `open`, `message` and `error`; the first two are async and fail once each.
# One would expect: the `error` hook is called with the error, as its name says, or the error is logged.
# What happens: the hook is not called. Each error is an unhandled rejection, which ends a Node process unless the
# application has a handler for all of them (the script has one, to count them).
# Why it matters: one room's failed look-up in `open` takes down the server with all rooms, although there is a hook for
# errors; each hook needs a try of its own.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" crossws@0.4.17 ws@8.23.0

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import { createServer } from "node:http";
import adapter from "crossws/adapters/node";
import { WebSocket } from "ws";

const unhandled = [];
process.on("unhandledRejection", (error) => unhandled.push(error.message));
let hookCalls = 0;
const messages = [];
const { handleUpgrade } = adapter({
  hooks: {
    async open() {
      throw new Error("in open");
    },
    async message(peer, message) {
      messages.push(message.text());
      if (message.text() === "fail") throw new Error("in message");
      peer.send("done");
    },
    error() {
      hookCalls++;
    },
  },
});
const server = createServer();
server.on("upgrade", handleUpgrade);
server.listen(0, "127.0.0.1");
await once(server, "listening");
const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`);
await once(client, "open");
client.send("fail");
client.send("next");
await once(client, "message");
console.log(`messages: ${messages.join(" ")}`);
console.log(`error hook: ${hookCalls} calls`);
console.log(`unhandled rejections: ${unhandled.join(", ")}`);
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: crossws@0.4.17 ws@8.23.0, node $(node --version)"
echo "expected: error hook: 2 calls, no unhandled rejections"
echo "seen: $seen"
recorded='messages: fail next
error hook: 0 calls
unhandled rejections: in open, in message'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
