#!/usr/bin/env bash
# Run: the server library of Pusher triggers an event with a text as its data, and pusher-js receives it (through a
# small server that passes the frame on, as the service does).
# One would expect: the same text; the two libraries are a pair, and objects arrive as they were.
# What happens: a text is sent as it is, while all else is sent as JSON, and the client parses what it gets if it can:
# "1e3" arrives as the number 1000, "null" as null, "true" as true, and an id of 20 digits as another number. "hello"
# and "007" stay texts.
# Why it matters: a chat that sends its text as the data works until somebody writes just "null" or a number; then the
# type changes and `trim` fails, or the text differs from what was written. Put the text into an object.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" pusher@5.3.4 pusher-js@8.6.0 ws@8.23.0

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import http from "node:http";
import Pusher from "pusher";
import PusherClient from "pusher-js";
import { WebSocketServer } from "ws";

const server = http.createServer((request, response) => {
  let body = "";
  request.on("data", (chunk) => (body += chunk));
  request.on("end", () => {
    const { name, channels, data } = JSON.parse(body);
    response.setHeader("Content-Type", "application/json").end("{}");
    for (const peer of sockets.clients) peer.send(JSON.stringify({ event: name, channel: channels[0], data }));
  });
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const { port } = server.address();
const sockets = new WebSocketServer({ server });
sockets.on("connection", (peer) => {
  const send = (event, data, channel) => peer.send(JSON.stringify({ event, channel, data: JSON.stringify(data) }));
  send("pusher:connection_established", { socket_id: "1.1", activity_timeout: 120 });
  peer.on("message", (text) => {
    const { event, data } = JSON.parse(text);
    if (event === "pusher:subscribe") send("pusher_internal:subscription_succeeded", {}, data.channel);
  });
});

const sender = new Pusher({ appId: "1", key: "key", secret: "secret", host: "127.0.0.1", port, useTLS: false });
const address = { wsHost: "127.0.0.1", wsPort: port, forceTLS: false, enabledTransports: ["ws"] };
const channel = new PusherClient("key", { ...address, cluster: "none", enableStats: false }).subscribe("room");
await new Promise((resolve) => channel.bind("pusher:subscription_succeeded", resolve));
for (const text of ["hello", "007", "1e3", "null", "true", "12345678901234567890"]) {
  const received = new Promise((resolve) => channel.bind("message", resolve));
  await sender.trigger("room", "message", text);
  console.log(`${text}: ${JSON.stringify(await received)}`);
  channel.unbind("message");
}
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: pusher@5.3.4 pusher-js@8.6.0 ws@8.23.0, node $(node --version)"
echo "expected: the same text in quotes in each line"
echo "seen: $seen"
recorded='hello: "hello"
007: "007"
1e3: 1000
null: null
true: true
12345678901234567890: 12345678901234567000'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
