#!/usr/bin/env bash
# Run: numbers of JavaScript put into an Automerge document, saved and loaded.
# One would expect: the same numbers back, or an error for those that do not fit; no other type, as BigInt is not JSON.
# What happens: from 2^53 - 1 on (that one is a safe integer still) an integer comes back as BigInt, and 1e21 as
# another number, the largest 64-bit integer, without a word. A BigInt that is small comes back as number.
# Why it matters: a peer that computes with what another wrote throws a TypeError by the size of the value, and large
# amounts (hashes, nanoseconds, tokens of a chain) change on the way.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" @automerge/automerge@3.5.0

cat > "$dir/run.mjs" <<'JS'
import * as Automerge from "@automerge/automerge";

const written = { small: 2 ** 52, safe: Number.MAX_SAFE_INTEGER, float: 1e21, bigint: 5n };
const read = Automerge.load(Automerge.save(Automerge.from(written)));
for (const [key, value] of Object.entries(read)) console.log(`${key}: ${typeof value} ${value}`);
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: @automerge/automerge@3.5.0, node $(node --version)"
echo "expected: small, safe and float as written; bigint 5 as bigint or refused"
echo "seen: $seen"
recorded='bigint: number 5
float: bigint 9223372036854775807
safe: bigint 9007199254740991
small: number 4503599627370496'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
