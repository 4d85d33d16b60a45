#!/usr/bin/env bash
# Run: jsondiffpatch makes and applies the difference of two objects whose property "_t" changes; once at the top and
# once one level down. The same with the name "t".
# One would expect: the second object each time; the documents speak of JSON objects, not of names that are not allowed.
# What happens: in a delta "_t" says that the delta is for an array, and a property of that name is written there too.
# At the top `patch` throws "patch failed"; one level down the whole inner object becomes undefined, without an error.
# Why it matters: "_t" is a common short name for a type or a time in messages. A patch that changes it deletes the
# message in every copy that applies it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" jsondiffpatch@0.7.7

cat > "$dir/run.mjs" <<'JS'
import { diff, patch } from "jsondiffpatch";

// The library prints its own state with console.log when a patch fails.
const print = console.log;
console.log = () => {};
for (const name of ["t", "_t"]) {
  const before = { text: "hi", [name]: "draft" };
  const after = { text: "hi", [name]: "sent" };
  for (const [place, wrap] of [["top", (value) => value], ["inner", (value) => ({ message: value })]]) {
    let seen;
    try {
      seen = JSON.stringify(patch(wrap({ ...before }), diff(wrap(before), wrap(after))));
    } catch (error) {
      seen = error.message;
    }
    print(`${name}, ${place}: ${seen}`);
  }
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: jsondiffpatch@0.7.7, node $(node --version)"
echo "expected: the message with \"sent\", four times"
echo "seen: $seen"
recorded='t, top: {"text":"hi","t":"sent"}
t, inner: {"message":{"text":"hi","t":"sent"}}
_t, top: patch failed
_t, inner: {}'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
