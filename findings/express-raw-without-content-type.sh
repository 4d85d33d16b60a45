#!/usr/bin/env bash
# Run: an app of Express 5 and of Express 4 with `express.raw({ type: "*/*" })`; a client posts the bytes "ping" with
# the type application/octet-stream, and without a `Content-Type`, as HTTP allows.
# One would expect: a Buffer of four bytes each time; "*/*" is every type.
# What happens: without the header the body is not read: `req.body` is undefined in version 5 and an empty object in
# version 4.
# Why it matters: a handler that checks the signature of the raw body fails with a TypeError and answers 500 to this
# sender only. `type: () => true` takes each body.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" express5@npm:express@5.3.0 express4@npm:express@4.22.3

cat > "$dir/run.mjs" <<'JS'
import { once } from "node:events";
import { request } from "node:http";
import express4 from "express4";
import express5 from "express5";

const kind = (value) => (Buffer.isBuffer(value) ? `Buffer of ${value.length}` : JSON.stringify(value) ?? "undefined");
for (const [name, express] of [["5", express5], ["4", express4]]) {
  const app = express();
  app.post("/all", express.raw({ type: "*/*" }), (req, res) => res.send(kind(req.body)));
  app.post("/function", express.raw({ type: () => true }), (req, res) => res.send(kind(req.body)));
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const post = async (path, type) => {
    const headers = { "content-length": 4, ...type };
    const sent = request({ host: "127.0.0.1", port: server.address().port, path, method: "POST", headers });
    sent.end("ping");
    const [response] = await once(sent, "response");
    return (await response.toArray()).join("");
  };
  console.log(`${name}, with a type: ${await post("/all", { "content-type": "application/octet-stream" })}`);
  console.log(`${name}, without: ${await post("/all")}`);
  console.log(`${name}, without, type is a function: ${await post("/function")}`);
}
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: express5@npm:express@5.3.0 express4@npm:express@4.22.3, node $(node --version)"
echo "expected: Buffer of 4, six times"
echo "seen: $seen"
recorded='5, with a type: Buffer of 4
5, without: undefined
5, without, type is a function: Buffer of 4
4, with a type: Buffer of 4
4, without: {}
4, without, type is a function: Buffer of 4'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
