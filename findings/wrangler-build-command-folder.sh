#!/usr/bin/env bash
# Run: `wrangler deploy --dry-run -c rooms/wrangler.json` from the folder above; the configuration has a `build` with
# the command `pwd`, and `main` and `watch_dir` beside it. Then the same with `"cwd": "."` in the build.
# One would expect: the command runs in the folder of its configuration, to which `main` is relative; at least with
# `cwd`.
# What happens: it runs in the folder of the caller both times; `cwd` too is relative to that folder.
# Why it matters: `npm run build` as this command builds another project, or fails, when someone starts the Worker from
# elsewhere or starts two together with `wrangler dev -c a -c b`. No value of `cwd` in the file is right for all
# callers.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" wrangler@4.164.0 node@24.21.0
mkdir -p "$dir/apps/rooms/src"
echo 'export default { fetch: () => new Response("rooms") };' > "$dir/apps/rooms/main.js"

ranIn() {
  cat > "$dir/apps/rooms/wrangler.json" <<JSON
{
  "name": "rooms",
  "main": "main.js",
  "compatibility_date": "2026-11-01",
  "build": { "command": "pwd > $dir/ran.log", "watch_dir": "src"$1 }
}
JSON
  (cd "$dir/apps" && CI=1 WRANGLER_SEND_METRICS=false timeout 60 "$dir/node_modules/.bin/node" \
    "$dir/node_modules/wrangler/bin/wrangler.js" deploy --dry-run -c rooms/wrangler.json >"$dir/out.log" 2>&1)
  basename "$(cat "$dir/ran.log")"
}

seen="without cwd: $(ranIn '')
with cwd \".\": $(ranIn ', "cwd": "."')"
echo "versions: wrangler 4.164.0, node $("$dir/node_modules/.bin/node" --version)"
echo "expected: rooms, twice"
echo "seen: $seen"
recorded='without cwd: apps
with cwd ".": apps'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
