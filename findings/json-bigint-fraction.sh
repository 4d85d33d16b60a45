#!/usr/bin/env bash
# Run: json-bigint, as it comes and with `useNativeBigInt`, reads an ordinary fraction that JSON.stringify has written
# with 17 digits (0.1 + 0.2), beside a short fraction and a large integer.
# One would expect: only the integer becomes something else than a number; a fraction is no big integer.
# What happens: any number of more than 15 characters counts as big. The fraction becomes an object of BigNumber, and
# with `useNativeBigInt` the whole text is refused with a SyntaxError, as a BigInt takes no fraction.
# Why it matters: positions on a map and computed scores have such digits now and then: 0.5 and 0.25 pass all tests,
# and one message in some then cannot be read, or its number is an object that `+` joins as text.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" json-bigint@1.0.0

cat > "$dir/run.mjs" <<'JS'
import jsonBigint from "json-bigint";

const text = JSON.stringify({ short: 0.25, long: 0.1 + 0.2 }).replace("}", ',"id":9007199254740993}');
for (const [name, json] of [["plain", jsonBigint], ["native", jsonBigint({ useNativeBigInt: true })]]) {
  let seen;
  try {
    seen = Object.values(json.parse(text)).map((value) => value.constructor.name).join(" ");
  } catch (error) {
    seen = error.name;
  }
  console.log(`${name}: ${seen}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: json-bigint@1.0.0, node $(node --version)"
echo "expected: plain: Number Number BigNumber; native: Number Number BigInt"
echo "seen: $seen"
recorded='plain: Number BigNumber BigNumber
native: SyntaxError'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
