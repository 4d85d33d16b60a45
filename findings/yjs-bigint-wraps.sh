#!/usr/bin/env bash
# Run: BigInt values in a Y.Map of Yjs, sent to another document as an update.
# One would expect: the same values, or an error for what does not fit, as functions and symbols get one.
# What happens: only 64 bits travel. 2^63 arrives negative and 2^70 arrives as 0, while the writer's own document shows
# the right value until it is loaded again.
# Why it matters: two members of a room see different values for good, and neither side reports anything.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" yjs@13.6.33

cat > "$dir/run.mjs" <<'JS'
import * as Y from "yjs";

for (const [name, value] of [["2^62", 2n ** 62n], ["2^63", 2n ** 63n], ["2^70", 2n ** 70n]]) {
  const writer = new Y.Doc();
  writer.getMap("room").set("value", value);
  const reader = new Y.Doc();
  Y.applyUpdate(reader, Y.encodeStateAsUpdate(writer));
  const same = writer.getMap("room").get("value") === value;
  const read = reader.getMap("room").get("value");
  console.log(`${name}: writer ${same ? "the same" : "another"}, reader ${read === value ? "the same" : read}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: yjs@13.6.33, node $(node --version)"
echo "expected: the same for all, or an error"
echo "seen: $seen"
recorded='2^62: writer the same, reader the same
2^63: writer the same, reader -9223372036854775808
2^70: writer the same, reader 0'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
