#!/usr/bin/env bash
# Run: `safeParse` of Zod, and of Valibot, on a value that fits both sides of an intersection, where a property on both
# sides is a Date, a URL, a Map, a Set or NaN.
# One would expect: success for each; the value is valid for each side, and neither side changes it.
# What happens: for a Map, a Set and NaN Zod throws "Unmergable intersection", out of `safeParse` too, which is there to
# throw nothing. Valibot calls Map and Set invalid. Date and URL pass in both.
# Why it matters: two object schemas with one field in common are put together with `.and`. The field is a Map of
# members: each valid state is refused, and where `safeParse` is trusted the error is caught by nobody.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" zod@4.6.7 valibot@1.5.0

cat > "$dir/run.mjs" <<'JS'
import * as v from "valibot";
import { z } from "zod";

const kinds = {
  Date: [z.date(), v.date(), new Date(0)],
  URL: [z.instanceof(URL), v.instance(URL), new URL("https://example.com")],
  Map: [z.map(z.string(), z.number()), v.map(v.string(), v.number()), new Map([["ada", 1]])],
  Set: [z.set(z.string()), v.set(v.string()), new Set(["ada"])],
  NaN: [z.nan(), v.nan(), Number.NaN],
};
for (const [name, [zod, valibot, value]] of Object.entries(kinds)) {
  let seen;
  try {
    seen = z.object({ value: zod }).and(z.object({ value: zod })).safeParse({ value }).success;
  } catch (error) {
    seen = `throws (${error.message.split(".")[0]})`;
  }
  const both = v.intersect([v.object({ value: valibot }), v.object({ value: valibot })]);
  console.log(`${name}: zod ${seen}, valibot ${v.safeParse(both, { value }).success}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: zod@4.6.7 valibot@1.5.0, node $(node --version)"
echo "expected: zod true, valibot true in each line"
echo "seen: $seen"
recorded='Date: zod true, valibot true
URL: zod true, valibot true
Map: zod throws (Unmergable intersection), valibot false
Set: zod throws (Unmergable intersection), valibot false
NaN: zod throws (Unmergable intersection), valibot true'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
