#!/usr/bin/env bash
# Run: fractions in a field of the type number of @colyseus/schema, encoded and decoded.
# One would expect: the same number; the type picks its own size by the value.
# What happens: it takes four bytes where the result is off by less than 0.0001: 1.1 arrives as 1.100000023841858,
# small differences vanish, and Infinity arrives as 9007199254740991.
# Why it matters: the server's state and the client's copy are not equal: prices, coordinates on a map (up to a metre
# in degrees) and comparisons go wrong for fractions only. `float64` keeps them.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" @colyseus/schema@5.0.34

cat > "$dir/run.mjs" <<'JS'
import { Decoder, Encoder, schema, t } from "@colyseus/schema";

const copy = (type, value) => {
  const State = schema({ value: t[type]() });
  const state = new State();
  state.value = value;
  const read = new State();
  new Decoder(read).decode(new Encoder(state).encodeAll());
  return read.value;
};
for (const value of [5, 1.1, 48.137154, 1e-7, Infinity]) {
  console.log(`${value}: number ${copy("number", value)}, float64 ${copy("float64", value)}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: @colyseus/schema@5.0.34, node $(node --version)"
echo "expected: each as it is in both"
echo "seen: $seen"
recorded='5: number 5, float64 5
1.1: number 1.100000023841858, float64 1.1
48.137154: number 48.13715362548828, float64 48.137154
1e-7: number 1.0000000116860974e-7, float64 1e-7
Infinity: number 9007199254740991, float64 Infinity'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
