#!/usr/bin/env bash
# Run: `toEqual` and `toStrictEqual` of Vitest (its package @vitest/expect) on two ArrayBuffers of different content, of
# different length, and on Uint8Arrays of different content.
# One would expect: all fail; these are different bytes.
# What happens: `toEqual` passes for both pairs of ArrayBuffers, also where they are a property of an object.
# `toStrictEqual` fails for them, and both fail for the arrays.
# Why it matters: binary messages arrive as ArrayBuffer in browsers, so `expect(event.data).toEqual(bytes.buffer)` is
# the test one writes; it is green whatever came.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" @vitest/expect@5.1.1 chai@6.3.0

cat > "$dir/run.mjs" <<'JS'
import { JestChaiExpect } from "@vitest/expect";
import { expect, use } from "chai";

use(JestChaiExpect);

const bytes = (...values) => new Uint8Array(values);
const pairs = {
  content: [bytes(1, 2).buffer, bytes(3, 4).buffer],
  length: [bytes(1, 2).buffer, bytes(1).buffer],
  "as property": [{ data: bytes(1, 2).buffer }, { data: bytes(3, 4).buffer }],
  Uint8Array: [bytes(1, 2), bytes(3, 4)],
};

for (const [name, [left, right]] of Object.entries(pairs)) {
  const results = ["toEqual", "toStrictEqual"].map((matcher) => {
    try {
      expect(left)[matcher](right);
      return `${matcher} passes`;
    } catch {
      return `${matcher} fails`;
    }
  });
  console.log(`${name}: ${results.join(", ")}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: @vitest/expect@5.1.1 chai@6.3.0, node $(node --version)"
echo "expected: eight times: fails"
echo "seen: $seen"
recorded='content: toEqual passes, toStrictEqual fails
length: toEqual passes, toStrictEqual fails
as property: toEqual passes, toStrictEqual fails
Uint8Array: toEqual fails, toStrictEqual fails'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
