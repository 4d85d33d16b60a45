#!/usr/bin/env bash
# Run: telejson, which carries the events of Storybook over its channel (postMessage and WebSocket), writes and reads
# texts: one that is an ISO time, two that begin like its own marks, and an ordinary one.
# One would expect: texts again: what was a Date is told apart by a mark, so texts need none, and a text with the mark
# of the library is escaped.
# What happens: a text that is an ISO time comes back as a Date, "_date_of_birth" as an invalid Date, and "_symbol_x" as
# a symbol.
# Why it matters: JSON from a server is full of such times as texts. After the channel `slice` and `===` on them fail,
# and a name that begins with a mark is lost.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" telejson@8.0.0

cat > "$dir/run.mjs" <<'JS'
import { parse, stringify } from "telejson";

for (const text of ["2026-03-01T12:00:00.000Z", "_date_of_birth", "_symbol_x", "hello"]) {
  const { value } = parse(stringify({ value: text }));
  console.log(`${text}: ${Object.prototype.toString.call(value)} ${String(value === text)}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: telejson@8.0.0, node $(node --version)"
echo "expected: [object String] true four times"
echo "seen: $seen"
recorded='2026-03-01T12:00:00.000Z: [object Date] false
_date_of_birth: [object Date] false
_symbol_x: [object Symbol] false
hello: [object String] true'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
