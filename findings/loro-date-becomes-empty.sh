#!/usr/bin/env bash
# Run: values that are no JSON put into a map of Loro: a Date, a Set, a BigInt and a function.
# One would expect: an error for each, as Loro refuses the BigInt and the function ("Unsupported value type").
# What happens: Date and Set are taken and become an empty object, for the writer too.
# Why it matters: `map.set("editedAt", new Date())` loses the time in the shared document without an error; other CRDTs
# of the field keep a Date (Automerge) so code moved from them breaks silently.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" loro-crdt@1.17.1

cat > "$dir/run.mjs" <<'JS'
import { LoroDoc } from "loro-crdt";

const values = { date: new Date(0), set: new Set([1]), bigint: 1n, function: () => {} };
for (const [name, value] of Object.entries(values)) {
  const map = new LoroDoc().getMap("room");
  try {
    map.set("value", value);
    console.log(`${name}: ${JSON.stringify(map.get("value"))}`);
  } catch (error) {
    console.log(`${name}: ${error.message ?? error}`);
  }
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: loro-crdt@1.17.1, node $(node --version)"
echo "expected: four times an error"
echo "seen: $seen"
recorded='date: {}
set: {}
bigint: Unsupported value type
function: Unsupported value type'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
