#!/usr/bin/env bash
# Run: `toStrictEqual` of Vitest (its package @vitest/expect) on `{ name: "ada", left: undefined }` and
# `{ name: "ada" }`: as they are, in an array, as the value of a Map and as the element of a Set; the same with an
# instance of a class and a plain object.
# One would expect: all fail; that a property which is undefined counts is what sets `toStrictEqual` apart.
# What happens: in a Map or a Set the property that is undefined is passed over, as `toEqual` does. The class is noticed
# there.
# Why it matters: state of rooms is mostly a Map by id. A test that a key is gone ("not only undefined", as JSON and
# IndexedDB tell the two apart) holds for objects and arrays and says nothing for Maps.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" @vitest/expect@5.1.1 chai@6.3.0

cat > "$dir/run.mjs" <<'JS'
import { JestChaiExpect } from "@vitest/expect";
import { expect, use } from "chai";

use(JestChaiExpect);

class Member {
  name = "ada";
}
const plain = { name: "ada" };
const wraps = {
  alone: (value) => value,
  Array: (value) => [value],
  Map: (value) => new Map([["id", value]]),
  Set: (value) => new Set([value]),
};

for (const [name, wrap] of Object.entries(wraps)) {
  const passes = (value) => {
    try {
      expect(wrap(value)).toStrictEqual(wrap(plain));
      return "passes";
    } catch {
      return "fails";
    }
  };
  console.log(`${name}: undefined ${passes({ ...plain, left: undefined })}, class ${passes(new Member())}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: @vitest/expect@5.1.1 chai@6.3.0, node $(node --version)"
echo "expected: eight times: fails"
echo "seen: $seen"
recorded='alone: undefined fails, class fails
Array: undefined fails, class fails
Map: undefined passes, class fails
Set: undefined passes, class fails'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
