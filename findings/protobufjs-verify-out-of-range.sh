#!/usr/bin/env bash
# Run: `verify` of protobufjs on numbers that do not fit their type (int32, uint32, fixed32), and what comes out of
# encoding and decoding them; beside it a fraction and a text.
# One would expect: a message for each; `verify` is documented as the check whether an object can be encoded as it is,
# and it names the fraction and the text.
# What happens: numbers out of range pass, negative ones in unsigned types too. What arrives is what their lowest bits
# give: 2^31 is -2147483648, 2^32 + 5 is 5.
# Why it matters: a time in milliseconds, or an id that has grown past 2^31, in a field that was made int32 arrives as
# another number, after the check that the documents ask for.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" protobufjs@8.8.1

cat > "$dir/run.mjs" <<'JS'
import protobuf from "protobufjs";

const source = 'syntax = "proto3"; message M { int32 a = 1; uint32 b = 2; fixed32 c = 3; }';
const M = protobuf.parse(source).root.lookupType("M");
for (const value of [{ a: 2 ** 31 }, { a: 2 ** 32 + 5 }, { b: -1 }, { c: 2 ** 32 + 1 }, { a: 1.5 }, { a: "5" }]) {
  const [[name, number]] = Object.entries(value);
  const problem = M.verify(value);
  const arrives = problem ?? `arrives as ${M.decode(M.encode(value).finish())[name]}`;
  console.log(`${M.fields[name].type} ${number}: ${arrives}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: protobufjs@8.8.1, node $(node --version)"
echo "expected: \"integer expected\" or the like in each line"
echo "seen: $seen"
recorded='int32 2147483648: arrives as -2147483648
int32 4294967301: arrives as 5
uint32 -1: arrives as 4294967295
fixed32 4294967297: arrives as 1
int32 1.5: a: integer expected
int32 5: a: integer expected'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
