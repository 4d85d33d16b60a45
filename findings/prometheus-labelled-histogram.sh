#!/usr/bin/env bash
# Run: a counter and a histogram, each with the label "region" and two values of it, written by prom-client and read
# back by parse-prometheus-text-format.
# One would expect: two entries for each, told apart by their labels, the histogram's with buckets, count and sum.
# What happens: so for the counter. The histogram has one entry: its buckets are those of the region that comes last,
# without any label, and count and sum are gone. A histogram without labels keeps both.
# Why it matters: nearly every histogram in use has labels. A check on a limit (the share of answers within 100 ms)
# judges one region and calls it all; the slow one here is not seen.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" prom-client@15.1.3 parse-prometheus-text-format@1.1.1

cat > "$dir/run.mjs" <<'JS'
import parse from "parse-prometheus-text-format";
import { Counter, Histogram, Registry } from "prom-client";

const registers = [new Registry()];
const labelNames = ["region"];
const counter = new Counter({ name: "messages", help: "Messages.", labelNames, registers });
const labelled = new Histogram({ name: "latency", help: "Seconds.", labelNames, buckets: [0.1, 1], registers });
const plain = new Histogram({ name: "size", help: "Kilobytes.", buckets: [0.1, 1], registers });
for (const [region, seconds] of [["west", 5], ["east", 0.05]]) {
  counter.inc({ region });
  labelled.observe({ region }, seconds);
  plain.observe(seconds);
}
for (const { name, metrics } of parse(await registers[0].metrics())) {
  for (const { labels, value, buckets, count, sum } of metrics) {
    console.log(name, JSON.stringify({ labels, value, fast: buckets?.["0.1"], all: buckets?.["+Inf"], count, sum }));
  }
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: prom-client@15.1.3 parse-prometheus-text-format@1.1.1, node $(node --version)"
echo "expected: two lines for latency, with labels, count and sum"
echo "seen: $seen"
recorded='messages {"labels":{"region":"west"},"value":"1"}
messages {"labels":{"region":"east"},"value":"1"}
latency {"fast":"1","all":"1"}
size {"fast":"1","all":"2","count":"2","sum":"5.05"}'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
