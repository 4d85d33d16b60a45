#!/usr/bin/env bash
# Run: the EventSource of undici and the eventsource package open an address that redirects (307, temporary) to another
# one; the stream there ends, and both reconnect.
# One would expect: each attempt begins at the address that was given; a temporary redirect is for one request.
# What happens: eventsource asks the given address again. undici goes to the target of the first redirect at once, and
# from then on never asks the given address.
# Why it matters: an address that hands out the server of the moment is asked once. When that server is taken out of
# service, its clients try it for ever, while each new one is sent elsewhere.
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
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    if (request.url === "/given") return response.writeHead(307, { location: "/target" }).end();
    response.writeHead(200, { "content-type": "text/event-stream" }).end("retry: 50\n\ndata: hello\n\n");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const source = new Source(`http://127.0.0.1:${server.address().port}/given`);
  let messages = 0;
  await new Promise((resolve) => {
    source.onmessage = () => {
      if (++messages === 3) resolve();
    };
  });
  source.close();
  console.log(`${name}: ${asked.join(" ")}`);
}
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: undici@7.30.2 eventsource@4.1.1, node $(node --version)"
echo "expected: twice: /given /target /given /target /given /target"
echo "seen: $seen"
recorded='eventsource: /given /target /given /target /given /target
undici: /given /target /target /target'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
