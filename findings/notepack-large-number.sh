#!/usr/bin/env bash
# Run: numbers of JavaScript from 2^53 to the largest one through notepack.io (MessagePack; the msgpack parser of
# Socket.IO is built on an older version of it), and through @msgpack/msgpack.
# One would expect: the same numbers back: MessagePack has a form for every number of JavaScript, the 64-bit float.
# What happens: each number without a fraction is written as a 64-bit integer, whether it fits or not. From 2^64 on,
# another number comes back: 1e21 is 3875820019684212700, and 1e100 and the largest number are 0.
# Why it matters: totals, scores of idle games and "no limit" as Number.MAX_VALUE arrive as small numbers or 0, without
# an error; the same values survive JSON and the other library.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" notepack.io@3.0.1 @msgpack/msgpack@3.1.3

cat > "$dir/run.mjs" <<'JS'
import { decode, encode } from "@msgpack/msgpack";
import notepack from "notepack.io";

for (const value of [2 ** 53, 2 ** 63, 1e21, 1e100, Number.MAX_VALUE]) {
  console.log(`${value}: notepack ${notepack.decode(notepack.encode(value))}, msgpack ${decode(encode(value))}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: notepack.io@3.0.1 @msgpack/msgpack@3.1.3, node $(node --version)"
echo "expected: the same number three times in each line"
echo "seen: $seen"
recorded='9007199254740992: notepack 9007199254740992, msgpack 9007199254740992
9223372036854776000: notepack 9223372036854776000, msgpack 9223372036854776000
1e+21: notepack 3875820019684212700, msgpack 1e+21
1e+100: notepack 0, msgpack 1e+100
1.7976931348623157e+308: notepack 0, msgpack 1.7976931348623157e+308'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
