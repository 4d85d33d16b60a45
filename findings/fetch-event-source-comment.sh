#!/usr/bin/env bash
# Run: a stream of server-sent events with the usual heartbeat comment, read by @microsoft/fetch-event-source and by
# eventsource-parser.
# One would expect: the comment is no event, so one message from each; the standard says so for blocks without data.
# What happens: fetch-event-source calls `onmessage` for the comment and for each further empty line, with empty data.
# Why it matters: `JSON.parse(event.data)` throws with the first heartbeat, often only behind the one proxy or server
# that sends them, and servers that use "data: " with nothing in it as a signal cannot be told apart.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" @microsoft/fetch-event-source@2.0.1 eventsource-parser@3.1.1

cat > "$dir/run.mjs" <<'JS'
import { createParser } from "eventsource-parser";
import { getLines, getMessages } from "@microsoft/fetch-event-source/lib/cjs/parse.js";

const stream = 'data: {"n":1}\n\n: heartbeat\n\n\n';
const fetchEventSource = [];
const read = getLines(getMessages(() => {}, () => {}, (message) => fetchEventSource.push(message.data)));
read(new TextEncoder().encode(stream));
const parser = [];
createParser({ onEvent: (event) => parser.push(event.data) }).feed(stream);
console.log("eventsource-parser:", JSON.stringify(parser));
console.log("fetch-event-source:", JSON.stringify(fetchEventSource));
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: @microsoft/fetch-event-source@2.0.1 eventsource-parser@3.1.1, node $(node --version)"
echo "expected: one message from each"
echo "seen: $seen"
recorded='eventsource-parser: ["{\"n\":1}"]
fetch-event-source: ["{\"n\":1}","",""]'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
