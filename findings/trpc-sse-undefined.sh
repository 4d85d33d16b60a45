#!/usr/bin/env bash
# Run: a subscription of tRPC yields 1, then undefined (an event without data), then 2; it is read over WebSocket and
# over server-sent events, each with the link that tRPC has for it.
# One would expect: the same over both: 1, undefined, 2; a query that returns undefined works over HTTP as well.
# What happens: over WebSocket it is so. Over server-sent events the word "undefined" is sent as data, which its own
# client cannot parse: the subscription ends with a SyntaxError, and the 2 is never delivered.
# Why it matters: "something has changed" is a common event without data. A server that moves from one transport to the
# other loses whole subscriptions at the first of them.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" \
  @trpc/server@11.25.2 @trpc/client@11.25.2 eventsource@4.1.1 ws@8.23.0

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { createTRPCClient, createWSClient, httpSubscriptionLink, wsLink } from "@trpc/client";
import { initTRPC } from "@trpc/server";
import { createHTTPServer } from "@trpc/server/adapters/standalone";
import { applyWSSHandler } from "@trpc/server/adapters/ws";
import { EventSource } from "eventsource";
import { WebSocket, WebSocketServer } from "ws";

const trpc = initTRPC.create();
const router = trpc.router({
  changes: trpc.procedure.subscription(async function* () {
    yield 1;
    await pause(500);
    yield undefined;
    await pause(500);
    yield 2;
    await pause(60_000);
  }),
});
const http = createHTTPServer({ router });
http.listen(0, "127.0.0.1");
await once(http, "listening");
const wss = new WebSocketServer({ port: 0, host: "127.0.0.1" });
await once(wss, "listening");
applyWSSHandler({ wss, router });

const links = {
  WebSocket: wsLink({ client: createWSClient({ url: `ws://127.0.0.1:${wss.address().port}`, WebSocket }) }),
  "server-sent events": httpSubscriptionLink({ url: `http://127.0.0.1:${http.address().port}`, EventSource }),
};
for (const [name, link] of Object.entries(links)) {
  const seen = [];
  await new Promise((resolve) => {
    createTRPCClient({ links: [link] }).changes.subscribe(undefined, {
      onData: (data) => {
        seen.push(data);
        if (data === 2) resolve();
      },
      onError: (error) => {
        seen.push(error.cause?.name ?? error.name);
        resolve();
      },
    });
  });
  console.log(`${name}: ${seen.map(String).join(" ")}`);
}
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: @trpc/server@11.25.2 @trpc/client@11.25.2 eventsource@4.1.1 ws@8.23.0, node $(node --version)"
echo "expected: twice: 1 undefined 2"
echo "seen: $seen"
recorded='WebSocket: 1 undefined 2
server-sent events: 1 SyntaxError'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
