#!/usr/bin/env bash
# Run: @azure/core-sse and eventsource-parser read a block that has a name only ("event: ping"), as servers send it to
# keep a connection alive, and then a message without a name.
# One would expect: one event without a name: the standard forgets the name at the empty line, with or without data.
# What happens: eventsource-parser gives that. In @azure/core-sse the name is kept, and the message that follows is
# reported as a "ping".
# Why it matters: a client that passes over pings loses the first message after each of them.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" @azure/core-sse@2.3.0 eventsource-parser@3.1.1

cat > "$dir/run.mjs" <<'JS'
import { createSseStream } from "@azure/core-sse";
import { createParser } from "eventsource-parser";

const text = "event: ping\n\ndata: one\n\ndata: two\n\n";
const parsed = [];
createParser({ onEvent: (event) => parsed.push(event) }).feed(text);
const streamed = [];
for await (const event of createSseStream(new Blob([text]).stream())) streamed.push(event);
for (const [name, events] of [["eventsource-parser", parsed], ["@azure/core-sse", streamed]]) {
  console.log(`${name}: ${events.map(({ event, data }) => `${event || "(no name)"} ${data}`).join(", ")}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: @azure/core-sse@2.3.0 eventsource-parser@3.1.1, node $(node --version)"
echo "expected: twice: (no name) one, (no name) two"
echo "seen: $seen"
recorded='eventsource-parser: (no name) one, (no name) two
@azure/core-sse: ping one, (no name) two'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
