#!/usr/bin/env bash
# Run: an invalid Date (what `new Date("soon")` gives) through bson, through its EJSON, and through JSON, devalue and
# structuredClone.
# One would expect: an error, null or an invalid Date again; each of the others does one of these.
# What happens: bson writes it as 0, so it comes back as midnight of 1 January 1970, a good date. EJSON writes a text
# that EJSON itself refuses to read.
# Why it matters: a time that could not be read (from a form, another system) is stored as the oldest there is: it sorts
# first, counts as expired, and cannot be told from a real one any more.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" bson@7.3.4 devalue@6.0.3

cat > "$dir/run.mjs" <<'JS'
import { deserialize, EJSON, serialize } from "bson";
import { parse, stringify } from "devalue";

const trips = {
  JSON: (value) => JSON.parse(JSON.stringify(value)),
  structuredClone,
  devalue: (value) => parse(stringify(value)),
  bson: (value) => deserialize(serialize(value)),
  EJSON: (value) => EJSON.parse(EJSON.stringify(value)),
};
for (const [name, trip] of Object.entries(trips)) {
  let seen;
  try {
    const { at } = trip({ at: new Date("soon") });
    seen = at instanceof Date && !Number.isNaN(at.getTime()) ? at.toISOString() : String(at);
  } catch (error) {
    seen = error.name;
  }
  console.log(`${name}: ${seen}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: bson@7.3.4 devalue@6.0.3, node $(node --version)"
echo "expected: null, Invalid Date or an error from each"
echo "seen: $seen"
recorded='JSON: null
structuredClone: Invalid Date
devalue: Invalid Date
bson: 1970-01-01T00:00:00.000Z
EJSON: BSONError'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
