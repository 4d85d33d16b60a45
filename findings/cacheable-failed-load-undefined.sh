#!/usr/bin/env bash
# Run: `getOrSet` and `wrap` of cacheable, with a function that rejects, beside `fetch` of lru-cache with such a
# function.
# One would expect: the promise is rejected with the error; nothing is cached. The documents say of `wrap` that it
# returns the error.
# What happens: both resolve with undefined. The error goes to the event `error` of the cache, which nobody needs to
# listen to; `throwErrors: true` makes `getOrSet` reject.
# Why it matters: a database that is down looks like a user or a room that does not exist: the answer is 404, or an
# account is made a second time.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" cacheable@2.5.0 lru-cache@11.5.3

cat > "$dir/run.mjs" <<'JS'
import { Cacheable } from "cacheable";
import { LRUCache } from "lru-cache";

const load = async () => {
  throw new Error("database is down");
};
const cache = new Cacheable();
const reads = {
  getOrSet: () => cache.getOrSet("a", load),
  "getOrSet, throwErrors": () => cache.getOrSet("b", load, { throwErrors: true }),
  wrap: () => cache.wrap(load, { ttl: "1h", keyPrefix: "c" })(),
  "lru-cache": () => new LRUCache({ max: 10, fetchMethod: load }).fetch("d"),
};
for (const [name, read] of Object.entries(reads)) {
  const result = read().then((value) => `resolved with ${value}`, (error) => `rejected: ${error.message}`);
  console.log(`${name}: ${await result}`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: cacheable@2.5.0 lru-cache@11.5.3, node $(node --version)"
echo "expected: rejected: database is down four times"
echo "seen: $seen"
recorded='getOrSet: resolved with undefined
getOrSet, throwErrors: rejected: database is down
wrap: resolved with undefined
lru-cache: rejected: database is down'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
