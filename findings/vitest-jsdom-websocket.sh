#!/usr/bin/env bash
# Run: a test of Vitest opens the global WebSocket to a server on this machine, in the environments node, happy-dom and
# jsdom (the newest of each).
# One would expect: "open" in all three; jsdom has had a WebSocket for years, and it opens when jsdom is used alone.
# What happens: in jsdom the connection stands and `readyState` is 1, but no event comes, neither "open" nor "error".
# Vitest puts the Event of jsdom over the one of Node, undici (on which jsdom builds its WebSocket) makes its events
# with it, and its own EventTarget refuses them with a TypeError that is only seen as an unhandled error of the run.
# Why it matters: a socket client waits for good in such a test and is suspected itself. Components with live data need
# happy-dom (as the tests of this project use) or a WebSocket that is handed in.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" vitest@5.1.2 jsdom@31.0.1 happy-dom@21.0.4 ws@8.23.0 \
  node@24.21.0

cat > "$dir/socket.test.mjs" <<'JS'
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { test } from "vitest";
import { WebSocketServer } from "ws";

test("open", async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const socket = new WebSocket(`ws://127.0.0.1:${server.address().port}`);
  const event = await new Promise((resolve) => {
    for (const type of ["open", "error", "close"]) socket.addEventListener(type, () => resolve(type));
    setTimeout(() => resolve("no event"), 2000);
  });
  writeFileSync("seen", `${event}, readyState ${socket.readyState}`);
});
JS

run() {
  local status=0
  rm -f "$dir/seen"
  (cd "$dir" && timeout 120 node_modules/.bin/node node_modules/vitest/vitest.mjs run --environment "$1" \
    >out.log 2>err.log) || status=$?
  echo "$1: $(cat "$dir/seen"), vitest $([ "$status" = 0 ] && echo passes || echo fails)"
}
seen=$(run node; run happy-dom; run jsdom)
echo "versions: vitest@5.1.2 jsdom@31.0.1 happy-dom@21.0.4 ws@8.23.0, node $("$dir/node_modules/.bin/node" --version)"
echo "expected: three times: open, readyState 1, vitest passes"
echo "seen: $seen"
recorded='node: open, readyState 1, vitest passes
happy-dom: open, readyState 1, vitest passes
jsdom: no event, readyState 1, vitest fails'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
