#!/usr/bin/env bash
# Run: openapi-fetch gets an address with a Date as the value of a query parameter, and with the text of it.
# One would expect: the time as ISO 8601, as JSON writes a Date and as the format date-time of an OpenAPI document asks;
# or an error.
# What happens: the parameter is left out without an error, as an object without properties would be.
# Why it matters: `since` is lost, and the answer is that for all times, which looks right. Types that a generator makes
# with Date for date-time allow the call. Pass `date.toISOString()`.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" openapi-fetch@0.17.0

cat > "$dir/run.mjs" <<'JS'
import createClient from "openapi-fetch";

const fetch = async (request) => Response.json(request.url);
const client = createClient({ baseUrl: "http://rooms.example", fetch });
const since = new Date(0);
for (const query of [{ since }, { since: since.toISOString() }])
  console.log((await client.GET("/messages", { params: { query } })).data);
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: openapi-fetch@0.17.0, node $(node --version)"
echo "expected: since=1970-01-01T00:00:00.000Z twice"
echo "seen: $seen"
recorded='http://rooms.example/messages
http://rooms.example/messages?since=1970-01-01T00%3A00%3A00.000Z'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
