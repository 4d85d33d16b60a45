#!/usr/bin/env bash
# Run: `webSocket` of RxJS with `retry`; a value is given to `next` before the first connection, which the server
# accepts, or refuses once with 503 and accepts at the second attempt. Then one is given while `retry` waits.
# One would expect: each value arrives; values from before the connection are kept until it is open, as the documents
# say.
# What happens: a value from before a refused attempt is dropped without a word; one that is given while `retry` waits
# for the next attempt arrives.
# Why it matters: the first message of a client is often its join or its token. After one refused attempt the client is
# connected, and the server waits for the first message forever.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" rxjs@7.8.2 ws@8.23.0

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { retry } from "rxjs";
import { webSocket } from "rxjs/webSocket";
import { WebSocket, WebSocketServer } from "ws";

for (const refused of [0, 1]) {
  let left = refused;
  const verifyClient = (_, answer) => (left-- > 0 ? answer(false, 503) : answer(true));
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", verifyClient });
  await once(server, "listening");
  const got = [];
  server.on("connection", (peer) => peer.on("message", (data) => got.push(JSON.parse(data))));
  const subject = webSocket({ url: `ws://127.0.0.1:${server.address().port}`, WebSocketCtor: WebSocket });
  subject.pipe(retry({ delay: 300 })).subscribe();
  subject.next("before");
  await pause(150);
  subject.next("in the wait");
  await pause(600);
  console.log(`${refused} refused: ${got.join(", ")}`);
}
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: rxjs@7.8.2 ws@8.23.0, node $(node --version)"
echo "expected: twice: before, in the wait"
echo "seen: $seen"
recorded='0 refused: before, in the wait
1 refused: in the wait'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
