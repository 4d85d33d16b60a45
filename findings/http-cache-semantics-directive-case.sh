#!/usr/bin/env bash
# Run: http-cache-semantics (used by got, npm and others) reads `Cache-Control` with its directives in lower case, as
# "Max-Age" and as "S-MaxAge"; the time to live is read.
# One would expect: the same time for each spelling: RFC 9111 says that directives are to be compared without regard to
# case.
# What happens: each directive that is not in lower case is not seen: the time to live is 0, or what a less specific
# directive gives.
# Why it matters: a server that writes "Max-Age" is asked again for each request, and nothing shows why its answers are
# not kept.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
npm install --silent --no-audit --no-fund --prefix "$dir" http-cache-semantics@4.3.0

cat > "$dir/run.mjs" <<'JS'
import CachePolicy from "http-cache-semantics";

for (const value of ["max-age=60", "Max-Age=60", "max-age=60, s-maxage=600", "max-age=60, S-MaxAge=600"]) {
  const response = { status: 200, headers: { "cache-control": value } };
  const policy = new CachePolicy({ url: "/", method: "GET", headers: {} }, response);
  console.log(`${value}: ${Math.round(policy.timeToLive() / 1000)} s`);
}
JS

seen=$(cd "$dir" && timeout 60 node run.mjs 2>err.log)
echo "versions: http-cache-semantics@4.3.0, node $(node --version)"
echo "expected: 60, 60, 600, 600 s"
echo "seen: $seen"
recorded='max-age=60: 60 s
Max-Age=60: 0 s
max-age=60, s-maxage=600: 600 s
max-age=60, S-MaxAge=600: 60 s'
[ "$seen" = "$recorded" ] || { echo "changed; recorded was: $recorded"; exit 1; }
