#!/usr/bin/env bash
# Run: fast-json-stringify writes a property that may be a text or a list of texts, with the schema as `["string",
# "array"]`, as `["array", "string"]` and as `anyOf`.
# One would expect: the list as a list in all three; the order of the types in a JSON schema has no meaning.
# What happens: with string first the list becomes one text, joined by commas. With array first and with `anyOf` it
# stays a list.
# Why it matters: the form "one or many" is common (`aud` of a token, the recipients of a message). A reader gets one
# name "ada,bob", valid by the same schema, so no check finds it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" fast-json-stringify@7.3.10

cat > "$dir/run.mjs" <<'JS'
import build from "fast-json-stringify";

const items = { type: "string" };
const forms = {
  "string, array": { type: ["string", "array"], items },
  "array, string": { type: ["array", "string"], items },
  anyOf: { anyOf: [{ type: "string" }, { type: "array", items }] },
};
for (const [name, to] of Object.entries(forms)) {
  console.log(`${name}: ${build({ type: "object", properties: { to } })({ to: ["ada", "bob"] })}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: fast-json-stringify@7.3.10, node $(node --version)"
echo "expected: {\"to\":[\"ada\",\"bob\"]} three times"
echo "seen: $seen"
recorded='string, array: {"to":"ada,bob"}
array, string: {"to":["ada","bob"]}
anyOf: {"to":["ada","bob"]}'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
