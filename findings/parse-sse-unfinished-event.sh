#!/usr/bin/env bash
# Run: parse-sse and eventsource-parser read a stream that ends in the middle of its second event, after the first of
# its two data lines, as it does when a connection is cut.
# One would expect: one event; the standard discards what has no empty line behind it when the stream ends.
# What happens: parse-sse ("spec-compliant") delivers the half event as if it were whole.
# Why it matters: half of a JSON text does not parse, and half of a plain text looks like the message; with its id taken
# for the place to go on from, the rest is never asked for.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" parse-sse@0.1.0 eventsource-parser@3.1.1

cat > "$dir/run.mjs" <<'JS'
import { createParser } from "eventsource-parser";
import { parseServerSentEvents } from "parse-sse";

const text = "id: 1\ndata: whole\n\nid: 2\ndata: first half\n";
const parsed = [];
createParser({ onEvent: ({ id, data }) => parsed.push(`${id} ${data}`) }).feed(text);
console.log(`eventsource-parser: ${parsed.join(", ")}`);
const streamed = [];
const response = new Response(text, { headers: { "content-type": "text/event-stream" } });
for await (const { lastEventId, data } of parseServerSentEvents(response)) streamed.push(`${lastEventId} ${data}`);
console.log(`parse-sse: ${streamed.join(", ")}`);
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: parse-sse@0.1.0 eventsource-parser@3.1.1, node $(node --version)"
echo "expected: twice: 1 whole"
echo "seen: $seen"
recorded='eventsource-parser: 1 whole
parse-sse: 1 whole, 2 first half'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
