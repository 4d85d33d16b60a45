#!/usr/bin/env bash
# Run: structured-headers writes numbers with a fraction as items (RFC 9651) and reads its own text.
# One would expect: a decimal with at least one digit behind the point, as the RFC demands; it is rounded to three
# digits, so 1.0004 is "1.0".
# What happens: a number that is rounded to a whole one is written with a bare point, "1.", which its own parser
# refuses, as each other one must.
# Why it matters: a measured time or share goes out in a header; its reader refuses the whole field, for the few values
# that are rounded to a whole number.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" structured-headers@2.1.0

cat > "$dir/run.mjs" <<'JS'
import { parseItem, serializeItem } from "structured-headers";

for (const value of [1.5, 1.0004, 0.9999, 59.99996]) {
  const text = serializeItem([value, new Map()]);
  let back;
  try {
    [back] = parseItem(text);
  } catch (error) {
    back = "not read back";
  }
  console.log(`${value}: "${text}" ${back}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: structured-headers@2.1.0, node $(node --version)"
echo "expected: \"1.5\" 1.5, \"1.0\" 1, \"1.0\" 1, \"60.0\" 60"
echo "seen: $seen"
recorded='1.5: "1.5" 1.5
1.0004: "1." not read back
0.9999: "1." not read back
59.99996: "60." not read back'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
