#!/usr/bin/env bash
# Run: the eventsource package and the EventSource of undici read a stream with a message of id 1 and then an id alone
# ("id: 2" and an empty line); the stream ends, and both reconnect.
# One would expect: `Last-Event-ID: 2` from both: the standard sets the id at each empty line, and only then looks
# whether there is data to dispatch.
# What happens: undici sends 2. The eventsource package sends 1: an id without data is passed over.
# Why it matters: servers move a reader's place forward this way past events that are not for it. After each reconnect
# this client asks for all of them again, or is told that its place is no longer kept.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" undici@7.30.2 eventsource@4.1.1

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import { createServer } from "node:http";
import { EventSource as Package } from "eventsource";
import { EventSource as Undici } from "undici";

for (const [name, Source] of [["eventsource", Package], ["undici", Undici]]) {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const source = new Source(`http://127.0.0.1:${server.address().port}/`);
  const [, first] = await once(server, "request");
  first.writeHead(200, { "content-type": "text/event-stream" });
  first.end("retry: 50\nid: 1\ndata: hello\n\nid: 2\n\n");
  const [again] = await once(server, "request");
  console.log(`${name}: Last-Event-ID ${again.headers["last-event-id"]}`);
  source.close();
}
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: undici@7.30.2 eventsource@4.1.1, node $(node --version)"
echo "expected: twice: Last-Event-ID 2"
echo "seen: $seen"
recorded='eventsource: Last-Event-ID 1
undici: Last-Event-ID 2'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
