#!/usr/bin/env bash
# Run: @asyncapi/parser validates a document whose only message has an example that its own schema refuses (a text
# where the schema says integer); written as AsyncAPI 2.6, 3.0 and 3.1.
# One would expect: an error that names the example, in all three.
# What happens: so for 2.6. For 3.0 and 3.1 there is none: the rule for examples exists for version 2 only.
# Why it matters: a document that was moved to version 3 stays green while its examples drift away from its schemas, and
# examples are what people copy and what mock servers send. They need a test of their own against the schemas.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" @asyncapi/parser@3.6.6

cat > "$dir/run.mjs" <<'JS'
import { Parser } from "@asyncapi/parser";

const info = { title: "Rooms", version: "1" };
const message = {
  payload: { type: "object", required: ["seq"], properties: { seq: { type: "integer" } } },
  examples: [{ payload: { seq: "seven" } }],
};
const version2 = { asyncapi: "2.6.0", info, channels: { room: { publish: { message } } } };
const version3 = (asyncapi) => ({
  asyncapi,
  info,
  channels: { room: { address: "room", messages: { said: message } } },
  operations: { say: { action: "send", channel: { $ref: "#/channels/room" } } },
});
const parser = new Parser();
const errors = async (document) => {
  const { diagnostics } = await parser.parse(JSON.stringify(document));
  const found = diagnostics.filter(({ severity }) => severity === 0).map(({ code, message }) => `${code}: ${message}`);
  return found.join(" | ") || "no error";
};
console.log("2.6.0:", await errors(version2));
console.log("3.0.0:", await errors(version3("3.0.0")));
console.log("3.1.0:", await errors(version3("3.1.0")));
JS

seen=$(cd "$dir" && timeout 120 node run.mjs 2>err.log)
echo "versions: @asyncapi/parser@3.6.6, node $(node --version)"
echo "expected: an error about seq for 2.6.0, 3.0.0 and 3.1.0"
echo "seen: $seen"
recorded='2.6.0: asyncapi2-message-examples: "seq" property type must be integer
3.0.0: no error
3.1.0: no error'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
