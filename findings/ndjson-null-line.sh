#!/usr/bin/env bash
# Run: the packages ndjson and split2 (with JSON.parse as its mapper) read four lines, the second of which is `null`,
# from a stream; and two lines, the second of which is `null`. The same texts split at line breaks and parsed by hand.
# One would expect: four values; null is a JSON text as any other, and the format asks for one JSON text in each line.
# What happens: both stop at null. What comes after it is lost, and the error, "stream.push() after EOF", names neither
# the line nor the value: in the stream of Node a pushed null is the sign for its end. With null as the last line there
# is no error, and one value less.
# Why it matters: an export in which null stands for "cleared" or "deleted" breaks at the first of these, in a reader
# that has read all others. Lines should be objects, so that no value of the data stands alone.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" ndjson@2.0.0 split2@4.2.0

cat > "$dir/run.mjs" <<'JS'
import { Readable } from "node:stream";
import ndjson from "ndjson";
import split2 from "split2";

const read = async (text, parser) => {
  const seen = [];
  const ends = new Set();
  parser.on("data", (value) => seen.push(value));
  parser.on("error", (error) => ends.add(`error "${error.message}"`));
  parser.on("end", () => ends.add("end"));
  Readable.from([text]).pipe(parser);
  await new Promise((resolve) => setTimeout(resolve, 300));
  return [JSON.stringify(seen), ...[...ends].sort()].join(", ");
};
for (const text of ['{"n":1}\nnull\n{"n":2}\n{"n":3}\n', '{"n":1}\nnull\n']) {
  console.log("by hand:", JSON.stringify(text.trim().split("\n").map((line) => JSON.parse(line))));
  console.log("ndjson:", await read(text, ndjson.parse()));
  console.log("split2:", await read(text, split2(JSON.parse)));
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: ndjson@2.0.0 split2@4.2.0, node $(node --version)"
echo "expected: the values that are read by hand, then end"
echo "seen: $seen"
recorded='by hand: [{"n":1},null,{"n":2},{"n":3}]
ndjson: [{"n":1}], end, error "stream.push() after EOF"
split2: [{"n":1}], error "stream.push() after EOF"
by hand: [{"n":1},null]
ndjson: [{"n":1}], end
split2: [{"n":1}], end'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
