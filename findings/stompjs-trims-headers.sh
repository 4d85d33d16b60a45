#!/usr/bin/env bash
# Run: @stomp/stompjs sends a frame with the header value " a " and receives one with the same line.
# One would expect: the spaces are kept both ways: STOMP 1.2 says that headers must never be trimmed or padded.
# What happens: they are kept in what it sends and cut off in what it receives.
# Why it matters: a value that a client puts in a header (a name, a key, a token of another system) comes back
# different from what it sent, so a lookup or a comparison by it fails, and only for such values.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" @stomp/stompjs@7.5.0 ws@8.23.0

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import { Client } from "@stomp/stompjs";
import { WebSocket, WebSocketServer } from "ws";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1", handleProtocols: () => "v12.stomp" });
await once(server, "listening");
let sent;
server.on("connection", (peer) => {
  peer.on("message", (data) => {
    const frame = String(data);
    if (frame.startsWith("CONNECT\n")) peer.send("CONNECTED\nversion:1.2\n\n\0");
    if (!frame.startsWith("SEND\n")) return;
    sent = /^key:(.*)$/m.exec(frame)[1];
    peer.send(`MESSAGE\nsubscription:1\nmessage-id:1\ndestination:/room\nkey:${sent}\n\nhello\0`);
  });
});

const client = new Client({
  brokerURL: `ws://127.0.0.1:${server.address().port}`,
  webSocketFactory: () => new WebSocket(`ws://127.0.0.1:${server.address().port}`, ["v12.stomp"]),
});
client.onConnect = () => {
  client.subscribe(
    "/room",
    (message) => {
      console.log(`on the wire: ${JSON.stringify(sent)}`);
      console.log(`received: ${JSON.stringify(message.headers.key)}`);
      process.exit();
    },
    { id: "1" },
  );
  client.publish({ destination: "/room", headers: { key: " a " }, body: "hello" });
};
client.activate();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: @stomp/stompjs@7.5.0 ws@8.23.0, node $(node --version)"
echo "expected: twice: \" a \""
echo "seen: $seen"
recorded='on the wire: " a "
received: "a"'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
