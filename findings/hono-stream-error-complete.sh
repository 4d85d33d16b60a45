#!/usr/bin/env bash
# Run: three handlers of Hono write one piece and then fail: `streamText`, `streamSSE`, and `c.body` with a
# ReadableStream that errors.
# One would expect: the reader sees a broken answer (the connection is cut, `fetch` rejects) in all three.
# What happens: only the last is cut. With the streaming helpers the error is logged, and the body then ends in good
# order: the reader has an answer of status 200 that is complete as far as HTTP can tell.
# Why it matters: half an answer of a model, or half an export, is stored as whole. A complete stream needs a mark of
# its own at the end (`[DONE]`, a finish event), and the reader has to ask for it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" hono@4.13.19 @hono/node-server@2.1.9

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { streamSSE, streamText } from "hono/streaming";

const app = new Hono();
app.get("/streamText", (c) =>
  streamText(c, async (stream) => {
    await stream.write("half");
    throw new Error("failed");
  }),
);
app.get("/streamSSE", (c) =>
  streamSSE(c, async (stream) => {
    await stream.writeSSE({ data: "half" });
    throw new Error("failed");
  }),
);
app.get("/body", (c) => {
  const half = new TextEncoder().encode("half");
  const pull = async (controller) => {
    controller.enqueue(half);
    await new Promise((resolve) => setTimeout(resolve, 50));
    controller.error(new Error("failed"));
  };
  return c.body(new ReadableStream({ pull }));
});
const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" });
await once(server, "listening");
for (const path of ["/body", "/streamText", "/streamSSE"]) {
  const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`);
  const outcome = await response.text().then(
    (text) => `complete, ${JSON.stringify(text)}`,
    () => "broken",
  );
  console.log(`${path}: ${response.status} ${outcome}`);
}
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: hono@4.13.19 @hono/node-server@2.1.9, node $(node --version)"
echo "expected: three times: 200 broken"
echo "seen: $seen"
recorded='/body: 200 broken
/streamText: 200 complete, "half"
/streamSSE: 200 complete, "data: half\n\n"'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
