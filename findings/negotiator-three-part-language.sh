#!/usr/bin/env bash
# Run: negotiator (`acceptsLanguages` of Express and of others) chooses for `Accept-Language: zh-Hant-TW`, `en-US` and
# `sr-Latn-RS` among what an app has.
# One would expect: `zh-Hant` and `sr-Latn`, as `en-US` gives `en`: the lookup of RFC 4647 takes one part after the
# other off the end.
# What happens: only the first part alone is tried: `zh-Hant` is not found, and if the app has `zh` beside it, this is
# chosen.
# Why it matters: a client that names its script gets another script, or the default language, although its own is
# there.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" negotiator@1.1.0

cat > "$dir/run.mjs" <<'JS'
import * as all from "negotiator";

const Negotiator = all.Negotiator ?? all.default;
for (const [asked, available] of [
  ["en-US", ["de", "en"]],
  ["zh-Hant-TW", ["en", "zh-Hant"]],
  ["zh-Hant-TW", ["en", "zh", "zh-Hant"]],
  ["sr-Latn-RS", ["en", "sr-Latn"]],
]) {
  const chosen = new Negotiator({ headers: { "accept-language": asked } }).language(available);
  console.log(`${asked} of ${available.join(", ")}: ${chosen}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: negotiator@1.1.0, node $(node --version)"
echo "expected: en, zh-Hant, zh-Hant, sr-Latn"
echo "seen: $seen"
recorded='en-US of de, en: en
zh-Hant-TW of en, zh-Hant: undefined
zh-Hant-TW of en, zh, zh-Hant: zh
sr-Latn-RS of en, sr-Latn: undefined'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
