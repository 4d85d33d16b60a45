#!/usr/bin/env bash
# Run: `AbortSignal.any([first, second])` in Node 24; the second is aborted, then the first; only then the reason of the
# joined signal is read. Once without a listener on the joined signal and once with one.
# One would expect: the reason of the second both times: a joined signal takes the reason of what aborted it first and
# keeps it.
# What happens: without a listener it is the reason of the first. Nothing is noted when the second is aborted; the list
# is gone through in its order when somebody asks. With a listener, or in Node 20, it is right.
# Why it matters: `any([AbortSignal.timeout(...), leave])` is read after the fact to tell "took too long" from "the user
# left": if the other signal fires too before that, the wrong one is reported and retried.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" node@24.21.0

cat > "$dir/run.mjs" <<'JS'
for (const listening of [true, false]) {
  const first = new AbortController();
  const second = new AbortController();
  const joined = AbortSignal.any([first.signal, second.signal]);
  if (listening) joined.addEventListener("abort", () => {});
  second.abort("second");
  first.abort("first");
  console.log(`${listening ? "with" : "without"} a listener: ${joined.reason}`);
}
JS

seen=$(cd "$dir" && timeout 60 node_modules/.bin/node run.mjs)
echo "versions: node $("$dir/node_modules/.bin/node" --version)"
echo "expected: twice: second"
echo "seen: $seen"
recorded='with a listener: second
without a listener: first'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
