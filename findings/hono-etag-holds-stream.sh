#!/usr/bin/env bash
# Run: an event stream of Hono with four events 100 ms apart, once plain and once behind the `etag()` middleware.
# One would expect: the same: a stream that is not finished has no tag, so the middleware lets it pass.
# What happens: the middleware reads the whole body for its tag first. Not even the headers go out before the last
# event, then all come at once; a stream without an end never answers.
# Why it matters: `app.use(etag())` for a whole API is common, and the browser's EventSource then stays in CONNECTING
# with no error on either side.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" hono@4.13.19 @hono/node-server@2.1.9

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import http from "node:http";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { etag } from "hono/etag";
import { streamSSE } from "hono/streaming";

const events = (c) =>
  streamSSE(c, async (stream) => {
    for (const data of ["1", "2", "3", "4"]) {
      await stream.writeSSE({ data });
      await stream.sleep(100);
    }
  });
const app = new Hono().get("/plain", events).get("/etag", etag(), events);
const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
await once(server, "listening");
for (const path of ["/plain", "/etag"]) {
  const start = Date.now();
  const [response] = await once(http.get({ port: server.address().port, host: "127.0.0.1", path }), "response");
  const headers = Date.now() - start < 200 ? "headers at once" : "headers after the last event";
  let body = "";
  for await (const chunk of response) body += chunk;
  console.log(`${path}: ${headers}, ${body.match(/data/g).length} events`);
}
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: hono@4.13.19 @hono/node-server@2.1.9, node $(node --version)"
echo "expected: twice: headers at once, 4 events"
echo "seen: $seen"
recorded='/plain: headers at once, 4 events
/etag: headers after the last event, 4 events'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
