#!/usr/bin/env bash
# Run: a histogram of prom-client with the buckets 1, 5, 10 and one with 10, 1, 5 observe 0.5, 3 and 7.
# One would expect: the same counts for each bound, as buckets are cumulative; or an error for an order that does not
# ascend, as client_golang has.
# What happens: each value is counted at the first bound in the list that it is under, and the counts are added up in
# that order: with 10 in front, the bound 1 has all three values.
# Why it matters: `histogram_quantile` gives wrong figures for such a metric, with no hint; an order by importance or a
# list put together of two is enough.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" prom-client@15.1.3

cat > "$dir/run.mjs" <<'JS'
import prometheus from "prom-client";

for (const buckets of [[1, 5, 10], [10, 1, 5]]) {
  const registry = new prometheus.Registry();
  const histogram = new prometheus.Histogram({ name: "time", help: "time", buckets, registers: [registry] });
  for (const value of [0.5, 3, 7]) histogram.observe(value);
  const lines = [...(await registry.metrics()).matchAll(/time_bucket\{le="([^"]*)"\} (\d+)/g)];
  console.log(`${buckets.join(", ")}: ${lines.map(([, bound, count]) => `up to ${bound}: ${count}`).join("; ")}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: prom-client@15.1.3, node $(node --version)"
echo "expected: up to 1: 1; up to 5: 2; up to 10: 3; up to +Inf: 3 (in any order) in both lines"
echo "seen: $seen"
recorded='1, 5, 10: up to 1: 1; up to 5: 2; up to 10: 3; up to +Inf: 3
10, 1, 5: up to 10: 3; up to 1: 3; up to 5: 3; up to +Inf: 3'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
