#!/usr/bin/env bash
# Run: a stream of server-sent events through http-proxy and through httpxy; the reader leaves after the first event.
# One would expect: both close the connection to the server behind them, so that it can stop.
# What happens: httpxy does at once; with http-proxy the server still writes to nobody 2 s later.
# Why it matters: each page that was opened and closed leaves a stream, and its timer or subscription, behind in the
# server, with a proxy that many Node tools and tutorials still build on.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" http-proxy@1.18.1 httpxy@0.5.6

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import http from "node:http";
import httpProxy from "http-proxy";
import { createProxyServer } from "httpxy";

const listen = async (handler) => {
  const server = http.createServer(handler).listen(0, "127.0.0.1");
  await once(server, "listening");
  return `http://127.0.0.1:${server.address().port}`;
};
let departed = 0;
const target = await listen((_, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const timer = setInterval(() => response.write("data: tick\n\n"), 50);
  response.on("close", () => {
    departed++;
    clearInterval(timer);
  });
});
const oldProxy = httpProxy.createProxyServer({ target });
oldProxy.on("error", () => {});
const newProxy = createProxyServer({ target });
const ways = {
  direct: target,
  httpxy: await listen((request, response) => newProxy.web(request, response).catch(() => {})),
  "http-proxy": await listen((request, response) => oldProxy.web(request, response)),
};
for (const [name, url] of Object.entries(ways)) {
  departed = 0;
  const request = http.get(url);
  request.on("error", () => {});
  const [response] = await once(request, "response");
  response.on("error", () => {});
  await once(response, "data");
  request.destroy();
  await new Promise((resolve) => setTimeout(resolve, 2000));
  console.log(`${name}: ${departed === 1 ? "the server sees it" : "the server does not see it"}`);
}
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: http-proxy@1.18.1 httpxy@0.5.6, node $(node --version)"
echo "expected: three times: the server sees it"
echo "seen: $seen"
recorded='direct: the server sees it
httpxy: the server sees it
http-proxy: the server does not see it'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
