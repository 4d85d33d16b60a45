#!/usr/bin/env bash
# Run: a store of zustand holds a Date and a URL; both are replaced by others, seen by a subscription with
# `equalityFn: shallow`, as its documents show it. The same with numbers and with arrays.
# One would expect: the listener is called for each change; two dates of different days are not equal.
# What happens: it is called for the number and the array only. `shallow` compares the own entries of two objects, and
# Dates, URLs and Errors have none, so any two of them are equal.
# Why it matters: "last seen" or "typing since" kept as a Date is shown once and then stands still, with `shallow` and
# with selectors wrapped in `useShallow`, which use the same comparison.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" zustand@5.1.0 react@19.3.1

cat > "$dir/run.mjs" <<'JS'
import { subscribeWithSelector } from "zustand/middleware";
import { shallow } from "zustand/shallow";
import { createStore } from "zustand/vanilla";

const changes = [
  { number: 1, array: [1], date: new Date(0), url: new URL("https://example.com/1") },
  { number: 2, array: [2], date: new Date(86_400_000), url: new URL("https://example.com/2") },
];
const store = createStore(subscribeWithSelector(() => changes[0]));
const told = new Set();
for (const key of Object.keys(changes[0])) {
  store.subscribe((state) => state[key], () => told.add(key), { equalityFn: shallow });
}
store.setState(changes[1]);
for (const key of Object.keys(changes[0])) console.log(`${key}: ${told.has(key) ? "told" : "not told"}`);
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: zustand@5.1.0 react@19.3.1, node $(node --version)"
echo "expected: four times: told"
echo "seen: $seen"
recorded='number: told
array: told
date: not told
url: not told'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
