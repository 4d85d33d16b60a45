#!/usr/bin/env bash
# Run: `msgpackr` packs an object with a property that is undefined, `@msgpack/msgpack` decodes it, both as they come.
# One would expect: the property is missing, null or undefined; JSON and the other library's own encoder do one of
# these.
# What happens: it is an object of the class ExtData: undefined travels as an extension of type 0 that only msgpackr
# knows.
# Why it matters: an optional field that was not set arrives as something truthy, so `if (message.replyTo)` is taken.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" @msgpack/msgpack@3.1.3 msgpackr@2.1.4

cat > "$dir/run.mjs" <<'JS'
import { decode, encode } from "@msgpack/msgpack";
import { pack } from "msgpackr";

const message = { body: "hello", replyTo: undefined };
const show = ({ replyTo }) => `${replyTo?.constructor.name ?? replyTo}, ${replyTo ? "truthy" : "falsy"}`;
console.log("@msgpack/msgpack both ways:", show(decode(encode(message))));
console.log("from msgpackr:", show(decode(pack(message))));
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: @msgpack/msgpack@3.1.3 msgpackr@2.1.4, node $(node --version)"
echo "expected: falsy in both"
echo "seen: $seen"
recorded='@msgpack/msgpack both ways: null, falsy
from msgpackr: ExtData, truthy'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
