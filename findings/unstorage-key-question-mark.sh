#!/usr/bin/env bash
# Run: unstorage, with its storage in memory, stores two values under the keys "feed?page=1" and "feed?page=2".
# One would expect: two entries; ":" separates the parts of a key, and "/" is another way to write that.
# What happens: a key ends at its first question mark. Both are stored as "feed", so the second replaces the first, and
# both read the second value; removing one removes both.
# Why it matters: addresses are the usual keys of a cache. All pages of one path then share one entry, and a reader gets
# the page of another without a sign that something is wrong.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" unstorage@1.17.6

cat > "$dir/run.mjs" <<'JS'
import { createStorage } from "unstorage";

const storage = createStorage();
await storage.setItem("feed?page=1", "first");
await storage.setItem("feed?page=2", "second");
console.log(`page 1: ${await storage.getItem("feed?page=1")}`);
console.log(`keys: ${(await storage.getKeys()).join(" ")}`);
await storage.removeItem("feed?page=1");
console.log(`page 2 after removing page 1: ${await storage.getItem("feed?page=2")}`);
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: unstorage@1.17.6, node $(node --version)"
echo "expected: first, feed?page=1 feed?page=2, second"
echo "seen: $seen"
recorded='page 1: second
keys: feed
page 2 after removing page 1: null'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
