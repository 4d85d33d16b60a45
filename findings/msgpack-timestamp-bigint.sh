#!/usr/bin/env bash
# Run: `@msgpack/msgpack` encodes `{ at: Date.now() }`, `msgpackr` decodes it, both as they come.
# One would expect: the same number; both are MessagePack and a millisecond time is far below 2^53.
# What happens: it arrives as a BigInt. The one writes integers from 2^32 on as 64-bit integers, the other reads those
# as BigInt; what it writes itself for such numbers is a float, so a program with msgpackr on both sides never sees it.
# Why it matters: `Date.now() - message.at` throws a TypeError and JSON.stringify fails, for times but not for small
# numbers, when client and server chose different libraries.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" @msgpack/msgpack@3.1.3 msgpackr@2.1.4

cat > "$dir/run.mjs" <<'JS'
import { encode } from "@msgpack/msgpack";
import { pack, unpack } from "msgpackr";

const at = 1_800_000_000_000;
const message = { small: 7, at };
const kinds = ({ small, at }) => `small ${typeof small}, at ${typeof at}`;
console.log("msgpackr both ways:", kinds(unpack(pack(message))));
const received = unpack(encode(message));
console.log("from @msgpack/msgpack:", kinds(received));
try {
  console.log(at - received.at);
} catch (error) {
  console.log("difference:", error.name);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: @msgpack/msgpack@3.1.3 msgpackr@2.1.4, node $(node --version)"
echo "expected: number everywhere, difference 0"
echo "seen: $seen"
recorded='msgpackr both ways: small number, at number
from @msgpack/msgpack: small number, at bigint
difference: TypeError'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
