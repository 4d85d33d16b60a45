#!/usr/bin/env bash
# Run: fetch-event-stream and eventsource-parser read a text that comes in pieces as server-sent events: "Rooms", " at",
# "  the edge"; the field separator is "data: " each time.
# One would expect: the three pieces; the standard takes away one space behind the colon and no more.
# What happens: fetch-event-stream takes away all of them: "Rooms", "at", "the edge".
# Why it matters: texts that are streamed word by word (as language models do) carry their spaces at the beginning of
# the pieces. Put together they read "Roomsatthe edge", and code loses its indentation.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" fetch-event-stream@0.1.6 eventsource-parser@3.1.1

cat > "$dir/run.mjs" <<'JS'
import { createParser } from "eventsource-parser";
import { events } from "fetch-event-stream";

const text = ["Rooms", " at", "  the edge"].map((piece) => `data: ${piece}\n\n`).join("");
let parsed = "";
createParser({ onEvent: ({ data }) => (parsed += data) }).feed(text);
console.log(`eventsource-parser: "${parsed}"`);
let streamed = "";
for await (const { data } of events(new Response(text))) streamed += data;
console.log(`fetch-event-stream: "${streamed}"`);
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: fetch-event-stream@0.1.6 eventsource-parser@3.1.1, node $(node --version)"
echo "expected: twice: \"Rooms at  the edge\""
echo "seen: $seen"
recorded='eventsource-parser: "Rooms at  the edge"
fetch-event-stream: "Roomsatthe edge"'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
