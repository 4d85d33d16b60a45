#!/usr/bin/env bash
# Run: json-diff-ts makes and applies the changes from `[[1, 2], [3]]` to `[[1], [3]]` in a property "strokes": a point
# is removed from a list in a list. The same with the lists in objects, and with a point changed instead of removed.
# One would expect: the second state each time.
# What happens: the changed point and the one removed from a list in an object are right. The one removed from a list in
# a list stays; a warning is printed that an element with the key "undefined" could not be found, and nothing is thrown.
# Why it matters: lists of lists are the usual form of drawings, tables and polygons. After the first erased point two
# members see different things and stay so.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" json-diff-ts@4.10.4

cat > "$dir/run.mjs" <<'JS'
import { applyChangeset, diff } from "json-diff-ts";

const cases = {
  "changed, list in list": [[[1, 2], [3]], [[1, 5], [3]]],
  "removed, list in object": [[{ points: [1, 2] }, { points: [3] }], [{ points: [1] }, { points: [3] }]],
  "removed, list in list": [[[1, 2], [3]], [[1], [3]]],
};
for (const [name, [before, after]] of Object.entries(cases)) {
  const copy = { strokes: structuredClone(before) };
  applyChangeset(copy, diff({ strokes: before }, { strokes: after }));
  console.log(`${name}: ${JSON.stringify(copy.strokes)}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: json-diff-ts@4.10.4, node $(node --version)"
echo 'expected: [[1,5],[3]], [{"points":[1]},{"points":[3]}], [[1],[3]]'
echo "seen: $seen"
recorded='changed, list in list: [[1,5],[3]]
removed, list in object: [{"points":[1]},{"points":[3]}]
removed, list in list: [[1,2],[3]]'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
