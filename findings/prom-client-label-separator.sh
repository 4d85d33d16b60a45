#!/usr/bin/env bash
# Run: prom-client counts two pairs of label values: "x,b:y" with "z", and "x" with "y,b:z" (labels a and b); and two
# ordinary pairs.
# One would expect: two series for the first, as for the second; any text is allowed as the value of a label.
# What happens: the first two are one series, with the labels of whichever came first and a count of 2: the key inside
# is made of names and values, joined with comma and colon.
# Why it matters: values that hold lists or addresses (filters, scopes, "host:port") are added up under the wrong
# labels, without an error.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" prom-client@15.1.3

cat > "$dir/run.mjs" <<'JS'
import prometheus from "prom-client";

const pairs = {
  separators: [{ a: "x,b:y", b: "z" }, { a: "x", b: "y,b:z" }],
  ordinary: [{ a: "x", b: "y" }, { a: "y", b: "x" }],
};
for (const [name, [first, second]] of Object.entries(pairs)) {
  const registry = new prometheus.Registry();
  const options = { name: "count", help: "counts", labelNames: ["a", "b"], registers: [registry] };
  const counter = new prometheus.Counter(options);
  counter.inc(first);
  counter.inc(second);
  const lines = (await registry.metrics()).split("\n").filter((line) => line.startsWith("count{"));
  console.log(`${name}: ${lines.join(" and ")}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: prom-client@15.1.3, node $(node --version)"
echo "expected: two series with the count 1 in each line"
echo "seen: $seen"
recorded='separators: count{a="x,b:y",b="z"} 2
ordinary: count{a="x",b="y"} 1 and count{a="y",b="x"} 1'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
