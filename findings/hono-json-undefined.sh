#!/usr/bin/env bash
# Run: `c.json(undefined)` in a handler of Hono, in Node.
# One would expect: an error (as `Response.json(undefined)` gives) or the text null; what is called JSON should be
# some.
# What happens: 200 with the content type of JSON and an empty body, which no JSON parser takes.
# Why it matters: a handler that returns what it looked up answers "ok" when there was nothing, and the reader fails
# with "Unexpected end of JSON input", which looks like a cut connection.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" hono@4.13.19

cat > "$dir/run.mjs" <<'JS'
import { Hono } from "hono";

const app = new Hono().get("/", (c) => c.json(new Map().get("nobody")));
const response = await app.request("/");
const text = await response.text();
console.log(`${response.status} ${response.headers.get("content-type")} ${JSON.stringify(text)}`);
try {
  JSON.parse(text);
} catch (error) {
  console.log(`parsed: ${error.name}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: hono@4.13.19, node $(node --version)"
echo "expected: an error, or null"
echo "seen: $seen"
recorded='200 application/json ""
parsed: SyntaxError'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
