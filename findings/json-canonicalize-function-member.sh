#!/usr/bin/env bash
# Run: json-canonicalize and canonicalize (both RFC 8785) write an object with a method, with a member whose `toJSON`
# gives undefined, and with a symbol as a value; JSON.stringify writes the same.
# One would expect: these members are left out, as JSON.stringify does and as json-canonicalize itself does for
# undefined; or an error.
# What happens: json-canonicalize writes `"greet":undefined`, which is no JSON; canonicalize leaves them out.
# Why it matters: the text is made to be hashed and signed. The signature is then over a text that the other side cannot
# make of the same data: it has only what went through JSON.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" json-canonicalize@3.0.1 canonicalize@5.1.0

cat > "$dir/run.mjs" <<'JS'
import other from "canonicalize";
import { canonicalize } from "json-canonicalize";

const values = {
  method: { name: "ada", greet() {} },
  toJSON: { name: "ada", cache: { toJSON() {} } },
  symbol: { name: "ada", kind: Symbol("kind") },
  undefined: { name: "ada", left: undefined },
};
for (const [name, value] of Object.entries(values)) {
  console.log(`${name}: json-canonicalize ${canonicalize(value)}, canonicalize ${other(value)}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: json-canonicalize@3.0.1 canonicalize@5.1.0, node $(node --version)"
echo "expected: {\"name\":\"ada\"} everywhere"
echo "seen: $seen"
recorded='method: json-canonicalize {"greet":undefined,"name":"ada"}, canonicalize {"name":"ada"}
toJSON: json-canonicalize {"cache":undefined,"name":"ada"}, canonicalize {"name":"ada"}
symbol: json-canonicalize {"kind":undefined,"name":"ada"}, canonicalize {"name":"ada"}
undefined: json-canonicalize {"name":"ada"}, canonicalize {"name":"ada"}'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
