#!/usr/bin/env bash
# Run: `setMany` of idb-keyval with two pairs, of which the second cannot be stored: its value is a function, or its key
# is null.
# One would expect: nothing is stored; its documents call the operation atomic: "if one of the pairs can't be added,
# none will be added".
# What happens: the promise is rejected and the first pair is stored. The error comes while the pairs are handed over;
# the transaction is not aborted then, so the browser commits what it has.
# Why it matters: whoever relies on the promise (a cursor together with the messages up to it) keeps one half after an
# error, and a later start trusts it.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" idb-keyval@6.3.0 fake-indexeddb@6.2.8

cat > "$dir/run.mjs" <<'JS'
import "fake-indexeddb/auto";
import { get, setMany } from "idb-keyval";

for (const [name, first, bad] of [["function", "one", ["two", () => {}]], ["null key", "three", [null, 4]]]) {
  const result = await setMany([[first, 1], bad]).then(() => "stored", (error) => error.name);
  console.log(`${name}: ${result}, first pair: ${await get(first)}`);
}
process.exit();
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: idb-keyval@6.3.0 fake-indexeddb@6.2.8, node $(node --version)"
echo "expected: DataCloneError and DataError, first pair: undefined"
echo "seen: $seen"
recorded='function: DataCloneError, first pair: 1
null key: DataError, first pair: 1'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
