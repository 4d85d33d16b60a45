#!/usr/bin/env bash
# Run: the client of faye-websocket sends the bytes 1, 2, 3 as Buffer, as Uint8Array and as ArrayBuffer.
# One would expect: three equal binary frames; its socket has the interface of the browser's WebSocket, where the last
# two are the usual forms. As its documents name only text and Buffer: otherwise an error.
# What happens: the Buffer goes out as three bytes. The other two are made into texts: "1,2,3" and
# "[object ArrayBuffer]" in text frames, without an error.
# Why it matters: encoders of MessagePack, CBOR and CRDTs return Uint8Array, in Node too; every such message of a client
# built on this library (proxies and test tools often are) arrives as readable nonsense of another frame type.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" faye-websocket@0.11.4 ws@8.23.0

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import faye from "faye-websocket";
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
await once(server, "listening");
const client = new faye.Client(`ws://127.0.0.1:${server.address().port}`);
const [peer] = await once(server, "connection");
const bytes = new Uint8Array([1, 2, 3]);
for (const data of [Buffer.from(bytes), bytes, bytes.buffer]) {
  client.send(data);
  const [received, binary] = await once(peer, "message");
  console.log(`${data.constructor.name}: ${binary ? `binary ${received.toString("hex")}` : `text ${received}`}`);
}
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: faye-websocket@0.11.4 ws@8.23.0, node $(node --version)"
echo "expected: three times: binary 010203"
echo "seen: $seen"
recorded='Buffer: binary 010203
Uint8Array: text 1,2,3
ArrayBuffer: text [object ArrayBuffer]'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
