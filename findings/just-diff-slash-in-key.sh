#!/usr/bin/env bash
# Run: just-diff with its `jsonPatchPathConverter` writes the patch that adds the key "text/plain", or "a~1b", to an
# object; fast-json-patch and just-diff-apply (with the converter of the same name) carry it out.
# One would expect: a JSON patch as of RFC 6902: "/" and "~" in keys are written "~1" and "~0".
# What happens: they are written as they are. The path "/text/plain" is the key "plain" in "text": fast-json-patch
# throws, and just-diff-apply sets "plain" at the top. "/a~1b" is the key "a/b", and fast-json-patch sets that.
# Why it matters: state with media types, paths or addresses as keys gives patches that other members cannot apply, or
# that change another key; all tests with simple names pass.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" just-diff@6.0.2 just-diff-apply@5.5.0 fast-json-patch@3.1.1

cat > "$dir/run.mjs" <<'JS'
import jsonPatch from "fast-json-patch";
import { diff, jsonPatchPathConverter as write } from "just-diff";
import { diffApply, jsonPatchPathConverter as read } from "just-diff-apply";

const tell = (change) => {
  try {
    return JSON.stringify(change());
  } catch (error) {
    return error.name;
  }
};
for (const key of ["text/plain", "a~1b"]) {
  const after = { [key]: 2 };
  const patch = diff({}, after, write);
  console.log(`${key}: path ${patch[0].path}, expected ${jsonPatch.compare({}, after)[0].path}`);
  console.log(`  fast-json-patch: ${tell(() => jsonPatch.applyPatch({}, patch).newDocument)}`);
  console.log(`  just-diff-apply: ${tell(() => diffApply({}, patch, read))}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: just-diff@6.0.2 just-diff-apply@5.5.0 fast-json-patch@3.1.1, node $(node --version)"
echo "expected: the same path twice; the key with the value 2 from both"
echo "seen: $seen"
recorded='text/plain: path /text/plain, expected /text~1plain
  fast-json-patch: TypeError
  just-diff-apply: {"plain":2}
a~1b: path /a~1b, expected /a~01b
  fast-json-patch: {"a/b":2}
  just-diff-apply: {"a~1b":2}'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
