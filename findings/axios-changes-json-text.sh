#!/usr/bin/env bash
# Run: axios posts texts that are ready, with `Content-Type: application/json`: JSON with a line break at its end, and
# two lines of JSON. The same with `fetch`, and with axios and a Buffer.
# One would expect: the bytes that were given; a text is not an object that needs to be made JSON.
# What happens: axios trims the first, and makes a JSON string in quotes of the second, since it cannot parse it.
# Why it matters: who signs a body and posts it with axios sends another body than the signed one, for some texts only.
# Give axios a Buffer.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" axios@1.21.1

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import { createServer } from "node:http";
import axios from "axios";

const server = createServer(async (request, response) => {
  response.end(JSON.stringify((await request.toArray()).join("")));
}).listen(0, "127.0.0.1");
await once(server, "listening");
const url = `http://127.0.0.1:${server.address().port}/`;
const headers = { "content-type": "application/json" };
const post = async (body) => (await axios.post(url, body, { headers })).data;
for (const text of ['{"seq": 1}\n', '{"seq":1}\n{"seq":2}\n']) {
  const fetched = await (await fetch(url, { method: "POST", body: text, headers })).json();
  console.log(`fetch ${fetched === text}, axios with Buffer ${(await post(Buffer.from(text))) === text}`);
  console.log(`axios with text ${JSON.stringify(await post(text))}`);
}
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: axios@1.21.1, node $(node --version)"
echo "expected: each text as it was given"
echo "seen: $seen"
recorded='fetch true, axios with Buffer true
axios with text "{\"seq\": 1}"
fetch true, axios with Buffer true
axios with text "\"{\\\"seq\\\":1}\\n{\\\"seq\\\":2}\\n\""'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
