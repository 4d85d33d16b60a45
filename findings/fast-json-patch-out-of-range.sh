#!/usr/bin/env bash
# Run: JSON patches that RFC 6902 calls errors, applied by fast-json-patch as it comes and by rfc6902: an index past
# the end, a replace and a remove of what is not there, and an index of -1.
# One would expect: an error for each in both, and the document as it was.
# What happens: rfc6902 refuses all. fast-json-patch appends, adds and ignores without a word (its validation is off
# unless asked for), and -1 becomes a property of the array that JSON does not show.
# Why it matters: patches sent between peers that drifted apart are the case that the errors are for; here both go on
# with different documents and nothing asks for the whole state anew.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" fast-json-patch@3.1.1 rfc6902@5.4.0

cat > "$dir/run.mjs" <<'JS'
import { createRequire } from "node:module";
import { applyPatch as rfc6902 } from "rfc6902";

const { applyPatch } = createRequire(import.meta.url)("fast-json-patch");
const operations = {
  "add past the end": { op: "add", path: "/list/9", value: 2 },
  "add at -1": { op: "add", path: "/list/-1", value: 2 },
  "replace nothing": { op: "replace", path: "/title", value: "x" },
  "remove nothing": { op: "remove", path: "/title" },
};
for (const [name, operation] of Object.entries(operations)) {
  const one = { list: [1] };
  const other = { list: [1] };
  let outcome = "taken";
  try {
    applyPatch(one, [operation]);
  } catch (error) {
    outcome = error.name;
  }
  const [error] = rfc6902(other, [operation]);
  console.log(`${name}: fast-json-patch ${outcome} ${JSON.stringify(one)}, rfc6902 ${error?.name ?? "taken"}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: fast-json-patch@3.1.1 rfc6902@5.4.0, node $(node --version)"
echo "expected: four times an error from both"
echo "seen: $seen"
recorded='add past the end: fast-json-patch taken {"list":[1,2]}, rfc6902 MissingError
add at -1: fast-json-patch taken {"list":[1]}, rfc6902 MissingError
replace nothing: fast-json-patch taken {"list":[1],"title":"x"}, rfc6902 MissingError
remove nothing: fast-json-patch taken {"list":[1]}, rfc6902 MissingError'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
