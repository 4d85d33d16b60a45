#!/usr/bin/env bash
# Run: fast-json-stringify (the serializer of Fastify) writes a list with undefined in its middle, with a schema for its
# items (number, string), without one, and inside an object; JSON.stringify writes the same.
# One would expect: null in its place, as JSON.stringify does, or an error.
# What happens: where the schema says nothing of the items (`items: {}`), the word undefined is written. The result is
# no JSON, and no error is reported. For numbers there is an error, for texts an empty text.
# Why it matters: a response or a frame with one missing value in a list of any values goes out with status 200, and
# each client refuses it as a whole.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" fast-json-stringify@7.3.10

cat > "$dir/run.mjs" <<'JS'
import build from "fast-json-stringify";

const seen = (write) => {
  try {
    const text = write();
    JSON.parse(text);
    return text;
  } catch (error) {
    return error instanceof SyntaxError ? `${write()} is no JSON` : "an error";
  }
};
const list = [1, undefined, 2];
for (const items of [{ type: "number" }, { type: "string" }, {}]) {
  const write = build({ type: "array", items });
  console.log(`items ${JSON.stringify(items)}: ${seen(() => write(list))}`);
}
const write = build({ type: "object", properties: { list: { type: "array" } } });
console.log(`array without items: ${seen(() => write({ list }))}`);
console.log(`JSON.stringify: ${seen(() => JSON.stringify(list))}`);
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: fast-json-stringify@7.3.10, node $(node --version)"
echo "expected: JSON or an error in each line"
echo "seen: $seen"
recorded='items {"type":"number"}: an error
items {"type":"string"}: an error
items {}: [1,undefined,2] is no JSON
array without items: {"list":[1,undefined,2]} is no JSON
JSON.stringify: [1,null,2]'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
