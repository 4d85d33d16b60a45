#!/usr/bin/env bash
# Run: positions and lengths past the end, in Y.Array and Y.Text of Yjs.
# One would expect: an error from both ("Length exceeded!"), so that a wrong position is found.
# What happens: Y.Array throws. Y.Text never does: an insert is appended, a delete ends early, and a format fills the
# missing length with line breaks, which then are part of the shared text.
# Why it matters: a selection kept from before a peer's deletion is the usual case in rooms; marking it bold adds empty
# lines for everybody, and nothing tells the editor that its positions were old.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" yjs@13.6.33

cat > "$dir/run.mjs" <<'JS'
import * as Y from "yjs";

const doc = new Y.Doc();
const attempt = (name, run) => {
  try {
    console.log(`${name}: ${run()}`);
  } catch (error) {
    console.log(`${name}: ${error.message}`);
  }
};
const array = doc.getArray("array");
array.insert(0, [1]);
attempt("array insert", () => array.insert(5, [2]));
attempt("array delete", () => array.delete(0, 5));
const text = (key, change) => {
  const shared = doc.getText(key);
  shared.insert(0, "abc");
  change(shared);
  return JSON.stringify(shared.toString());
};
attempt("text insert", () => text("a", (shared) => shared.insert(9, "x")));
attempt("text delete", () => text("b", (shared) => shared.delete(1, 9)));
attempt("text format", () => text("c", (shared) => shared.format(1, 5, { bold: true })));
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: yjs@13.6.33, node $(node --version)"
echo "expected: five times: Length exceeded!"
echo "seen: $seen"
recorded='array insert: Length exceeded!
array delete: Length exceeded!
text insert: "abcx"
text delete: "a"
text format: "abc\n\n\n"'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
