#!/usr/bin/env bash
# Run: a limit of 5 characters in Zod and in Valibot, on a name with letters outside the Basic Multilingual Plane (rare
# kanji as in Japanese names), and `string.length`.
# One would expect: the same count in both: UTF-16 units, as `length`, `maxlength` in HTML and most libraries count.
# What happens: Zod counts code points, Valibot UTF-16 units: the name of 4 characters has 4 in Zod and 8 in Valibot.
# Why it matters: a form checked with the one and a server with the other disagree on names that people have, and a
# limit of bytes or of a database behind the looser one is passed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" zod@4.6.7 valibot@1.5.0

cat > "$dir/run.mjs" <<'JS'
import * as v from "valibot";
import * as z from "zod";

for (const name of ["abcd", "\u{20BB7}\u{2A6D6}\u{20000}\u{20001}"]) {
  const zod = z.string().max(5).safeParse(name).success;
  const valibot = v.safeParse(v.pipe(v.string(), v.maxLength(5)), name).success;
  console.log(`${[...name].length} characters, length ${name.length}: zod ${zod}, valibot ${valibot}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: zod@4.6.7 valibot@1.5.0, node $(node --version)"
echo "expected: zod and valibot the same"
echo "seen: $seen"
recorded='4 characters, length 4: zod true, valibot true
4 characters, length 8: zod true, valibot false'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
